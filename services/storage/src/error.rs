//! What can go wrong with the database, sorted by what the caller can do about it.

/// An error of the database.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A constraint said no; its name says which rule.
    #[error("the constraint `{0}` was violated")]
    Constraint(String),
    /// The server is away, busy or restarting: the same call may succeed later.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The URL's role is not the one this process may run as.
    #[error(
        "this process must connect as `{wanted}`, not as `{role}`; give it the URL of `{wanted}`"
    )]
    WrongRole {
        /// The role it should be.
        wanted: &'static str,
        /// The role it was.
        role: String,
    },
    /// The data did not fit the statement: a bug, or a row that must not be retried as it is.
    #[error("the database refused the statement: {0}")]
    Data(#[source] sqlx::Error),
    /// A stored value cannot be read as what it should be.
    #[error("a stored {what} cannot be read: {why}")]
    Corrupt {
        /// What it should have been.
        what: &'static str,
        /// What is wrong with it, without the value.
        why: String,
    },
}

impl StorageError {
    /// Whether trying again later may help without changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether this is the violation of the named constraint.
    #[must_use]
    pub fn violates(&self, constraint: &str) -> bool {
        matches!(self, Self::Constraint(name) if name == constraint)
    }
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(db) => {
                if let Some(name) = db.constraint() {
                    return Self::Constraint(name.to_owned());
                }
                if db.code().is_some_and(|code| is_transient_code(&code)) {
                    Self::Unavailable(error)
                } else {
                    Self::Data(error)
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable(error),
            _ => Self::Data(error),
        }
    }
}

/// SQLSTATE classes of trouble that passes: connection (08), rollback by conflict (40), resources
/// (53), operator intervention such as a restart (57), system (58), read-only standby (25006),
/// lock not available (55P03).
fn is_transient_code(code: &str) -> bool {
    ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class))
        || code == "25006"
        || code == "55P03"
}
