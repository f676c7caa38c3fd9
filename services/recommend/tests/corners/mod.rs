//! Edge cases that random worlds seldom reach. The search must list there what the scan lists.

use crate::{
    listed, organization,
    population::{self, NOW, Random},
};
use nearhand_domain::{
    BookingId, CaseId, Position, StaffId,
    preference::{LanguageLevel, Preference},
    schedule::{DAY_MIN, WeeklyHours, WeeklyShift},
    time::{DAY_S, HOUR_S, Interval},
    tracking::OPEN_END,
};
use nearhand_index::{
    OrgIndex, PersonInput,
    people::{
        load::LoadInputs,
        person::{Booking, Ping},
        person_input::LicenceInput,
        schedules::{Pattern, explicit},
    },
    updates::LoadWindowProgress,
};
use nearhand_recommend::{
    Case, Disclosure, LicenceNeed, Policy, Query, SkillNeed, Weights,
    policy::{LEAST_NUMBER, MAX_NUMBER, MAX_WEIGHT},
};

const AROUND: (f64, f64) = (37.77, -122.42);

fn case(random: &mut Random) -> Case {
    Case::at(CaseId::from(random.uuid()), population::near(random, AROUND, 0.1))
}

fn people(random: &mut Random, many: usize) -> Vec<PersonInput> {
    let person = |random: &mut Random| {
        let mut parts = PersonInput::new(StaffId::from(random.uuid()));
        parts.home = Some(population::near(random, AROUND, 0.2));
        parts
    };
    (0..many).map(|_| person(random)).collect()
}

fn load(people: &[PersonInput]) -> OrgIndex {
    OrgIndex::bulk_load(organization(), people.iter().cloned(), NOW)
}

/// How many people are listed, twenty at most; search and scan must agree.
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
fn a_person_on_the_panel_twice_is_listed_once() {
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
fn a_fix_without_a_usable_accuracy_counts_for_nothing() {
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

/// An instant that a caller might send, in Unix seconds.
fn instant(random: &mut Random) -> i64 {
    let absurd = [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX / 1_000, i64::MAX - 1, i64::MAX];
    if random.chance(60) { NOW + random.below(DAY_S) - DAY_S / 2 } else { random.pick(&absurd) }
}

fn interval(random: &mut Random) -> Interval {
    Interval { start: instant(random), end: instant(random) }
}

/// Gives a person absurd numbers.
fn stretch(random: &mut Random, parts: &mut PersonInput) {
    if let Some(ping) = parts.ping.as_mut().filter(|_| random.chance(50)) {
        ping.fix_at_ms = instant(random);
        ping.accuracy_m = Some(random.pick(&[f32::NAN, f32::INFINITY, f32::MIN, f32::MAX, 0.0]));
    }
    if let Some(job) = &mut parts.last_job {
        job.completed_at = instant(random);
    }
    for booking in &mut parts.bookings {
        booking.time = if random.chance(50) { interval(random) } else { booking.time };
    }
    parts.time_off.extend(random.chance(20).then(|| interval(random)));
    parts.visits.extend(random.chance(50).then(|| (population::client(1), instant(random))));
    parts.tracking.pauses.extend(random.chance(10).then(|| interval(random)));
    parts.tracking.permissions.extend(random.chance(30).then(|| interval(random)));
    parts.tracking.hours_margin_min = random.chance(20).then_some(u16::MAX);
    if random.chance(30) {
        let hours = (0..3).map(|_| interval(random)).collect();
        parts.working_hours = Some(explicit(hours));
    }
    if random.chance(30) {
        let minutes = [0, 1, 59, 60, 2_400, u32::MAX];
        let [committed_min, capacity_min] = [random.pick(&minutes), random.pick(&minutes)];
        parts.load = Some(LoadInputs { committed_min, capacity_min });
    }
    let limits = [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MAX, 1e-300];
    parts.max_travel_km = random.chance(20).then(|| random.pick(&limits));
    parts.positions_valid_from = if random.chance(80) { i64::MIN } else { instant(random) };
    parts.skills.push(("absurd".into(), random.pick(&[0, 6, u8::MAX])));
}

fn absurd_case(random: &mut Random, id: CaseId, staff: &[StaffId]) -> Case {
    let mut case = population::case(random, AROUND, id, staff);
    case.starts_at = random.chance(60).then(|| instant(random));
    case.duration_min = random.pick(&[0, 1, 60, 600, 10_079, 10_081]);
    if random.chance(3) {
        case.duration_min = u32::MAX;
    }
    if random.chance(30) {
        let levels = [0, 1, 3, 5, 6, u8::MAX];
        let [required, preferred] = [random.pick(&levels), random.pick(&levels)];
        let skill = random.pick(&["camera", "absurd", "unheard of"]).into();
        case.skills.push(SkillNeed { skill, required, preferred });
    }
    if random.chance(20) {
        case.services.extend((0..80).map(|_| population::service(random.below(100))));
        case.languages.extend((0..70).map(|nth| format!("l{nth}")));
    }
    case
}

fn absurd_policy(random: &mut Random) -> Policy {
    let mut policy = population::policy(random);
    let weights = [0, 1, 7, MAX_WEIGHT];
    let w = &mut policy.weights;
    for weight in [&mut w.travel, &mut w.service, &mut w.skill, &mut w.workload, &mut w.panel] {
        if random.chance(50) {
            *weight = random.pick(&weights);
        }
    }
    let divisors = [LEAST_NUMBER, 0.5, 40.0, MAX_NUMBER];
    for divisor in [
        &mut policy.circuity,
        &mut policy.speed_kmh,
        &mut policy.travel_scale_min,
        &mut policy.ping_half_life_min,
        &mut policy.lead_half_life_min,
    ] {
        if random.chance(30) {
            *divisor = random.pick(&divisors);
        }
    }
    let limits = [0.0, 1e-300, 0.5, 30.0, MAX_NUMBER];
    for limit in [
        &mut policy.travel_offset_min,
        &mut policy.urgent_ping_max_age_min,
        &mut policy.booking_hold_h,
        &mut policy.last_job_hold_h,
        &mut policy.max_late_min,
        &mut policy.star_threshold,
    ] {
        if random.chance(30) {
            *limit = random.pick(&limits);
        }
    }
    for limit in [&mut policy.max_travel_km, &mut policy.max_utilisation] {
        if random.chance(60) {
            *limit = random.chance(50).then(|| random.pick(&limits));
        }
    }
    policy
}

#[test]
fn search_and_scan_agree_on_absurd_numbers() {
    let mut listed_in_all = 0;
    for seed in 0..150 {
        let mut random = Random(seed);
        let id = CaseId::from(random.uuid());
        let people: Vec<PersonInput> = (0..40)
            .map(|_| {
                let mut parts = population::person(&mut random, AROUND, id);
                stretch(&mut random, &mut parts);
                parts
            })
            .collect();
        let staff: Vec<StaffId> = people.iter().map(|parts| parts.id).collect();
        let index = load(&people);
        for _ in 0..6 {
            let case = absurd_case(&mut random, id, &staff);
            let policy = absurd_policy(&mut random);
            if policy.check().is_err() {
                continue;
            }
            let as_of = if random.chance(70) { NOW } else { instant(&mut random) };
            let disclosure = random.pick(&[Disclosure::Exact, Disclosure::Coarse]);
            let query = Query::new(&index, &case, &policy, as_of, disclosure);
            let limit = random.pick(&[0, 1, 5, 39, usize::MAX]);
            let scan = query.scan(limit);
            let found = query.search(limit);
            assert_eq!(listed(&found), listed(&scan), "{seed} {as_of} {case:?} {policy:?}");
            let explained = found.iter().zip(1..).map(|(of, rank)| query.explain(rank, of));
            assert_eq!(explained.count(), scan.len());
            assert_eq!(query.funnel(5).considered, index.considered());
            listed_in_all += scan.len();
        }
    }
    assert!(listed_in_all > 300, "{listed_in_all}");
}

/// Samoa crossed the date line at the end of 2011, so its working hours moved in the UTC week.
#[test]
fn working_hours_follow_the_calendar_without_any_change_of_a_person() {
    const LONG_BEFORE: i64 = 1_243_814_400; // 2009-06-01
    const AFTER: i64 = 1_338_768_000; // 2012-06-04, a Monday
    let mut random = Random(6);
    let mut people = people(&mut random, 300);
    let days = (1..=3).map(|weekday| WeeklyShift { weekday, start_min: 540, end_min: 1_020 });
    let hours = WeeklyHours { time_zone: "Pacific/Apia".into(), shifts: days.collect() };
    for parts in &mut people {
        parts.working_hours = Some(Pattern::Weekly(hours.clone()));
    }
    let mut index = OrgIndex::bulk_load(organization(), people, LONG_BEFORE);
    for now in (LONG_BEFORE..=AFTER).step_by(30 * 86_400) {
        let mut roll = LoadWindowProgress::default();
        while !index.advance_load_window(&mut roll, now) {}
        let listed = (0..56).map(|nth| {
            let starts_at = Some(now + nth * 3 * HOUR_S);
            agree_at(&index, &Case { starts_at, ..case(&mut random) }, now)
        });
        assert!(listed.sum::<usize>() > 100);
    }
}

/// Adds bookings; some end in the hour before others begin, so loads differ by hour.
fn booked(random: &mut Random, parts: &mut PersonInput) {
    for _ in 0..random.below(3) {
        // Around the start and the end of the week that counts.
        let start = NOW + random.pick(&[-2, -1, 0, 166, 167, 168, 169]) * HOUR_S;
        parts.bookings.push(Booking {
            id: BookingId::from(random.uuid()),
            case: CaseId::from(random.uuid()),
            time: Interval { start, end: start + random.pick(&[1, 2, 30]) * HOUR_S },
            position: None,
            cancelled: false,
            open_ended: false,
        });
    }
}

#[test]
fn equal_people_are_listed_by_the_load_of_the_hour_with_any_location() {
    let depot = Position::new(AROUND.0, AROUND.1).unwrap();
    for (seed, home) in [(7, None), (8, Some(depot)), (9, None), (10, Some(depot))] {
        let mut random = Random(seed);
        let mut people = people(&mut random, 700);
        for parts in &mut people {
            parts.home = home.filter(|_| random.chance(95));
            booked(&mut random, parts);
        }
        let mut index = load(&people);
        for hours in 0..4 {
            let policy = population::policy(&mut random);
            for as_of in [0, 1, 2, -1, -3, 24 * 40].map(|past| NOW + (hours + past) * HOUR_S) {
                let case = case(&mut random);
                let query = Query::new(&index, &case, &policy, as_of, Disclosure::Exact);
                for limit in [1, 20, 300] {
                    let scan = query.scan(limit);
                    assert_eq!(listed(&query.search(limit)), listed(&scan), "of {limit}");
                }
            }
            // Half an hour later, and a full hour later.
            let mut roll = LoadWindowProgress::default();
            let steps = (0..4 + hours)
                .take_while(|_| !index.advance_load_window(&mut roll, NOW + hours * HOUR_S));
            if steps.count() < 4 || hours % 2 == 0 {
                while !index.advance_load_window(&mut roll, NOW + hours * HOUR_S) {}
            }
        }
    }
}

/// A person with many words of every kind.
fn wordy(random: &mut Random, id: StaffId) -> PersonInput {
    let mut parts = PersonInput::new(id);
    let shared = [(37.7, -122.4), (37.9, -122.1), (-89.99, 0.0), (89.99, 170.0), (37.8, 179.999)];
    parts.home = random.chance(90).then(|| {
        let at = random.pick(&shared);
        let spread = random.pick(&[0.0, 0.0, 0.01]);
        population::near(random, at, spread)
    });
    for nth in 0..150 {
        if random.chance(50) {
            parts.services.push((population::service(nth), random.pick(&Preference::ALL)));
        }
        if random.chance(20) {
            parts.regions.push((population::region(nth), random.pick(&Preference::ALL)));
        }
        if random.chance(50) {
            parts.skills.push((format!("skill {nth}"), random.pick(&[1, 2, 3, 4, 5])));
        }
        if random.chance(30) {
            parts.languages.push((format!("l{nth}"), random.pick(&LanguageLevel::ALL)));
        }
        if random.chance(70) {
            parts.licences.push(LicenceInput {
                code: format!("licence {nth}"),
                jurisdiction: String::new(),
                valid_from: i64::MIN,
                valid_to: if random.chance(80) { i64::MAX } else { NOW },
            });
        }
    }
    parts.visits = (0..3).map(|_| (population::client(random.below(150)), NOW - DAY_S)).collect();
    booked(random, &mut parts);
    parts
}

fn wordy_case(random: &mut Random) -> Case {
    let at = random.pick(&[(37.7, -122.4), (90.0, 0.0), (37.8, -180.0)]);
    let mut case = Case::at(CaseId::from(random.uuid()), population::near(random, at, 0.0));
    let few = |random: &mut Random| random.below(4) * random.below(2);
    case.services = (0..few(random)).map(|_| population::service(random.below(152))).collect();
    case.regions = (0..few(random)).map(|_| population::region(random.below(152))).collect();
    for _ in 0..few(random).min(2) {
        let (skill, required) = (format!("skill {}", random.below(150)), random.pick(&[1, 2]));
        case.skills.push(SkillNeed { skill, required, preferred: random.pick(&[2, 4, 5]) });
    }
    case.languages = (0..few(random)).map(|_| format!("l{}", random.below(152))).collect();
    case.language_required = random.chance(30);
    if random.chance(30) {
        let code = format!("licence {}", random.below(150));
        case.licences.push(LicenceNeed { code, jurisdiction: String::new() });
    }
    case.client = random.chance(50).then(|| population::client(random.below(150)));
    case
}

/// Changes a person as the feed does: other words, other places, deleted and restored.
fn change(random: &mut Random, index: &mut OrgIndex, staff: &[StaffId]) {
    let id = random.pick(staff);
    let mut parts = wordy(random, id);
    parts.deleted = random.chance(20);
    parts.active = !parts.deleted && random.chance(90);
    parts.tracking.permissions.push(Interval { start: 0, end: OPEN_END });
    parts.ping = random.chance(50).then(|| Ping {
        fix_at_ms: (NOW - random.below(9_000)) * 1_000,
        position: population::near(random, AROUND, 0.1),
        accuracy_m: None,
        mock: false,
    });
    index.put(parts, NOW);
}

#[test]
fn search_and_scan_agree_after_every_change_with_any_number_of_words() {
    let mut listed_in_all = 0;
    for seed in 0..12 {
        let mut random = Random(100 + seed);
        let staff: Vec<StaffId> = (0..250).map(|_| StaffId::from(random.uuid())).collect();
        let people: Vec<PersonInput> = staff.iter().map(|&id| wordy(&mut random, id)).collect();
        let mut index = load(&people);
        for _ in 0..40 {
            (0..10).for_each(|_| change(&mut random, &mut index, &staff));
            let (case, mut policy) = (wordy_case(&mut random), population::policy(&mut random));
            if random.chance(30) {
                policy.weights = Weights { travel: 0, service: 0, skill: 0, ..policy.weights };
                policy.weights.workload = policy.weights.workload.max(1);
            }
            let as_of = NOW + random.pick(&[0, 0, 0, -7_200, 90 * DAY_S]);
            let query = Query::new(&index, &case, &policy, as_of, Disclosure::Exact);
            let limit = random.pick(&[0, 1, 20, 100, usize::MAX]);
            let scan = query.scan(limit);
            assert_eq!(listed(&query.search(limit)), listed(&scan), "{case:?} {policy:?}");
            let by_abilities = query.search_with_budget(limit, 0).0;
            assert_eq!(listed(&by_abilities), listed(&scan), "{case:?} {policy:?}");
            listed_in_all += scan.len();
        }
    }
    assert!(listed_in_all > 5_000, "{listed_in_all}");
}
