//! The words and rules of Nearhand: pure values that cannot be wrong. No I/O, no async.

pub mod access;
pub mod clock;
pub mod facts;
pub mod field;
pub mod ids;
pub mod password;
pub mod ping;
pub mod position;
pub mod preference;
pub mod region;
pub mod requirement;
pub mod schedule;
pub mod text;
pub mod time;
pub mod token;
pub mod tracking;

pub use ids::*;
pub use position::{Position, PositionError};
