//! Logins and oneself.

pub(crate) mod me;
pub(crate) mod sessions;
