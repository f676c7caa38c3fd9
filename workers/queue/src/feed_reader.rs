//! Reads the feed. Must not miss an entry without an error.

use crate::{
    connection::Queue,
    entry::{FIELD_DATA, FIELD_VERSION},
    error::{FeedError, Loss, QueueError},
    feed::{self, FIELD_EPOCH, FIELD_SEQUENCE, FeedItem, FeedTail},
    feed_layout,
    reply::{self, RawEntry},
};
use redis::{Value, aio::MultiplexedConnection};
use std::time::Instant;

/// Most entries of one read.
const READ_ENTRIES: usize = 512;

/// Follows the feed over a connection of its own.
pub struct FeedReader {
    queue: Queue,
    connection: Option<MultiplexedConnection>,
    at: FeedTail,
    /// The sequence number that an empty read found at the feed's end, when it was ahead of us.
    expected_end: Option<u64>,
    /// When the last read that reached the feed's end was sent.
    saw_end: Option<Instant>,
    /// Facts about people came in an older layout. They need a full read once a newer worker writes.
    has_older: bool,
}

/// The result of a read.
#[derive(Debug)]
pub struct FeedRead {
    /// New entries in order; none when nothing changed.
    pub entries: Vec<FeedEntry>,
    /// Whether the feed held no more entries when Redis replied.
    pub is_end: bool,
    /// When the reply arrived.
    pub received: Instant,
    /// Every entry was appended after this instant: a read that was sent then reached the end without
    /// them.
    pub added_after: Option<Instant>,
}

/// One entry.
#[derive(Debug)]
pub struct FeedEntry {
    /// Its number.
    pub sequence: u64,
    /// When Redis took it in, Unix milliseconds.
    pub queued_at_ms: i64,
    /// What it says.
    pub item: FeedItem,
}

impl FeedReader {
    pub(crate) fn new(queue: &Queue, at: FeedTail) -> Self {
        Self {
            queue: queue.clone(),
            connection: None,
            at,
            expected_end: None,
            saw_end: None,
            has_older: false,
        }
    }

    /// The position of this reader.
    #[must_use]
    pub fn at(&self) -> &FeedTail {
        &self.at
    }

    /// The next entries. Waits a moment when there are none.
    ///
    /// # Errors
    /// [`FeedError::Lost`] when this reader has missed entries: take a fresh snapshot and a new
    /// reader. [`FeedError::Queue`] when Redis fails: call again.
    pub async fn next(&mut self) -> Result<FeedRead, FeedError> {
        let result = self.read().await;
        match &result {
            Ok(_) => self.queue.outages().record_success(),
            Err(error) => {
                self.connection = None;
                if let FeedError::Queue(error) = error {
                    self.queue.outages().record_failure(error);
                }
            }
        }
        result
    }

    async fn read(&mut self) -> Result<FeedRead, FeedError> {
        let block = self.queue.config().block;
        let mut redis = match self.connection.take() {
            Some(open) => open,
            None => self.queue.dedicated(block).await?,
        };
        let mut call = redis::cmd("XREAD");
        call.arg("COUNT").arg(READ_ENTRIES);
        call.arg("BLOCK").arg(u64::try_from(block.as_millis()).unwrap_or(u64::MAX));
        call.arg("STREAMS").arg(self.queue.keys().feed()).arg(&self.at.id);
        let asked = Instant::now();
        let reply: Value = call.query_async(&mut redis).await.map_err(QueueError::from)?;
        let received = Instant::now();
        let list = reply::streams(reply)?.pop().map(|(_, list)| list).unwrap_or_default();
        if list.is_empty() {
            self.check_nothing_was_lost(&mut redis).await?;
        }
        self.connection = Some(redis);
        let is_end = list.len() < READ_ENTRIES && self.expected_end.is_none();
        let entries = list.into_iter().map(|raw| self.take(raw)).collect::<Result<_, _>>()?;
        let added_after = self.saw_end;
        if is_end {
            self.saw_end = Some(asked);
        }
        Ok(FeedRead { entries, is_end, received, added_after })
    }

    fn take(&mut self, mut raw: RawEntry) -> Result<FeedEntry, FeedError> {
        let epoch = raw.take_text(FIELD_EPOCH);
        if epoch.as_deref() != Some(self.at.epoch.as_str()) {
            return Err(FeedError::Lost(Loss::Epoch));
        }
        let sequence = raw.take_text(FIELD_SEQUENCE).and_then(|text| text.parse().ok());
        let Some(sequence) = sequence.filter(|number: &u64| *number == self.at.sequence + 1) else {
            return Err(FeedError::Lost(Loss::Gap));
        };
        let version = raw.take(FIELD_VERSION).unwrap_or_default();
        let data = raw.take(FIELD_DATA).unwrap_or_default();
        let (item, older) = feed_layout::read(&version, &data).ok_or(Loss::Unreadable)?;
        if self.has_older && !older {
            return Err(FeedError::Lost(Loss::Older));
        }
        self.has_older |= older && feed_layout::names_people(&item);
        let queued_at_ms = reply::entry_ms(&raw.id);
        (self.at.sequence, self.at.id, self.expected_end) = (sequence, raw.id, None);
        Ok(FeedEntry { sequence, queued_at_ms, item })
    }

    /// Checks an empty read: the stream may be gone. After FLUSHALL a reader without this check would
    /// wait for ever.
    async fn check_nothing_was_lost(
        &mut self,
        redis: &mut MultiplexedConnection,
    ) -> Result<(), FeedError> {
        let (epoch, sequence): (Option<String>, Option<u64>) = redis::cmd("HMGET")
            .arg(self.queue.keys().feed_head())
            .arg(&["epoch", "sequence"])
            .query_async(redis)
            .await
            .map_err(QueueError::from)?;
        let sequence = sequence.unwrap_or(0);
        if epoch.as_deref() != Some(self.at.epoch.as_str()) {
            return Err(FeedError::Lost(Loss::Epoch));
        }
        if sequence < self.at.sequence || self.expected_end.is_some() {
            return Err(FeedError::Lost(Loss::Gap));
        }
        // More entries may have arrived between the two commands. If the next read does not return
        // them, they were trimmed.
        self.expected_end = (sequence > self.at.sequence).then_some(sequence);
        Ok(())
    }
}

impl Queue {
    /// The end of the feed now. Starts an epoch when there is none.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn feed_tail(&self) -> Result<FeedTail, QueueError> {
        feed::tail(self).await
    }

    /// A reader of everything after `at`.
    #[must_use]
    pub fn feed_reader(&self, at: FeedTail) -> FeedReader {
        FeedReader::new(self, at)
    }
}
