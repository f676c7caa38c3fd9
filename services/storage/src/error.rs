//! What can go wrong with the database, sorted by what the caller can do about it.

/// An error of the database.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The change would break a rule that its author can mend.
    #[error("{0}")]
    Conflict(Conflict),
    /// Any other constraint said no; its name says which rule.
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

/// A rule of the data that a request broke. Each is matched by its constraint's name beside the
/// query that can break it (see [`OnConstraint`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Another person of the organisation has this e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Another person of the organisation has this user name.
    #[error("the user name is taken")]
    UsernameTaken,
    /// Another person of the organisation has this account code.
    #[error("the account code is taken")]
    AccountCodeTaken,
    /// Another thing of this kind has this name.
    #[error("the name is taken")]
    NameTaken,
    /// Another organisation has this slug.
    #[error("the slug is taken")]
    SlugTaken,
    /// The person holds the case already.
    #[error("the person holds the case already")]
    AlreadyAssigned,
    /// A case still asks for this service.
    #[error("a case asks for the service")]
    ServiceInUse,
    /// Somebody who is not deleted belongs to this department.
    #[error("somebody belongs to the department")]
    DepartmentInUse,
    /// Another case of the organisation has this number.
    #[error("the number is taken")]
    CaseNumberTaken,
    /// A case still names this client.
    #[error("a case names the client")]
    ClientInUse,
    /// The case is offered already.
    #[error("the case is offered already")]
    OfferOpen,
    /// Somebody who is not deleted has this role.
    #[error("somebody has the role")]
    RoleInUse,
}

/// Names the rule that a statement may break, next to the statement.
pub(crate) trait OnConstraint<T>: Sized {
    /// Turns a violation of `constraint` into `conflict`.
    fn on_constraint(self, constraint: &str, conflict: Conflict) -> Result<T, StorageError>;
}

impl<T, E: Into<StorageError>> OnConstraint<T> for Result<T, E> {
    fn on_constraint(self, constraint: &str, conflict: Conflict) -> Result<T, StorageError> {
        self.map_err(|error| match error.into() {
            StorageError::Constraint(name) if name == constraint => {
                StorageError::Conflict(conflict)
            }
            other => other,
        })
    }
}

impl StorageError {
    /// Whether trying again later may help without changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether the server itself is away or cannot be reached, as opposed to one statement that
    /// had to give way to others.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable(error) if is_outage(error))
    }

    /// What a caller that stopped waiting makes of it.
    #[must_use]
    pub fn timed_out() -> Self {
        Self::Unavailable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))
    }

    /// Whether a lock was not to be had within `lock_timeout`.
    #[must_use]
    pub fn is_lock_timeout(&self) -> bool {
        matches!(self, Self::Unavailable(sqlx::Error::Database(refusal))
            if refusal.code().as_deref() == Some("55P03"))
    }

    /// Whether the values of this very call are at fault, so that the same call fails for ever
    /// while others succeed. Everything else is the installation's fault (a missing right, table or
    /// setting, a server that is away) and may be mended without touching the data.
    #[must_use]
    pub fn blames_data(&self) -> bool {
        match self {
            Self::Conflict(_) | Self::Constraint(_) | Self::Corrupt { .. } => true,
            Self::Data(sqlx::Error::Database(refusal)) => {
                refusal.code().is_some_and(|code| code_blames_data(&code))
            }
            Self::Data(error) => matches!(error, sqlx::Error::Encode(_)),
            Self::Unavailable(_) | Self::WrongRole { .. } => false,
        }
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
            _ if is_outage(&error) => Self::Unavailable(error),
            _ => Self::Data(error),
        }
    }
}

/// What [`StorageError::is_outage`] says, of an error that must be passed on as it is.
pub(crate) fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| is_outage_code(&code)),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        _ => false,
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

/// The same for the server as a whole: connection (08), too many connections (53300), shutdown and
/// start (57P).
fn is_outage_code(code: &str) -> bool {
    code.starts_with("08") || code.starts_with("57P") || code == "53300"
}

/// SQLSTATE classes of values that do not fit: cardinality (21), data (22), constraints (23),
/// limits of the program such as a row too large (54).
fn code_blames_data(code: &str) -> bool {
    ["21", "22", "23", "54"].iter().any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_that_do_not_fit_are_the_datas_fault() {
        for code in ["21000", "22003", "22008", "22P02", "23502", "23514", "54000"] {
            assert!(code_blames_data(code), "{code}");
        }
        let ours = [
            "08006", "0A000", "25006", "28000", "28P01", "3D000", "40001", "40P01", "42501",
            "42703", "42P01", "53100", "53300", "55000", "55P03", "57014", "57P01", "58030",
            "XX000", "XX002",
        ];
        for code in ours {
            assert!(!code_blames_data(code), "{code}");
        }
    }

    #[test]
    fn errors_without_a_code_are_sorted_too() {
        let blamed = |error: sqlx::Error| StorageError::from(error).blames_data();
        assert!(blamed(sqlx::Error::Encode("too long".into())));
        assert!(!blamed(sqlx::Error::PoolTimedOut));
        assert!(!blamed(sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into())));
        assert!(!blamed(sqlx::Error::RowNotFound));
        assert!(!blamed(sqlx::Error::Decode("another type".into())));
        assert!(StorageError::Corrupt { what: "zone", why: String::new() }.blames_data());
        assert!(StorageError::Constraint("pings_check".to_owned()).blames_data());
        let role = StorageError::WrongRole { wanted: "nearhand_worker", role: String::new() };
        assert!(!role.blames_data());
    }
}
