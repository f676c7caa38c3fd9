//! The feed: one stream of every change that live indexes and credential caches need. It has a
//! random epoch and sequence numbers without gaps. Must not lose an entry unnoticed by a reader.

use crate::{
    connection::Queue,
    entry::{FIELD_DATA, FIELD_VERSION},
    error::QueueError,
};
use nearhand_domain::{OrganizationId, facts::Fact};
use redis::{Script, ScriptInvocation};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use uuid::Uuid;

/// The version of [`FeedItem`]'s layout; raised with any change to it or to the facts. 4 has facts
/// of people's work, and their duty; 3, which had neither, is still read (`feed_layout.rs`).
///
/// Upgrade the API's processes before the workers: an API that knows only 3 and reads 4 answers
/// `not_ready` to everything live until it is upgraded.
pub(crate) const FEED_VERSION: &str = "4";
pub(crate) const FIELD_EPOCH: &str = "e";
pub(crate) const FIELD_SEQUENCE: &str = "s";

/// Starts an epoch when there is none: at the first use, or after FLUSHALL.
const BEGIN_EPOCH: &str = "
    if redis.call('HSETNX', KEYS[2], 'epoch', ARGV[1]) == 1 then
      redis.call('HSET', KEYS[2], 'sequence', 0)
    end
    local epoch = redis.call('HGET', KEYS[2], 'epoch')";

/// Appends entries, numbers them without a gap, and trims entries that are too old.
static APPEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(&format!(
        "{BEGIN_EPOCH}
         local sequence
         for i = 4, #ARGV do
           sequence = redis.call('HINCRBY', KEYS[2], 'sequence', 1)
           redis.call('XADD', KEYS[1], '*', 'e', epoch, 's', sequence, 'v', ARGV[3], 'd', ARGV[i])
         end
         local time = redis.call('TIME')
         local oldest = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[2]
         redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', oldest))
         return {{epoch, sequence}}"
    ))
});

/// Reads the end of the feed.
static TAIL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(&format!(
        "{BEGIN_EPOCH}
         local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
         local id = last[1] and last[1][1] or '0-0'
         return {{epoch, tonumber(redis.call('HGET', KEYS[2], 'sequence')), id}}"
    ))
});

/// The content of one feed entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FeedItem {
    /// Facts that the live index reads have changed.
    Facts(Vec<Fact>),
    /// A credential has changed: caches must drop it.
    Credential(CredentialChanged),
    /// A relay is running, and every change that was committed a moment ago precedes this entry.
    /// Without heartbeats a quiet feed and a dead relay look the same.
    Heartbeat,
}

/// Which cached credentials are invalid now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialChanged {
    /// Tenant.
    pub organization: OrganizationId,
    /// What `id` names.
    pub kind: CredentialKind,
    /// Which one.
    pub id: Uuid,
}

/// What a [`CredentialChanged`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CredentialKind {
    /// One login.
    Session,
    /// One phone.
    Device,
    /// Everything of one person.
    Staff,
}

/// The end of the feed, or the position of a reader in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedTail {
    /// Random. A different epoch invalidates everything read before.
    pub epoch: String,
    /// The sequence number of the last entry.
    pub sequence: u64,
    /// The last entry's identifier in the stream.
    pub(crate) id: String,
}

/// The writing side, shared by the tasks of a worker.
#[derive(Clone)]
pub struct FeedWriter {
    queue: Queue,
}

impl Queue {
    /// The writing side of the feed.
    #[must_use]
    pub fn feed_writer(&self) -> FeedWriter {
        FeedWriter { queue: self.clone() }
    }
}

impl FeedWriter {
    /// Appends entries in this order and waits until Redis has them. Returns the sequence number of
    /// the last one.
    ///
    /// # Errors
    /// When Redis did not confirm. PreparedAppend the same again is harmless.
    pub async fn append(&self, items: &[FeedItem]) -> Result<u64, QueueError> {
        match self.prepare(items) {
            Some(prepared) => self.finish(prepared).await,
            None => Ok(0),
        }
    }

    /// Prepares an append, without talking to Redis; `None` when there is nothing to append.
    pub(crate) fn prepare(&self, items: &[FeedItem]) -> Option<PreparedAppend> {
        if items.is_empty() {
            return None;
        }
        let keep = self.queue.config().feed_keep.as_millis();
        let mut call = APPEND.key(self.queue.keys().feed());
        call.key(self.queue.keys().feed_head());
        call.arg(Uuid::new_v4().to_string()).arg(u64::try_from(keep).unwrap_or(u64::MAX));
        call.arg(FEED_VERSION);
        for item in items {
            // Encoding plain values into memory cannot fail.
            call.arg(postcard::to_stdvec(item).unwrap_or_default());
        }
        Some(PreparedAppend(call))
    }

    /// Sends a prepared append and waits until Redis has it.
    pub(crate) async fn finish(
        &self,
        PreparedAppend(call): PreparedAppend,
    ) -> Result<u64, QueueError> {
        let reply: Result<(String, u64), _> = call.invoke_async(&mut self.queue.shared()).await;
        self.queue.leave_replica(&reply).await;
        let last = reply.map(|(_, last)| last).map_err(QueueError::from);
        self.queue.record_result(&last);
        last
    }
}

/// Entries ready to be appended.
pub(crate) struct PreparedAppend(ScriptInvocation<'static>);

impl Queue {
    /// Begins a new epoch of the feed: every live index takes a new snapshot, and every cached
    /// credential is forgotten. For a database that is older than what the feed has said.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn restart_feed(&self) -> Result<(), QueueError> {
        let mut call = redis::cmd("DEL");
        call.arg(self.keys().feed()).arg(self.keys().feed_head());
        Ok(call.exec_async(&mut self.shared()).await?)
    }
}

/// The end of the feed now. Starts an epoch when there is none.
pub(crate) async fn tail(queue: &Queue) -> Result<FeedTail, QueueError> {
    let mut call = TAIL.key(queue.keys().feed());
    call.key(queue.keys().feed_head()).arg(Uuid::new_v4().to_string());
    let (epoch, sequence, id) = call.invoke_async(&mut queue.shared()).await?;
    Ok(FeedTail { epoch, sequence, id })
}

const _: () = {
    // The script spells the field names out.
    assert!(FIELD_EPOCH.as_bytes()[0] == b'e' && FIELD_SEQUENCE.as_bytes()[0] == b's');
    assert!(FIELD_VERSION.as_bytes()[0] == b'v' && FIELD_DATA.as_bytes()[0] == b'd');
};
