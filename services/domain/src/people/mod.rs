//! People: when they work and what they prefer.

pub mod keys;
pub mod language;
pub mod preference;
pub mod schedule;
