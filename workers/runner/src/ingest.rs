//! Ingest: pings from a partition's streams into PostGIS, and live positions on to the feed.
//!
//! The order is commit, feed, acknowledge, the last two while the next is written; whatever is cut
//! off in between comes again and changes nothing. `plan` decides, `apply` writes, this file only
//! moves entries along.

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

/// A worker that meets pings only a newer one can read lets others have its partition, but no more
/// often than this: there may be no newer one.
const GIVE_WAY_EVERY: Duration = Duration::from_mins(1);

/// The most transactions whose entries are read at once.
const READ_AHEAD: usize = 4;

/// Why a partition is let go of for the moment.
#[derive(Debug, thiserror::Error)]
enum Interruption {
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Pings came that only a newer program can read.
    #[error("pings came that only a newer worker can read")]
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
        let mut gave_way: Option<Instant> = None;
        while !stop.is_cancelled() {
            let Ok(permit) = self.share.acquire().await else { return };
            match consumer.acquire().await {
                Ok(true) => match self.serve(&mut consumer, &stop, &mut backoff, gave_way).await {
                    Ok(()) | Err(Interruption::Stopping) => break,
                    Err(Interruption::Newer) => {
                        tracing::warn!(partition = self.partition, "gives way to a newer worker");
                        gave_way = Some(Instant::now());
                        consumer.release().await;
                        drop(permit);
                        // Others look for a free partition several times in this.
                        rest(self.queue.config().lease, &stop).await;
                    }
                    Err(Interruption::Queue(error)) => {
                        self.tell_pause(error);
                        drop(permit);
                        backoff.pause(&stop).await;
                    }
                },
                Ok(false) => {
                    drop(permit);
                    rest(standby, &stop).await;
                }
                Err(error) => {
                    self.tell_pause(error);
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
        gave_way: Option<Instant>,
    ) -> Result<(), Interruption> {
        let pings = self.config.batch_pings;
        let mut batches = Batches { worker: self, memory: apply::Memory::default(), stop };
        // Not one that has met what it cannot read.
        if gave_way.is_none() {
            self.take_back(consumer).await?;
        }
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
                let too_new = gives_way(&left, gave_way);
                batches.work(consumer, left, suspect).await?;
                if too_new {
                    return Err(Interruption::Newer);
                }
            }
            (suspect, idle) = (false, self.queue.config().lease);
            backoff.reset();
            while swept.elapsed() < idle {
                if stop.is_cancelled() {
                    return Ok(());
                }
                let read = consumer.read_ahead(pings, READ_AHEAD).await;
                self.queue.note(&read);
                let entries = read?;
                let (read_at, many) = (Instant::now(), pings_of(&entries));
                let too_new = gives_way(&entries, gave_way);
                if !entries.is_empty() {
                    batches.work(consumer, entries, false).await?;
                }
                if too_new {
                    return Err(Interruption::Newer);
                }
                let pause = self.pause_after(many);
                rest(pause.saturating_sub(read_at.elapsed()), stop).await;
            }
            swept = Instant::now();
        }
    }

    /// Why nothing is ingested; an outage of Redis is logged once for all partitions.
    fn tell_pause(&self, error: QueueError) {
        if error.is_outage() {
            tracing::debug!(%error, partition = self.partition, "ingest waits for Redis");
            self.queue.note::<()>(&Err(error));
        } else {
            tracing::warn!(%error, partition = self.partition, "ingest pauses");
        }
    }

    /// The least time from a read that found so many pings to the next one.
    fn pause_after(&self, many: usize) -> Duration {
        let IngestConfig { batch_pings, gather, .. } = self.config;
        match many {
            0 => Duration::ZERO,
            many if many >= batch_pings / 2 => Duration::ZERO,
            // Under load a commit is shared by more, since what it saves is what runs short.
            many if many >= batch_pings / 8 => 2 * gather,
            _ => gather,
        }
    }

    /// Puts back into their lanes what an older worker gave up because it could not read it.
    async fn take_back(&self, consumer: &mut Consumer) -> Result<(), Interruption> {
        let (letters, mut after) = (self.queue.dead_letters(), Some("-".to_owned()));
        while let Some(from) = after {
            consumer.hold().await?;
            after = letters.take_back(self.partition, &from).await?;
        }
        Ok(())
    }

    /// Marks entries as being in work, for as long as the mark lives and nothing panics.
    fn mark(&self) -> InWork<'_> {
        self.in_work.store(true, Relaxed);
        InWork(&self.in_work)
    }
}

/// Whether a newer worker should have a try at what comes after these.
fn gives_way(entries: &[Entry], gave_way: Option<Instant>) -> bool {
    gave_way.is_none_or(|at| at.elapsed() >= GIVE_WAY_EVERY)
        && entries.iter().any(|entry| entry.batches == Err(DecodeError::Newer))
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
