//! The errors of the queue. Must not contain values of pings.

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
    /// Redis did not become available in time.
    #[error(
        "Redis cannot be used after {waited_s} s of waiting: {error}; see that it runs and has read \
         its files, or wait longer with --redis-wait-s"
    )]
    Silent {
        /// Seconds of waiting.
        waited_s: u64,
        /// The last error.
        error: redis::RedisError,
    },
    /// Redis may lose acknowledged pings, and the settings do not accept that.
    #[error(
        "Redis may lose acknowledged pings: {differences}; correct its settings, or accept weaker \
         durability"
    )]
    Durability {
        /// Every setting that differs, with what it should be.
        differences: String,
    },
    /// The queue in Redis has another number of partitions.
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

/// A command to Redis failed. Redis may have executed it anyway.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Connection, timeout or refusal.
    #[error("Redis did not answer as it should: {0}")]
    Redis(#[from] redis::RedisError),
    /// A reply of an unexpected form.
    #[error("Redis answered {0} in an unknown form")]
    Reply(&'static str),
    /// Another consumer holds the partition now.
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
    /// Entries were missed; the index needs a fresh snapshot.
    #[error("entries of the feed were missed: {0}")]
    Lost(Loss),
}

/// How entries of the feed were missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// The feed has started a new epoch.
    #[error("the feed began a new epoch")]
    Epoch,
    /// Sequence numbers are missing: trimmed before they were read, or lost with Redis' disk.
    #[error("numbers are missing")]
    Gap,
    /// An entry of a version this program does not know.
    #[error("an entry cannot be read")]
    Unreadable,
    /// Facts about people came in an older layout, which has fewer fields, and then in a newer one.
    #[error("people were told in an older layout")]
    Older,
}

impl From<Loss> for FeedError {
    fn from(loss: Loss) -> Self {
        Self::Lost(loss)
    }
}
