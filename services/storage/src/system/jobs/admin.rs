//! The queue as operators see it: all tenants, by the worker's role. Its rows are apalis' own; its
//! word for a dead letter is `Failed`, or `Killed` for one that it stopped itself.

use crate::{StorageError, Tx, convert};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::FromRow;

/// Most rows deleted in one statement.
const PURGED_AT_ONCE: i64 = 10_000;

/// How far a job in the queue has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueuedState {
    /// It waits until it is due, or for a worker.
    Waiting,
    /// A worker has it.
    Running,
    /// It was done; kept for a while.
    Done,
    /// It was given up: a dead letter.
    Dead,
}

impl QueuedState {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Waiting, Self::Running, Self::Done, Self::Dead];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    /// The queue's own words.
    fn statuses(self) -> &'static [&'static str] {
        match self {
            Self::Waiting => &["Pending"],
            Self::Running => &["Queued", "Running"],
            Self::Done => &["Done"],
            Self::Dead => &["Failed", "Killed"],
        }
    }

    fn of(status: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.statuses().contains(&status))
    }
}

/// A job in the queue.
#[derive(Clone, Debug)]
pub struct QueuedJob {
    /// Its id in the queue.
    pub id: String,
    /// Which queue.
    pub queue: String,
    /// How far it has come.
    pub state: QueuedState,
    /// How often a worker took it.
    pub deliveries: i32,
    /// When it is, or was, due.
    pub run_at: Timestamp,
    /// When a worker took it.
    pub taken_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it carries; ids only.
    pub payload: String,
    /// Why it was given up.
    pub reason: Option<String>,
}

/// What waits in one queue.
#[derive(Clone, Debug, FromRow)]
pub struct QueueState {
    /// Which.
    pub queue: String,
    /// Due, and without a worker.
    pub due: i64,
    /// Due later.
    pub scheduled: i64,
    /// Taken by a worker.
    pub running: i64,
    /// Given up.
    pub dead: i64,
    /// For how many seconds the oldest has been due.
    pub oldest_due_s: f64,
}

#[derive(FromRow)]
struct Row {
    id: String,
    job_type: String,
    status: String,
    attempts: i32,
    run_at: jiff_sqlx::Timestamp,
    lock_at: Option<jiff_sqlx::Timestamp>,
    done_at: Option<jiff_sqlx::Timestamp>,
    job: Vec<u8>,
    reason: Option<String>,
}

macro_rules! columns {
    () => {
        "id, job_type, status, attempts, run_at, lock_at, done_at, job, \
         last_result ->> 'Err' AS reason"
    };
}

impl TryFrom<Row> for QueuedJob {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let state = QueuedState::of(&row.status);
        Ok(Self {
            id: row.id,
            queue: row.job_type,
            state: state.ok_or_else(|| convert::corrupt("job's status", "an unknown word"))?,
            deliveries: row.attempts,
            run_at: row.run_at.to_jiff(),
            taken_at: convert::time(row.lock_at),
            ended_at: convert::time(row.done_at),
            payload: String::from_utf8_lossy(&row.job).into_owned(),
            reason: row.reason,
        })
    }
}

/// Jobs in a state, of one queue or of all, in the order in which they are or were due.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    state: QueuedState,
    queue: Option<&str>,
    limit: i64,
) -> Result<Vec<QueuedJob>, StorageError> {
    let rows: Vec<Row> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM apalis.jobs WHERE status = ANY($1) AND ($2::text IS NULL OR job_type = $2) \
         ORDER BY run_at, id LIMIT $3"
    ))
    .bind(state.statuses())
    .bind(queue)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// One job.
///
/// # Errors
/// When the database fails.
pub async fn inspect(tx: &mut Tx, id: &str) -> Result<Option<QueuedJob>, StorageError> {
    let row: Option<Row> =
        sqlx::query_as(concat!("SELECT ", columns!(), " FROM apalis.jobs WHERE id = $1"))
            .bind(id)
            .fetch_optional(&mut **tx)
            .await?;
    row.map(TryInto::try_into).transpose()
}

/// Puts a dead letter back into its queue; false when there is none of this id.
///
/// # Errors
/// When the database fails.
pub async fn retry(tx: &mut Tx, id: &str) -> Result<bool, StorageError> {
    let retried = sqlx::query(
        "UPDATE apalis.jobs SET status = 'Pending', attempts = 0, run_at = now(), done_at = NULL, \
         lock_by = NULL, lock_at = NULL WHERE id = $1 AND status IN ('Failed', 'Killed')",
    )
    .bind(id)
    .execute(&mut **tx)
    .await?;
    Ok(retried.rows_affected() == 1)
}

/// Puts all dead letters of a queue, or of all queues, back; returns how many.
///
/// # Errors
/// When the database fails.
pub async fn retry_all(tx: &mut Tx, queue: Option<&str>) -> Result<u64, StorageError> {
    let retried = sqlx::query(
        "UPDATE apalis.jobs SET status = 'Pending', attempts = 0, run_at = now(), done_at = NULL, \
         lock_by = NULL, lock_at = NULL \
         WHERE status IN ('Failed', 'Killed') AND ($1::text IS NULL OR job_type = $1)",
    )
    .bind(queue)
    .execute(&mut **tx)
    .await?;
    Ok(retried.rows_affected())
}

/// Deletes a job that no worker has; false when there is none of this id.
///
/// # Errors
/// When the database fails.
pub async fn discard(tx: &mut Tx, id: &str) -> Result<bool, StorageError> {
    let gone = sqlx::query(
        "DELETE FROM apalis.jobs WHERE id = $1 AND status IN ('Pending', 'Failed', 'Killed')",
    )
    .bind(id)
    .execute(&mut **tx)
    .await?;
    Ok(gone.rows_affected() == 1)
}

/// What waits, runs and lies dead in each of these queues.
///
/// # Errors
/// When the database fails.
pub async fn queue_states(tx: &mut Tx, queues: &[&str]) -> Result<Vec<QueueState>, StorageError> {
    Ok(sqlx::query_as(
        "SELECT q.queue, \
           count(*) FILTER (WHERE status = 'Pending' AND run_at <= now()) AS due, \
           count(*) FILTER (WHERE status = 'Pending' AND run_at > now()) AS scheduled, \
           count(*) FILTER (WHERE status IN ('Queued', 'Running')) AS running, \
           count(*) FILTER (WHERE status IN ('Failed', 'Killed')) AS dead, \
           GREATEST(COALESCE(EXTRACT(EPOCH FROM now() - min(run_at) \
             FILTER (WHERE status = 'Pending')), 0), 0)::float8 AS oldest_due_s \
         FROM unnest($1::text[]) AS q (queue) \
         LEFT JOIN apalis.jobs AS j ON j.job_type = q.queue AND j.status <> 'Done' \
         GROUP BY q.queue ORDER BY q.queue",
    )
    .bind(queues)
    .fetch_all(&mut **tx)
    .await?)
}

/// Deletes jobs that were done before an instant, and what is known of workers that have long been
/// gone; returns how many jobs went. Repeat until none does. Dead letters stay.
///
/// # Errors
/// When the database fails.
pub async fn purge(tx: &mut Tx, done_before: Timestamp) -> Result<u64, StorageError> {
    let gone = sqlx::query(
        "DELETE FROM apalis.jobs WHERE id IN (SELECT id FROM apalis.jobs \
         WHERE status = 'Done' AND done_at < $1 LIMIT $2)",
    )
    .bind(done_before.to_sqlx())
    .bind(PURGED_AT_ONCE)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "DELETE FROM apalis.workers AS w WHERE last_seen < $1 \
         AND NOT EXISTS (SELECT FROM apalis.jobs AS j WHERE j.lock_by = w.id)",
    )
    .bind(done_before.to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(gone.rows_affected())
}

/// Gives back what a worker had taken that does not run any more. Without this, others wait until its
/// heartbeat is overdue.
///
/// # Errors
/// When the database fails.
pub async fn release(tx: &mut Tx, worker: &str) -> Result<u64, StorageError> {
    let released = sqlx::query(
        "UPDATE apalis.jobs SET status = 'Pending', lock_by = NULL, lock_at = NULL, \
         attempts = attempts + 1 WHERE lock_by = $1 AND status IN ('Queued', 'Running')",
    )
    .bind(worker)
    .execute(&mut **tx)
    .await?;
    Ok(released.rows_affected())
}
