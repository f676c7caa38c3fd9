//! Weekly working hours in a time zone, and the concrete intervals they mean.

use crate::{
    time::{Interval, merge},
    zone,
};
use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Minutes in a day.
pub const DAY_MIN: u16 = 1_440;

/// Working hours on one weekday, in local minutes after midnight.
///
/// `end_min` up to 1,440 ends the same day; an `end_min` at or before `start_min` ends the next
/// day (a night shift).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WeeklyShift {
    /// 1 = Monday … 7 = Sunday (ISO 8601).
    pub weekday: u8,
    /// Local minutes after midnight, 0 to 1,439.
    pub start_min: u16,
    /// Local minutes after midnight, 0 to 1,440.
    pub end_min: u16,
}

/// A week's working hours in one time zone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WeeklyHours {
    /// IANA name, such as `Europe/Lisbon`.
    pub time_zone: String,
    /// The shifts of a week; none means never.
    pub shifts: Vec<WeeklyShift>,
}

impl WeeklyHours {
    /// The merged intervals that touch `window`, in Unix seconds.
    ///
    /// Local times that a clock change skips or repeats are resolved as RFC 5545 does (the
    /// "compatible" rule). An unknown zone counts as UTC. Cost: one zone lookup per day and shift.
    #[must_use]
    pub fn intervals(&self, window: Interval) -> Vec<Interval> {
        let zone = zone::get(&self.time_zone).unwrap_or(TimeZone::UTC);
        let Some(mut day) = first_day(window.start, &zone) else { return Vec::new() };
        let mut found = Vec::new();
        loop {
            for shift in self.shifts.iter().filter(|s| weekday(day) == s.weekday) {
                found.extend(concrete(day, *shift, &zone).filter(|i| i.overlaps(window)));
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
            if instant(day, 0, &zone).is_none_or(|start| start >= window.end) {
                break;
            }
        }
        merge(found)
    }
}

/// Whether a time lies within one of these hours.
#[must_use]
pub fn is_within(hours: &[Interval], time: Interval) -> bool {
    hours.iter().any(|shift| shift.covers(time))
}

fn weekday(day: civil::Date) -> u8 {
    day.weekday().to_monday_one_offset().unsigned_abs()
}

/// Two days before the window: a night shift reaches over midnight, merging over another.
fn first_day(start: i64, zone: &TimeZone) -> Option<civil::Date> {
    let at = Timestamp::from_second(start).ok()?;
    at.to_zoned(zone.clone()).date().checked_sub(jiff::Span::new().days(2)).ok()
}

fn concrete(day: civil::Date, shift: WeeklyShift, zone: &TimeZone) -> Option<Interval> {
    let start = instant(day, shift.start_min, zone)?;
    let end = if shift.end_min > shift.start_min {
        instant(day, shift.end_min, zone)?
    } else {
        instant(day.tomorrow().ok()?, shift.end_min, zone)?
    };
    Some(Interval { start, end })
}

fn instant(day: civil::Date, minutes: u16, zone: &TimeZone) -> Option<i64> {
    let (day, minutes) =
        if minutes >= DAY_MIN { (day.tomorrow().ok()?, 0) } else { (day, minutes) };
    let hour = i8::try_from(minutes / 60).ok()?;
    let minute = i8::try_from(minutes % 60).ok()?;
    let local = day.at(hour, minute, 0, 0);
    zone.to_ambiguous_timestamp(local).compatible().ok().map(Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    fn window(from: &str, to: &str) -> Interval {
        Interval { start: at(from), end: at(to) }
    }

    #[test]
    fn a_day_shift_follows_the_clock_change() {
        let hours = WeeklyHours {
            time_zone: "Europe/Berlin".into(),
            shifts: (1..=7)
                .map(|weekday| WeeklyShift { weekday, start_min: 540, end_min: 1020 })
                .collect(),
        };
        // Berlin leaves summer time in the night to 2026-10-25.
        let found = hours.intervals(window("2026-10-24T00:00:00Z", "2026-10-26T00:00:00Z"));
        assert_eq!(found[0].start, at("2026-10-24T07:00:00Z"));
        assert_eq!(found[1].start, at("2026-10-25T08:00:00Z"));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn the_rules_of_2026_hold_whatever_the_system_has() {
        for (zone, start, end) in [
            // No longer changes its clocks since November 2026.
            ("America/Vancouver", "16:00", "2026-12-02T00:00:00Z"),
            ("America/Edmonton", "15:00", "2026-12-01T23:00:00Z"),
            // At UTC again.
            ("Africa/Casablanca", "09:00", "2026-12-01T17:00:00Z"),
        ] {
            let shift = |weekday| WeeklyShift { weekday, start_min: 540, end_min: 1_020 };
            let hours =
                WeeklyHours { time_zone: zone.into(), shifts: (1..=5).map(shift).collect() };
            let found = hours.intervals(window("2026-12-01T12:00:00Z", "2026-12-01T16:30:00Z"));
            assert_eq!(found, [window(&format!("2026-12-01T{start}:00Z"), end)], "{zone}");
        }
    }

    #[test]
    fn night_shifts_cross_midnight_and_round_the_clock_merges() {
        let night = WeeklyHours {
            time_zone: "UTC".into(),
            shifts: vec![WeeklyShift { weekday: 7, start_min: 1320, end_min: 360 }],
        };
        let found = night.intervals(window("2026-11-23T01:00:00Z", "2026-11-23T02:00:00Z"));
        assert_eq!(found, vec![window("2026-11-22T22:00:00Z", "2026-11-23T06:00:00Z")]);
        let always = WeeklyHours {
            time_zone: "UTC".into(),
            shifts: (1..=7)
                .map(|weekday| WeeklyShift { weekday, start_min: 0, end_min: 1440 })
                .collect(),
        };
        assert_eq!(
            always.intervals(window("2026-11-23T01:00:00Z", "2026-11-25T02:00:00Z")).len(),
            1
        );
    }
}
