//! Whether an app should take a position now, why not, and when that changes next, so that it can
//! sleep until then. The same gate decides about every ping that comes all the same.

use super::PersonGate;
use crate::time::Interval;

/// How far ahead is looked: a week, and a day for a change of clocks.
const HORIZON_S: i64 = 8 * 86_400;

/// Why a position is wanted, or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is.
    Wanted,
    /// Tracking was never permitted, or the permission was withdrawn.
    NotPermitted,
    /// The person has paused it.
    Paused,
    /// Only working hours count, and it is none.
    OutsideHours,
}

impl Why {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::NotPermitted => "not_permitted",
            Self::Paused => "paused",
            Self::OutsideHours => "outside_hours",
        }
    }
}

impl Wanted {
    /// Whether it is.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.why == Why::Wanted
    }
}

/// What an app should do at an instant. Times in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Whether, and why not.
    pub why: Why,
    /// When a position begins or ceases to be wanted; `None`: not within a week, as things are.
    pub changes_at: Option<i64>,
    /// When the running pause ends.
    pub pause_ends_at: Option<i64>,
}

impl PersonGate {
    /// Whether a position of `now` is wanted. O(n log n) in the intervals of a week.
    #[must_use]
    pub fn wanted(&self, now: i64) -> Wanted {
        let horizon = now.saturating_add(HORIZON_S);
        let gate = self.over([now, horizon].map(|at| at.saturating_mul(1_000)).into_iter());
        let allows = |at: i64| gate.allows_ms(at.saturating_mul(1_000));
        let is_wanted = allows(now);
        let mut edges: Vec<i64> = self.edges(gate.hours()).collect();
        edges.retain(|at| (now + 1..=horizon).contains(at));
        edges.sort_unstable();
        let running = self.tracking.pauses.iter().filter(|pause| pause.contains(now));
        let pause_ends_at = running.map(|pause| pause.end).max();
        Wanted {
            why: match (is_wanted, pause_ends_at) {
                (true, _) => Why::Wanted,
                _ if !self.is_permitted(now) => Why::NotPermitted,
                (false, Some(_)) => Why::Paused,
                (false, None) => Why::OutsideHours,
            },
            changes_at: edges.into_iter().find(|at| allows(*at) != is_wanted),
            pause_ends_at,
        }
    }

    fn is_permitted(&self, at: i64) -> bool {
        at >= self.positions_valid_from && self.tracking.permissions.iter().any(|i| i.contains(at))
    }

    /// The instants at which the answer may change.
    fn edges<'a>(&'a self, hours: Option<&'a [Interval]>) -> impl Iterator<Item = i64> + 'a {
        let margin_s = i64::from(self.tracking.hours_margin_min.unwrap_or(0)) * 60;
        let hours = hours.unwrap_or_default().iter().map(move |shift| Interval {
            start: shift.start.saturating_sub(margin_s),
            end: shift.end.saturating_add(margin_s),
        });
        let recorded = self.tracking.permissions.iter().chain(&self.tracking.pauses).copied();
        recorded.chain(hours).flat_map(|interval| [interval.start, interval.end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        schedule::{WeeklyHours, WeeklyShift},
        tracking::{OPEN_END, TrackingGate},
    };

    const HOUR: i64 = 3_600;
    /// Midnight of a Thursday.
    const THURSDAY: i64 = 19_999 * 86_400;

    fn gate(pauses: Vec<Interval>, margin_min: Option<u16>) -> PersonGate {
        PersonGate {
            tracking: TrackingGate {
                permissions: vec![Interval { start: 0, end: OPEN_END }],
                pauses,
                hours_margin_min: margin_min,
            },
            working_hours: Some(WeeklyHours {
                time_zone: "UTC".into(),
                shifts: vec![WeeklyShift { weekday: 4, start_min: 540, end_min: 1_020 }],
            }),
            positions_valid_from: i64::MIN,
        }
    }

    fn wanted(why: Why, changes_at: Option<i64>, pause_ends_at: Option<i64>) -> Wanted {
        Wanted { why, changes_at, pause_ends_at }
    }

    #[test]
    fn the_day_is_a_thursday() {
        let day = jiff::Timestamp::from_second(THURSDAY).unwrap();
        let day = day.to_zoned(jiff::tz::TimeZone::UTC);
        assert_eq!((day.weekday(), day.hour()), (jiff::civil::Weekday::Thursday, 0));
    }

    #[test]
    fn without_permission_nothing_is_wanted_and_nothing_is_promised() {
        let answer = PersonGate::default().wanted(THURSDAY);
        assert_eq!(answer, wanted(Why::NotPermitted, None, None));
    }

    #[test]
    fn working_hours_open_and_close_with_their_margin() {
        let gate = gate(Vec::new(), Some(30));
        let (opens, closes) = (THURSDAY + 8 * HOUR + 1_800, THURSDAY + 17 * HOUR + 1_800);
        assert_eq!(gate.wanted(THURSDAY), wanted(Why::OutsideHours, Some(opens), None));
        assert_eq!(gate.wanted(opens), wanted(Why::Wanted, Some(closes), None));
        let next = opens + 7 * 86_400;
        assert_eq!(gate.wanted(closes), wanted(Why::OutsideHours, Some(next), None));
    }

    #[test]
    fn a_pause_that_outlasts_the_shift_ends_with_the_next_one() {
        let noon = THURSDAY + 12 * HOUR;
        let short = Interval { start: noon, end: noon + HOUR };
        let answer = gate(vec![short], Some(0)).wanted(noon);
        assert_eq!(answer, wanted(Why::Paused, Some(noon + HOUR), Some(noon + HOUR)));
        let long = Interval { start: noon, end: noon + 12 * HOUR };
        let answer = gate(vec![long], Some(0)).wanted(noon);
        let next = THURSDAY + 7 * 86_400 + 9 * HOUR;
        assert_eq!(answer, wanted(Why::Paused, Some(next), Some(noon + 12 * HOUR)));
        let answer = gate(Vec::new(), None).wanted(noon);
        assert_eq!(answer, wanted(Why::Wanted, None, None));
    }
}
