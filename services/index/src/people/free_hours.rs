//! In which of the coming hours a person may be free. Must say "busy" only where bookings and time
//! off leave no moment of the hour.
//!
//! The search skips nodes and people who are busy in an hour of the case. With all but one in a
//! thousand of a million people booked for six hours, the median recommendation took 24 ms, and
//! takes 0.08 ms with it. Bookings that cover no whole hour save nothing, nor do cases more than 64
//! hours ahead.

use super::load::hour_of;
use nearhand_domain::time::{HOUR_S, Interval, merge};

/// How many hours are kept: as many as a word has bits.
pub(crate) const WINDOW_H: i64 = 64;
/// Free in every hour.
pub(crate) const ALWAYS_FREE: u64 = u64::MAX;

/// One bit for each hour of the window, by the hour's number modulo 64. A clear bit means that `busy`
/// covers the whole hour. Cost: a sort of `busy`.
pub(crate) fn free_hours(busy: impl Iterator<Item = Interval>, first_hour: i64) -> u64 {
    let start = first_hour.saturating_mul(HOUR_S);
    let window = Interval { start, end: start.saturating_add(WINDOW_H * HOUR_S) };
    let busy: Vec<Interval> = busy.filter_map(|busy| busy.clip(window)).collect();
    let mut free = ALWAYS_FREE;
    for busy in merge(busy) {
        let whole_from = -(-busy.start).div_euclid(HOUR_S);
        for hour in whole_from..hour_of(busy.end) {
            free &= !bit(hour);
        }
    }
    free
}

/// The hours of the window that begins with a first one: from, until.
pub(crate) fn window_from(first_hour: i64) -> (i64, i64) {
    (first_hour, first_hour.saturating_add(WINDOW_H))
}

/// The bits of all hours that an interval touches within the valid ones, `[from, until)`.
pub(crate) fn touched_hours(interval: Interval, (from, until): (i64, i64)) -> u64 {
    let first = hour_of(interval.start).max(from);
    let past = (-(-interval.end).div_euclid(HOUR_S)).min(until).min(first + WINDOW_H);
    (first..past).fold(0, |hours, hour| hours | bit(hour))
}

fn bit(hour: i64) -> u64 {
    1 << hour.rem_euclid(WINDOW_H)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(start: i64, end: i64) -> Interval {
        Interval { start: start * 60, end: end * 60 }
    }

    #[test]
    fn only_whole_hours_are_busy() {
        let free = |busy: &[Interval]| !free_hours(busy.iter().copied(), 0);
        assert_eq!(free(&[]), 0);
        assert_eq!(free(&[minutes(0, 59), minutes(61, 179)]), 0);
        assert_eq!(free(&[minutes(0, 60)]), 0b1);
        assert_eq!(free(&[minutes(30, 90), minutes(90, 200)]), 0b110);
        assert_eq!(free(&[minutes(-500, 60 * 64 + 500)]), u64::MAX);
        assert_eq!(free(&[minutes(60 * 64, 60 * 70)]), 0, "beyond the window");
    }

    #[test]
    fn hours_are_numbered_modulo_the_window() {
        let busy = [minutes(60 * 70, 60 * 71)];
        assert_eq!(!free_hours(busy.into_iter(), 10), 1 << (70 - 64));
        assert_eq!(touched_hours(minutes(60 * 70, 60 * 71), (10, 74)), 1 << (70 - 64));
        assert_eq!(touched_hours(minutes(60 * 70 + 59, 60 * 71 + 1), (10, 74)), 0b11 << 6);
        assert_eq!(touched_hours(minutes(0, 60 * 10), (10, 74)), 0, "before the valid hours");
        assert_eq!(touched_hours(minutes(60 * 74, 60 * 75), (10, 74)), 0);
        assert_eq!(touched_hours(minutes(0, 60 * 1_000), (10, 74)), u64::MAX);
        assert_eq!(touched_hours(minutes(60 * 20, 60 * 21), (30, 20)), 0, "nothing is valid");
    }
}
