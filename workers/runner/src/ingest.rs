//! Ingest: pings from a partition's streams into PostGIS, and live positions on to the feed.
//!
//! The order is commit, feed, acknowledge; whatever is cut off in between comes again and changes
//! nothing. `plan` decides, `apply` writes, this file only moves entries along.

mod apply;
mod batch;
mod faults;
mod gates;
pub mod plan;

use crate::{
    RunnerConfig,
    backoff::{Backoff, rest},
    config::IngestConfig,
};
use batch::Batches;
use gates::GateCache;
use nearhand_domain::clock;
use nearhand_queue::{Consumer, DecodeError, Entry, Queue, QueueError};
use nearhand_storage::WorkerPool;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Why a partition is let go of for the moment.
#[derive(Debug, thiserror::Error)]
enum Interruption {
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Entries wait that only a newer program can read.
    #[error("pings wait for a newer worker")]
    Newer,
    /// Everything ends; what was not acknowledged comes again.
    #[error("the worker is stopping")]
    Stopping,
}

/// One partition's task.
#[derive(Clone)]
pub(crate) struct Worker {
    queue: Queue,
    pool: WorkerPool,
    partition: u32,
    config: IngestConfig,
    retention_ms: i64,
    /// How many partitions this process may hold at a time.
    share: Arc<Semaphore>,
    /// Set while entries are in work: found set at a start, it means that they panicked.
    in_work: Arc<AtomicBool>,
}

impl Worker {
    pub(crate) fn new(
        queue: &Queue,
        pool: &WorkerPool,
        partition: u32,
        config: &RunnerConfig,
        share: Arc<Semaphore>,
    ) -> Self {
        Self {
            queue: queue.clone(),
            pool: pool.clone(),
            partition,
            config: config.ingest,
            retention_ms: config.retention.millis(),
            share,
            in_work: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Works on the partition whenever it is ours, until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut consumer = self.queue.consumer(self.partition);
        let mut backoff = Backoff::new(self.config.longest_pause);
        let standby = self.queue.config().lease / 5;
        while !stop.is_cancelled() {
            let Ok(permit) = self.share.acquire().await else { return };
            match consumer.acquire().await {
                Ok(true) => match self.serve(&mut consumer, &stop, &mut backoff).await {
                    Ok(()) | Err(Interruption::Stopping) => break,
                    Err(Interruption::Newer) => {
                        tracing::warn!(partition = self.partition, "pings wait for a newer worker");
                        consumer.release().await;
                        drop(permit);
                        // Others look for a free partition several times in this.
                        rest(self.queue.config().lease, &stop).await;
                    }
                    Err(Interruption::Queue(error)) => {
                        tracing::warn!(%error, partition = self.partition, "ingest pauses");
                        drop(permit);
                        backoff.pause(&stop).await;
                    }
                },
                Ok(false) => {
                    drop(permit);
                    rest(standby, &stop).await;
                }
                Err(error) => {
                    tracing::warn!(%error, partition = self.partition, "ingest waits for Redis");
                    drop(permit);
                    backoff.pause(&stop).await;
                }
            }
        }
        consumer.release().await;
    }

    async fn serve(
        &self,
        consumer: &mut Consumer,
        stop: &CancellationToken,
        backoff: &mut Backoff,
    ) -> Result<(), Interruption> {
        let pings = self.config.batch_pings;
        let mut batches = Batches {
            worker: self,
            feed: self.queue.feed_writer(),
            gates: GateCache::default(),
            heard: apply::Heard::default(),
            stop,
        };
        let mut suspect = self.in_work.load(Relaxed);
        let mut swept = Instant::now();
        let mut idle = Duration::ZERO;
        loop {
            // What somebody before us left behind, first of all and then now and then.
            loop {
                let left = consumer.recover(idle, if suspect { 1 } else { pings }).await?;
                if left.is_empty() {
                    break;
                }
                let (left, waiting) = without_newer(left);
                // A process that dies leaves no mark behind, only entries that come again.
                let alone = suspect || left.iter().any(Entry::is_suspect);
                batches.work(consumer, left, alone).await?;
                give_way(&waiting)?;
            }
            (suspect, idle) = (false, self.queue.config().lease);
            backoff.reset();
            while swept.elapsed() < idle {
                if stop.is_cancelled() {
                    return Ok(());
                }
                let entries = consumer.read(pings).await?;
                let (entries, waiting) = without_newer(entries);
                let (read_at, many) = (Instant::now(), pings_of(&entries));
                if !entries.is_empty() {
                    batches.work(consumer, entries, false).await?;
                }
                give_way(&waiting)?;
                if many > 0 && many < pings / 2 {
                    rest(self.config.gather.saturating_sub(read_at.elapsed()), stop).await;
                }
            }
            swept = Instant::now();
        }
    }

    /// Marks entries as being in work, for as long as the mark lives and nothing panics.
    fn mark(&self) -> InWork<'_> {
        self.in_work.store(true, Relaxed);
        InWork(&self.in_work)
    }
}

/// How long an entry of a newer layout is left for a worker that can read it. Afterwards it is a
/// dead letter like any other that cannot be read, so that a release taken back stops nothing.
const NEWER_WAITS: Duration = Duration::from_mins(10);

/// Puts those aside that a newer worker will be able to read. They are left unacknowledged, and
/// come to whoever has the partition next.
fn without_newer(entries: Vec<Entry>) -> (Vec<Entry>, Vec<Entry>) {
    let now_ms = clock::now().as_millisecond();
    let waits = i64::try_from(NEWER_WAITS.as_millis()).unwrap_or(i64::MAX);
    entries.into_iter().partition(|entry| {
        entry.batch != Err(DecodeError::Newer) || now_ms - entry.queued_at_ms > waits
    })
}

fn give_way(waiting: &[Entry]) -> Result<(), Interruption> {
    if waiting.is_empty() { Ok(()) } else { Err(Interruption::Newer) }
}

fn pings_of(entries: &[Entry]) -> usize {
    entries.iter().map(Entry::pings).sum()
}

struct InWork<'a>(&'a AtomicBool);

impl Drop for InWork<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.0.store(false, Relaxed);
        }
    }
}
