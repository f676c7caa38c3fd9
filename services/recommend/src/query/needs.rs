//! What every eligible person must have, by the length of the drive. The search skips index nodes
//! and places without it. Must never ask for more than the rules do.

use nearhand_domain::time::HOUR_S;
use nearhand_index::abilities::{AbilityBits, HourSet};

/// What a person must have to be eligible for the case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    /// Hours of the week to work in.
    pub(crate) hours: HourSet,
    /// The ability bits needed, the hours among them. They are a necessary condition only.
    pub(crate) bits: AbilityBits,
}

/// The work as far as it is known without the drive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// Start in Unix seconds.
    pub(crate) start: i64,
    pub(crate) duration_s: i64,
    /// Whether the start is given. Else work starts on arrival: a longer drive needs more hours.
    pub(crate) fixed: bool,
    /// Whether the index knows the working hours at the start.
    pub(crate) hours_known: bool,
}

/// Drives of more whole hours than this are treated alike.
const LONGEST_DRIVE_H: i64 = 24;

/// The needs by whole hours of drive. The last entry stands for all longer drives.
pub(crate) fn by_drive_hours(abilities: AbilityBits, span: Span) -> Vec<Needs> {
    let longest_drive = if span.fixed { 0 } else { LONGEST_DRIVE_H };
    let after_drive = |drive: i64| {
        let end = span.start + drive * HOUR_S + span.duration_s;
        let mut hours = HourSet::EMPTY;
        if span.hours_known {
            hours.insert(span.start, end);
        }
        let mut bits = abilities;
        bits.need_hours(&hours);
        Needs { hours, bits }
    };
    (0..=longest_drive).map(after_drive).collect()
}
