//! Admits the fixes of a request: the rules for each fix, the privacy gate, duplicates, lanes. Must not
//! do I/O.

use super::{
    Discard, Judged, LIVE_LANE_MS, PersonGate, Ping, RawFix, Rejection, Source, flags, judge,
};
use std::collections::{BTreeMap, HashSet};

/// What the rules need to know of a request.
#[derive(Clone, Copy, Debug)]
pub struct AdmissionContext<'a> {
    /// Our clock, Unix milliseconds.
    pub now_ms: i64,
    /// How long pings are kept, milliseconds.
    pub retention_ms: i64,
    /// The kind of client.
    pub source: Source,
    /// When the person may be tracked.
    pub gate: &'a PersonGate,
}

/// A fix that was invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its place in the request.
    pub index: usize,
    /// Why.
    pub why: Rejection,
}

/// The result for a request's fixes. Each fix is in exactly one of `live`, `backlog`, `duplicates`,
/// `discarded` and `rejected`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Admission {
    /// The request's newest fix and every fix younger than ten minutes.
    pub live: Vec<Ping>,
    /// The rest.
    pub backlog: Vec<Ping>,
    /// Repetitions within the request.
    pub duplicates: usize,
    /// Valid but not wanted, by reason.
    pub discarded: BTreeMap<Discard, usize>,
    /// Invalid, in the order of the request.
    pub rejected: Vec<Rejected>,
}

impl Admission {
    /// How many fixes are kept.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.live.len() + self.backlog.len()
    }

    /// Whether nothing is left to queue.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live.is_empty() && self.backlog.is_empty()
    }
}

/// Applies all rules to the fixes of a request. O(n), plus the gate's calendar once per request.
///
/// The result does not depend on the order of the fixes, except that the first of equal fixes is kept.
#[must_use]
pub fn admit(fixes: &[RawFix], context: &AdmissionContext<'_>) -> Admission {
    let mut admission = Admission::default();
    let mut pings = Vec::with_capacity(fixes.len());
    for raw in fixes {
        match judge(raw, context.now_ms, context.retention_ms, context.source) {
            Judged::Accepted(ping) => pings.push(ping),
            Judged::Rejected(why) => {
                admission.rejected.push(Rejected { index: raw.index, why });
            }
            Judged::Discarded(reason) => *admission.discarded.entry(reason).or_default() += 1,
        }
    }
    let before = pings.len();
    let gate = context.gate.over(pings.iter().map(|ping| ping.fix_at_ms));
    pings.retain(|ping| gate.allows_ms(ping.fix_at_ms));
    if before > pings.len() {
        admission.discarded.insert(Discard::TrackingOff, before - pings.len());
    }
    let mut seen = HashSet::with_capacity(pings.len());
    let wanted = pings.len();
    pings.retain(|ping| seen.insert(ping.identity()));
    admission.duplicates = wanted - pings.len();
    split_lanes(pings, context.now_ms, &mut admission);
    admission
}

/// A fix from a clock that ran ahead is never the newest: it would push the real one aside.
fn split_lanes(pings: Vec<Ping>, now_ms: i64, admission: &mut Admission) {
    let newest = pings
        .iter()
        .filter(|ping| ping.flags & flags::CLOCK_AHEAD == 0)
        .map(|ping| ping.fix_at_ms)
        .max();
    (admission.live, admission.backlog) = pings.into_iter().partition(|ping| {
        Some(ping.fix_at_ms) == newest || now_ms.saturating_sub(ping.fix_at_ms) < LIVE_LANE_MS
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        time::Interval,
        tracking::{OPEN_END, TrackingGate},
    };
    use proptest::prelude::*;

    const NOW: i64 = 1_790_000_000_000;
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 1_440 * MINUTE;

    fn open_gate() -> PersonGate {
        PersonGate {
            tracking: TrackingGate {
                permissions: vec![Interval { start: 0, end: OPEN_END }],
                ..TrackingGate::default()
            },
            ..PersonGate::default()
        }
    }

    fn fix(index: usize, fix_at_ms: i64) -> RawFix {
        RawFix { index, fix_at_ms, lat: 38.7, lng: -9.1, ..RawFix::default() }
    }

    fn through(gate: &PersonGate, fixes: &[RawFix]) -> Admission {
        let context =
            AdmissionContext { now_ms: NOW, retention_ms: 60 * DAY, source: Source::Native, gate };
        admit(fixes, &context)
    }

    fn times(pings: &[Ping]) -> Vec<i64> {
        pings.iter().map(|ping| ping.fix_at_ms).collect()
    }

    #[test]
    fn the_newest_and_the_young_go_live_the_rest_waits() {
        let got = through(
            &open_gate(),
            &[fix(0, NOW - 600_000), fix(1, NOW - 599_999), fix(2, NOW - 5), fix(3, NOW - DAY)],
        );
        assert_eq!(times(&got.live), [NOW - 599_999, NOW - 5]);
        assert_eq!(times(&got.backlog), [NOW - 600_000, NOW - DAY]);
        let old = through(&open_gate(), &[fix(0, NOW - 2 * DAY), fix(1, NOW - DAY)]);
        assert_eq!(times(&old.live), [NOW - DAY]);
        assert_eq!(times(&old.backlog), [NOW - 2 * DAY]);
    }

    #[test]
    fn a_clock_ahead_does_not_push_the_newest_aside() {
        let got =
            through(&open_gate(), &[fix(0, NOW - DAY), fix(1, NOW - 2 * DAY), fix(2, NOW + DAY)]);
        assert_eq!(times(&got.live), [NOW - DAY, NOW + DAY]);
        assert_eq!(got.live[1].flags, flags::CLOCK_AHEAD);
    }

    #[test]
    fn the_first_of_repeated_fixes_counts() {
        let mut other = fix(1, NOW);
        other.speed_mps = Some(4.0);
        let got = through(&open_gate(), &[fix(0, NOW), other, fix(2, NOW - 1)]);
        assert_eq!((got.accepted(), got.duplicates), (2, 1));
        assert_eq!(got.live[0].speed_mps, None);
    }

    #[test]
    fn what_is_invalid_is_named_by_its_place_and_what_is_unwanted_by_its_reason() {
        let mut nowhere = fix(7, NOW);
        nowhere.lat = 91.0;
        let got = through(&open_gate(), &[fix(3, NOW), nowhere, fix(8, NOW - 61 * DAY)]);
        assert_eq!(got.rejected.len(), 1);
        assert_eq!((got.rejected[0].index, got.rejected[0].why.code()), (7, "lat_out_of_range"));
        assert_eq!(got.discarded, BTreeMap::from([(Discard::Retention, 1)]));
    }

    #[test]
    fn without_consent_at_the_time_of_the_fix_nothing_is_taken() {
        assert_eq!(
            through(&PersonGate::default(), &[fix(0, NOW)]).discarded,
            BTreeMap::from([(Discard::TrackingOff, 1)])
        );
        let mut gate = open_gate();
        gate.tracking.pauses = vec![Interval { start: NOW / 1000 - 60, end: NOW / 1000 }];
        gate.positions_valid_from = NOW / 1000 - 120;
        let got = through(
            &gate,
            &[fix(0, NOW), fix(1, NOW - 1), fix(2, NOW - 61_000), fix(3, NOW - 120_001)],
        );
        assert_eq!(times(&got.live), [NOW, NOW - 61_000]);
        assert_eq!(got.discarded, BTreeMap::from([(Discard::TrackingOff, 2)]));
    }

    prop_compose! {
        fn any_fix()(
            lat in prop_oneof![Just(0.0), Just(f64::NAN), -95.0..95.0, Just(38.7)],
            lng in prop_oneof![Just(0.0), -200.0..200.0, Just(-9.1)],
            age in prop_oneof![
                -2 * DAY..0i64, 0..20 * MINUTE, 0..70 * DAY, (0i64..4).prop_map(|n| n * MINUTE),
            ],
            key in prop_oneof![
                Just(None), Just(Some(String::new())), Just(Some("a".to_owned())),
                Just(Some("b".to_owned())),
            ],
            accuracy in prop_oneof![Just(None), (-1.0..5_000.0).prop_map(Some)],
        ) -> RawFix {
            RawFix {
                fix_at_ms: NOW - age, lat, lng, key, accuracy_m: accuracy, ..RawFix::default()
            }
        }
    }

    fn identities(pings: &[Ping]) -> Vec<(i64, uuid::Uuid)> {
        let mut all: Vec<_> = pings.iter().map(Ping::identity).collect();
        all.sort_unstable();
        all
    }

    proptest! {
        #[test]
        fn every_fix_is_counted_once_and_order_does_not_matter(
            fixes in prop::collection::vec(any_fix(), 0..60).prop_shuffle(),
            pause in -2i64..40,
        ) {
            let mut gate = open_gate();
            let start = NOW / 1000 - pause * 60;
            gate.tracking.pauses = vec![Interval { start, end: start + 120 }];
            let forward = through(&gate, &fixes);
            let counted = forward.accepted() + forward.duplicates + forward.rejected.len()
                + forward.discarded.values().sum::<usize>();
            prop_assert_eq!(counted, fixes.len());
            let mut backward = fixes;
            backward.reverse();
            let reversed = through(&gate, &backward);
            prop_assert_eq!(identities(&forward.live), identities(&reversed.live));
            prop_assert_eq!(identities(&forward.backlog), identities(&reversed.backlog));
            prop_assert_eq!(forward.duplicates, reversed.duplicates);
            prop_assert_eq!(forward.discarded, reversed.discarded);
            prop_assert_eq!(forward.rejected.len(), reversed.rejected.len());
        }
    }
}
