//! Logins: sessions and their tokens.

pub mod sessions;
