//! What goes by the calendar: partitions made ahead and dropped when too old, expired rows, and
//! the gauges an operator watches.

use crate::{
    backoff::{Backoff, rest},
    config::RetentionConfig,
};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use nearhand_domain::{
    JobId, clock,
    jobs::{EraseJob, QUEUES},
};
use nearhand_queue::{Lane, Memory, Queue};
use nearhand_storage::{
    StorageError, WorkerPool, erasure, jobs, outage, outbox,
    partitions::{self, Daily},
    purge::{self, PurgedPerson},
    staff::RESTORABLE,
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The first and the last day, in UTC, that have a partition of their own at `now`.
#[must_use]
pub fn days_kept(now: Timestamp, retention: RetentionConfig) -> (Date, Date) {
    let today = now.to_zoned(TimeZone::UTC).date();
    (
        today.saturating_sub(i32::from(retention.days).days()),
        today.saturating_add(i32::from(retention.days_ahead).days()),
    )
}

/// Makes missing partitions, drops those that are too old, and deletes what has expired. What
/// would keep others waiting is left to the next time.
///
/// # Errors
/// When the database fails; repeating is harmless.
pub async fn prepare(
    pool: &WorkerPool,
    retention: RetentionConfig,
    now: Timestamp,
) -> Result<(), StorageError> {
    let (first, _) = days_kept(now, retention);
    let (mut made, mut dropped) = (0, 0);
    for table in [Daily::Pings, Daily::Recommendations] {
        made += unless_in_use(table, make_ahead(pool, table, retention, now).await)?;
        dropped += unless_in_use(table, drop_before(pool, table, first).await)?;
    }
    let mut tx = pool.begin().await?;
    let expired = partitions::purge_expired(&mut tx, now).await?;
    tx.commit().await?;
    let purged = expired
        + purge_history(pool, retention, now).await?
        + purge_jobs(pool, now).await?
        + purge_leftovers(pool, now).await?;
    let forgotten = purge_people(pool, now).await?;
    resume_erasures(pool, now).await?;
    if forgotten > 0 {
        tracing::info!(forgotten, "people deleted long ago are forgotten for good");
    }
    if made > 0 || dropped > 0 || purged > 0 {
        tracing::info!(made, dropped, purged, "partitions and expired rows are in order");
    }
    Ok(())
}

/// How long after a device was revoked a ping of it may still carry a later day: its clock may have
/// been a day ahead, and the day that began then has to end.
const LATEST_PING_DAYS: i32 = 2;

/// Forgets revoked devices whose last possible ping has left the history, and reads of positions
/// that were on record for long enough.
async fn purge_history(
    pool: &WorkerPool,
    retention: RetentionConfig,
    now: Timestamp,
) -> Result<i64, StorageError> {
    let ago = |days: i32| {
        let age = SignedDuration::from_hours(24 * i64::from(days));
        now.checked_sub(age).unwrap_or(Timestamp::MIN)
    };
    let revoked = ago(i32::from(retention.days) + LATEST_PING_DAYS);
    let read = ago(i32::from(retention.read_log_days));
    let mut purged = 0;
    loop {
        let mut tx = pool.begin().await?;
        let gone = partitions::purge_history(&mut tx, revoked, read).await?;
        tx.commit().await?;
        if gone == 0 {
            return Ok(purged);
        }
        purged += gone;
    }
}

/// For how long jobs that were done stay in the queue.
const DONE_JOBS_DAYS: i64 = 1;
/// For how long people see what became of their jobs.
const WATCHED_JOBS_DAYS: i64 = 30;
/// For how long it is known that a mail was sent.
const MAILS_DAYS: i64 = 180;

/// Forgets jobs and mails that ended long ago. Dead letters stay.
async fn purge_jobs(pool: &WorkerPool, now: Timestamp) -> Result<i64, StorageError> {
    let ago = |days: i64| {
        now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN)
    };
    let mut purged = 0;
    loop {
        let mut tx = pool.begin().await?;
        let done = jobs::purge(&mut tx, ago(DONE_JOBS_DAYS)).await?;
        let ended =
            partitions::purge_jobs(&mut tx, ago(WATCHED_JOBS_DAYS), ago(MAILS_DAYS)).await?;
        tx.commit().await?;
        let gone = ended.saturating_add_unsigned(done);
        if gone == 0 {
            return Ok(purged);
        }
        purged += gone;
    }
}

/// For how long links, addresses of logins and imports are kept.
const LEFTOVERS_DAYS: i64 = 30;
/// For how long a file of people that was checked waits for its commit.
const CHECKED_DAYS: i64 = 3;

/// Forgets what was kept only for a while.
async fn purge_leftovers(pool: &WorkerPool, now: Timestamp) -> Result<i64, StorageError> {
    let ago = |days: i64| {
        now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN)
    };
    let (kept_since, checked_since) = (ago(LEFTOVERS_DAYS), ago(CHECKED_DAYS));
    let mut purged = 0;
    loop {
        let mut tx = pool.begin().await?;
        let gone = purge::leftovers(&mut tx, now, kept_since).await?
            + purge::uncommitted_imports(&mut tx, checked_since).await?;
        tx.commit().await?;
        if gone == 0 {
            return Ok(purged);
        }
        purged += gone;
    }
}

/// Forgets people who can no longer be restored; returns how many.
async fn purge_people(pool: &WorkerPool, now: Timestamp) -> Result<usize, StorageError> {
    let deleted_before = now.checked_sub(RESTORABLE).unwrap_or(Timestamp::MIN);
    let mut forgotten = 0;
    loop {
        let mut tx = pool.begin().await?;
        let gone = purge::people(&mut tx, deleted_before).await?;
        for PurgedPerson { organization, staff, photo } in &gone {
            let job = JobId::generate();
            erasure::hand_on(&mut tx, *organization, *staff, *photo, job).await?;
        }
        tx.commit().await?;
        if gone.is_empty() {
            return Ok(forgotten);
        }
        forgotten += gone.len();
    }
}

/// How long an erasure may take before its job counts as lost.
const ERASURE_PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// Queues the jobs of erasures anew that did not end.
async fn resume_erasures(pool: &WorkerPool, now: Timestamp) -> Result<(), StorageError> {
    let before = now.checked_sub(ERASURE_PATIENCE).unwrap_or(Timestamp::MIN);
    let mut tx = pool.begin().await?;
    let unfinished = erasure::unfinished(&mut tx, before).await?;
    tx.commit().await?;
    for (organization, staff) in unfinished {
        // Once a day, whatever worker finds it: the job itself is tried for days.
        let key = format!("{staff} {}", now.to_zoned(TimeZone::UTC).date());
        let job = EraseJob::new(organization, staff, JobId::generate());
        let mut tx = pool.begin().await?;
        if jobs::enqueue_once(&mut tx, &job, None, &key).await? {
            tracing::warn!(staff.id = %staff, "an erasure has not ended; its job is queued again");
            tx.commit().await?;
        }
    }
    Ok(())
}

/// A table that somebody keeps is left alone until the next time: days are made well ahead, and
/// what has no day of its own falls into the default partition.
fn unless_in_use(table: Daily, partitions: Result<i32, StorageError>) -> Result<i32, StorageError> {
    match partitions {
        Err(error) if error.is_lock_timeout() => {
            tracing::warn!(?table, "the table is in use; partitions are looked at another time");
            Ok(0)
        }
        other => other,
    }
}

async fn make_ahead(
    pool: &WorkerPool,
    table: Daily,
    retention: RetentionConfig,
    now: Timestamp,
) -> Result<i32, StorageError> {
    let (first, last) = days_kept(now, retention);
    // A fix may be old when it arrives; a recommendation is made now.
    let first = match table {
        Daily::Pings => first,
        Daily::Recommendations => now.to_zoned(TimeZone::UTC).date(),
    };
    let mut tx = pool.begin().await?;
    let made = partitions::ensure(&mut tx, table, first, last).await?;
    tx.commit().await?;
    Ok(made)
}

async fn drop_before(pool: &WorkerPool, table: Daily, first: Date) -> Result<i32, StorageError> {
    let mut tx = pool.begin().await?;
    let dropped = partitions::drop_before(&mut tx, table, first).await?;
    tx.commit().await?;
    Ok(dropped)
}

/// Makes missing partitions before anything else, for as long as it takes. What may be dropped
/// or deleted keeps nobody from ingesting.
pub(crate) async fn first(pool: &WorkerPool, retention: RetentionConfig, stop: &CancellationToken) {
    let mut backoff = Backoff::new(Duration::from_secs(5));
    let make = async || {
        let made = make_ahead(pool, Daily::Pings, retention, clock::now()).await;
        unless_in_use(Daily::Pings, made)
    };
    while let Err(error) = make().await {
        tell_retry(&error);
        if !backoff.pause(stop).await {
            return;
        }
    }
}

/// An outage is logged once for everybody.
fn tell_retry(error: &StorageError) {
    if error.is_outage() {
        outage::failed(error);
    } else {
        tracing::warn!(%error, "partitions could not be prepared; trying again");
    }
}

/// Keeps everything in order, now and again and again.
pub(crate) async fn run(pool: WorkerPool, retention: RetentionConfig, stop: CancellationToken) {
    loop {
        let mut backoff = Backoff::new(Duration::from_secs(5));
        while let Err(error) = prepare(&pool, retention, clock::now()).await {
            tell_retry(&error);
            if !backoff.pause(&stop).await {
                return;
            }
        }
        if !rest(retention.every, &stop).await {
            return;
        }
    }
}

/// How often the queues of jobs are counted.
const JOBS_EVERY_S: u64 = 5;

/// Publishes how much waits and how much was given up, once a second.
pub(crate) async fn gauges(queue: Queue, pool: WorkerPool, stop: CancellationToken) {
    let mut seconds = 0_u64;
    while rest(Duration::from_secs(1), &stop).await {
        if seconds.is_multiple_of(JOBS_EVERY_S) {
            measure_jobs(&pool).await;
        }
        seconds += 1;
        if let Ok(depth) = queue.depth().await {
            for lane in Lane::ALL {
                #[expect(clippy::cast_precision_loss, reason = "a gauge")]
                let entries = depth.of(lane) as f64;
                metrics::gauge!("nearhand_queue_depth", "lane" => lane.as_str()).set(entries);
            }
            #[expect(clippy::cast_precision_loss, reason = "a gauge")]
            metrics::gauge!("nearhand_dead_letters").set(depth.dead_letters() as f64);
            measure(depth.memory());
        }
        if let Ok((rows, oldest_s)) = outbox_waiting(&pool).await {
            #[expect(clippy::cast_precision_loss, reason = "a gauge")]
            metrics::gauge!("nearhand_outbox_rows").set(rows as f64);
            metrics::gauge!("nearhand_outbox_oldest_seconds").set(oldest_s);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "gauges are doubles")]
fn measure(memory: Memory) {
    metrics::gauge!("nearhand_redis_memory_bytes").set(memory.used as f64);
    if let Some(limit) = memory.limit {
        metrics::gauge!("nearhand_redis_memory_limit_bytes").set(limit as f64);
    }
}

/// What waits in the queues of jobs; what cannot be counted now is counted another time.
#[expect(clippy::cast_precision_loss, reason = "gauges are doubles")]
async fn measure_jobs(pool: &WorkerPool) {
    let Ok(states) = job_states(pool).await else { return };
    for state in states {
        let gauge = |name: &'static str, value: f64| {
            metrics::gauge!(name, "queue" => state.queue.clone()).set(value);
        };
        gauge("nearhand_jobs_due", state.due as f64);
        gauge("nearhand_jobs_scheduled", state.scheduled as f64);
        gauge("nearhand_jobs_running", state.running as f64);
        gauge("nearhand_jobs_dead", state.dead as f64);
        gauge("nearhand_jobs_oldest_due_seconds", state.oldest_due_s);
    }
}

async fn job_states(pool: &WorkerPool) -> Result<Vec<jobs::QueueState>, StorageError> {
    let mut tx = pool.begin().await?;
    let states = jobs::queue_states(&mut tx, QUEUES).await?;
    tx.rollback().await?;
    Ok(states)
}

async fn outbox_waiting(pool: &WorkerPool) -> Result<(i64, f64), StorageError> {
    let mut tx = pool.begin().await?;
    let waiting = outbox::waiting(&mut tx, &[]).await?;
    tx.rollback().await?;
    Ok(waiting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_that_may_still_arrive_has_its_partition() {
        let now: Timestamp = "2026-03-01T23:59:59Z".parse().unwrap();
        let (first, last) = days_kept(now, RetentionConfig::default());
        assert_eq!(first.to_string(), "2025-12-31");
        assert_eq!(last.to_string(), "2026-03-08");
        // The oldest fix that is still taken in falls on the first day.
        let oldest = now.as_millisecond() - RetentionConfig::default().millis();
        let day = Timestamp::from_millisecond(oldest).unwrap().to_zoned(TimeZone::UTC).date();
        assert_eq!(day, first);
    }
}
