//! The hours of a week in which somebody works. Must count weeks in UTC.

use nearhand_domain::time::HOUR_S;

/// Hours of a UTC week, Thursday 00:00 first (the epoch's weekday): 168 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HourSet(pub [u64; 3]);

/// Hours in a week.
pub const WEEK_H: i64 = 168;

impl HourSet {
    /// No hour.
    pub const EMPTY: Self = Self([0; 3]);
    /// Every hour of the week. The bits beyond are clear, so that it equals a set filled hour by hour.
    pub const ALL: Self = Self([u64::MAX, u64::MAX, u64::MAX >> (3 * 64 - WEEK_H)]);

    /// Adds the hours touched by `[start, end)` in Unix seconds.
    pub fn insert(&mut self, start: i64, end: i64) {
        let (first, past) = (start.div_euclid(HOUR_S), -(end.saturating_neg().div_euclid(HOUR_S)));
        if past.saturating_sub(first) >= WEEK_H {
            *self = Self::ALL;
            return;
        }
        for hour in first..past {
            let bit = hour.rem_euclid(WEEK_H).unsigned_abs();
            if let Some(word) = usize::try_from(bit / 64).ok().and_then(|word| self.0.get_mut(word))
            {
                *word |= 1 << (bit % 64);
            }
        }
    }

    /// Whether every hour of `needed` is in the set.
    #[must_use]
    pub fn covers(&self, needed: &Self) -> bool {
        (0..3).all(|word| needed.0[word] & !self.0[word] == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_of_hours_is_every_hour_wherever_it_begins() {
        for start in [0, 7, -3_600, 1_800_000_000, i64::MIN, i64::MAX - 700_000] {
            let mut hours = HourSet::EMPTY;
            (0..7).for_each(|day| {
                let at = start.saturating_add(day * 24 * HOUR_S);
                hours.insert(at, at + 24 * HOUR_S);
            });
            assert_eq!(hours, HourSet::ALL);
        }
        let mut hours = HourSet::EMPTY;
        hours.insert(0, (WEEK_H - 1) * HOUR_S);
        assert!(HourSet::ALL.covers(&hours) && !hours.covers(&HourSet::ALL));
        hours.insert(i64::MIN, i64::MAX);
        assert_eq!(hours, HourSet::ALL);
    }
}
