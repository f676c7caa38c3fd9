//! Logins: sessions and their tokens.

pub mod login_addresses;
pub mod sessions;
