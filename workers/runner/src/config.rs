//! The worker's settings and their defaults.

use std::time::Duration;

/// Settings of all tasks.
#[derive(Clone, Debug, Default)]
pub struct RunnerConfig {
    /// Of ingest.
    pub ingest: IngestConfig,
    /// Of the relay.
    pub relay: RelayConfig,
    /// Of maintenance, and of what ingest still takes.
    pub retention: RetentionConfig,
}

/// How pings become rows.
#[derive(Clone, Copy, Debug)]
pub struct IngestConfig {
    /// About how many pings one transaction writes. Default 1,000.
    pub batch_pings: usize,
    /// The least time between two reads of a partition that find little, so that pings which come
    /// one by one share a commit; twice that where a read finds an eighth of a batch or more. A
    /// ping after a pause does not wait. At 5,000 pings a second, 99 of 100 are committed within
    /// 50 ms of their acknowledgement. Default 20 ms.
    pub gather: Duration,
    /// How many partitions this process works on at a time; the others stand by in case another
    /// process dies. Default: all.
    pub most_partitions: usize,
    /// The longest pause while Redis or PostgreSQL is away. Default 5 s.
    pub longest_pause: Duration,
    /// How often an entry may fail alone before it becomes a dead letter. Default 5.
    pub attempts_alone: u32,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            batch_pings: 1_000,
            gather: Duration::from_millis(20),
            most_partitions: tokio::sync::Semaphore::MAX_PERMITS,
            longest_pause: Duration::from_secs(5),
            attempts_alone: 5,
        }
    }
}

/// How outbox rows become feed entries.
#[derive(Clone, Copy, Debug)]
pub struct RelayConfig {
    /// How often to look when nothing is heard; no less often than the relay says that it is at
    /// work, every 100 ms. Default 200 ms.
    pub poll: Duration,
    /// Most rows of one transaction. Default 256.
    pub batch_rows: i64,
    /// How long a row that cannot be told is left alone. Default 1 min.
    pub set_aside: Duration,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(200),
            batch_rows: 256,
            set_aside: Duration::from_mins(1),
        }
    }
}

/// How long pings are kept, and what was recorded of those who read them.
#[derive(Clone, Copy, Debug)]
pub struct RetentionConfig {
    /// Days of history, today not counted. Default 60.
    pub days: u16,
    /// Days for which reads of exact positions stay on record. Default 365.
    pub read_log_days: u16,
    /// Days for which partitions are made ahead. Default 7.
    pub days_ahead: u16,
    /// How often to look. Default 1 h: what a restart or an outage missed is soon made up for.
    pub every: Duration,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { days: 60, read_log_days: 365, days_ahead: 7, every: Duration::from_hours(1) }
    }
}

impl RetentionConfig {
    /// The age in milliseconds up to which a fix is taken in.
    #[must_use]
    pub fn millis(&self) -> i64 {
        i64::from(self.days) * 86_400_000
    }
}
