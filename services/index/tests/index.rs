//! Nearest, rectangles and the privacy gate, held to plain loops over everybody.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use nearhand_domain::{
    OrganizationId, Position, ServiceId, StaffId,
    facts::{Fact, MockPolicy, OrganizationFacts, PositionFact},
    preference::{LanguageLevel, Preference},
    time::Interval,
    tracking::{OPEN_END, TrackingGate},
};
use nearhand_index::{
    Filter, LiveIndex, Near, OrgIndex, PersonParts, Rectangle, parts::LicenceParts, person::Ping,
    sphere::haversine_km,
};
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

fn person(around: (f64, f64)) -> impl Strategy<Value = PersonParts> {
    let accuracy =
        prop_oneof![Just(None), Just(Some(80.0)), Just(Some(900.0)), Just(Some(1_001.0))];
    let ping = (place(around), accuracy, any::<bool>(), 0..200i64);
    let rest = (proptest::option::of(place(around)), gate(), 0..4usize, 0..6u8, 0..10u8);
    (proptest::option::of(ping), rest, any::<u128>()).prop_map(|(ping, rest, id)| {
        let mut parts = PersonParts::new(StaffId::from(Uuid::from_u128(id)));
        parts.ping = ping.map(|(position, accuracy_m, mock, age)| Ping {
            fix_at_ms: (NOW - age) * 1_000,
            position,
            accuracy_m,
            mock,
        });
        let (home, tracking, service, skill, luck) = rest;
        (parts.home, parts.tracking, parts.active) = (home, tracking, luck > 0);
        parts.services.push((ServiceId::from(Uuid::nil()), Preference::ALL[service]));
        parts.skills.push(("camera".into(), skill.clamp(1, 5)));
        parts
    })
}

fn world() -> impl Strategy<Value = ((f64, f64), Vec<PersonParts>, Position)> {
    let centres = [(45.0, 9.0), (-17.0, 179.9), (89.5, 0.0), (-89.7, 90.0), (0.2, -0.3)];
    proptest::sample::select(centres.to_vec()).prop_flat_map(|around| {
        (Just(around), proptest::collection::vec(person(around), 0..120), place(around))
    })
}

fn live_by_hand(parts: &PersonParts, mock_policy: MockPolicy) -> Option<Position> {
    let allowed = |at: i64| {
        parts.tracking.permissions.iter().any(|i| i.contains(at))
            && !parts.tracking.pauses.iter().any(|i| i.contains(at))
    };
    let ping = parts.ping?;
    let hidden = ping.mock && mock_policy == MockPolicy::HistoryOnly;
    let counts = allowed(ping.fix_at_ms / 1_000) && allowed(NOW) && parts.active && !hidden;
    (counts && ping.accuracy_m.is_none_or(|metres| metres <= 1_000.0)).then_some(ping.position)
}

fn nearest_by_hand(
    people: &[PersonParts],
    from: Position,
    filter: &Filter,
    k: usize,
) -> Vec<StaffId> {
    let fit = |parts: &&PersonParts| {
        parts.active
            && (filter.services.is_empty() || parts.services[0].1 != Preference::Never)
            && filter.skills.iter().all(|(_, level)| parts.skills[0].1 >= *level)
    };
    let mut near: Vec<(f64, StaffId)> = people
        .iter()
        .filter(fit)
        .filter_map(|parts| {
            let at = live_by_hand(parts, MockPolicy::Penalise).or(parts.home)?;
            Some((haversine_km(from, at), parts.id))
        })
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    near.into_iter().take(k).map(|(_, id)| id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..Default::default() })]

    #[test]
    fn nearest_equals_a_plain_loop((_, people, from) in world(), k in 1..30usize, level in 0..8u8) {
        let filters = [
            Filter::default(),
            Filter {
                services: vec![ServiceId::from(Uuid::nil())],
                skills: vec![("camera".into(), level)],
                ..Filter::default()
            },
        ];
        let index = OrgIndex::bulk_load(organization(), people.iter().cloned(), NOW);
        for filter in &filters {
            let by_hand = nearest_by_hand(&people, from, filter, k);
            // By place alone, and by abilities where several are asked for.
            for few in [f64::INFINITY, 0.0] {
                let found = index.nearest_going_by_abilities(from, filter, k, NOW, few);
                let ids: Vec<StaffId> = found.iter().map(|near: &Near| near.staff).collect();
                prop_assert_eq!(&ids, &by_hand);
            }
        }
    }

    #[test]
    fn rectangles_equal_a_plain_loop(
        (around, people, _) in world(),
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
        let inside = |parts: &&PersonParts| {
            live_by_hand(parts, policy).is_some_and(|at| within.contains(at))
        };
        let mut expected: Vec<StaffId> = people.iter().filter(inside).map(|p| p.id).collect();
        expected.sort_unstable();
        prop_assert_eq!(&found, &expected);
    }

    #[test]
    fn an_organisation_told_late_equals_one_told_first(
        (_, people, from) in world(),
        base in proptest::option::of(place((45.0, 9.0))),
        history_only: bool,
        k in 1..120usize,
    ) {
        let policy = if history_only { MockPolicy::HistoryOnly } else { MockPolicy::Accept };
        let facts = Fact::Organization(OrganizationFacts {
            organization: organization(),
            version: 1,
            time_zone: "UTC".into(),
            base,
            mock_policy: policy,
        });
        let mut late = OrgIndex::bulk_load(organization(), people.iter().cloned(), NOW);
        late.apply(&facts, NOW);
        let mut first = OrgIndex::new(organization(), NOW);
        first.apply(&facts, NOW);
        for person in people {
            first.put(person, NOW);
        }
        let found = |index: &OrgIndex| -> Vec<(StaffId, u64)> {
            let near = index.nearest(from, &Filter::default(), k, NOW);
            near.iter().map(|near: &Near| (near.staff, near.km.to_bits())).collect()
        };
        prop_assert_eq!(found(&late), found(&first));
    }

    #[test]
    fn moving_about_equals_loading_afresh((_, people, from) in world(), moves in proptest::collection::vec((0..120usize, place((45.0, 9.0)), 0..500i64), 0..200)) {
        let live = LiveIndex::new();
        live.insert(OrgIndex::new(organization(), NOW));
        let mut fresh = people.clone();
        fresh.iter_mut().for_each(|parts| parts.ping = None);
        live.insert(OrgIndex::bulk_load(organization(), fresh.iter().cloned(), NOW));
        let mut facts = Vec::new();
        for (who, position, at) in moves {
            let Some(parts) = fresh.get_mut(who) else { continue };
            let fix_at_ms = NOW * 1_000 - 600 + at;
            if parts.ping.is_none_or(|ping| fix_at_ms > ping.fix_at_ms) {
                parts.ping = Some(Ping { fix_at_ms, position, accuracy_m: None, mock: false });
            }
            facts.push(Fact::Position(PositionFact {
                organization: organization(),
                staff: parts.id,
                fix_at_ms,
                position,
                accuracy_m: None,
                mock: false,
            }));
        }
        live.apply(&facts, NOW);
        let loaded = OrgIndex::bulk_load(organization(), fresh.iter().cloned(), NOW);
        let (version, found, places) = live
            .with_org(organization(), |index| {
                let near = index.nearest(from, &Filter::default(), 20, NOW);
                let ids: Vec<StaffId> = near.iter().map(|near| near.staff).collect();
                (index.index_version(), ids, index.places().len())
            })
            .unwrap();
        prop_assert_eq!(version, loaded.index_version());
        prop_assert_eq!(places, loaded.places().len());
        prop_assert_eq!(found, nearest_by_hand(&fresh, from, &Filter::default(), 20));
    }
}

/// A person of many words, drawn from a number.
fn words_of(random: u64) -> PersonParts {
    let mut parts = PersonParts::new(StaffId::from(Uuid::from_u128(random.into())));
    parts.home = Position::new(45.0, 9.0).ok();
    // All services, so that their numbers are in order.
    for nth in 0..150u32 {
        let own = random.wrapping_mul(u64::from(nth) * 2 + 1);
        let below =
            |many: u64, of: u32| usize::try_from(own.rotate_left(23 + of * 7) % many).unwrap();
        let service = ServiceId::from(Uuid::from_u128(nth.into()));
        parts.services.push((service, Preference::ALL[below(4, 0)]));
        if below(4, 1) == 0 {
            parts.skills.push((format!("skill {nth}"), [1, 2, 3, 4, 5][below(5, 2)]));
        }
        if below(3, 3) == 0 {
            parts.languages.push((format!("l{nth}"), LanguageLevel::ALL[below(7, 4)]));
        }
        if below(2, 5) == 0 {
            parts.licences.push(LicenceParts {
                code: format!("licence {nth}"),
                jurisdiction: String::new(),
                valid_from: i64::MIN,
                valid_to: i64::MAX,
            });
        }
    }
    parts
}

fn has_all(parts: &PersonParts, filter: &Filter) -> bool {
    filter
        .services
        .iter()
        .all(|id| parts.services.iter().all(|(of, level)| of != id || *level != Preference::Never))
        && filter.skills.iter().all(|(skill, least)| {
            *least == 0 || parts.skills.iter().any(|(of, level)| of == skill && level >= least)
        })
        && filter.languages.iter().all(|(tag, least)| {
            parts.languages.iter().any(|(of, level)| of == tag && level >= least)
        })
        && filter
            .licences
            .iter()
            .all(|(code, _)| parts.licences.iter().any(|licence| &licence.code == code))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..Default::default() })]

    #[test]
    fn however_many_words_there_are_the_nearest_have_all_that_is_asked_for(
        people in proptest::collection::vec(any::<u64>().prop_map(words_of), 1..150),
        services in prop_oneof![
            proptest::collection::vec(0..10u128, 0..3),
            proptest::collection::vec(0..150u128, 0..90),
        ],
        skills in proptest::collection::vec((0..152u32, 0..8u8), 0..2),
        languages in proptest::collection::vec((0..152u32, 0..7usize), 0..2),
        licences in proptest::collection::vec(0..152u32, 0..2),
    ) {
        let word = |kind: &str, nth: u32| format!("{kind}{nth}");
        let filter = Filter {
            services: services.iter().map(|&nth| ServiceId::from(Uuid::from_u128(nth))).collect(),
            skills: skills.iter().map(|&(nth, least)| (word("skill ", nth), least)).collect(),
            languages: languages
                .iter()
                .map(|&(nth, least)| (word("l", nth), LanguageLevel::ALL[least]))
                .collect(),
            licences: licences.iter().map(|&nth| (word("licence ", nth), String::new())).collect(),
        };
        let index = OrgIndex::bulk_load(organization(), people.iter().cloned(), NOW);
        let mut fit: Vec<StaffId> =
            people.iter().filter(|parts| has_all(parts, &filter)).map(|parts| parts.id).collect();
        fit.sort_unstable();
        fit.dedup();
        for few in [f64::INFINITY, 0.0] {
            let from = Position::new(45.0, 9.0).unwrap();
            let found = index.nearest_going_by_abilities(from, &filter, 1_000, NOW, few);
            let mut ids: Vec<StaffId> = found.iter().map(|near| near.staff).collect();
            ids.sort_unstable();
            prop_assert_eq!(&ids, &fit);
        }
    }
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
    let mut parts = PersonParts::new(staff);
    parts.tracking.permissions.push(Interval { start: 0, end: OPEN_END });
    let facts = |version: i64, positions_valid_from: i64| {
        Fact::Staff(Box::new(nearhand_domain::facts::StaffFacts {
            organization: organization(),
            staff,
            version,
            deleted: false,
            active: true,
            display_name: "A".into(),
            home: None,
            services: Vec::new(),
            regions: Vec::new(),
            skills: Vec::new(),
            licences: Vec::new(),
            languages: Vec::new(),
            working_hours: None,
            time_off: Vec::new(),
            max_travel_km: None,
            tracking: parts.tracking.clone(),
            positions_valid_from,
        }))
    };
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
