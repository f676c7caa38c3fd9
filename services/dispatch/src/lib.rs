//! What API and workers share to get a stored case to the right people: they make of it a question to
//! the ranking, and take its offers further. Must not speak HTTP, and must not follow the feed.

pub mod candidates;
pub mod kept;
pub mod offers;
pub mod question;

pub use question::{DEFAULT_DURATION_MIN, Needs, case_of, with_people};
