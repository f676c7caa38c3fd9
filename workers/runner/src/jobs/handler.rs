//! What a handler of jobs is.

use super::Schedule;
use nearhand_domain::{OrganizationId, jobs::Payload};
use nearhand_storage::{AppPool, StorageError, Tx};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What came of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, or there is nothing left to do: what it was about has gone.
    Done,
    /// It may work later.
    Retry {
        /// When; `None`: as the handler's schedule says.
        after: Option<Duration>,
        /// Why it did not work now. No names, addresses or secrets.
        reason: String,
    },
    /// It will never work: it becomes a dead letter.
    Dead {
        /// Why. No names, addresses or secrets.
        reason: String,
    },
}

impl Outcome {
    /// Try again as the schedule says.
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { after: None, reason: reason.into() }
    }

    /// Give it up.
    pub fn dead(reason: impl Into<String>) -> Self {
        Self::Dead { reason: reason.into() }
    }
}

/// Does the jobs of one queue.
///
/// The same job may come more than once, after a crash even while an earlier try believes to be at it
/// still. So each transaction locks what it is about, looks whether the work is still to be done, and
/// does it.
pub trait Handler: Send + Sync + 'static {
    /// What its queue carries.
    type Payload: Payload;

    /// How many workers a process runs for the queue. Each fetches one job at a time, which takes
    /// longer than a short job: more workers fetch side by side.
    const WORKERS: usize = 1;

    /// How many jobs each worker does at a time.
    const CONCURRENCY: usize;

    /// How long a try may take; then it is ended and tried again.
    const TIMEOUT: Duration;

    /// When a failed try is repeated.
    const SCHEDULE: Schedule;

    /// Does one job. May be dropped at any await: what is not committed has not happened.
    ///
    /// An error of the database counts as a failed try.
    fn handle(
        &self,
        job: Self::Payload,
        context: &JobContext,
    ) -> impl Future<Output = Result<Outcome, StorageError>> + Send;

    /// A job is given up: writes that where people see it. The job becomes a dead letter afterwards.
    fn give_up(
        &self,
        job: &Self::Payload,
        reason: &str,
        context: &JobContext,
    ) -> impl Future<Output = Result<(), StorageError>> + Send {
        let _ = (job, reason, context);
        std::future::ready(Ok(()))
    }
}

/// Where a job runs.
#[derive(Clone, Debug)]
pub struct JobContext {
    pub(super) app: AppPool,
    pub(super) organization: OrganizationId,
    pub(super) stop: CancellationToken,
}

impl JobContext {
    /// The job's tenant.
    #[must_use]
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Begins a transaction of the job's tenant.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn begin(&self) -> Result<Tx, StorageError> {
        self.app.tenant(self.organization).await
    }

    /// Whether the process ends: long work stops at its next step with [`Outcome::retry`], or is
    /// ended after a while and comes again.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }
}
