//! The queue's settings, with their defaults and what must hold between them.

use std::time::Duration;

/// Where Redis is and how the queue uses it. Every process of an installation needs the same
/// `prefix` and `partitions`.
#[derive(Clone, Debug)]
pub struct QueueConfig {
    /// Redis, as `redis://…`, `rediss://…` or `redis+unix:///path`.
    pub url: String,
    /// Put before every key. Default `nh:`.
    pub prefix: String,
    /// Over how many streams people are spread; each has one active consumer. Default 2.
    pub partitions: u32,
    /// Most pings in one stream entry; larger requests become several. Default 200.
    pub entry_pings: usize,
    /// How deep the lanes may become before new pings are refused.
    pub limits: DepthLimits,
    /// How often the depth is read. Default 250 ms.
    pub depth_poll: Duration,
    /// How long to wait for a connection. Default 1 s.
    pub connect_timeout: Duration,
    /// How long to wait for an answer, flushing to disk included. Default 2 s.
    pub response_timeout: Duration,
    /// How long a silent consumer keeps its partition. Default 5 s.
    pub lease: Duration,
    /// How long a read waits for new entries. Default 200 ms.
    pub block: Duration,
    /// How long the feed's entries are kept. Default 15 min.
    pub feed_keep: Duration,
    /// Run although Redis may lose what it acknowledged. Default false.
    pub accept_weaker_durability: bool,
}

/// The most entries waiting in all partitions together, and the most memory for them and all else.
#[derive(Clone, Copy, Debug)]
pub struct DepthLimits {
    /// In the live lane. Default 500,000.
    pub live: u64,
    /// In the backlog lane. Default 100,000.
    pub backlog: u64,
    /// How many bytes Redis may hold before no pings are taken in. Default: half of its machine,
    /// or three quarters of its `maxmemory` where that is less.
    pub memory_bytes: Option<u64>,
}

impl QueueConfig {
    /// The defaults for a Redis at `url`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: "nh:".to_owned(),
            partitions: 2,
            entry_pings: 200,
            limits: DepthLimits { live: 500_000, backlog: 100_000, memory_bytes: None },
            depth_poll: Duration::from_millis(250),
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_secs(2),
            lease: Duration::from_secs(5),
            block: Duration::from_millis(200),
            feed_keep: Duration::from_mins(15),
            accept_weaker_durability: false,
        }
    }

    /// What is wrong with these settings, if anything.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let rules = [
            (self.prefix.contains(['{', '}']), "the key prefix must not contain braces"),
            (!(1..=1_024).contains(&self.partitions), "partitions must lie between 1 and 1,024"),
            (!(1..=1_000).contains(&self.entry_pings), "an entry holds 1 to 1,000 pings"),
            (self.block < Duration::from_millis(1), "a blocking read must wait at least 1 ms"),
            (self.lease < 4 * self.block, "the lease must outlast four blocking reads"),
            (
                self.response_timeout < Duration::from_millis(100),
                "the response timeout must allow for a flush to disk (100 ms)",
            ),
            (
                self.feed_keep < Duration::from_secs(10),
                "the feed must be kept for at least ten seconds",
            ),
        ];
        rules.into_iter().find_map(|(broken, rule)| broken.then_some(rule))
    }
}
