//! What work asks of a person.

pub mod requirement;
