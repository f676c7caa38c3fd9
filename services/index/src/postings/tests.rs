//! Lists held to the people they are of, while those move, learn, forget, come and go.

use super::{list::tests::sorted, *};
use crate::{
    Filter, OrgIndex, Person, PersonParts,
    columns::Test,
    noting::listed_places,
    person::Ping,
    signature::Signature,
    sphere::{Unit, haversine_km},
};
use nearhand_domain::{
    OrganizationId, Position, ServiceId, StaffId,
    preference::Preference,
    time::Interval,
    tracking::{OPEN_END, TrackingGate},
};
use uuid::Uuid;

const NOW: i64 = 1_800_000_000;
const PEOPLE: u32 = 2_000;
/// Nobody may be located before.
const SINCE: i64 = NOW - 1_000;

/// The same numbers every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        u32::try_from((self.0 >> 33) % u64::from(end)).unwrap()
    }

    fn position(&mut self) -> Position {
        let mut by = || i32::try_from(self.below(4_000_000)).unwrap();
        Position::from_e7(450_000_000 + by(), 90_000_000 + by()).unwrap()
    }

    /// A person whose fix always counts, never, or as long as a pause does not begin.
    fn person(&mut self, number: u32) -> PersonParts {
        let mut parts = PersonParts::new(StaffId::from(Uuid::from_u128(number.into())));
        parts.home = (self.below(9) > 0).then(|| self.position());
        parts.active = self.below(12) > 0;
        parts.tracking = TrackingGate {
            permissions: vec![Interval { start: SINCE, end: OPEN_END }],
            pauses: (self.below(6) == 0)
                .then_some(Interval { start: NOW + 60, end: NOW + 90 })
                .into_iter()
                .collect(),
            hours_margin_min: None,
        };
        parts.ping = (self.below(5) > 0).then(|| Ping {
            fix_at_ms: NOW * 1_000,
            position: self.position(),
            accuracy_m: None,
            mock: false,
        });
        parts.skills.push(("camera".into(), u8::try_from(1 + self.below(5)).unwrap()));
        if self.below(3) == 0 {
            parts.services.push((ServiceId::from(Uuid::nil()), Preference::Never));
        }
        parts
    }
}

fn skilled(parts: &mut PersonParts, level: u8) {
    parts.skills.retain(|(skill, _)| skill != "diving");
    parts.skills.extend((level > 0).then(|| ("diving".to_owned(), level)));
}

/// Lists name the places where those are shown whom the columns name, and nobody else.
fn check_lists(index: &OrgIndex) -> usize {
    let mut lists = 0;
    for ability in 0..LISTED {
        let having = index.columns.having(ability);
        let Some(list) = index.postings.list(ability) else {
            assert_eq!(index.postings.listed() >> ability & 1, 0);
            continue;
        };
        assert_eq!(index.postings.listed() >> ability & 1, 1);
        let slots = index.columns.everybody().passing(&[Test::having(ability)]);
        let places = slots.iter().flat_map(|slot| listed_places(index.person(slot), slot));
        assert_eq!(sorted(list.places()), sorted(places.flatten()));
        lists += usize::from(having > 0);
    }
    lists
}

/// The nearest are those that a look at everybody finds.
fn check_nearest(index: &OrgIndex, from: Position, filter: &Filter, (k, at): (usize, i64)) {
    let words = index.vocabulary();
    let fit = |person: &Person| {
        let skilled = |(skill, level): &(String, u8)| {
            words.skills.code(skill.as_str()).is_some_and(|code| person.skill(code) >= *level)
        };
        let served = |id| words.services.code(id).is_none_or(|code| person.service(code) > 0);
        person.is_active()
            && filter.skills.iter().all(skilled)
            && filter.services.iter().all(served)
    };
    let mut all = Vec::new();
    for (slot, person) in (0..).zip(index.people()).filter(|(_, person)| fit(person)) {
        let live = index.live_ping(person, at).map(|ping| ping.position);
        let shown = live.or(person.start().map(|(start, _)| start));
        all.extend(shown.map(|at| (haversine_km(from, at), person.id(), slot)));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let near = index.nearest(from, filter, k, at);
    let near: Vec<(f64, StaffId, u32)> =
        near.iter().map(|near| (near.km, near.staff, near.slot)).collect();
    assert_eq!(near, all[..k.min(all.len())], "{filter:?} {k} {at}");
}

fn check(index: &OrgIndex, numbers: &mut Numbers) -> usize {
    for k in [1, 3, 20, 59, 64, 65, 100, usize::MAX] {
        let level = u8::try_from(1 + numbers.below(5)).unwrap();
        let plain = Filter { skills: vec![("diving".into(), level)], ..Filter::default() };
        let mut mixed = plain.clone();
        mixed.skills.push(("camera".into(), 3));
        let served = Filter { services: vec![ServiceId::from(Uuid::nil())], ..plain.clone() };
        for filter in [plain, mixed, served] {
            for at in [NOW, NOW + 70, SINCE - 1_000] {
                check_nearest(index, numbers.position(), &filter, (k, at));
            }
        }
    }
    check_lists(index)
}

#[test]
fn lists_name_the_people_of_the_columns_whatever_happens_to_them() {
    let mut numbers = Numbers(7);
    let mut all: Vec<PersonParts> = (0..PEOPLE).map(|n| numbers.person(n)).collect();
    for at in (0..all.len()).step_by(19) {
        skilled(&mut all[at], 1 + u8::try_from(at % 5).unwrap());
    }
    let mut index = loaded(&all);
    assert_eq!(check(&index, &mut numbers), 5, "each level of diving is rare");
    let (mut most, mut least) = (0, usize::MAX);
    for round in 0..400_u32 {
        // Divers become many, and few again.
        let gain = round / 100 % 2 == 0;
        for _ in 0..3 {
            let at = numbers.below(PEOPLE) as usize;
            let is_diver = |parts: &PersonParts| parts.skills.len() > 1;
            let at = if gain { Some(at) } else { all.iter().position(is_diver) };
            let Some(at) = at else { continue };
            let level = if gain { 1 + numbers.below(5) } else { 0 };
            all[at] = numbers.person(u32::try_from(at).unwrap());
            skilled(&mut all[at], u8::try_from(level).unwrap());
            index.put(all[at].clone(), NOW);
        }
        for _ in 0..20 {
            let slot = numbers.below(PEOPLE);
            let position = numbers.position();
            let fix_at_ms = NOW * 1_000 + i64::from(round) + 1;
            let ping = Ping { fix_at_ms, position, accuracy_m: Some(5.0), mock: false };
            index.move_ping(slot, ping, Unit::new(position));
        }
        if round % 20 == 0 {
            let lists = check(&index, &mut numbers);
            (most, least) = (most.max(lists), least.min(lists));
        }
    }
    assert_eq!(most, 5);
    assert!(least < 5, "what many can do is not listed");
}

fn loaded(all: &[PersonParts]) -> OrgIndex {
    OrgIndex::bulk_load(OrganizationId::from(Uuid::from_u128(9)), all.to_vec(), NOW)
}

#[test]
fn the_rarest_are_listed_wherever_they_are_and_no_more_than_there_are_people() {
    let mut numbers = Numbers(5);
    let mut all: Vec<PersonParts> = (0..PEOPLE).map(|n| numbers.person(n)).collect();
    // Of one corner, which comes first along the curve.
    for parts in &mut all[..200] {
        (parts.home, parts.ping) = (Some(Position::new(-80.0, -170.0).unwrap()), None);
        parts.active = true;
        skilled(parts, 1);
    }
    let index = loaded(&all);
    let lists = check_lists(&index);
    assert_eq!(lists, 1, "of a skill of few, and no camera's, whose levels half of them have");
    for (n, parts) in (0_u32..).zip(&mut all) {
        let word = format!("skill {}", n % 9);
        parts.skills.push((word, 5));
    }
    let listed = |index: &OrgIndex| -> usize {
        (0..LISTED)
            .filter_map(|ability| index.postings.list(ability))
            .map(|list| list.places().count())
            .sum()
    };
    let index = loaded(&all);
    check_lists(&index);
    assert!((1_000..=2_000).contains(&listed(&index)), "{}", listed(&index));
}

#[test]
fn no_list_outlives_the_skill_that_signatures_cannot_tell() {
    let mut numbers = Numbers(6);
    let mut all: Vec<PersonParts> = (0..PEOPLE).map(|n| numbers.person(n)).collect();
    skilled(&mut all[3], 2);
    all[3].active = true;
    let mut index = loaded(&all);
    assert!(check(&index, &mut numbers) > 0);
    for n in 0..Signature::EXACT_SKILLS {
        all[9].skills.push((format!("skill {n}"), 1));
    }
    index.put(all[9].clone(), NOW);
    assert_eq!(index.postings.listed(), 0);
    assert_eq!(check(&index, &mut numbers), 0);
}
