//! Which versions this Nearhand works with: of the servers, and of its own data directory.
//!
//! Constants only. Errors name them, and the modules that raise those errors compare with them.

/// The oldest PostgreSQL that will do.
pub(crate) const OLDEST_POSTGRES: u32 = 15;
/// The oldest Redis that will do.
pub(crate) const OLDEST_REDIS: u32 = 7;

/// The file that makes a folder ours, and holds the number of its format.
pub(crate) const MARKER: &str = "nearhand.json";
/// The format of the data directory that this version writes.
pub(crate) const FORMAT: u32 = 1;
