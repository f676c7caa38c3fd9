//! What can go wrong with the private servers, each with how to mend it.
//!
//! Messages are read by people at a terminal: what happened, where, and what to do. They never
//! hold a password.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::versions::{FORMAT, MARKER, OLDEST_POSTGRES};

/// Ways out when a server is not installed.
const OTHER_WAYS: &str = "Or use servers that run already, with --database-url and --redis-url, \
or run everything in containers with `docker compose up`.";

/// Why the private servers could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The folder holds something that is not ours.
    #[error(
        "{} is not empty and holds no {MARKER}, so Nearhand did not make it; nothing in it was touched.\n\
         Give another folder with --data-dir (or NEARHAND_DATA_DIR), or move away what is in this one.",
        .0.display()
    )]
    Foreign(PathBuf),

    /// The marker is there and cannot be understood.
    #[error(
        "{} cannot be understood ({reason}); nothing was touched.\n\
         Restore it from a copy, or start afresh with another --data-dir.",
        .path.display()
    )]
    Marker {
        /// The marker file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// Another version of Nearhand wrote the folder.
    #[error(
        "{} was written in data format {found}, and this Nearhand knows format {FORMAT} only; nothing was touched.\n\
         Run the version that wrote it, or give another --data-dir.",
        .path.display()
    )]
    Format {
        /// The data directory.
        path: PathBuf,
        /// The format it says it has.
        found: u32,
    },

    /// Somebody else's data directory.
    #[error(
        "{} belongs to the user {owner}, and this process runs as {me}; nothing was touched.\n\
         Run Nearhand as {owner}, or give another folder with --data-dir (or NEARHAND_DATA_DIR).",
        .path.display()
    )]
    OtherUser {
        /// The data directory.
        path: PathBuf,
        /// Who made it.
        owner: String,
        /// Who we are.
        me: String,
    },

    /// Another process works in the folder.
    #[error(
        "{} is in use by another Nearhand{}.\n\
         Stop that one first{}, or give this one another folder with --data-dir.",
        .path.display(),
        .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default(),
        .pid.map(|pid| format!(" (kill {pid})")).unwrap_or_default(),
    )]
    Locked {
        /// The data directory.
        path: PathBuf,
        /// Who holds it, if that could be read.
        pid: Option<u32>,
    },

    /// The servers' own folder lay elsewhere and is no longer there.
    #[error(
        "the servers' data of {} was kept in {}, which is gone.\n\
         Restore that folder from a copy; or, to start afresh without the old data, remove {0}.",
        .data_dir.display(), .servers.display()
    )]
    Vanished {
        /// The data directory.
        data_dir: PathBuf,
        /// Where the servers' data was.
        servers: PathBuf,
    },

    /// No PostgreSQL that will do.
    #[error(
        "{reason}.\n\
         On Debian and Ubuntu: apt-get install --no-install-recommends postgresql postgresql-{0}-postgis-3 \
         (`./dev up` does it by itself).\n{OTHER_WAYS}",
        .major.unwrap_or(OLDEST_POSTGRES)
    )]
    NoPostgres {
        /// What was looked for and not found.
        reason: String,
        /// Which major version is asked for.
        major: Option<u32>,
    },

    /// No Redis that will do.
    #[error(
        "{0}.\n\
         On Debian and Ubuntu: apt-get install --no-install-recommends redis-server \
         (`./dev up` does it by itself).\n{OTHER_WAYS}"
    )]
    NoRedis(String),

    /// We are root and found nobody else to run the servers as.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor `nobody`.\n\
         Run Nearhand as an ordinary user, or add one: useradd --system postgres"
    )]
    NoUser,

    /// A file operation failed.
    #[error("could not {what} {}: {cause}", .path.display())]
    File {
        /// What was tried, as a verb.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        cause: std::io::Error,
    },

    /// Randomness or a free port could not be had.
    #[error("{0}")]
    System(String),

    /// `initdb` failed.
    #[error("PostgreSQL's initdb failed in {}:\n{output}", .path.display())]
    Initdb {
        /// The folder it was to fill.
        path: PathBuf,
        /// What it said.
        output: String,
    },

    /// A server stopped before it answered.
    #[error("{server} did not start ({status}). The end of {}:\n{tail}", .log.display())]
    Exited {
        /// Its name.
        server: &'static str,
        /// How it ended.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },

    /// A server runs and does not answer.
    #[error("{server} did not answer within {} s ({last}). See {}", .waited.as_secs(), .log.display())]
    Silent {
        /// Its name.
        server: &'static str,
        /// How long we waited.
        waited: Duration,
        /// What the last attempt met.
        last: String,
        /// Its log.
        log: PathBuf,
    },

    /// A server runs and will never serve us.
    #[error("{server} runs, but {why}. See {}", .log.display())]
    Refused {
        /// Its name.
        server: &'static str,
        /// What it said.
        why: String,
        /// Its log.
        log: PathBuf,
    },

    /// The shutdown was asked for while the servers were starting.
    #[error("interrupted while the servers were starting")]
    Interrupted,
}

impl Error {
    /// Names the file operation that failed, for `map_err`.
    pub(crate) fn file(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |cause| Self::File { what, path, cause }
    }
}
