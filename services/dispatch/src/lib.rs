//! What API and workers share to get a stored case to the right people: it becomes a question to the
//! ranking, and its offers go on. Must not speak HTTP, and must not follow the feed.

pub mod candidates;
pub mod offers;
pub mod question;

pub use question::{DEFAULT_DURATION_MIN, Needs, case_of, with_people};
