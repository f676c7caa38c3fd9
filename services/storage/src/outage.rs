//! Logs when PostgreSQL goes away and when it is back. Each is logged once for the whole process,
//! because all callers see the same outage. Every begin of a transaction is noted here, whether it
//! succeeds or fails. Code that loses its connection inside a transaction notes it here too.

use crate::error::StorageError;
use nearhand_domain::outage::Outage;
use std::time::Instant;

static POSTGRESQL: Outage = Outage::new();

/// Notes whether the database served a call.
pub(crate) fn note<T>(result: &Result<T, StorageError>) {
    match result {
        Ok(_) => {
            if let Some(ended) = POSTGRESQL.worked(Instant::now()) {
                let lasted_s = ended.lasted.as_secs_f64();
                tracing::warn!(lasted_s, refused = ended.refused, "PostgreSQL is back");
            }
        }
        Err(error) if error.is_outage() => failed(error),
        Err(_) => {}
    }
}

/// Notes an outage that was met in the middle of a transaction.
pub fn failed(error: &StorageError) {
    tell(error, POSTGRESQL.failed(Instant::now()));
}

/// Whether the database is known to be away.
#[must_use]
pub fn is_on() -> bool {
    POSTGRESQL.is_on()
}

/// Counts a request that is refused because the database is away.
pub fn refused(error: &StorageError) {
    tell(error, POSTGRESQL.refused(Instant::now()));
}

fn tell(error: &StorageError, begins: bool) {
    if begins {
        tracing::warn!(%error, "PostgreSQL is away");
    } else {
        tracing::debug!(%error, "PostgreSQL is still away");
    }
}
