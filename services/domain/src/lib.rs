//! The words and rules of Nearhand: pure values that cannot be wrong. No I/O, no async.

pub mod clock;
pub mod facts;
pub mod ids;
pub mod ping;
pub mod position;
pub mod preference;
pub mod schedule;
pub mod time;
pub mod tracking;

pub use ids::*;
pub use position::{Position, PositionError};
