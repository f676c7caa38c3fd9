//! Logins: sessions and their tokens, passwords set anew, addresses that move.

pub mod browser_sessions;
pub mod email_changes;
pub mod login_addresses;
pub mod resets;
pub mod service_accounts;
pub mod sessions;
