//! When one person's pings may be taken: consent, pauses, working hours and the day from which
//! positions count, ready to be asked about many fixes.

use crate::{
    facts::StaffFacts,
    schedule::WeeklyHours,
    time::Interval,
    tracking::{TrackingGate, tracking_allowed},
};
use serde::{Deserialize, Serialize};

/// Everything the privacy gate reads of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonGate {
    /// Consent and pauses.
    pub tracking: TrackingGate,
    /// Working hours; `None`: none are recorded, which counts as always working.
    pub working_hours: Option<WeeklyHours>,
    /// Fixes before this Unix second no longer count.
    pub positions_valid_from: i64,
}

/// Closed: without a recorded permission nothing may be taken.
impl Default for PersonGate {
    fn default() -> Self {
        Self {
            tracking: TrackingGate::default(),
            working_hours: None,
            positions_valid_from: i64::MIN,
        }
    }
}

impl PersonGate {
    /// The gate of a person whose facts are known.
    #[must_use]
    pub fn of(facts: &StaffFacts) -> Self {
        Self {
            tracking: facts.tracking.clone(),
            working_hours: facts.working_hours.clone(),
            positions_valid_from: facts.positions_valid_from,
        }
    }

    /// The gate over the span of these fixes (Unix milliseconds). The calendar of the working
    /// hours is worked out once, and only where hours matter.
    #[must_use]
    pub fn over(&self, fixes_ms: impl Iterator<Item = i64>) -> GateOver<'_> {
        let hours = self.hours_span(fixes_ms).map(|(hours, window)| hours.intervals(window));
        GateOver { gate: self, hours }
    }

    fn hours_span(&self, fixes_ms: impl Iterator<Item = i64>) -> Option<(&WeeklyHours, Interval)> {
        let margin_s = i64::from(self.tracking.hours_margin_min?) * 60;
        let hours = self.working_hours.as_ref()?;
        let (first, last) = fixes_ms
            .map(second)
            .fold((i64::MAX, i64::MIN), |(low, high), at| (low.min(at), high.max(at)));
        let window = Interval {
            start: first.saturating_sub(margin_s),
            end: last.saturating_add(margin_s).saturating_add(1),
        };
        (first <= last).then_some((hours, window))
    }
}

/// A [`PersonGate`] with its calendar worked out for a span of time.
#[derive(Clone, Debug)]
pub struct GateOver<'a> {
    gate: &'a PersonGate,
    hours: Option<Vec<Interval>>,
}

impl GateOver<'_> {
    /// The working hours within the span, where hours matter.
    pub(super) fn hours(&self) -> Option<&[Interval]> {
        self.hours.as_deref()
    }

    /// Whether a fix of this instant, inside the span, may be taken.
    #[must_use]
    pub fn allows_ms(&self, fix_at_ms: i64) -> bool {
        fix_at_ms >= self.gate.positions_valid_from.saturating_mul(1_000)
            && tracking_allowed(&self.gate.tracking, self.hours.as_deref(), second(fix_at_ms))
    }
}

fn second(at_ms: i64) -> i64 {
    at_ms.div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{schedule::WeeklyShift, tracking::OPEN_END};

    #[test]
    fn hours_count_only_with_a_margin_and_then_with_it() {
        let always = TrackingGate {
            permissions: vec![Interval { start: 0, end: OPEN_END }],
            ..TrackingGate::default()
        };
        let mut gate = PersonGate {
            tracking: always,
            working_hours: Some(WeeklyHours {
                time_zone: "UTC".into(),
                // Thursday, as 1970-01-01 was.
                shifts: vec![WeeklyShift { weekday: 4, start_min: 540, end_min: 1_020 }],
            }),
            positions_valid_from: i64::MIN,
        };
        let midnight = 0;
        assert!(gate.over([midnight].into_iter()).allows_ms(midnight));
        gate.tracking.hours_margin_min = Some(30);
        let half_past_eight = (8 * 60 + 30) * 60_000;
        for (at, allowed) in [
            (midnight, false),
            (half_past_eight - 1, false),
            (half_past_eight, true),
            (17 * 3_600_000 + 29 * 60_000, true),
            (17 * 3_600_000 + 30 * 60_000, false),
        ] {
            assert_eq!(gate.over([at].into_iter()).allows_ms(at), allowed, "{at}");
        }
        let week = [midnight, half_past_eight + 7 * 86_400_000];
        assert!(gate.over(week.into_iter()).allows_ms(week[1]));
        assert!(gate.over(std::iter::empty()).hours.is_none());
    }
}
