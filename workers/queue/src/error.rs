//! What can go wrong between us and Redis.

use crate::entry::Lane;

/// Why the queue could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The settings contradict each other.
    #[error("the queue's settings cannot work: {0}")]
    Settings(&'static str),
    /// Redis cannot be reached or refused us.
    #[error("Redis cannot be used: {0}")]
    Redis(#[from] redis::RedisError),
    /// Redis was waited for and did not come.
    #[error(
        "Redis cannot be used after {waited_s} s of waiting: {error}; see that it runs and has read \
         its files, or wait longer with --redis-wait-s"
    )]
    Silent {
        /// How long it was waited for.
        waited_s: u64,
        /// What it said last.
        error: redis::RedisError,
    },
    /// Redis may lose what it acknowledged, and nobody said that this is accepted.
    #[error(
        "Redis may lose acknowledged pings: {differences}; correct its settings, or accept weaker \
         durability"
    )]
    Durability {
        /// Every setting that differs, with what it should be.
        differences: String,
    },
    /// Another process laid the queue out differently.
    #[error(
        "the queue in Redis has {found} partitions, the settings say {wanted}; use {found}, or \
         drain the queue, stop every process and delete the key `{key}`"
    )]
    Partitions {
        /// What Redis holds.
        found: u32,
        /// What the settings say.
        wanted: u32,
        /// The key that records it.
        key: String,
    },
}

/// Redis did not do what it was asked; it may have been done all the same.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Connection, timeout or refusal.
    #[error("Redis did not answer as it should: {0}")]
    Redis(#[from] redis::RedisError),
    /// An answer in a form nobody expects.
    #[error("Redis answered {0} in an unknown form")]
    Reply(&'static str),
    /// The partition belongs to another consumer by now.
    #[error("the lease on the partition was lost")]
    LeaseLost,
}

impl QueueError {
    /// Whether Redis itself is at fault.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Redis(_))
    }
}

/// Why pings were not queued. The phone must keep them.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The lane is deeper than its limit.
    #[error("the {} lane is full", .0.as_str())]
    Full(Lane),
    /// Redis did not confirm; repeating is harmless.
    #[error(transparent)]
    Unconfirmed(#[from] QueueError),
}

impl From<redis::RedisError> for SendError {
    fn from(error: redis::RedisError) -> Self {
        Self::Unconfirmed(error.into())
    }
}

/// Why the feed could not be followed.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// Redis failed; the same call may succeed later.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Entries are gone that were not seen; only a fresh snapshot helps.
    #[error("entries of the feed were missed: {0}")]
    Lost(Loss),
}

/// How entries of the feed were missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// The feed began anew.
    #[error("the feed began a new epoch")]
    Epoch,
    /// Numbers are missing: cut off before they were read, or lost with Redis' disk.
    #[error("numbers are missing")]
    Gap,
    /// An entry of a version this program does not know.
    #[error("an entry cannot be read")]
    Unreadable,
}
