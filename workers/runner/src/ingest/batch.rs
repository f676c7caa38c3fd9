//! Processes the entries of one read: writes them, then publishes and acknowledges them while the next
//! ones are written. Bisects a batch that the database refuses; waits while the database is away.
//! Must not decide what is stored.

use super::{
    Interruption, Worker,
    apply::{Applied, BatchCache, apply},
    bisection::{Bisection, reason},
};
use crate::backoff::{Backoff, rest};
use nearhand_domain::{
    clock,
    facts::{Fact, PositionFact},
};
use nearhand_queue::{Consumer, Entry, FeedItem, PingBatch, trace};
use nearhand_storage::{StorageError, outage};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// The most positions in one feed entry.
const ENTRY_POSITIONS: usize = 500;
/// Timeout of a transaction. It is longer than the timeout of one statement.
const APPLY_TIMEOUT: Duration = Duration::from_secs(45);
/// Pause between two attempts to process an entry alone.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// Processes batches, and keeps what is cached between them.
pub(super) struct Batches<'a> {
    pub(super) worker: &'a Worker,
    pub(super) cache: BatchCache,
    pub(super) stop: &'a CancellationToken,
}

impl Batches<'_> {
    /// Processes every entry: it is written and acknowledged, or moved to the dead letters. Entries that
    /// may be poison come last and are processed one by one; with `one_by_one` all of them are.
    pub(super) async fn process(
        &mut self,
        consumer: &mut Consumer,
        entries: Vec<Entry>,
        one_by_one: bool,
    ) -> Result<(), Interruption> {
        let worker = self.worker;
        let _in_flight = worker.mark_in_flight();
        let (readable, broken): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.batches.is_ok());
        for entry in &broken {
            let why = entry.batches.as_ref().err().map(ToString::to_string).unwrap_or_default();
            move_to_dead_letters(consumer, entry, &why).await?;
        }
        let (poison, others): (Vec<Entry>, Vec<Entry>) =
            readable.into_iter().partition(|entry| one_by_one || entry.may_be_poison());
        self.process_readable(consumer, &others, false).await?;
        self.process_readable(consumer, &poison, true).await
    }

    async fn process_readable(
        &mut self,
        consumer: &mut Consumer,
        readable: &[Entry],
        one_by_one: bool,
    ) -> Result<(), Interruption> {
        let worker = self.worker;
        let counts: Vec<usize> = readable.iter().map(Entry::pings).collect();
        let max_pings = if one_by_one { 0 } else { worker.config.batch_pings };
        let mut bisection = Bisection::of(&counts, max_pings);
        while let Some(range) = bisection.next() {
            if self.stop.is_cancelled() {
                return Err(Interruption::Stopping);
            }
            consumer.keep_lease().await?;
            let batch = &readable[range.clone()];
            let span = tracing::info_span!(
                "ingest",
                partition = worker.partition,
                batch_len = batch.len(),
                trace.id = batch.iter().flat_map(Entry::traceparents).find_map(trace_id),
            );
            trace::adopt(&span, batch.iter().flat_map(Entry::traceparents));
            if one_by_one {
                self.process_alone(consumer, &batch[0], None).instrument(span).await?;
                continue;
            }
            match self.apply(consumer, batch).instrument(span).await? {
                Ok(applied) => publish_and_ack(consumer, batch, applied).await?,
                Err(error) if batch.len() > 1 => {
                    tracing::warn!(reason = reason(&error), "a batch was refused and is halved");
                    bisection.split(range);
                }
                Err(error) => {
                    self.process_alone(consumer, &batch[0], Some(reason(&error))).await?;
                }
            }
        }
        Ok(())
    }

    /// Applies entries; waits and retries while the database is away. The inner error is the data's
    /// fault.
    async fn apply(
        &mut self,
        consumer: &mut Consumer,
        entries: &[Entry],
    ) -> Result<Result<Applied, StorageError>, Interruption> {
        let batches: Vec<&PingBatch> = entries.iter().flat_map(Entry::batches).collect();
        let third = self.worker.queue.config().lease / 3;
        let mut backoff = Backoff::new(self.worker.config.longest_pause.min(third));
        loop {
            match self.apply_once(consumer, &batches).await? {
                Err(error) if !error.blames_data() => {
                    let partition = self.worker.partition;
                    if error.is_outage() {
                        outage::failed(&error);
                    } else {
                        tracing::warn!(%error, partition, "ingest waits for PostgreSQL");
                    }
                    if !backoff.pause(self.stop).await {
                        return Err(Interruption::Stopping);
                    }
                    consumer.keep_lease().await?;
                }
                other => return Ok(other),
            }
        }
    }

    /// Applies entries once, and keeps the lease meanwhile. A database that does not answer counts as
    /// one that is away.
    async fn apply_once(
        &mut self,
        consumer: &mut Consumer,
        batches: &[&PingBatch],
    ) -> Result<Result<Applied, StorageError>, Interruption> {
        let (worker, cache) = (self.worker, &mut self.cache);
        let now_ms = clock::now().as_millisecond();
        let work = apply(&worker.pool, cache, batches, now_ms, worker.retention_ms);
        let work = tokio::time::timeout(APPLY_TIMEOUT, work);
        tokio::pin!(work);
        loop {
            tokio::select! {
                applied = &mut work => {
                    return Ok(applied.unwrap_or_else(|_| Err(StorageError::timed_out())));
                }
                () = tokio::time::sleep(worker.queue.config().lease / 3) => consumer.keep_lease().await?,
            }
        }
    }

    /// Processes one entry alone, until it succeeds or has failed too often. `failed` is the reason of
    /// a failure just before. An entry of several requests is split instead, so that a request that
    /// fails does not fail the others.
    async fn process_alone(
        &mut self,
        consumer: &mut Consumer,
        entry: &Entry,
        failed: Option<String>,
    ) -> Result<(), Interruption> {
        if entry.batches().len() > 1 {
            tracing::warn!(entry.id = %entry.id, "an entry of several requests is taken apart");
            return Ok(consumer.split(entry, failed.is_none()).await?);
        }
        let max_attempts = self.worker.config.attempts_alone;
        if failed.is_some() {
            consumer.count_attempt(entry).await?;
        }
        let mut why =
            failed.unwrap_or_else(|| "it took the worker down whenever it was tried".to_owned());
        while consumer.count_attempt(entry).await? <= max_attempts {
            let tried = self.apply(consumer, std::slice::from_ref(entry)).await;
            match tried {
                Ok(Ok(applied)) => {
                    publish_and_ack(consumer, std::slice::from_ref(entry), applied).await?;
                    consumer.flush().await?;
                    return Ok(consumer.clear_attempts(entry).await?);
                }
                Ok(Err(error)) => why = reason(&error),
                Err(interruption) => {
                    // The entry is not at fault.
                    if let Err(error) = consumer.uncount_attempt(entry).await {
                        tracing::warn!(%error, entry.id = %entry.id, "an attempt still counts");
                    }
                    return Err(interruption);
                }
            }
            if !rest(RETRY_PAUSE, self.stop).await {
                return Err(Interruption::Stopping);
            }
        }
        move_to_dead_letters(consumer, entry, &why).await
    }
}

/// After the commit: counts the pings, publishes the positions to the feed, and acknowledges the
/// entries. The last two run while the next entries are written.
async fn publish_and_ack(
    consumer: &mut Consumer,
    entries: &[Entry],
    applied: Applied,
) -> Result<(), Interruption> {
    count(&applied, entries, clock::now().as_millisecond());
    Ok(consumer.publish_and_ack(&feed_items(applied.positions), entries).await?)
}

fn feed_items(positions: Vec<PositionFact>) -> Vec<FeedItem> {
    let facts: Vec<Fact> = positions.into_iter().map(Fact::Position).collect();
    facts.chunks(ENTRY_POSITIONS).map(|chunk| FeedItem::Facts(chunk.to_vec())).collect()
}

async fn move_to_dead_letters(
    consumer: &mut Consumer,
    entry: &Entry,
    why: &str,
) -> Result<(), Interruption> {
    consumer.move_to_dead_letters(entry, why, clock::now().as_millisecond()).await?;
    tracing::error!(
        entry.id = %entry.id, lane = entry.lane.as_str(), reason = why,
        trace.id = entry.traceparents().find_map(trace_id),
        "an entry was given up and is now a dead letter"
    );
    metrics::counter!("nearhand_ingest_pings_total", "outcome" => "dead_letter")
        .increment(entry.pings() as u64);
    Ok(())
}

fn count(applied: &Applied, entries: &[Entry], committed_ms: i64) {
    let total = |outcome: &'static str, pings: u64| {
        if pings > 0 {
            metrics::counter!("nearhand_ingest_pings_total", "outcome" => outcome).increment(pings);
        }
    };
    total("inserted", applied.inserted);
    total("duplicate", applied.duplicates);
    for (why, pings) in &applied.dropped {
        total(why.as_str(), *pings);
    }
    metrics::counter!("nearhand_ingest_jumps_total").increment(applied.jumps);
    let skew = metrics::histogram!("nearhand_device_clock_skew_seconds");
    applied.skews_s.iter().for_each(|seconds| skew.record(*seconds));
    let lag = metrics::histogram!("nearhand_ingest_lag_seconds");
    for entry in entries {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds far below 2^52")]
        let seconds = (committed_ms - entry.queued_at_ms).max(0) as f64 / 1_000.0;
        lag.record_many(seconds, entry.batches().len());
        for id in entry.traceparents().filter_map(trace_id) {
            tracing::debug!(trace.id = id, lag_s = seconds, "pings committed");
        }
    }
}

/// The trace's identifier in a W3C `traceparent`: version, trace, parent, flags.
fn trace_id(traceparent: &str) -> Option<&str> {
    traceparent.split('-').nth(1).filter(|id| id.len() == 32)
}
