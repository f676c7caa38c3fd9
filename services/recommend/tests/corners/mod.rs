//! Corners that random worlds seldom reach: the search is held to the scan there, too.

use crate::{
    listed, organization,
    population::{self, NOW, Random},
};
use nearhand_domain::{
    CaseId, StaffId,
    schedule::{DAY_MIN, WeeklyHours, WeeklyShift},
    time::{DAY_S, HOUR_S, Interval},
    tracking::OPEN_END,
};
use nearhand_index::{
    OrgIndex, PersonParts,
    person::Ping,
    schedules::{Pattern, explicit},
};
use nearhand_recommend::{Case, Disclosure, Policy, Query};

const AROUND: (f64, f64) = (37.77, -122.42);

fn case(random: &mut Random) -> Case {
    Case::at(CaseId::from(random.uuid()), population::near(random, AROUND, 0.1))
}

fn people(random: &mut Random, many: usize) -> Vec<PersonParts> {
    let person = |random: &mut Random| {
        let mut parts = PersonParts::new(StaffId::from(random.uuid()));
        parts.home = Some(population::near(random, AROUND, 0.2));
        parts
    };
    (0..many).map(|_| person(random)).collect()
}

fn load(people: &[PersonParts]) -> OrgIndex {
    OrgIndex::bulk_load(organization(), people.iter().cloned(), NOW)
}

/// How many are listed, by search and scan alike, of twenty at most.
fn agree(index: &OrgIndex, case: &Case) -> usize {
    agree_at(index, case, NOW)
}

fn agree_at(index: &OrgIndex, case: &Case, as_of: i64) -> usize {
    let policy = Policy::default();
    let query = Query::new(index, case, &policy, as_of, Disclosure::Exact);
    let scan = query.scan(20);
    assert_eq!(listed(&query.search(20)), listed(&scan));
    scan.len()
}

fn round_the_clock() -> Pattern {
    let shift = |weekday| WeeklyShift { weekday, start_min: 0, end_min: DAY_MIN };
    Pattern::Weekly(WeeklyHours { time_zone: "UTC".into(), shifts: (1..=7).map(shift).collect() })
}

#[test]
fn work_of_a_week_and_more_is_for_those_who_work_round_the_clock() {
    let mut random = Random(1);
    let mut people = people(&mut random, 60);
    people.iter_mut().for_each(|parts| parts.working_hours = Some(round_the_clock()));
    let index = load(&people);
    for hours in [100, 167, 168, 169, 400] {
        for starts_at in [None, Some(NOW + 5 * HOUR_S)] {
            let case = Case { starts_at, duration_min: hours * 60, ..case(&mut random) };
            assert_eq!(agree(&index, &case), 20, "{hours} hours");
        }
    }
}

#[test]
fn work_that_takes_no_time_may_be_done_when_a_shift_ends() {
    let mut random = Random(2);
    let mut people = people(&mut random, 60);
    let shift = Interval { start: NOW - 5 * HOUR_S, end: NOW + HOUR_S };
    people.iter_mut().for_each(|parts| parts.working_hours = Some(explicit(vec![shift])));
    let index = load(&people);
    for (after, many) in [(HOUR_S - 60, 20), (HOUR_S, 20), (HOUR_S + 1, 0), (DAY_S, 0)] {
        let starts_at = Some(NOW + after);
        let case = Case { starts_at, duration_min: 0, ..case(&mut random) };
        assert_eq!(agree(&index, &case), many, "{after} seconds from now");
    }
}

#[test]
fn whoever_is_on_the_panel_twice_is_listed_once() {
    let mut random = Random(3);
    let people = people(&mut random, 60);
    let index = load(&people);
    for panel_required in [false, true] {
        let mut case = Case { panel_required, ..case(&mut random) };
        case.panel = [7, 3, 7, 7, 12].map(|nth: usize| people[nth].id).to_vec();
        assert_eq!(agree(&index, &case), if panel_required { 3 } else { 20 });
    }
}

#[test]
fn a_fix_of_an_accuracy_that_is_no_number_counts_nothing() {
    let mut random = Random(4);
    let mut people = people(&mut random, 200);
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, -0.0, f32::MAX, 1e-40];
    for parts in &mut people {
        parts.tracking.permissions.push(Interval { start: 0, end: OPEN_END });
        parts.ping = Some(Ping {
            fix_at_ms: (NOW - 60) * 1_000,
            position: population::near(&mut random, AROUND, 0.01),
            accuracy_m: Some(random.pick(&odd)),
            mock: false,
        });
    }
    let index = load(&people);
    let case = case(&mut random);
    assert_eq!(agree(&index, &case), 20);
    let policy = Policy::default();
    let query = Query::new(&index, &case, &policy, NOW, Disclosure::Exact);
    for parts in people {
        let slot = index.slot(parts.id).unwrap();
        let accuracy = parts.ping.and_then(|ping| ping.accuracy_m).unwrap();
        let counts = accuracy <= 1_000.0;
        assert_eq!(query.judge(slot).ping_weight() > 0.0, counts, "{accuracy}");
        assert_eq!(index.live(slot, NOW).is_some(), counts, "{accuracy}");
    }
}
