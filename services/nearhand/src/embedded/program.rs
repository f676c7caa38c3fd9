//! What all private servers have in common as programs: how they are run, and what they answer.
//!
//! Knows neither PostgreSQL nor Redis, and starts nothing.

use std::path::Path;

use tokio::process::Command;

/// What a server said when asked whether it is ready.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is.
    Yes,
    /// Not yet, and why.
    NotYet(String),
    /// It will never be, and why.
    Never(String),
}

/// A command without our environment: `PGPORT`, `PGDATA` and their like must not reach a server.
pub(super) fn clean_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C");
    command
}
