//! Logging in and what a session is, and the mailed links that lead to a login.

mod cookies;
mod email_changes;
mod given_passwords;
mod logins;
mod own_pages;
mod own_sessions;
mod resets;
mod service_accounts;
mod sessions;
