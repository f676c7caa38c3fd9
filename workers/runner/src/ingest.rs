//! Ingest: writes pings from a partition's streams into PostGIS and publishes live positions to the
//! feed. This file holds the lease and reads entries. It must not decide what is stored (`plan`) nor
//! write it (`apply`).
//!
//! The order is commit, publish, acknowledge. Publishing and acknowledging a commit overlap with
//! writing the next one. If a worker dies in between, the entries are redelivered; writing them again
//! changes nothing.

mod apply;
mod arrivals;
mod batch;
mod bisection;
mod gates;
mod jumps;
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

/// A worker that finds pings in a newer layout releases its partition, so that a newer worker can take
/// it. Not more often than this: there may be no newer worker.
const YIELD_EVERY: Duration = Duration::from_mins(1);

/// One read takes the entries of at most this many transactions.
const READ_AHEAD: usize = 4;

/// Why the worker releases the partition for the moment.
#[derive(Debug, thiserror::Error)]
enum Interruption {
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Pings came in a layout that only a newer program can decode.
    #[error("pings came that only a newer worker can read")]
    Newer,
    /// The process stops; entries that were not acknowledged are redelivered.
    #[error("the worker is stopping")]
    Stopping,
}

/// The ingest task of one partition.
#[derive(Clone)]
pub(crate) struct Worker {
    queue: Queue,
    pool: WorkerPool,
    partition: u32,
    config: IngestConfig,
    retention_ms: i64,
    /// Limits how many partitions this process holds at a time.
    permits: Arc<Semaphore>,
    /// Set while entries are processed. If it is set when the worker starts, processing panicked.
    in_flight: Arc<AtomicBool>,
}

impl Worker {
    pub(crate) fn new(
        queue: &Queue,
        pool: &WorkerPool,
        partition: u32,
        config: &RunnerConfig,
        permits: Arc<Semaphore>,
    ) -> Self {
        Self {
            queue: queue.clone(),
            pool: pool.clone(),
            partition,
            config: config.ingest,
            retention_ms: config.retention.millis(),
            permits,
            in_flight: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Ingests the partition whenever this process holds its lease, until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut consumer = self.queue.consumer(self.partition);
        let mut backoff = Backoff::new(self.config.longest_pause);
        let standby = self.queue.config().lease / 5;
        let mut yielded_at: Option<Instant> = None;
        while !stop.is_cancelled() {
            let Ok(permit) = self.permits.acquire().await else { return };
            match consumer.acquire().await {
                Ok(true) => {
                    match self.serve(&mut consumer, &stop, &mut backoff, yielded_at).await {
                        Ok(()) | Err(Interruption::Stopping) => break,
                        Err(Interruption::Newer) => {
                            tracing::warn!(
                                partition = self.partition,
                                "gives way to a newer worker"
                            );
                            yielded_at = Some(Instant::now());
                            consumer.release().await;
                            drop(permit);
                            // Other workers look for a free partition several times in this pause.
                            rest(self.queue.config().lease, &stop).await;
                        }
                        Err(Interruption::Queue(error)) => {
                            self.log_pause(error);
                            drop(permit);
                            backoff.pause(&stop).await;
                        }
                    }
                }
                Ok(false) => {
                    drop(permit);
                    rest(standby, &stop).await;
                }
                Err(error) => {
                    self.log_pause(error);
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
        yielded_at: Option<Instant>,
    ) -> Result<(), Interruption> {
        let pings = self.config.batch_pings;
        let mut batches = Batches { worker: self, cache: apply::BatchCache::default(), stop };
        // A worker that has yielded is itself an older one.
        if yielded_at.is_none() {
            self.requeue_decodable(consumer).await?;
        }
        let mut panicked = self.in_flight.load(Relaxed);
        let mut recovered_at = Instant::now();
        let mut idle = Duration::ZERO;
        loop {
            // Entries that another consumer left in flight: at the start, and then once in a while.
            loop {
                let left = consumer.recover(idle, if panicked { 1 } else { pings }).await?;
                if left.is_empty() {
                    break;
                }
                let too_new = must_yield(&left, yielded_at);
                batches.process(consumer, left, panicked).await?;
                if too_new {
                    return Err(Interruption::Newer);
                }
            }
            (panicked, idle) = (false, self.queue.config().lease);
            backoff.reset();
            while recovered_at.elapsed() < idle {
                if stop.is_cancelled() {
                    return Ok(());
                }
                let read = consumer.read_ahead(pings, READ_AHEAD).await;
                self.queue.record_result(&read);
                let entries = read?;
                let (read_at, read_pings) = (Instant::now(), pings_of(&entries));
                let too_new = must_yield(&entries, yielded_at);
                if !entries.is_empty() {
                    batches.process(consumer, entries, false).await?;
                }
                if too_new {
                    return Err(Interruption::Newer);
                }
                let pause = self.pause_after(read_pings);
                rest(pause.saturating_sub(read_at.elapsed()), stop).await;
            }
            recovered_at = Instant::now();
        }
    }

    /// Logs why ingest pauses. An outage of Redis is logged once for all partitions.
    fn log_pause(&self, error: QueueError) {
        if error.is_outage() {
            tracing::debug!(%error, partition = self.partition, "ingest waits for Redis");
            self.queue.record_result::<()>(&Err(error));
        } else {
            tracing::warn!(%error, partition = self.partition, "ingest pauses");
        }
    }

    /// The shortest time from a read of so many pings to the next read.
    fn pause_after(&self, pings: usize) -> Duration {
        let IngestConfig { batch_pings, gather, .. } = self.config;
        match pings {
            0 => Duration::ZERO,
            pings if pings >= batch_pings / 2 => Duration::ZERO,
            // Under load more pings share a commit, which saves processor time.
            pings if pings >= batch_pings / 8 => 2 * gather,
            _ => gather,
        }
    }

    /// Requeues dead letters that an older worker could not decode.
    async fn requeue_decodable(&self, consumer: &mut Consumer) -> Result<(), Interruption> {
        let (letters, mut after) = (self.queue.dead_letters(), Some("-".to_owned()));
        while let Some(from) = after {
            consumer.keep_lease().await?;
            after = letters.requeue_decodable(self.partition, &from).await?;
        }
        Ok(())
    }

    /// Marks that entries are processed. Dropping the guard removes the mark, except in a panic.
    fn mark_in_flight(&self) -> InFlightGuard<'_> {
        self.in_flight.store(true, Relaxed);
        InFlightGuard(&self.in_flight)
    }
}

/// Whether to release the partition to a newer worker after these entries.
fn must_yield(entries: &[Entry], yielded_at: Option<Instant>) -> bool {
    yielded_at.is_none_or(|at| at.elapsed() >= YIELD_EVERY)
        && entries.iter().any(|entry| entry.batches == Err(DecodeError::Newer))
}

fn pings_of(entries: &[Entry]) -> usize {
    entries.iter().map(Entry::pings).sum()
}

struct InFlightGuard<'a>(&'a AtomicBool);

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.0.store(false, Relaxed);
        }
    }
}
