//! The follower's life: snapshot, catch up, follow; and again from the start whenever the feed
//! says that something was missed.

use crate::{
    directory::Directory,
    follower::{Follower, Forget, note_names},
};
use nearhand_domain::{clock, facts::Fact};
use nearhand_index::{Builder, LiveIndex};
use nearhand_queue::{FeedEntry, FeedError, FeedItem, FeedReader, Queue, QueueError};
use nearhand_storage::{StorageError, WorkerPool, facts::Snapshot, outage};
use std::time::{Duration, Instant};
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

/// Facts taken in before other tasks of the runtime get their turn.
const FACTS_A_TURN: usize = 64;
/// Chunks of a snapshot read ahead of the builder.
const READ_AHEAD: usize = 4;

/// The follower's settings.
#[derive(Clone, Debug)]
pub struct FollowerConfig {
    /// Facts read from PostgreSQL at a time. Default 1,000.
    pub snapshot_chunk: u16,
    /// How long to wait after a failure. Default 250 ms.
    pub retry: Duration,
    /// How often hourly loads and horizons move on. Default 30 s.
    pub roll: Duration,
}

impl Default for FollowerConfig {
    fn default() -> Self {
        Self {
            snapshot_chunk: 1_000,
            retry: Duration::from_millis(250),
            roll: Duration::from_secs(30),
        }
    }
}

/// Why the index has to be built anew or cannot be.
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
    /// Logs why the index is built anew; an outage only once for everybody.
    fn tell(&self) {
        match self {
            Self::Storage(error) if error.is_outage() => outage::failed(error),
            // Noted where the feed is read.
            Self::Queue(error) | Self::Feed(FeedError::Queue(error)) if error.is_outage() => {
                tracing::debug!(%error, "the live index is built anew");
            }
            error => tracing::warn!(%error, "the live index is built anew"),
        }
    }
}

impl Follower {
    /// Keeps the index until `shutdown`. Failures are logged and mended; this never gives up.
    pub async fn run(
        &self,
        pool: WorkerPool,
        queue: Queue,
        config: FollowerConfig,
        shutdown: CancellationToken,
    ) {
        let work = async {
            tokio::join!(self.keep(&pool, &queue, &config), self.tick(config.roll));
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
            // One that was replaced and one that answers are enough for any memory.
            while dropping.join_next().await.is_some() {}
            let error = match self.build(pool, queue, config, &mut dropping).await {
                Ok(reader) => self.follow(reader, config).await,
                Err(error) => error,
            };
            // What was missed may have revoked something.
            (self.0.forget)(Forget::All);
            metrics::counter!("nearhand_index_rebuilds_total").increment(1);
            error.tell();
            reason = format!("a fresh snapshot is being taken because {error}");
            tokio::time::sleep(config.retry).await;
        }
    }

    /// A whole index: the feed's end is noted first, then everything is read, then what happened
    /// meanwhile is applied, up to an end seen after the reading.
    async fn build(
        &self,
        pool: &WorkerPool,
        queue: &Queue,
        config: &FollowerConfig,
        dropping: &mut JoinSet<()>,
    ) -> Result<FeedReader, FollowerError> {
        let begun = Instant::now();
        let start = queue.feed_tail().await;
        queue.note(&start);
        let start = start?;
        let (fresh, mut names) = read_snapshot(pool, config.snapshot_chunk).await?;
        let goal = queue.feed_tail().await?.sequence;
        let mut reader = queue.feed_reader(start);
        let mut seen = Instant::now();
        while reader.at().sequence < goal {
            let read = reader.next().await?;
            for facts in read.entries.iter().filter_map(facts_of) {
                note_names(&mut names, facts);
                for turn in facts.chunks(FACTS_A_TURN) {
                    fresh.apply(turn, clock::now().as_second());
                    tokio::task::yield_now().await;
                }
            }
            seen = read.received;
        }
        let old = self.swap(fresh, names);
        (self.0.forget)(Forget::All);
        self.0.health.built(seen);
        tracing::info!(elapsed_ms = begun.elapsed().as_millis(), "the live index is complete");
        // Giving memory back takes long, and the feed goes on meanwhile.
        dropping.spawn_blocking(move || drop(old));
        Ok(reader)
    }

    /// Applies what comes until something is missed.
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
                let beats = read.entries.iter().any(|e| matches!(e.item, FeedItem::Heartbeat));
                // Not from when it came: an answer that was long on its way tells of long ago.
                if let Some(at) = read.added_after.filter(|_| beats) {
                    self.0.health.heartbeat(at);
                }
            }
            observe(&read.entries, self.behind_by());
        }
    }

    async fn take_entry(&self, entry: &FeedEntry) {
        match &entry.item {
            FeedItem::Facts(facts) => {
                for turn in facts.chunks(FACTS_A_TURN) {
                    self.take(turn, clock::now().as_second());
                    tokio::task::yield_now().await;
                }
            }
            FeedItem::Credential(changed) => (self.0.forget)(Forget::Subject(changed.id)),
            FeedItem::Heartbeat => {}
        }
    }

    /// Moves loads and horizons on, and measures the index.
    async fn tick(&self, every: Duration) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut work = JoinSet::new();
        loop {
            ticks.tick().await;
            let follower = self.clone();
            work.spawn_blocking(move || {
                follower.index().roll(clock::now().as_second());
                follower.index().sizes()
            });
            match work.join_next().await {
                Some(Ok(sizes)) => measure(sizes),
                Some(Err(error)) => tracing::error!(error = %error, "rolling the index failed"),
                None => {}
            }
        }
    }
}

/// Everything as of one instant. The index is built on a thread of its own: reading and building
/// go on side by side, and no request waits for either.
async fn read_snapshot(
    pool: &WorkerPool,
    chunk: u16,
) -> Result<(LiveIndex, Directory), FollowerError> {
    let (chunks, mut incoming) = mpsc::channel::<Vec<Fact>>(READ_AHEAD);
    let mut builder = JoinSet::new();
    builder.spawn_blocking(move || {
        let (mut index, mut names) = (Builder::default(), Directory::default());
        while let Some(facts) = incoming.blocking_recv() {
            note_names(&mut names, &facts);
            index.take(&facts, clock::now().as_second());
        }
        (index.finish(clock::now().as_second()), names)
    });
    let mut snapshot = Snapshot::begin(pool.begin().await?).await?;
    while let Some(facts) = snapshot.next(chunk).await? {
        if chunks.send(facts).await.is_err() {
            // The builder panicked; joining it says so.
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

/// The oldest entry of a read tells how long word takes from the worker to here.
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
