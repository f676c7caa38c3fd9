//! How much of a week is taken: committed minutes over capacity, and the hours it is kept for.
//! Must round as the ranking contract does, in whole numbers only.

use nearhand_domain::time::{HOUR_S, Interval};

/// Capacity of those without recorded hours, in minutes a week.
pub const DEFAULT_CAPACITY_MIN: u32 = 2_400;
/// Below this capacity in minutes a person counts as full and stays outside the mean.
pub const MIN_CAPACITY_MIN: u32 = 60;
/// Load of the full, in millionths.
pub const FULL_PPM: u32 = 1_000_000;
/// The highest load, in millionths.
pub const MAX_PPM: u32 = 1_000_000_000;
const WINDOW_S: i64 = 7 * 24 * HOUR_S;

/// What a load is made of, in whole minutes within the seven days from a UTC hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadInputs {
    /// Booked minutes.
    pub committed_min: u32,
    /// Working minutes less time off.
    pub capacity_min: u32,
}

impl LoadInputs {
    /// Load in millionths, rounded down; the full get [`FULL_PPM`].
    #[must_use]
    pub fn ppm(self) -> u32 {
        self.ppm_with(0)
    }

    /// Load in millionths if `extra_min` more minutes were booked.
    #[must_use]
    pub fn ppm_with(self, extra_min: u32) -> u32 {
        if self.capacity_min < MIN_CAPACITY_MIN {
            return FULL_PPM;
        }
        let committed = u64::from(self.committed_min) + u64::from(extra_min);
        let ppm = committed * 1_000_000 / u64::from(self.capacity_min);
        u32::try_from(ppm).unwrap_or(MAX_PPM).min(MAX_PPM)
    }

    /// Whether it counts in the mean.
    #[must_use]
    pub fn in_mean(self) -> bool {
        self.capacity_min >= MIN_CAPACITY_MIN
    }
}

/// The number of the UTC hour that contains a Unix second.
#[must_use]
pub fn hour_of(at: i64) -> i64 {
    at.div_euclid(HOUR_S)
}

/// The seven days from an hour (by number).
#[must_use]
pub fn window(hour: i64) -> Interval {
    let start = hour.saturating_mul(HOUR_S);
    Interval { start, end: start.saturating_add(WINDOW_S) }
}

/// The two hours whose loads are kept at `now`: the present one and the nearer neighbour.
#[must_use]
pub fn kept_hours(now: i64) -> [i64; 2] {
    let first = hour_of(now.saturating_sub(HOUR_S / 2));
    [first, first + 1]
}

/// Where the load of an hour is kept in a pair.
#[must_use]
pub fn parity(hour: i64) -> usize {
    usize::from(hour.rem_euclid(2) == 1)
}

/// Whole minutes in a sum of seconds.
#[must_use]
pub fn whole_minutes(seconds: i64) -> u32 {
    u32::try_from(seconds.max(0) / 60).unwrap_or(u32::MAX)
}

/// A running sum of the loads of one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunningMean {
    sum: u64,
    count: u64,
}

impl RunningMean {
    /// Takes a person's load in.
    pub fn add(&mut self, load: LoadInputs) {
        if load.in_mean() {
            self.sum += u64::from(load.ppm());
            self.count += 1;
        }
    }

    /// Takes a person's load out again.
    pub fn remove(&mut self, load: LoadInputs) {
        if load.in_mean() {
            self.sum = self.sum.saturating_sub(u64::from(load.ppm()));
            self.count = self.count.saturating_sub(1);
        }
    }

    /// The mean in millionths, rounded down; 0 of nobody.
    #[must_use]
    pub fn ppm(self) -> u32 {
        u32::try_from(self.sum.checked_div(self.count).unwrap_or(0)).unwrap_or(MAX_PPM)
    }
}
