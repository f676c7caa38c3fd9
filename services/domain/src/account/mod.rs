//! Logins: passwords, tokens, and links that are mailed.

pub mod link;
pub mod password;
pub mod token;
