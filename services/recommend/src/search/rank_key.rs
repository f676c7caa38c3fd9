//! Rank keys: bounds in the order of candidates. Must compare as candidates do, up to load and tie
//! break.
//!
//! A rank key is one number: micro-points in the high bits, and for ties the drive in whole minutes
//! in the low bits, so that the shorter drive has the greater key.

/// Bits of a rank key that hold the drive.
const DRIVE_BITS: u32 = 20;
/// Longer drives count as this one; so does a person without location.
pub(super) const LONGEST_DRIVE_MIN: u64 = (1 << DRIVE_BITS) - 1;

/// The rank key of so many micro-points after a drive of so many minutes.
pub(super) fn rank_key(points: u64, drive_min: u64) -> u64 {
    points << DRIVE_BITS | (LONGEST_DRIVE_MIN - drive_min.min(LONGEST_DRIVE_MIN))
}

/// The rank key with so many micro-points more.
pub(super) fn with_points(key: u64, points: u64) -> u64 {
    key + (points << DRIVE_BITS)
}

/// The rank key that a person must reach to come before a candidate: the same score, and a drive
/// that is not longer.
pub(super) fn key_to_precede(score: u64, eta_milli_min: Option<i64>) -> u64 {
    let drive = eta_milli_min.map_or(LONGEST_DRIVE_MIN, |eta| (eta / 1_000).unsigned_abs());
    rank_key(score, drive)
}
