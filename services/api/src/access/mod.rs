//! Who is calling: credentials, passwords, and what slows guessing down.

pub(crate) mod api_keys;
pub(crate) mod apps;
pub(crate) mod browser;
pub(crate) mod browser_use;
pub(crate) mod caller;
pub(crate) mod credentials;
pub(crate) mod login;
pub(crate) mod passwords;
pub(crate) mod throttle;
