//! The follower: remembers where the feed stands, reads a snapshot, catches up past the feed's
//! end as it was after the snapshot, and follows from there. Whenever entries were missed it does
//! the same again, while the old index answers.

use crate::{
    changes::{Change, Invalidation},
    live::{Live, Phase},
    snapshot::{self, Fresh, SnapshotError},
};
use nearhand_domain::{OrganizationId, StaffId, clock, facts::Fact};
use nearhand_queue::{FeedEntry, FeedError, FeedItem, FeedRead, FeedReader, Queue, QueueError};
use nearhand_storage::WorkerPool;
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Facts applied before other tasks of the runtime get their turn.
const FACTS_A_TURN: usize = 64;

/// The follower's settings.
#[derive(Clone, Copy, Debug)]
pub struct IndexerConfig {
    /// Facts a snapshot reads at a time. Default 2,000.
    pub snapshot_chunk: u16,
    /// How often horizons and hourly loads move on. Default 20 s.
    pub roll_every: Duration,
    /// The longest pause while Redis or PostgreSQL is away. Default 2 s.
    pub longest_pause: Duration,
}

impl Default for IndexerConfig {
    fn default() -> Self {
        Self {
            snapshot_chunk: 2_000,
            roll_every: Duration::from_secs(20),
            longest_pause: Duration::from_secs(2),
        }
    }
}

/// Why following was interrupted.
#[derive(Debug, thiserror::Error)]
enum Interruption {
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

impl From<QueueError> for Interruption {
    fn from(error: QueueError) -> Self {
        Self::Feed(error.into())
    }
}

/// Keeps a [`Live`] current.
pub struct Follower {
    queue: Queue,
    pool: WorkerPool,
    config: IndexerConfig,
    live: Live,
    forget: Arc<dyn Fn(Invalidation) + Send + Sync>,
}

impl Follower {
    /// A follower, to be run, and what it keeps current. `forget` is called, before
    /// [`Live::behind_by`] shrinks, for every credential that a cache must no longer trust; it
    /// must be quick and must not block.
    #[must_use]
    pub fn new(
        queue: Queue,
        pool: WorkerPool,
        config: IndexerConfig,
        forget: impl Fn(Invalidation) + Send + Sync + 'static,
    ) -> (Self, Live) {
        let live = Live::new();
        (Self { queue, pool, config, live: live.clone(), forget: Arc::new(forget) }, live)
    }

    /// Follows until `stop`. Never fails: what goes wrong is logged and tried again.
    pub async fn run(self, stop: CancellationToken) {
        let mut rolling = JoinSet::new();
        rolling.spawn(roll(self.live.clone(), self.config.roll_every));
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.follow() => {}
        }
        rolling.shutdown().await;
    }

    async fn follow(&self) {
        let longest = self.config.longest_pause;
        let mut pause = Duration::from_millis(50).min(longest);
        loop {
            match self.begin().await {
                Ok(mut reader) => {
                    pause = Duration::from_millis(50).min(longest);
                    let why = self.keep_up(&mut reader).await;
                    tracing::warn!(%why, "the live index heals itself from a fresh snapshot");
                    metrics::counter!("nearhand_index_heals_total").increment(1);
                    self.live.enter(Phase::Healing);
                }
                Err(error) => {
                    tracing::warn!(%error, "the live index cannot be built yet");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(longest);
                }
            }
        }
    }

    /// Builds an index that is past the feed's end as it was after the snapshot, and shows it.
    async fn begin(&self) -> Result<FeedReader, Interruption> {
        let mut reader = self.queue.feed_reader(self.queue.feed_tail().await?);
        // Whatever was said before this tail is not going to be heard.
        (self.forget)(Invalidation::All);
        let fresh = snapshot::read(&self.pool, self.config.snapshot_chunk).await?;
        let goal = self.queue.feed_tail().await?;
        let mut read = None;
        while reader.at().sequence < goal.sequence {
            let more = reader.next().await?;
            self.take_in(&more, |facts| fresh.apply(facts)).await;
            read = Some(more.received);
        }
        self.show(fresh);
        self.live.reached(reader.at().sequence);
        if let Some(at) = read {
            self.live.current_at(at);
        }
        self.live.enter(Phase::Following);
        tracing::info!(sequence = reader.at().sequence, "the live index is ready");
        Ok(reader)
    }

    fn show(&self, fresh: Fresh) {
        self.live.directory().replace(fresh.directory);
        self.live.index().replace(fresh.index);
        self.live.tell(Change::Replaced);
    }

    /// Follows for as long as nothing is missed; returns what was.
    async fn keep_up(&self, reader: &mut FeedReader) -> FeedError {
        let mut pause = Duration::from_millis(50).min(self.config.longest_pause);
        loop {
            match reader.next().await {
                Ok(read) => {
                    pause = Duration::from_millis(50).min(self.config.longest_pause);
                    self.take_in(&read, |facts| self.apply(facts)).await;
                    self.live.reached(reader.at().sequence);
                    if read.is_end {
                        self.live.current_at(read.received);
                    }
                    observe(&read, self.live.behind_by());
                }
                Err(FeedError::Queue(error)) => {
                    tracing::warn!(%error, "the feed cannot be read");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(self.config.longest_pause);
                }
                Err(lost) => return lost,
            }
        }
    }

    async fn take_in(&self, read: &FeedRead, apply: impl Fn(&[Fact])) {
        for entry in &read.entries {
            match &entry.item {
                FeedItem::Credential(changed) => (self.forget)(Invalidation::One(*changed)),
                FeedItem::Facts(facts) => {
                    for chunk in facts.chunks(FACTS_A_TURN) {
                        apply(chunk);
                        tokio::task::yield_now().await;
                    }
                }
            }
        }
    }

    fn apply(&self, facts: &[Fact]) {
        self.live.directory().apply(facts);
        self.live.index().apply(facts, clock::now().as_second());
        if self.live.is_watched() {
            let people: Arc<[_]> = facts.iter().filter_map(person).collect();
            if !people.is_empty() {
                self.live.tell(Change::People(people));
            }
        }
    }
}

fn person(fact: &Fact) -> Option<(OrganizationId, StaffId)> {
    match fact {
        Fact::Staff(staff) => Some((staff.organization, staff.staff)),
        Fact::Position(position) => Some((position.organization, position.staff)),
        Fact::Region(_) | Fact::Organization(_) => None,
    }
}

fn observe(read: &FeedRead, behind: Duration) {
    metrics::gauge!("nearhand_index_behind_seconds").set(behind.as_secs_f64());
    if let Some(FeedEntry { queued_at_ms, sequence, .. }) = read.entries.first() {
        let now_ms = clock::now().as_millisecond();
        #[expect(clippy::cast_precision_loss, reason = "milliseconds far below 2^52")]
        let lag_s = (now_ms - queued_at_ms).max(0) as f64 / 1_000.0;
        metrics::histogram!("nearhand_feed_lag_seconds").record(lag_s);
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        metrics::gauge!("nearhand_index_sequence").set(*sequence as f64);
    }
}

/// Moves the index on with time and publishes its size, on a thread that may take its time.
async fn roll(live: Live, every: Duration) {
    let mut tick = tokio::time::interval(every);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut work = JoinSet::new();
    loop {
        tick.tick().await;
        let live = live.clone();
        work.spawn_blocking(move || {
            live.index().roll(clock::now().as_second());
            let sizes = live.index().sizes();
            #[expect(clippy::cast_precision_loss, reason = "gauges")]
            for (name, value) in [
                ("nearhand_index_people", sizes.people),
                ("nearhand_index_places", sizes.places),
                ("nearhand_index_bytes", sizes.approximate_bytes),
            ] {
                metrics::gauge!(name).set(value as f64);
            }
        });
        if let Some(Err(error)) = work.join_next().await {
            tracing::error!(%error, "the index could not be moved on");
        }
    }
}
