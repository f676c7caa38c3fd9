//! People: when they work, what they prefer, where they live, what they look like.

pub mod address;
pub mod imports;
pub mod keys;
pub mod language;
pub mod photo;
pub mod preference;
pub mod schedule;
