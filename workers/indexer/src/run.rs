//! The follower's task: take a snapshot, catch up, follow the feed; start again whenever an entry of the
//! feed was missed. Must not stop at an error.

use crate::{
    directory::Directory,
    follower::{Follower, Forget, update_names},
};
use nearhand_domain::{clock, facts::Fact};
use nearhand_index::{LiveIndex, SnapshotBuilder};
use nearhand_queue::{FeedEntry, FeedError, FeedItem, FeedReader, Queue, QueueError};
use nearhand_storage::{StorageError, WorkerPool, facts::Snapshot, outage};
use std::time::{Duration, Instant};
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

/// Facts applied before the task yields to other tasks of the runtime.
const FACTS_PER_YIELD: usize = 64;
/// Chunks of a snapshot that are read ahead of the builder.
const READ_AHEAD: usize = 4;

/// The follower's settings.
#[derive(Clone, Debug)]
pub struct FollowerConfig {
    /// Facts read from PostgreSQL at a time. Default 1,000.
    pub snapshot_chunk: u16,
    /// How long to wait after a failure. Default 250 ms.
    pub retry: Duration,
    /// How often the week of loads and the horizons are moved to the present. Default 30 s.
    pub advance_every: Duration,
}

impl Default for FollowerConfig {
    fn default() -> Self {
        Self {
            snapshot_chunk: 1_000,
            retry: Duration::from_millis(250),
            advance_every: Duration::from_secs(30),
        }
    }
}

/// Why the index must be rebuilt, or cannot be.
#[derive(Debug, thiserror::Error)]
pub enum FollowerError {
    /// Reading the snapshot failed.
    #[error("the snapshot could not be read: {0}")]
    Storage(#[from] StorageError),
    /// Building failed.
    #[error("the index could not be built: {0}")]
    Build(#[from] JoinError),
    /// Redis failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The feed failed or was lost.
    #[error(transparent)]
    Feed(#[from] FeedError),
}

impl FollowerError {
    /// Logs why the index is rebuilt. An outage is logged once for all tasks.
    fn log(&self) {
        match self {
            Self::Storage(error) if error.is_outage() => outage::failed(error),
            // The feed reader records this outage.
            Self::Queue(error) | Self::Feed(FeedError::Queue(error)) if error.is_outage() => {
                tracing::debug!(%error, "the live index is built anew");
            }
            error => tracing::warn!(%error, "the live index is built anew"),
        }
    }
}

impl Follower {
    /// Keeps the index current until `shutdown`. Failures are logged and retried without end.
    pub async fn run(
        &self,
        pool: WorkerPool,
        queue: Queue,
        config: FollowerConfig,
        shutdown: CancellationToken,
    ) {
        let work = async {
            tokio::join!(self.keep(&pool, &queue, &config), self.tick(config.advance_every));
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = work => {}
        }
    }

    async fn keep(&self, pool: &WorkerPool, queue: &Queue, config: &FollowerConfig) {
        let mut reason = "the first snapshot is being taken".to_owned();
        let mut dropping = JoinSet::new();
        loop {
            self.0.health.building(reason);
            // At most two indexes are in memory: the current one, and one that is built or dropped.
            while dropping.join_next().await.is_some() {}
            let error = match self.build(pool, queue, config, &mut dropping).await {
                Ok(reader) => self.follow(reader, config).await,
                Err(error) => error,
            };
            // A missed entry may have revoked a credential.
            (self.0.forget)(Forget::All);
            metrics::counter!("nearhand_index_rebuilds_total").increment(1);
            error.log();
            reason = format!("a fresh snapshot is being taken because {error}");
            tokio::time::sleep(config.retry).await;
        }
    }

    /// Builds a whole index. Reads the end of the feed first, then a snapshot, then applies the entries
    /// of the feed up to its end after the snapshot.
    async fn build(
        &self,
        pool: &WorkerPool,
        queue: &Queue,
        config: &FollowerConfig,
        dropping: &mut JoinSet<()>,
    ) -> Result<FeedReader, FollowerError> {
        let begun = Instant::now();
        let start = queue.feed_tail().await;
        queue.record_result(&start);
        let start = start?;
        let (fresh, mut names) = read_snapshot(pool, config.snapshot_chunk).await?;
        let goal = queue.feed_tail().await?.sequence;
        let mut reader = queue.feed_reader(start);
        let mut seen = Instant::now();
        while reader.at().sequence < goal {
            let read = reader.next().await?;
            for facts in read.entries.iter().filter_map(facts_of) {
                update_names(&mut names, facts);
                for chunk in facts.chunks(FACTS_PER_YIELD) {
                    fresh.apply(chunk, clock::now().as_second());
                    tokio::task::yield_now().await;
                }
            }
            seen = read.received;
        }
        let old = self.swap(fresh, names);
        (self.0.forget)(Forget::All);
        self.0.health.built(seen);
        tracing::info!(elapsed_ms = begun.elapsed().as_millis(), "the live index is complete");
        // Dropping an index takes long, and the feed goes on meanwhile.
        dropping.spawn_blocking(move || drop(old));
        Ok(reader)
    }

    /// Applies feed entries until one was missed.
    async fn follow(&self, mut reader: FeedReader, config: &FollowerConfig) -> FollowerError {
        loop {
            let read = match reader.next().await {
                Ok(read) => read,
                Err(FeedError::Queue(error)) => {
                    if error.is_outage() {
                        tracing::debug!(%error, "the feed cannot be read; trying again");
                    } else {
                        tracing::warn!(%error, "the feed cannot be read; trying again");
                    }
                    tokio::time::sleep(config.retry).await;
                    continue;
                }
                Err(lost) => return lost.into(),
            };
            for entry in &read.entries {
                self.take_entry(entry).await;
            }
            if read.is_end {
                self.0.health.current(read.received);
                let has_heartbeat =
                    read.entries.iter().any(|e| matches!(e.item, FeedItem::Heartbeat));
                // Not the time of the reply: a reply that took long reports an old state.
                if let Some(at) = read.added_after.filter(|_| has_heartbeat) {
                    self.0.health.heartbeat(at);
                }
            }
            observe(&read.entries, self.behind_by());
        }
    }

    async fn take_entry(&self, entry: &FeedEntry) {
        match &entry.item {
            FeedItem::Facts(facts) => {
                for chunk in facts.chunks(FACTS_PER_YIELD) {
                    self.take(chunk, clock::now().as_second());
                    tokio::task::yield_now().await;
                }
            }
            FeedItem::Credential(changed) => (self.0.forget)(Forget::Subject(changed.id)),
            FeedItem::Heartbeat => {}
        }
    }

    /// Moves loads and horizons to the present, and reports the index's sizes.
    async fn tick(&self, every: Duration) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut work = JoinSet::new();
        loop {
            ticks.tick().await;
            let follower = self.clone();
            work.spawn_blocking(move || {
                follower.index().advance_load_windows(clock::now().as_second());
                follower.index().sizes()
            });
            match work.join_next().await {
                Some(Ok(sizes)) => measure(sizes),
                Some(Err(error)) => {
                    tracing::error!(error = %error, "moving the index's hours on failed");
                }
                None => {}
            }
        }
    }
}

/// Reads everything as of one instant and builds the index on a thread of its own. Reading and building
/// overlap, and no request waits for either.
async fn read_snapshot(
    pool: &WorkerPool,
    chunk: u16,
) -> Result<(LiveIndex, Directory), FollowerError> {
    let (chunks, mut incoming) = mpsc::channel::<Vec<Fact>>(READ_AHEAD);
    let mut builder = JoinSet::new();
    builder.spawn_blocking(move || {
        let (mut index, mut names) = (SnapshotBuilder::default(), Directory::default());
        while let Some(facts) = incoming.blocking_recv() {
            update_names(&mut names, &facts);
            index.take(&facts, clock::now().as_second());
        }
        (index.finish(clock::now().as_second()), names)
    });
    let mut snapshot = Snapshot::begin(pool.begin().await?).await?;
    while let Some(facts) = snapshot.next(chunk).await? {
        if chunks.send(facts).await.is_err() {
            // The builder panicked; joining it returns the error.
            break;
        }
    }
    snapshot.finish().await?;
    drop(chunks);
    Ok(builder.join_next().await.transpose()?.unwrap_or_default())
}

fn facts_of(entry: &FeedEntry) -> Option<&[Fact]> {
    match &entry.item {
        FeedItem::Facts(facts) => Some(facts),
        FeedItem::Credential(_) | FeedItem::Heartbeat => None,
    }
}

/// Reports the lag of the feed, by the oldest entry of a read.
fn observe(entries: &[FeedEntry], behind: Duration) {
    metrics::gauge!("nearhand_index_behind_seconds").set(behind.as_secs_f64());
    if let Some(oldest) = entries.first() {
        let lag_ms = clock::now().as_millisecond() - oldest.queued_at_ms;
        let lag = Duration::from_millis(u64::try_from(lag_ms).unwrap_or(0));
        metrics::histogram!("nearhand_feed_lag_seconds").record(lag.as_secs_f64());
    }
}

#[expect(clippy::cast_precision_loss, reason = "gauges are doubles")]
fn measure(sizes: nearhand_index::Sizes) {
    metrics::gauge!("nearhand_index_people").set(sizes.people as f64);
    metrics::gauge!("nearhand_index_places").set(sizes.places as f64);
    metrics::gauge!("nearhand_index_bytes").set(sizes.approximate_bytes as f64);
    metrics::gauge!("nearhand_index_version").set(sizes.version as f64);
}
