//! Lists held to the people they are of, while those move, learn, forget, come and go.

use super::{list::tests::sorted, *};
use crate::{
    Filter, OrgIndex, PersonParts,
    columns::Test,
    noting::listed_places,
    person::Ping,
    sphere::{Unit, haversine_km},
};
use nearhand_domain::{
    OrganizationId, Position, StaffId,
    time::Interval,
    tracking::{OPEN_END, TrackingGate},
};
use uuid::Uuid;

const NOW: i64 = 1_800_000_000;
const PEOPLE: u32 = 2_000;

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
            permissions: vec![Interval { start: 0, end: OPEN_END }],
            pauses: (self.below(3) == 0)
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
        parts.skills.push(("camera".into(), 3));
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
fn check_nearest(index: &OrgIndex, from: Position, (k, level, at): (usize, u8, i64)) {
    let filter = Filter { skills: vec![("diving".into(), level)], ..Filter::default() };
    let code = index.vocabulary().skills.code("diving").unwrap();
    let mut all = Vec::new();
    for (slot, person) in (0..).zip(index.people()) {
        if person.is_active() && person.skill(code) >= level {
            let live = index.live_ping(person, at).map(|ping| ping.position);
            let shown = live.or(person.start().map(|(start, _)| start));
            all.extend(shown.map(|at| (haversine_km(from, at), person.id(), slot)));
        }
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let near = index.nearest(from, &filter, k, at);
    let near: Vec<(f64, StaffId, u32)> =
        near.iter().map(|near| (near.km, near.staff, near.slot)).collect();
    assert_eq!(near, all[..k.min(all.len())]);
}

fn check(index: &OrgIndex, numbers: &mut Numbers) -> usize {
    for k in [1, 3, 20, 100] {
        let level = u8::try_from(1 + numbers.below(5)).unwrap();
        for at in [NOW, NOW + 70] {
            check_nearest(index, numbers.position(), (k, level, at));
        }
    }
    check_lists(index)
}

#[test]
fn lists_name_the_people_of_the_columns_whatever_happens_to_them() {
    let mut numbers = Numbers(7);
    let mut all: Vec<PersonParts> = (0..PEOPLE).map(|n| numbers.person(n)).collect();
    for at in (0..all.len()).step_by(97) {
        skilled(&mut all[at], 1 + u8::try_from(at % 5).unwrap());
    }
    let id = OrganizationId::from(Uuid::from_u128(9));
    let mut index = OrgIndex::bulk_load(id, all.clone(), NOW);
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
