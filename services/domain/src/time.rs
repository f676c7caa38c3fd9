//! Instants as they are written, and half-open intervals of whole seconds since 1970-01-01 UTC.

use crate::clock::to_millis;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Seconds in an hour.
pub const HOUR_S: i64 = 3_600;
/// Seconds in a day of 24 hours.
pub const DAY_S: i64 = 86_400;

/// Reads an ISO 8601 instant with a zone, cut to milliseconds.
///
/// A leap second (`23:59:60`) lies after every other instant of its minute and before the next
/// minute: in Unix time, which has none, the last millisecond of the minute.
#[must_use]
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    let at = to_millis(text.parse::<Timestamp>().ok()?);
    // `YYYY-MM-DDThh:mm:60`; the parser takes it for second 59.
    if text.as_bytes().get(16..19) != Some(b":60") {
        return Some(at);
    }
    let second = at.as_millisecond().div_euclid(1_000);
    Timestamp::from_millisecond(second * 1_000 + 999).ok()
}

/// `[start, end)` in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// First second inside.
    pub start: i64,
    /// First second no longer inside.
    pub end: i64,
}

impl Interval {
    /// Whether the two share at least one second; touching is not overlapping.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether all of `other` lies inside.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the instant lies inside.
    #[must_use]
    pub fn contains(self, at: i64) -> bool {
        self.start <= at && at < self.end
    }

    /// The part inside `window`, if there is one.
    #[must_use]
    pub fn clip(self, window: Self) -> Option<Self> {
        let (start, end) = (self.start.max(window.start), self.end.min(window.end));
        (start < end).then_some(Self { start, end })
    }

    /// Length in seconds, never negative.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.end.saturating_sub(self.start).max(0)
    }
}

/// Sorts and joins what overlaps or touches; empty intervals vanish. O(n log n).
#[must_use]
pub fn merge(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.retain(|i| i.start < i.end);
    intervals.sort_unstable();
    let mut merged: Vec<Interval> = Vec::with_capacity(intervals.len());
    for next in intervals {
        match merged.last_mut() {
            Some(last) if next.start <= last.end => last.end = last.end.max(next.end),
            _ => merged.push(next),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn i(start: i64, end: i64) -> Interval {
        Interval { start, end }
    }

    #[test]
    fn a_leap_second_is_the_last_of_its_minute() {
        let ms = |text: &str| parse_instant(text).map(Timestamp::as_millisecond);
        let midnight = ms("2017-01-01T00:00:00Z").unwrap();
        assert_eq!(ms("2016-12-31T23:59:59.5Z"), Some(midnight - 500));
        for leap in ["2016-12-31T23:59:60Z", "2016-12-31T23:59:60.25Z", "2017-01-01T00:59:60+01:00"]
        {
            assert_eq!(ms(leap), Some(midnight - 1), "{leap}");
        }
        assert_eq!(ms("2016-12-31T23:59:61Z"), None);
        assert_eq!(ms("2026-11-21T12:00:00.123456+02:00").map(|at| at % 1_000), Some(123));
    }

    #[test]
    fn merging_joins_what_touches_and_drops_what_is_empty() {
        assert_eq!(
            merge(vec![i(5, 7), i(1, 3), i(3, 4), i(9, 9), i(6, 8)]),
            vec![i(1, 4), i(5, 8)]
        );
    }
}
