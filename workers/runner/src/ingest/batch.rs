//! One read's entries on their way: applied, told to the feed and acknowledged while the next are
//! applied; split where one of them is at fault, paused where the world is.

use super::{
    Interruption, Worker,
    apply::{Applied, Memory, apply},
    faults::{Halves, reason},
};
use crate::backoff::{Backoff, rest};
use nearhand_domain::{
    clock,
    facts::{Fact, PositionFact},
};
use nearhand_queue::{Consumer, Entry, FeedItem, PingBatch};
use nearhand_storage::{StorageError, outage};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// Most positions in one feed entry.
const ENTRY_POSITIONS: usize = 500;
/// Longest a transaction may take: longer than any one statement may.
const LONGEST_APPLY: Duration = Duration::from_secs(45);
/// Between two attempts of an entry that stands alone.
const LONE_PAUSE: Duration = Duration::from_millis(20);

/// What working on batches needs and keeps.
pub(super) struct Batches<'a> {
    pub(super) worker: &'a Worker,
    pub(super) memory: Memory,
    pub(super) stop: &'a CancellationToken,
}

impl Batches<'_> {
    /// Deals with every entry: written and acknowledged, or buried. Those suspected of taking
    /// workers down come last and each is tried by itself; with `all_alone` every one is.
    pub(super) async fn work(
        &mut self,
        consumer: &mut Consumer,
        entries: Vec<Entry>,
        all_alone: bool,
    ) -> Result<(), Interruption> {
        let worker = self.worker;
        let _mark = worker.mark();
        let (readable, broken): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.batches.is_ok());
        for entry in &broken {
            let why = entry.batches.as_ref().err().map(ToString::to_string).unwrap_or_default();
            bury(consumer, entry, &why).await?;
        }
        let (suspects, others): (Vec<Entry>, Vec<Entry>) =
            readable.into_iter().partition(|entry| all_alone || entry.is_suspect());
        self.deal(consumer, &others, false).await?;
        self.deal(consumer, &suspects, true).await
    }

    async fn deal(
        &mut self,
        consumer: &mut Consumer,
        readable: &[Entry],
        alone: bool,
    ) -> Result<(), Interruption> {
        let worker = self.worker;
        let counts: Vec<usize> = readable.iter().map(Entry::pings).collect();
        let most = if alone { 0 } else { worker.config.batch_pings };
        let mut halves = Halves::of(&counts, most);
        while let Some(range) = halves.next() {
            if self.stop.is_cancelled() {
                return Err(Interruption::Stopping);
            }
            consumer.hold().await?;
            let part = &readable[range.clone()];
            let span = tracing::info_span!(
                "ingest",
                partition = worker.partition,
                batch_len = part.len(),
                trace.id = part.iter().flat_map(Entry::traceparents).find_map(trace_id),
            );
            if alone {
                self.alone(consumer, &part[0], None).instrument(span).await?;
                continue;
            }
            match self.together(consumer, part).instrument(span).await? {
                Ok(applied) => tell(consumer, part, applied).await?,
                Err(error) if part.len() > 1 => {
                    tracing::warn!(reason = reason(&error), "a batch was refused and is halved");
                    halves.split(range);
                }
                Err(error) => self.alone(consumer, &part[0], Some(reason(&error))).await?,
            }
        }
        Ok(())
    }

    /// Applies entries, waiting for as long as the database is away. The inner error is the
    /// data's fault.
    async fn together(
        &mut self,
        consumer: &mut Consumer,
        entries: &[Entry],
    ) -> Result<Result<Applied, StorageError>, Interruption> {
        let batches: Vec<&PingBatch> = entries.iter().flat_map(Entry::batches).collect();
        let third = self.worker.queue.config().lease / 3;
        let mut backoff = Backoff::new(self.worker.config.longest_pause.min(third));
        loop {
            match self.try_once(consumer, &batches).await? {
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
                    consumer.hold().await?;
                }
                other => return Ok(other),
            }
        }
    }

    /// Applies entries once, keeping the lease for as long as that takes. A database that says
    /// nothing at all counts as one that is away.
    async fn try_once(
        &mut self,
        consumer: &mut Consumer,
        batches: &[&PingBatch],
    ) -> Result<Result<Applied, StorageError>, Interruption> {
        let (worker, memory) = (self.worker, &mut self.memory);
        let now_ms = clock::now().as_millisecond();
        let work = apply(&worker.pool, memory, batches, now_ms, worker.retention_ms);
        let work = tokio::time::timeout(LONGEST_APPLY, work);
        tokio::pin!(work);
        loop {
            tokio::select! {
                applied = &mut work => {
                    return Ok(applied.unwrap_or_else(|_| Err(StorageError::timed_out())));
                }
                () = tokio::time::sleep(worker.queue.config().lease / 3) => consumer.hold().await?,
            }
        }
    }

    /// Tries one entry by itself, until it goes through or has failed too often. `failed`: it just
    /// did, for this reason. One that holds several requests is taken apart instead, so that
    /// no request pays for another.
    async fn alone(
        &mut self,
        consumer: &mut Consumer,
        entry: &Entry,
        failed: Option<String>,
    ) -> Result<(), Interruption> {
        if entry.batches().len() > 1 {
            tracing::warn!(entry.id = %entry.id, "an entry of several requests is taken apart");
            return Ok(consumer.take_apart(entry, failed.is_none()).await?);
        }
        let most = self.worker.config.lone_attempts;
        if failed.is_some() {
            consumer.count_attempt(entry).await?;
        }
        let mut why =
            failed.unwrap_or_else(|| "it took the worker down whenever it was tried".to_owned());
        while consumer.count_attempt(entry).await? <= most {
            let tried = self.together(consumer, std::slice::from_ref(entry)).await;
            match tried {
                Ok(Ok(applied)) => {
                    tell(consumer, std::slice::from_ref(entry), applied).await?;
                    consumer.settle().await?;
                    return Ok(consumer.clear_attempts(entry).await?);
                }
                Ok(Err(error)) => why = reason(&error),
                Err(interruption) => {
                    // Not the entry's failure.
                    if let Err(error) = consumer.forgive_attempt(entry).await {
                        tracing::warn!(%error, entry.id = %entry.id, "an attempt still counts");
                    }
                    return Err(interruption);
                }
            }
            if !rest(LONE_PAUSE, self.stop).await {
                return Err(Interruption::Stopping);
            }
        }
        bury(consumer, entry, &why).await
    }
}

/// After the commit: the numbers, and word to the feed and to the queue, which goes out while the
/// next entries are written.
async fn tell(
    consumer: &mut Consumer,
    entries: &[Entry],
    applied: Applied,
) -> Result<(), Interruption> {
    count(&applied, entries, clock::now().as_millisecond());
    Ok(consumer.tell(&feed_items(applied.positions), entries).await?)
}

fn feed_items(positions: Vec<PositionFact>) -> Vec<FeedItem> {
    let facts: Vec<Fact> = positions.into_iter().map(Fact::Position).collect();
    facts.chunks(ENTRY_POSITIONS).map(|chunk| FeedItem::Facts(chunk.to_vec())).collect()
}

async fn bury(consumer: &mut Consumer, entry: &Entry, why: &str) -> Result<(), Interruption> {
    consumer.bury(entry, why, clock::now().as_millisecond()).await?;
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
