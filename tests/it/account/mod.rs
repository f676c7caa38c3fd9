//! Logging in and what a session is.

mod sessions;
