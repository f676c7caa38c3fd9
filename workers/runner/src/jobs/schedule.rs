//! When a failed try is repeated: pauses that double up to a longest one, spread by chance, so that
//! what failed together does not come back together.

use nearhand_domain::token::random_bytes;
use std::time::Duration;

/// When a failed try is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The pause after the first try.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// Tries in all.
    pub attempts: u32,
}

impl Schedule {
    /// How long to wait after so many tries; `None` when there is no further one.
    pub(super) fn after(&self, attempt: u32) -> Option<Duration> {
        (attempt < self.attempts).then(|| spread(self.pause(attempt), random_bytes()))
    }

    /// The pause after the try of this number.
    #[must_use]
    pub fn pause(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

/// Between four fifths of a pause and all of it.
fn spread(pause: Duration, chance: [u8; 2]) -> Duration {
    let part = f64::from(u16::from_le_bytes(chance)) / f64::from(u16::MAX);
    pause.mul_f64(0.8 + 0.2 * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule =
        Schedule { first: Duration::from_secs(30), longest: Duration::from_hours(4), attempts: 18 };

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<u64> = [1, 2, 3, 9, 10, 17, u32::MAX]
            .map(|attempt| SCHEDULE.pause(attempt).as_secs())
            .to_vec();
        assert_eq!(pauses, [30, 60, 120, 7_680, 14_400, 14_400, 14_400]);
    }

    #[test]
    fn the_last_try_has_no_next() {
        assert!(SCHEDULE.after(17).is_some());
        assert_eq!(SCHEDULE.after(18), None);
    }

    #[test]
    fn a_pause_is_at_most_a_fifth_shorter() {
        let pause = Duration::from_secs(100);
        assert_eq!(spread(pause, [0, 0]), Duration::from_secs(80));
        assert_eq!(spread(pause, [255, 255]), Duration::from_secs(100));
    }
}
