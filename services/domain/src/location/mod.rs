//! Where people are, and when that may be known.

pub mod device_health;
pub mod jumps;
pub mod ping;
pub mod position;
pub mod skew;
pub mod track;
pub mod tracking;
