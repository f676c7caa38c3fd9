//! Rectangles and the privacy gate, held to plain loops over everybody.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod places;

use nearhand_domain::{
    BookingId, CaseId, ClientId, OrganizationId, Position, StaffId,
    facts::{
        BookingFact, Fact, LastJobFact, MockPolicy, OrganizationFacts, PositionFact, WorkFacts,
    },
    time::Interval,
    tracking::{OPEN_END, TrackingGate},
};
use nearhand_index::{LiveIndex, OrgIndex, PersonInput, Rectangle, people::person::Ping};
use proptest::prelude::*;
use uuid::Uuid;

const NOW: i64 = 1_800_000_000;

fn organization() -> OrganizationId {
    OrganizationId::from(Uuid::from_u128(9))
}

fn place(around: (f64, f64)) -> impl Strategy<Value = Position> {
    (-1.0..1.0_f64, -1.0..1.0_f64).prop_map(move |(a, b)| {
        let lat = (around.0 + a).clamp(-90.0, 90.0);
        let lng = (around.1 + b * 3.0 + 180.0).rem_euclid(360.0) - 180.0;
        Position::new(lat, lng).unwrap_or(Position::new(0.5, 0.5).unwrap())
    })
}

fn gate() -> impl Strategy<Value = TrackingGate> {
    (0..20).prop_map(|kind| TrackingGate {
        permissions: match kind {
            0 => Vec::new(),
            3 => vec![Interval { start: NOW + 9, end: OPEN_END }],
            1 => vec![Interval { start: 0, end: NOW - 50 }],
            _ => vec![Interval { start: 0, end: OPEN_END }],
        },
        pauses: if kind == 2 { vec![Interval { start: NOW, end: NOW + 60 }] } else { Vec::new() },
        hours_margin_min: None,
    })
}

fn person(around: (f64, f64)) -> impl Strategy<Value = PersonInput> {
    let accuracy =
        prop_oneof![Just(None), Just(Some(80.0)), Just(Some(900.0)), Just(Some(1_001.0))];
    let ping = (place(around), accuracy, any::<bool>(), 0..200i64);
    let rest = (proptest::option::of(place(around)), gate(), 0..10u8);
    (proptest::option::of(ping), rest, any::<u128>()).prop_map(|(ping, rest, id)| {
        let mut parts = PersonInput::new(StaffId::from(Uuid::from_u128(id)));
        parts.ping = ping.map(|(position, accuracy_m, mock, age)| Ping {
            fix_at_ms: (NOW - age) * 1_000,
            position,
            accuracy_m,
            mock,
        });
        let (home, tracking, luck) = rest;
        (parts.home, parts.tracking, parts.active) = (home, tracking, luck > 0);
        parts
    })
}

fn world() -> impl Strategy<Value = ((f64, f64), Vec<PersonInput>)> {
    let centres = [(45.0, 9.0), (-17.0, 179.9), (89.5, 0.0), (-89.7, 90.0), (0.2, -0.3)];
    proptest::sample::select(centres.to_vec())
        .prop_flat_map(|around| (Just(around), proptest::collection::vec(person(around), 0..120)))
}

fn live_by_hand(parts: &PersonInput, mock_policy: MockPolicy) -> Option<Position> {
    let allowed = |at: i64| {
        parts.tracking.permissions.iter().any(|i| i.contains(at))
            && !parts.tracking.pauses.iter().any(|i| i.contains(at))
    };
    let ping = parts.ping?;
    let hidden = ping.mock && mock_policy == MockPolicy::HistoryOnly;
    let counts = allowed(ping.fix_at_ms / 1_000) && allowed(NOW) && parts.active && !hidden;
    (counts && ping.accuracy_m.is_none_or(|metres| metres <= 1_000.0)).then_some(ping.position)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..Default::default() })]

    #[test]
    fn rectangles_equal_a_plain_loop(
        (around, people) in world(),
        (height, width) in (0.1..2.0_f64, 0.1..5.0_f64),
        history_only: bool,
    ) {
        let wrapped = |lng: f64| (lng + 180.0).rem_euclid(360.0) - 180.0;
        let within = Rectangle {
            south: (around.0 - height).max(-90.0),
            west: wrapped(around.1 - width),
            north: (around.0 + height).min(90.0),
            east: wrapped(around.1 + width),
        };
        let policy = if history_only { MockPolicy::HistoryOnly } else { MockPolicy::Accept };
        let mut index = OrgIndex::bulk_load(organization(), people.iter().cloned(), NOW);
        index.apply(&Fact::Organization(OrganizationFacts {
            organization: organization(),
            version: 1,
            time_zone: "UTC".into(),
            base: None,
            mock_policy: policy,
        }), NOW);
        let mut found = Vec::new();
        index.live_in(within, NOW, |live| found.push(live.staff));
        found.sort_unstable();
        let inside = |parts: &&PersonInput| {
            live_by_hand(parts, policy).is_some_and(|at| within.contains(at))
        };
        let mut expected: Vec<StaffId> = people.iter().filter(inside).map(|p| p.id).collect();
        expected.sort_unstable();
        prop_assert_eq!(&found, &expected);
    }
}

proptest! {
    #[test]
    fn of_fixes_at_one_instant_the_same_is_live_in_any_order(
        fixes in proptest::collection::vec((0i64..3, 1i32..4, 0u8..3, any::<bool>()), 1..8)
            .prop_shuffle(),
        person_first: bool,
    ) {
        let staff = StaffId::from(Uuid::from_u128(5));
        let facts: Vec<Fact> = fixes.iter().map(|&(age, lat_e7, radius, mock)| {
            Fact::Position(PositionFact {
                organization: organization(),
                staff,
                fix_at_ms: (NOW - age) * 1_000,
                position: Position::from_e7(lat_e7, 1).unwrap(),
                accuracy_m: (radius > 0).then(|| f32::from(radius)),
                mock,
            })
        }).collect();
        let best = facts.iter().filter_map(|fact| match fact {
            Fact::Position(fact) => Some(*fact),
            _ => None,
        }).max_by_key(PositionFact::rank).unwrap();
        let person = tracked(staff, 1, 0);
        let live = LiveIndex::new();
        if person_first {
            live.apply(std::slice::from_ref(&person), NOW);
        }
        facts.iter().for_each(|fact| live.apply(std::slice::from_ref(fact), NOW));
        live.apply(&[person], NOW);
        let ping = live.with_org(organization(), |index| index.live(index.slot(staff)?, NOW)
            .map(|live| live.ping)).flatten().unwrap();
        prop_assert_eq!(
            (ping.fix_at_ms, ping.position, ping.accuracy_m, ping.mock),
            (best.fix_at_ms, best.position, best.accuracy_m, best.mock)
        );
    }
}

/// A person of whom positions are taken at any time.
fn tracked(staff: StaffId, version: i64, positions_valid_from: i64) -> Fact {
    let permissions = vec![Interval { start: 0, end: OPEN_END }];
    Fact::Staff(Box::new(nearhand_domain::facts::StaffFacts {
        organization: organization(),
        staff,
        version,
        deleted: false,
        active: true,
        display_name: "A".into(),
        home: None,
        base: None,
        services: Vec::new(),
        regions: Vec::new(),
        skills: Vec::new(),
        licences: Vec::new(),
        languages: Vec::new(),
        working_hours: None,
        off_duty: false,
        time_off: Vec::new(),
        max_travel_km: None,
        tracking: TrackingGate { permissions, ..TrackingGate::default() },
        positions_valid_from,
    }))
}

#[test]
fn a_fix_may_come_before_its_person_and_an_erased_one_never_returns() {
    let staff = StaffId::from(Uuid::from_u128(5));
    let fix = |at: i64| {
        Fact::Position(PositionFact {
            organization: organization(),
            staff,
            fix_at_ms: at * 1_000,
            position: Position::new(45.0, 9.0).unwrap(),
            accuracy_m: None,
            mock: false,
        })
    };
    let live = LiveIndex::new();
    live.apply(&[fix(NOW - 100)], NOW);
    let facts =
        |version: i64, positions_valid_from: i64| tracked(staff, version, positions_valid_from);
    let seen = || {
        live.with_org(organization(), |index| {
            let slot = index.slot(staff)?;
            index.live(slot, NOW).map(|live| live.ping.fix_at_ms / 1_000)
        })
        .unwrap()
    };
    assert_eq!(seen(), None);
    live.apply(&[facts(1, 0)], NOW);
    assert_eq!(seen(), Some(NOW - 100));
    live.apply(&[fix(NOW - 90), fix(NOW - 95)], NOW);
    assert_eq!(seen(), Some(NOW - 90));
    live.apply(&[facts(2, NOW - 50)], NOW);
    assert_eq!(seen(), None);
    live.apply(&[fix(NOW - 90), facts(1, 0), fix(NOW - 51)], NOW);
    assert_eq!(seen(), None);
    live.apply(&[fix(NOW - 50)], NOW);
    assert_eq!(seen(), Some(NOW - 50));
}

#[test]
fn work_may_come_before_its_person_and_outlives_every_version_of_the_person() {
    let (staff, client) = (StaffId::from(Uuid::from_u128(6)), ClientId::from(Uuid::from_u128(60)));
    let case = CaseId::from(Uuid::from_u128(600));
    let hour = NOW.div_euclid(3_600);
    let work = |version: i64, minutes: i64| {
        let time = Interval { start: NOW + 7_200, end: NOW + 7_200 + minutes * 60 };
        let id = BookingId::from(Uuid::from_u128(7));
        let position = Position::new(45.0, 9.0).ok();
        Fact::Work(Box::new(WorkFacts {
            organization: organization(),
            staff,
            version,
            bookings: vec![BookingFact { id, case, time, position, open_ended: false }],
            last_job: position
                .map(|position| LastJobFact { position, completed_at: NOW - minutes }),
            visits: vec![(client, NOW - minutes); usize::from(minutes == 90)],
        }))
    };
    let live = LiveIndex::new();
    // Booked minutes, places, visitors of the client, people booked for the case.
    let seen = || {
        live.with_org(organization(), |index| {
            let person = index.person(index.slot(staff)?);
            let visitors = index.vocabulary().clients.code(&client);
            Some((
                index.load(person, hour).committed_min,
                index.tree().len(),
                visitors.map_or(0, |client| index.visitors(client).len()),
                index.booked_for(case).count(),
            ))
        })
        .unwrap()
    };
    live.apply(&[work(2, 90), work(1, 30)], NOW);
    assert_eq!(seen(), None);
    live.apply(&[tracked(staff, 1, 0)], NOW);
    assert_eq!(seen(), Some((90, 2, 1, 1)), "it waited for its person");
    live.apply(&[work(1, 30), tracked(staff, 2, 0), tracked(staff, 1, 0)], NOW);
    assert_eq!(seen(), Some((90, 2, 1, 1)), "a newer person keeps it");
    live.apply(&[work(3, 30)], NOW);
    assert_eq!(seen(), Some((30, 2, 0, 1)), "a newer one replaces all of it");
    let gone = |version: i64, deleted: bool| {
        let Fact::Staff(mut facts) = tracked(staff, version, 0) else { panic!("a person") };
        (facts.deleted, facts.active) = (deleted, !deleted);
        Fact::Staff(facts)
    };
    live.apply(&[gone(3, true), work(4, 90)], NOW);
    let (places, considered) =
        live.with_org(organization(), |index| (index.tree().len(), index.considered())).unwrap();
    assert_eq!((places, considered), (0, 0), "a deleted person is nowhere");
    live.apply(&[gone(4, false)], NOW);
    assert_eq!(seen(), Some((90, 2, 1, 1)), "what came meanwhile counts");
}
