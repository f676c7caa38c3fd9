//! What can go wrong when a service is asked. The errors carry no address, no coordinate, no address
//! of the service and nothing of what it answered.

use std::time::Duration;

/// Why a geocoding service gave no usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GeocodeError {
    /// The same request may succeed later.
    #[error("the geocoding service gave no answer: {trouble}; try again later")]
    Temporary {
        /// What happened.
        trouble: Trouble,
        /// How long the service asks to wait, at most a day.
        retry_after: Option<Duration>,
    },
    /// The same request will fail again: the setting or the request needs a change.
    #[error("the geocoding service refuses: {trouble}; check the geocoder's setting")]
    Permanent {
        /// What happened.
        trouble: Trouble,
    },
}

/// What happened between this process and the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No connection, or it broke.
    #[error("it cannot be reached")]
    Unreachable,
    /// The answer took too long.
    #[error("it did not answer in time")]
    TimedOut,
    /// An HTTP status that is no success.
    #[error("it answered with HTTP status {0}")]
    Status(u16),
    /// It sends requests to another host, which are not followed.
    #[error(
        "it redirects to another host (HTTP status {0}); set the URL of that host if it is the right one"
    )]
    Redirected(u16),
    /// The answer is larger than 1 MiB.
    #[error("its answer is larger than 1 MiB")]
    TooLarge,
    /// The answer is not in the service's format.
    #[error("its answer is not in the expected format")]
    Unreadable,
    /// Too many requests wait for their turn under the rate limit, or the service asked for a pause.
    #[error("too many requests wait for their turn")]
    Busy,
}

impl GeocodeError {
    pub(crate) fn temporary(trouble: Trouble) -> Self {
        Self::Temporary { trouble, retry_after: None }
    }
}
