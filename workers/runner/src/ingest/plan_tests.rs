//! The plan, by example and by property.

use super::*;
use nearhand_domain::{
    Position,
    ping::{Source, flags, ping_key},
    time::Interval,
    tracking::{OPEN_END, TrackingGate},
};
use proptest::prelude::*;
use uuid::Uuid;

const NOW: i64 = 1_790_000_000_000;
const DAY: i64 = 86_400_000;

fn ping(fix_at_ms: i64, lat_e7: i32) -> Ping {
    let position = Position::from_e7(lat_e7, 1).unwrap();
    Ping {
        fix_at_ms,
        key: ping_key(None, position),
        position,
        sent_at_ms: None,
        accuracy_m: None,
        altitude_m: None,
        speed_mps: None,
        course_deg: None,
        battery: None,
        charging: None,
        motion: None,
        mock: false,
        flags: 0,
        source: Source::Native,
    }
}

fn id<T: From<Uuid>>(n: u8) -> T {
    Uuid::from_u128(u128::from(n)).into()
}

fn batch(staff: u8, pings: Vec<Ping>) -> PingBatch {
    PingBatch {
        organization: id(1),
        device: id(staff),
        staff: id(staff),
        received_at_ms: NOW,
        pings,
        traceparent: None,
    }
}

fn person(mock_policy: MockPolicy) -> Person {
    let gate = PersonGate {
        tracking: TrackingGate {
            permissions: vec![Interval { start: 0, end: OPEN_END }],
            ..TrackingGate::default()
        },
        ..PersonGate::default()
    };
    Person {
        organization: id(1),
        mock_policy,
        gate: Some(Arc::new(gate)),
        work_version: 0,
        jump_limit_mps: 70,
        newest: None,
    }
}

fn people(staff: &[u8]) -> FxHashMap<StaffId, Person> {
    staff.iter().map(|n| (id(*n), person(MockPolicy::Penalise))).collect()
}

fn planned<'a>(batches: &'a [PingBatch], people: &FxHashMap<StaffId, Person>) -> Plan<'a> {
    plan(batches, people, NOW, 60 * DAY)
}

#[test]
fn only_the_newest_good_fix_of_each_person_is_live() {
    let mut ahead = ping(NOW + 1_000, 1);
    ahead.flags = flags::CLOCK_AHEAD;
    let mut vague = ping(NOW, 2);
    vague.accuracy_m = Some(1_500.0);
    let batches = [
        batch(2, vec![ping(NOW - 3, 3), ping(NOW - 5, 4), ahead, vague]),
        batch(1, vec![ping(NOW - DAY, 5)]),
    ];
    let plan = planned(&batches, &people(&[1, 2]));
    assert_eq!(plan.rows.len(), 5);
    assert!(plan.rows.is_sorted_by_key(|row| row.staff));
    let live: Vec<i64> = plan.live.iter().map(|row| row.fact.fix_at_ms).collect();
    assert_eq!(live, [NOW - DAY, NOW - 3]);
    assert_eq!(plan.people, [(id(1), id(1)), (id(1), id(2))]);
}

#[test]
fn the_organisation_says_whether_mock_fixes_are_live() {
    let mut mock = ping(NOW, 1);
    mock.mock = true;
    let batches = [batch(1, vec![mock, ping(NOW - 9, 2)])];
    for (policy, live) in
        [(MockPolicy::Accept, NOW), (MockPolicy::Penalise, NOW), (MockPolicy::HistoryOnly, NOW - 9)]
    {
        let people = [(id(1), person(policy))].into_iter().collect();
        assert_eq!(planned(&batches, &people).live[0].fact.fix_at_ms, live);
    }
}

#[test]
fn those_without_any_live_fix_are_still_told_of() {
    let mut vague = ping(NOW, 2);
    vague.accuracy_m = Some(1_500.0);
    let batches = [batch(1, vec![vague])];
    let plan = planned(&batches, &people(&[1]));
    assert!(plan.live.is_empty());
    assert_eq!(plan.people, [(id(1), id(1))]);
}

#[test]
fn what_may_no_longer_be_taken_is_dropped_and_counted() {
    let mut people = people(&[1, 2, 3]);
    let paused = people.get_mut(&id(1)).unwrap();
    let mut gate = PersonGate::clone(paused.gate.as_ref().unwrap());
    gate.tracking.pauses = vec![Interval { start: NOW / 1_000 - 10, end: OPEN_END }];
    paused.gate = Some(Arc::new(gate));
    people.get_mut(&id(2)).unwrap().gate = None;
    people.get_mut(&id(3)).unwrap().organization = id(9);
    let batches = [
        batch(1, vec![ping(NOW, 1), ping(NOW - 11_000, 2), ping(NOW - 61 * DAY, 3)]),
        batch(2, vec![ping(NOW, 1)]),
        batch(3, vec![ping(NOW, 1)]),
        batch(4, vec![ping(NOW, 1)]),
    ];
    let plan = planned(&batches, &people);
    assert_eq!(plan.rows.len(), 1);
    assert_eq!(
        plan.dropped,
        BTreeMap::from([
            (Dropped::Unknown, 2),
            (Dropped::Erased, 1),
            (Dropped::TrackingOff, 1),
            (Dropped::Retention, 1),
        ])
    );
    assert_eq!(plan.devices.keys().copied().collect::<Vec<DeviceId>>(), [id(1)]);
}

prop_compose! {
    fn any_batch()(
        staff in 1u8..6,
        device in 1u8..4,
        received in 0i64..3,
        fixes in prop::collection::vec((0i64..6, 1i32..4, any::<bool>(), 0u8..3), 0..6),
    ) -> PingBatch {
        let pings = fixes.into_iter().map(|(age, lat, mock, radius)| Ping {
            mock,
            accuracy_m: (radius > 0).then(|| f32::from(radius) * 600.0),
            ..ping(NOW - age, lat)
        }).collect();
        PingBatch { device: id(device), received_at_ms: NOW + received, ..batch(staff, pings) }
    }
}

type Written = (Vec<(Uuid, Uuid, i64, Uuid)>, Vec<(Uuid, i64, Position)>, Vec<StaffId>);

fn written(plan: &Plan<'_>) -> Written {
    let mut rows: Vec<_> = plan
        .rows
        .iter()
        .map(|row| (row.staff.0, row.device.0, row.ping.fix_at_ms, row.ping.key))
        .collect();
    rows.sort_unstable();
    rows.dedup();
    let live = plan
        .live
        .iter()
        .map(|row| (row.fact.staff.0, row.fact.fix_at_ms, row.fact.position))
        .collect();
    (rows, live, plan.people.iter().map(|(_, staff)| *staff).collect())
}

proptest! {
    #[test]
    fn order_and_repetition_change_nothing(
        batches in prop::collection::vec(any_batch(), 0..12),
        again in any::<prop::sample::Index>(),
    ) {
        let people = people(&[1, 2, 3, 4]);
        let once = written(&planned(&batches, &people));
        let mut other: Vec<PingBatch> = batches.iter().rev().cloned().collect();
        if !batches.is_empty() {
            other.push(again.get(&batches).clone());
        }
        prop_assert_eq!(once, written(&planned(&other, &people)));
    }

    #[test]
    fn the_live_fix_is_the_same_however_requests_are_cut_and_ordered(
        batches in prop::collection::vec(any_batch(), 0..12),
    ) {
        let people = people(&[1, 2, 3, 4, 5]);
        let mut singly = BTreeMap::new();
        for batch in batches.iter().rev() {
            for row in &planned(std::slice::from_ref(batch), &people).live {
                let fact = row.fact;
                let live = singly.entry(fact.staff).or_insert(fact);
                if fact.rank() > live.rank() {
                    *live = fact;
                }
            }
        }
        let plan = planned(&batches, &people);
        let mut at_once: Vec<_> = plan.live.iter().map(|row| row.fact).collect();
        at_once.sort_unstable_by_key(|fact| fact.staff);
        prop_assert_eq!(at_once, singly.into_values().collect::<Vec<_>>());
    }

    #[test]
    fn every_ping_is_written_or_counted(batches in prop::collection::vec(any_batch(), 0..12)) {
        let plan = planned(&batches, &people(&[1, 2, 3]));
        let sent: usize = batches.iter().map(|batch| batch.pings.len()).sum();
        let dropped: u64 = plan.dropped.values().sum();
        prop_assert_eq!(plan.rows.len() as u64 + dropped, sent as u64);
        prop_assert!(plan.live.windows(2).all(|two| two[0].fact.staff < two[1].fact.staff));
    }
}
