//! What goes by the calendar: partitions made ahead and dropped when too old, expired rows, and
//! the gauges an operator watches.

use crate::{
    backoff::{Backoff, rest},
    config::RetentionConfig,
};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use nearhand_domain::clock;
use nearhand_queue::{Lane, Memory, Queue};
use nearhand_storage::{StorageError, WorkerPool, outage, outbox, partitions};
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
    let made = unless_in_use(make_ahead(pool, retention, now).await)?;
    let dropped = unless_in_use(drop_before(pool, first).await)?;
    let mut tx = pool.begin().await?;
    let expired = partitions::purge_expired(&mut tx, now).await?;
    tx.commit().await?;
    let purged = expired + purge_history(pool, retention, now).await?;
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

/// A table that somebody keeps is left alone until the next time: days are made well ahead, and
/// what has no day of its own falls into the default partition.
fn unless_in_use(partitions: Result<i32, StorageError>) -> Result<i32, StorageError> {
    match partitions {
        Err(error) if error.is_lock_timeout() => {
            tracing::warn!("the pings' table is in use; partitions are looked at another time");
            Ok(0)
        }
        other => other,
    }
}

async fn make_ahead(
    pool: &WorkerPool,
    retention: RetentionConfig,
    now: Timestamp,
) -> Result<i32, StorageError> {
    let (first, last) = days_kept(now, retention);
    let mut tx = pool.begin().await?;
    let made = partitions::ensure(&mut tx, first, last).await?;
    tx.commit().await?;
    Ok(made)
}

async fn drop_before(pool: &WorkerPool, first: Date) -> Result<i32, StorageError> {
    let mut tx = pool.begin().await?;
    let dropped = partitions::drop_before(&mut tx, first).await?;
    tx.commit().await?;
    Ok(dropped)
}

/// Makes missing partitions before anything else, for as long as it takes. What may be dropped
/// or deleted keeps nobody from ingesting.
pub(crate) async fn first(pool: &WorkerPool, retention: RetentionConfig, stop: &CancellationToken) {
    let mut backoff = Backoff::new(Duration::from_secs(5));
    while let Err(error) = unless_in_use(make_ahead(pool, retention, clock::now()).await) {
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

/// Publishes how much waits and how much was given up, once a second.
pub(crate) async fn gauges(queue: Queue, pool: WorkerPool, stop: CancellationToken) {
    while rest(Duration::from_secs(1), &stop).await {
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
