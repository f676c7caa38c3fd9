//! Consumes the pings of one partition: the live lane first, and a fixed share of the reads for the
//! backlog. Must not lose an entry when a consumer dies.
//!
//! Every error closes the connection. The caller then starts again with [`Consumer::acquire`] and
//! [`Consumer::recover`], which claims the entries that were delivered and not acknowledged.

use crate::{
    connection::Queue,
    entry::{FIELD_DATA, FIELD_POISON, FIELD_VERSION, Lane, PING_VERSION, encode},
    error::QueueError,
    feed::FeedItem,
    in_flight::Entry,
    lease::Lease,
    publish_and_ack::PublishAndAck,
    reply::{self, RawEntry},
};
use redis::{Script, Value, aio::MultiplexedConnection};
use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

/// The consumer group, and the only consumer name in it. Every process uses this name while it holds
/// the lease. So no names of dead consumers pile up, and the next process can claim what the one
/// before left pending.
const GROUP: &str = "ingest";
const CONSUMER: &str = "owner";

/// Every fourth read looks at the backlog first.
const BACKLOG_FIRST_EVERY: u32 = 4;

/// The most entries of one read: they may hold far more pings than the last ones did.
const MAX_ENTRIES: usize = 1_000;

/// Moves an entry from its stream to the dead letters, with its fields unchanged.
static MOVE_TO_DEAD_LETTERS: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local found = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])
         if found[1] then
           local add = {'XADD', KEYS[2], '*', 'id', ARGV[2], 'lane', ARGV[3],
             'reason', ARGV[4], 'failed_at', ARGV[5]}
           for _, word in ipairs(found[1][2]) do add[#add + 1] = word end
           redis.call(unpack(add))
         end
         redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
         redis.call('XDEL', KEYS[1], ARGV[2])
         redis.call('HDEL', KEYS[3], ARGV[3] .. ARGV[2])
         return #found",
    )
});

/// Reads one partition over a connection of its own.
pub struct Consumer {
    queue: Queue,
    partition: u32,
    streams: [String; 2],
    lease: Lease,
    renewed: Instant,
    connection: Option<MultiplexedConnection>,
    publish_and_ack: PublishAndAck,
    reads: u32,
    /// Moving average of pings per entry in each lane: how many entries make so many pings.
    entry_pings: [f64; 2],
}

impl Queue {
    /// A consumer of one partition.
    #[must_use]
    pub fn consumer(&self, partition: u32) -> Consumer {
        Consumer::new(self, partition)
    }
}

impl Consumer {
    fn new(queue: &Queue, partition: u32) -> Self {
        let keys = queue.keys();
        Self {
            streams: Lane::ALL.map(|lane| keys.lane(partition, lane)),
            lease: Lease::new(keys.lease(partition), queue.config().lease),
            renewed: Instant::now(),
            connection: None,
            publish_and_ack: PublishAndAck::new(queue),
            reads: 0,
            entry_pings: [1.0, 100.0],
            queue: queue.clone(),
            partition,
        }
    }

    /// The partition it reads.
    #[must_use]
    pub fn partition(&self) -> u32 {
        self.partition
    }

    /// Connects and tries to get the lease on the partition; false when another process holds it.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn acquire(&mut self) -> Result<bool, QueueError> {
        self.finish_acks().await;
        let mut redis = self.queue.dedicated(self.queue.config().block).await?;
        for stream in &self.streams {
            let made: Result<Value, _> = redis::cmd("XGROUP")
                .arg(&["CREATE", stream.as_str(), GROUP, "0", "MKSTREAM"])
                .query_async(&mut redis)
                .await;
            match made {
                Err(error) if error.code() != Some("BUSYGROUP") => return Err(error.into()),
                _ => {}
            }
        }
        let asked = Instant::now();
        let ours = self.lease.acquire(&mut redis).await?;
        (self.renewed, self.connection) = (asked, Some(redis));
        Ok(ours)
    }

    /// Claims entries that were delivered at least `idle` ago and never acknowledged: about `pings`
    /// pings, oldest first, live before backlog. Empty when there are none.
    ///
    /// # Errors
    /// When Redis fails or the lease is lost.
    pub async fn recover(
        &mut self,
        idle: Duration,
        pings: usize,
    ) -> Result<Vec<Entry>, QueueError> {
        // Entries whose acknowledgement is under way are not to be delivered again.
        self.flush().await?;
        self.keep_lease().await?;
        for lane in Lane::ALL {
            let count = self.entries_for(lane, pings);
            let idle_ms = u64::try_from(idle.as_millis()).unwrap_or(u64::MAX);
            loop {
                let mut call = redis::cmd("XAUTOCLAIM");
                call.arg(&self.streams[lane as usize]).arg(GROUP).arg(CONSUMER).arg(idle_ms);
                call.arg("0-0").arg("COUNT").arg(count);
                let [cursor, list, deleted] = reply::exactly(self.query(&call).await?, "a claim")?;
                let found = reply::entries(list)?;
                if !found.is_empty() {
                    let mut entries = self.decode(lane, found);
                    self.read_deliveries(lane, &mut entries).await?;
                    return Ok(entries);
                }
                // A page that holds only deleted entries is not the end of the list.
                let is_end = matches!(&cursor, Value::BulkString(at) if at == b"0-0");
                if is_end || matches!(deleted, Value::Array(ids) if ids.is_empty()) {
                    break;
                }
            }
        }
        Ok(Vec::new())
    }

    /// Reads how often entries were delivered. The reply of a claim does not say it.
    async fn read_deliveries(
        &mut self,
        lane: Lane,
        entries: &mut [Entry],
    ) -> Result<(), QueueError> {
        let [Some(first), Some(last)] = [entries.first(), entries.last()] else { return Ok(()) };
        let mut call = redis::cmd("XPENDING");
        call.arg(&self.streams[lane as usize]).arg(GROUP).arg(&first.id).arg(&last.id);
        call.arg(MAX_ENTRIES);
        let pending = reply::deliveries(self.query(&call).await?)?;
        for entry in entries {
            entry.deliveries = pending.get(&entry.id).copied().unwrap_or(entry.deliveries);
        }
        Ok(())
    }

    /// The next entries, about `pings` pings. Waits a moment when there are none.
    ///
    /// The future must not be dropped half-way: the entries that Redis then delivers would be
    /// redelivered only after a claim.
    ///
    /// # Errors
    /// When Redis fails or the lease is lost.
    pub async fn read(&mut self, pings: usize) -> Result<Vec<Entry>, QueueError> {
        self.read_ahead(pings, 1).await
    }

    /// The same, with `times` as many pings from the live lane. The backlog lane is not read ahead:
    /// live pings would wait behind it.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_ahead(
        &mut self,
        pings: usize,
        times: usize,
    ) -> Result<Vec<Entry>, QueueError> {
        self.keep_lease().await?;
        self.reads = self.reads.wrapping_add(1);
        let order = if self.reads.is_multiple_of(BACKLOG_FIRST_EVERY) {
            [Lane::Backlog, Lane::Live]
        } else {
            Lane::ALL
        };
        let portions = [pings * times, pings];
        for lane in order {
            let found = self.read_lanes(&[lane], portions, None).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        // There is nothing to do but wait, so wait for the acknowledgement first.
        self.flush().await?;
        let block = self.queue.config().block;
        self.read_lanes(&Lane::ALL, portions, Some(block)).await
    }

    /// Publishes `changes` to the feed, then acknowledges `entries` and deletes them. Waits for the
    /// call before to finish, starts this one in the background, and returns;
    /// [`Consumer::flush`] waits for it.
    ///
    /// # Errors
    /// When Redis failed the call before. Its entries are redelivered, and so are these.
    pub async fn publish_and_ack(
        &mut self,
        changes: &[FeedItem],
        entries: &[Entry],
    ) -> Result<(), QueueError> {
        if entries.is_empty() {
            return Ok(());
        }
        let changes = self.publish_and_ack.feed().prepare(changes);
        let result = self.publish_and_ack.start(changes, self.ack(entries)).await;
        self.close_on_error(result)
    }

    /// Waits until the last [`Consumer::publish_and_ack`] has finished.
    ///
    /// # Errors
    /// When Redis fails; the entries are redelivered.
    pub async fn flush(&mut self) -> Result<(), QueueError> {
        let result = self.publish_and_ack.flush().await;
        self.close_on_error(result)
    }

    /// The commands that acknowledge entries and delete them from their streams.
    fn ack(&self, entries: &[Entry]) -> redis::Pipeline {
        let mut pipe = redis::pipe();
        pipe.atomic();
        for lane in Lane::ALL {
            let ids: Vec<&str> =
                entries.iter().filter(|e| e.lane == lane).map(|e| e.id.as_str()).collect();
            if !ids.is_empty() {
                let stream = &self.streams[lane as usize];
                pipe.cmd("XACK").arg(stream).arg(GROUP).arg(&ids).ignore();
                pipe.cmd("XDEL").arg(stream).arg(&ids).ignore();
            }
        }
        pipe
    }

    /// Counts an attempt to process an entry alone, before it begins; returns the attempts so far.
    /// The count is kept in Redis, so that it includes attempts that killed the process.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn count_attempt(&mut self, entry: &Entry) -> Result<u32, QueueError> {
        let call = self.attempts_call(entry, 1);
        match self.query(&call).await? {
            Value::Int(counted) => Ok(u32::try_from(counted).unwrap_or(0)),
            _ => Err(QueueError::Reply("a count")),
        }
    }

    /// Uncounts an attempt that failed through no fault of the entry, such as a lost lease. Uses the
    /// shared connection, because the consumer's own is closed after an error.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn uncount_attempt(&self, entry: &Entry) -> Result<(), QueueError> {
        let call = self.attempts_call(entry, -1);
        Ok(call.query_async::<()>(&mut self.queue.shared()).await?)
    }

    /// Deletes the count of attempts of an entry that was processed in the end.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn clear_attempts(&mut self, entry: &Entry) -> Result<(), QueueError> {
        let mut call = redis::cmd("HDEL");
        call.arg(self.queue.keys().failures(self.partition)).arg(attempts_field(entry));
        self.query(&call).await.map(drop)
    }

    /// Moves an entry to the dead letters. The reason must not contain values of the entry.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn move_to_dead_letters(
        &mut self,
        entry: &Entry,
        reason: &str,
        now_ms: i64,
    ) -> Result<(), QueueError> {
        let keys = self.queue.keys();
        let mut call = MOVE_TO_DEAD_LETTERS.key(&self.streams[entry.lane as usize]);
        call.key(keys.dead_letters(self.partition)).key(keys.failures(self.partition));
        call.arg(GROUP).arg(&entry.id).arg(entry.lane.as_str()).arg(reason).arg(now_ms);
        let result = match self.connection.as_mut() {
            Some(redis) => call.invoke_async::<()>(redis).await.map_err(QueueError::from),
            None => Err(QueueError::LeaseLost),
        };
        self.close_on_error(result)
    }

    /// Splits an entry: each of its requests is put back into the lane as an entry of its own, so that
    /// a request that fails does not fail the others. With `may_be_poison` each is processed alone.
    ///
    /// # Errors
    /// When Redis fails; the entry is then unchanged.
    pub async fn split(&mut self, entry: &Entry, may_be_poison: bool) -> Result<(), QueueError> {
        let stream = &self.streams[entry.lane as usize];
        let mut pipe = redis::pipe();
        pipe.atomic();
        for batch in entry.batches() {
            let data = encode(&batch.borrowed(), batch.traceparent.as_deref());
            let add = pipe.cmd("XADD").arg(stream).arg("*").arg(FIELD_VERSION).arg(PING_VERSION);
            add.arg(FIELD_DATA).arg(data);
            if may_be_poison {
                add.arg(FIELD_POISON).arg(1);
            }
            add.ignore();
        }
        pipe.cmd("XACK").arg(stream).arg(GROUP).arg(&entry.id).ignore();
        pipe.cmd("XDEL").arg(stream).arg(&entry.id).ignore();
        pipe.cmd("HDEL")
            .arg(self.queue.keys().failures(self.partition))
            .arg(attempts_field(entry))
            .ignore();
        self.send(&pipe).await
    }

    /// Renews the lease if a renewal is due. Call it while entries in flight have to wait.
    ///
    /// # Errors
    /// When Redis fails or the lease is lost; another consumer gets the entries then.
    pub async fn keep_lease(&mut self) -> Result<(), QueueError> {
        let Some(redis) = self.connection.as_mut() else { return Err(QueueError::LeaseLost) };
        if self.renewed.elapsed() < self.lease.renewal_interval() {
            return Ok(());
        }
        let asked = Instant::now();
        let result = match self.lease.renew(redis).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(QueueError::LeaseLost),
            Err(error) => Err(error),
        };
        self.renewed = asked;
        self.close_on_error(result)
    }

    /// Finishes the acknowledgements and releases the lease. A failure does no harm: the lease expires.
    pub async fn release(&mut self) {
        self.finish_acks().await;
        if let Some(mut redis) = self.connection.take()
            && let Err(error) = self.lease.release(&mut redis).await
        {
            tracing::debug!(%error, partition = self.partition, "the lease was not given back");
        }
    }

    /// Finishes the acknowledgements before any consumer claims entries of this partition.
    async fn finish_acks(&mut self) {
        if let Err(error) = self.flush().await {
            tracing::debug!(%error, partition = self.partition, "entries come again");
        }
    }

    async fn read_lanes(
        &mut self,
        lanes: &[Lane],
        portions: [usize; 2],
        block: Option<Duration>,
    ) -> Result<Vec<Entry>, QueueError> {
        let counts = lanes.iter().map(|lane| self.entries_for(*lane, portions[*lane as usize]));
        let count = counts.min().unwrap_or(1);
        let mut call = redis::cmd("XREADGROUP");
        call.arg("GROUP").arg(GROUP).arg(CONSUMER).arg("COUNT").arg(count);
        if let Some(block) = block {
            call.arg("BLOCK").arg(u64::try_from(block.as_millis()).unwrap_or(u64::MAX));
        }
        call.arg("STREAMS");
        for lane in lanes {
            call.arg(&self.streams[*lane as usize]);
        }
        for _ in lanes {
            call.arg(">");
        }
        let reply = self.query(&call).await?;
        let mut found = Vec::new();
        for (name, list) in reply::streams(reply)? {
            let lane = if name == self.streams[0] { Lane::Live } else { Lane::Backlog };
            found.extend(self.decode(lane, list));
        }
        Ok(found)
    }

    fn decode(&mut self, lane: Lane, list: Vec<RawEntry>) -> Vec<Entry> {
        let entries: Vec<Entry> = list.into_iter().map(|raw| Entry::read(lane, raw)).collect();
        if !entries.is_empty() {
            let average = &mut self.entry_pings[lane as usize];
            let pings: usize = entries.iter().map(Entry::pings).sum();
            *average = 0.5 * *average + 0.5 * ratio(pings, entries.len());
        }
        entries
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive ratio, clamped"
    )]
    fn entries_for(&self, lane: Lane, pings: usize) -> usize {
        let wanted = ratio(pings, 1) / self.entry_pings[lane as usize].max(1.0);
        (wanted.ceil() as usize).clamp(1, MAX_ENTRIES)
    }

    fn attempts_call(&self, entry: &Entry, by: i64) -> redis::Cmd {
        let mut call = redis::cmd("HINCRBY");
        call.arg(self.queue.keys().failures(self.partition)).arg(attempts_field(entry)).arg(by);
        call
    }

    async fn query(&mut self, call: &redis::Cmd) -> Result<Value, QueueError> {
        let result = match self.connection.as_mut() {
            Some(redis) => call.query_async::<Value>(redis).await.map_err(QueueError::from),
            None => Err(QueueError::LeaseLost),
        };
        self.close_on_error(result)
    }

    async fn send(&mut self, pipe: &redis::Pipeline) -> Result<(), QueueError> {
        let result = match self.connection.as_mut() {
            Some(redis) => pipe.query_async::<()>(redis).await.map_err(QueueError::from),
            None => Err(QueueError::LeaseLost),
        };
        self.close_on_error(result)
    }

    /// Closes the connection after an error: it is unknown which entries Redis has delivered.
    fn close_on_error<T>(&mut self, result: Result<T, QueueError>) -> Result<T, QueueError> {
        if result.is_err() {
            self.connection = None;
        }
        result
    }
}

fn attempts_field(entry: &Entry) -> String {
    format!("{}{}", entry.lane.as_str(), entry.id)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn ratio(count: usize, of: usize) -> f64 {
    count as f64 / of as f64
}
