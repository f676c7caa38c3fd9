//! Puts jobs into the queue, in the transaction of what causes them: both last, or neither.

use crate::{StorageError, Tx, convert::corrupt};
use apalis::prelude::TaskBuilder;
use apalis_postgres::{PgTask, queries::push_tasks};
use jiff::Timestamp;
use nearhand_domain::{
    OrganizationId,
    address::GeocodeStatus,
    clock,
    jobs::{GeocodeJob, GeocodeSubject, Payload, encode},
};

/// The queue's own attempts. A try that fails is a dead letter; trying again is a job of its own.
const MAX_ATTEMPTS: usize = 1;
/// What keeps two jobs of one key apart.
const KEY: &str = "idx_jobs_idempotency_key";

/// Queues a job for `run_at`, or for now. The queue counts whole seconds.
///
/// # Errors
/// When the database fails.
pub async fn enqueue<P: Payload>(
    tx: &mut Tx,
    payload: &P,
    run_at: Option<Timestamp>,
) -> Result<(), StorageError> {
    push::<P>(tx, task(payload, run_at)?.build()).await
}

/// Queues the search for an address that has become pending. Each version of an address is looked for
/// once; `known` is the version before the change.
///
/// # Errors
/// When the database fails.
pub(crate) async fn look_for_address(
    tx: &mut Tx,
    organization: OrganizationId,
    subject: GeocodeSubject,
    status: Option<GeocodeStatus>,
    (version, known): (i64, Option<i64>),
) -> Result<(), StorageError> {
    if known == Some(version) || status != Some(GeocodeStatus::Pending) {
        return Ok(());
    }
    enqueue(tx, &GeocodeJob::new(organization, subject, version), None).await
}

/// Queues many jobs at once.
///
/// # Errors
/// When the database fails.
pub async fn enqueue_many<P: Payload>(tx: &mut Tx, payloads: &[P]) -> Result<(), StorageError> {
    if payloads.is_empty() {
        return Ok(());
    }
    let tasks = payloads.iter().map(|payload| Ok(task(payload, None)?.build()));
    let tasks = tasks.collect::<Result<Vec<_>, StorageError>>()?;
    push_tasks(&mut **tx, P::QUEUE, tasks).await.map_err(StorageError::from)
}

/// Queues a job as [`enqueue`] does, unless one of this key has been queued before. Then it returns false, and the
/// transaction can only be rolled back.
///
/// # Errors
/// When the database fails.
pub async fn enqueue_once<P: Payload>(
    tx: &mut Tx,
    payload: &P,
    run_at: Option<Timestamp>,
    key: &str,
) -> Result<bool, StorageError> {
    match push::<P>(tx, task(payload, run_at)?.idempotency_key(key).build()).await {
        Ok(()) => Ok(true),
        Err(StorageError::Constraint(name)) if name == KEY => Ok(false),
        Err(error) => Err(error),
    }
}

fn task<P: Payload>(
    payload: &P,
    run_at: Option<Timestamp>,
) -> Result<TaskBuilder<Vec<u8>>, StorageError> {
    let bytes = encode(payload).map_err(|error| corrupt("job", error.to_string()))?;
    let run_at = run_at.unwrap_or_else(clock::now).as_second();
    let run_at = u64::try_from(run_at).map_err(|_| corrupt("job", "it is due before 1970"))?;
    Ok(TaskBuilder::new(bytes).max_attempts(MAX_ATTEMPTS).run_at_timestamp(run_at))
}

async fn push<P: Payload>(tx: &mut Tx, task: PgTask) -> Result<(), StorageError> {
    push_tasks(&mut **tx, P::QUEUE, vec![task]).await.map_err(StorageError::from)
}

impl From<apalis_postgres::Error> for StorageError {
    fn from(error: apalis_postgres::Error) -> Self {
        match error {
            apalis_postgres::Error::Database(error) => error.into(),
            other => corrupt("job", other.to_string()),
        }
    }
}
