//! Logging in and what a session is.

mod logins;
mod sessions;
