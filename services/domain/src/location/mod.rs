//! Where people are, and when that may be known.

pub mod device_health;
pub mod ping;
pub mod position;
pub mod tracking;
