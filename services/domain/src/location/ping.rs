//! Pings: what a phone reports, in one form, and the rules that admit it.
//!
//! Pure: [`admit`] takes a whole request and says what is kept, what is not wanted and what is
//! invalid. It neither parses a wire format nor stores anything, and its texts never repeat a
//! coordinate.

mod admission;
mod fix;
mod gate;
mod wanted;

pub use admission::{Admission, AdmissionContext, Rejected, admit};
pub use fix::{
    Discard, Judged, LiveRank, Motion, Ping, RawFix, Rejection, Source, flags, judge, live_rank,
    ping_key,
};
pub use gate::{GateOver, PersonGate};
pub use wanted::{Wanted, Why};

/// A fix further ahead of our clock than this is kept but never live.
pub const AHEAD_FLAGGED_MS: i64 = 2 * 60 * 1_000;
/// A fix further ahead of our clock than this is refused.
pub const AHEAD_REJECTED_MS: i64 = 24 * 60 * 60 * 1_000;
/// Every fix younger than this travels in the live lane.
pub const LIVE_LANE_MS: i64 = 10 * 60 * 1_000;
/// A fix with a wider radius than this is history only.
pub const LIVE_ACCURACY_M: f32 = 1_000.0;
