//! Work that its author can watch and cancel: one row beside the job in the queue.

use crate::{StorageError, Tx, convert};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    JobId, OrganizationId,
    jobs::{JobKind, JobState},
};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

/// Work as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRecord {
    /// Which.
    pub id: JobId,
    /// Raised by every write; also the ETag.
    pub version: i64,
    /// What it does.
    pub kind: JobKind,
    /// How far it has come.
    pub state: JobState,
    /// Steps done.
    pub done: i32,
    /// Steps in all, once known.
    pub total: Option<i32>,
    /// The person or service account that asked for it.
    pub requested_by: Uuid,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When a worker first took it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When somebody asked to stop it.
    pub cancel_requested_at: Option<Timestamp>,
    /// What came of it.
    pub result: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Work to be.
#[derive(Clone, Copy, Debug)]
pub struct NewJob {
    /// Which.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// Steps in all, if known.
    pub total: Option<i32>,
    /// The person or service account that asks for it.
    pub requested_by: Uuid,
    /// When.
    pub requested_at: Timestamp,
}

/// How work ended.
#[derive(Clone, Debug)]
pub enum Ending {
    /// It was done; with its result.
    Succeeded(Value),
    /// It was given up; why, in words for its author.
    Failed(String),
    /// It was stopped; with what had been done until then.
    Cancelled(Value),
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    kind: String,
    state: String,
    done: i32,
    total: Option<i32>,
    requested_by: Uuid,
    requested_at: jiff_sqlx::Timestamp,
    started_at: Option<jiff_sqlx::Timestamp>,
    finished_at: Option<jiff_sqlx::Timestamp>,
    cancel_requested_at: Option<jiff_sqlx::Timestamp>,
    result: Option<Value>,
    error: Option<String>,
}

/// What is read of a row, as a macro so that queries stay constant.
macro_rules! columns {
    () => {
        "id, version, kind, state, done, total, requested_by, requested_at, started_at, \
         finished_at, cancel_requested_at, result, error"
    };
}

impl TryFrom<Row> for JobRecord {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let unknown = |what| convert::corrupt(what, "an unknown word");
        Ok(Self {
            id: row.id.into(),
            version: row.version,
            kind: JobKind::parse(&row.kind).ok_or_else(|| unknown("kind of job"))?,
            state: JobState::parse(&row.state).ok_or_else(|| unknown("state of a job"))?,
            done: row.done,
            total: row.total,
            requested_by: row.requested_by,
            requested_at: row.requested_at.to_jiff(),
            started_at: convert::time(row.started_at),
            finished_at: convert::time(row.finished_at),
            cancel_requested_at: convert::time(row.cancel_requested_at),
            result: row.result,
            error: row.error,
        })
    }
}

/// Makes the row. Queue the job in the same transaction.
///
/// # Errors
/// When the database fails.
pub async fn create(
    tx: &mut Tx,
    organization: OrganizationId,
    job: NewJob,
) -> Result<JobRecord, StorageError> {
    let row: Row = sqlx::query_as(concat!(
        "INSERT INTO jobs (organization_id, id, kind, total, requested_by, requested_at) \
         VALUES ($1, $2, $3, $4, $5, $6) RETURNING ",
        columns!()
    ))
    .bind(organization.0)
    .bind(job.id.0)
    .bind(job.kind.as_str())
    .bind(job.total)
    .bind(job.requested_by)
    .bind(job.requested_at.to_sqlx())
    .fetch_one(&mut **tx)
    .await?;
    row.try_into()
}

/// One, if it is there.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: JobId) -> Result<Option<JobRecord>, StorageError> {
    let row: Option<Row> =
        sqlx::query_as(concat!("SELECT ", columns!(), " FROM jobs WHERE id = $1"))
            .bind(id.0)
            .fetch_optional(&mut **tx)
            .await?;
    row.map(TryInto::try_into).transpose()
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: JobId) -> Result<Option<JobRecord>, StorageError> {
    let row: Option<Row> =
        sqlx::query_as(concat!("SELECT ", columns!(), " FROM jobs WHERE id = $1 FOR UPDATE"))
            .bind(id.0)
            .fetch_optional(&mut **tx)
            .await?;
    row.map(TryInto::try_into).transpose()
}

/// A worker takes it up, or goes on with it after a crash. None when there is nothing left to do:
/// it has gone, or has ended.
///
/// # Errors
/// When the database fails.
pub async fn start(
    tx: &mut Tx,
    id: JobId,
    at: Timestamp,
) -> Result<Option<JobRecord>, StorageError> {
    let row: Option<Row> = sqlx::query_as(concat!(
        "UPDATE jobs SET state = 'running', started_at = COALESCE(started_at, $2), \
         version = version + 1 WHERE id = $1 AND state IN ('queued', 'running') RETURNING ",
        columns!()
    ))
    .bind(id.0)
    .bind(at.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// Says how far it is; returns whether it is to stop: it was cancelled, or is no longer running.
///
/// # Errors
/// When the database fails.
pub async fn progress(
    tx: &mut Tx,
    id: JobId,
    done: i32,
    total: Option<i32>,
) -> Result<bool, StorageError> {
    let stop: Option<bool> = sqlx::query_scalar(
        "UPDATE jobs SET done = $2, total = COALESCE($3, total), version = version + 1 \
         WHERE id = $1 AND state = 'running' RETURNING cancel_requested_at IS NOT NULL",
    )
    .bind(id.0)
    .bind(done)
    .bind(total)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(stop.unwrap_or(true))
}

/// Ends it; false when it has ended before or has gone.
///
/// # Errors
/// When the database fails.
pub async fn finish(
    tx: &mut Tx,
    id: JobId,
    at: Timestamp,
    ending: &Ending,
) -> Result<bool, StorageError> {
    let (state, result, error) = match ending {
        Ending::Succeeded(result) => (JobState::Succeeded, Some(result), None),
        Ending::Failed(error) => (JobState::Failed, None, Some(error)),
        Ending::Cancelled(result) => (JobState::Cancelled, Some(result), None),
    };
    let ended = sqlx::query(
        "UPDATE jobs SET state = $2, finished_at = $3, result = $4, error = $5, \
         version = version + 1 WHERE id = $1 AND state IN ('queued', 'running')",
    )
    .bind(id.0)
    .bind(state.as_str())
    .bind(at.to_sqlx())
    .bind(result)
    .bind(error)
    .execute(&mut **tx)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Asks it to stop: at once if no worker has it yet, else when the worker next says how far it is.
/// What has ended stays as it is. None when it is not there.
///
/// # Errors
/// When the database fails.
pub async fn request_cancel(
    tx: &mut Tx,
    id: JobId,
    at: Timestamp,
) -> Result<Option<JobRecord>, StorageError> {
    let row: Option<Row> = sqlx::query_as(concat!(
        "UPDATE jobs SET cancel_requested_at = COALESCE(cancel_requested_at, $2), \
         finished_at = CASE WHEN state = 'queued' THEN $2 END, \
         state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END, \
         version = version + 1 WHERE id = $1 AND state IN ('queued', 'running') RETURNING ",
        columns!()
    ))
    .bind(id.0)
    .bind(at.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    match row {
        Some(row) => row.try_into().map(Some),
        None => get(tx, id).await,
    }
}

/// Whether somebody asked it to stop, or it is no longer there.
///
/// # Errors
/// When the database fails.
pub async fn is_cancelled(tx: &mut Tx, id: JobId) -> Result<bool, StorageError> {
    let cancelled: Option<bool> =
        sqlx::query_scalar("SELECT cancel_requested_at IS NOT NULL FROM jobs WHERE id = $1")
            .bind(id.0)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(cancelled.unwrap_or(true))
}
