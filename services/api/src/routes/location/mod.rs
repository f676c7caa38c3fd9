//! Where people are: devices, consent, pings, positions, their stream.

pub(crate) mod devices;
pub(crate) mod pings;
pub(crate) mod place;
pub(crate) mod position_counts;
pub(crate) mod positions;
pub(crate) mod stream;
pub(crate) mod tracking;
