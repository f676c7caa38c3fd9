//! People: when they work and what they prefer.

pub mod preference;
pub mod schedule;
