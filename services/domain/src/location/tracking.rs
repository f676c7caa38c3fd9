//! The privacy gate: when a person's location may be taken, shown or ranked.

use crate::time::Interval;
use serde::{Deserialize, Serialize};

/// The end of an interval that has not ended.
pub const OPEN_END: i64 = i64::MAX;

/// What is recorded about a person's consent to being tracked. Times in Unix seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackingGate {
    /// When tracking was permitted (an open one ends at [`OPEN_END`]).
    pub permissions: Vec<Interval>,
    /// When the person had paused it.
    pub pauses: Vec<Interval>,
    /// Only in working hours, widened by these minutes on both sides; `None`: at any hour.
    pub hours_margin_min: Option<u16>,
}

/// Whether the person's location may be used at `at`.
///
/// `hours` are the person's merged working hours around `at`; `None` means none are recorded,
/// which counts as always working. Applied at `fix_at` when a ping arrives, and at `as_of` when
/// a position is shown or ranked. O(n) in the intervals.
#[must_use]
pub fn tracking_allowed(gate: &TrackingGate, hours: Option<&[Interval]>, at: i64) -> bool {
    let inside = |intervals: &[Interval]| intervals.iter().any(|i| i.contains(at));
    if !inside(&gate.permissions) || inside(&gate.pauses) {
        return false;
    }
    match (gate.hours_margin_min, hours) {
        (Some(margin), Some(hours)) => {
            let margin_s = i64::from(margin) * 60;
            hours.iter().any(|i| {
                i.start.saturating_sub(margin_s) <= at && at < i.end.saturating_add(margin_s)
            })
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permission_pause_and_hours_all_count() {
        let mut gate = TrackingGate {
            permissions: vec![Interval { start: 100, end: OPEN_END }],
            pauses: vec![Interval { start: 200, end: 300 }],
            hours_margin_min: None,
        };
        assert!(!tracking_allowed(&gate, None, 99));
        assert!(tracking_allowed(&gate, None, 100));
        assert!(!tracking_allowed(&gate, None, 200));
        assert!(tracking_allowed(&gate, None, 300));
        gate.hours_margin_min = Some(1);
        let hours = [Interval { start: 1_000, end: 2_000 }];
        assert!(!tracking_allowed(&gate, Some(&hours), 939));
        assert!(tracking_allowed(&gate, Some(&hours), 940));
        assert!(tracking_allowed(&gate, Some(&hours), 2_059));
        assert!(!tracking_allowed(&gate, Some(&hours), 2_060));
        assert!(tracking_allowed(&gate, None, 500));
    }
}
