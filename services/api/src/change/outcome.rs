//! What a change comes to.

use crate::http::{problem::Problem, reply::Reply};
use axum::response::{IntoResponse, Response};
use nearhand_domain::{ApiKeyId, DeviceId, ServiceAccountId, SessionId, StaffId, field::Faults};
use nearhand_storage::{StorageError, audit::AuditEvent};
use uuid::Uuid;

/// What a handler has to say when its work is done. All of it is required.
pub(crate) struct Outcome {
    /// The audit entry. `None`: nothing was changed.
    pub(crate) event: Option<AuditEvent>,
    /// Whose cached credentials are now invalid.
    pub(crate) forget: Forget,
    /// The answer.
    pub(crate) reply: Reply,
}

/// The same for a change of many things at once.
pub(crate) struct Outcomes {
    /// One audit entry for each thing that was changed.
    pub(crate) events: Vec<AuditEvent>,
    /// Whose cached credentials are now invalid.
    pub(crate) forget: Vec<Forget>,
    /// The answer.
    pub(crate) reply: Reply,
}

impl From<Outcome> for Outcomes {
    fn from(Outcome { event, forget, reply }: Outcome) -> Self {
        Self { events: event.into_iter().collect(), forget: vec![forget], reply }
    }
}

/// Which credentials held in memory must be forgotten after the commit. Other processes learn it
/// from the feed; this one must not wait for that.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Forget {
    /// None.
    Nothing,
    /// All of a person's: sessions and devices.
    Person(StaffId),
    /// A session's.
    Session(SessionId),
    /// A device's.
    Device(DeviceId),
    /// All keys of a service account.
    ServiceAccount(ServiceAccountId),
    /// An API key.
    ApiKey(ApiKeyId),
}

impl Forget {
    pub(super) fn subject(self) -> Option<Uuid> {
        match self {
            Self::Nothing => None,
            Self::Person(id) => Some(id.0),
            Self::Session(id) => Some(id.0),
            Self::Device(id) => Some(id.0),
            Self::ServiceAccount(id) => Some(id.0),
            Self::ApiKey(id) => Some(id.0),
        }
    }
}

/// The answer of a change that has been committed. Only a commit makes one.
pub(crate) struct Committed(pub(super) Reply);

impl IntoResponse for Committed {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// What a handler of changes returns.
pub(crate) type ChangeResult = Result<Committed, Ended>;

/// Why a change was not made.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It was refused, or failed.
    Refused(Problem),
    /// It had been made before, under the same key; this was the answer.
    Repeated(Reply),
}

impl From<Problem> for Ended {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<StorageError> for Ended {
    fn from(error: StorageError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Faults> for Ended {
    fn from(faults: Faults) -> Self {
        Self::Refused(faults.into())
    }
}

impl IntoResponse for Ended {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(problem) => problem.into_response(),
            Self::Repeated(reply) => reply.into_response(),
        }
    }
}
