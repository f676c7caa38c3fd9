//! Taking pings off the streams of one partition: the live lane first, a fixed share for the
//! backlog, nothing lost when a consumer dies.
//!
//! Every error closes the connection; the caller then starts again with [`Consumer::acquire`] and
//! [`Consumer::recover`], which returns whatever had been handed out and not acknowledged.

use crate::{
    connection::Queue,
    entry::{FIELD_DATA, FIELD_SUSPECT, FIELD_VERSION, Lane, PING_VERSION, encode},
    error::QueueError,
    feed::FeedItem,
    in_work::Entry,
    lease::Lease,
    receipts::Receipts,
    reply::{self, RawEntry},
};
use redis::{Script, Value, aio::MultiplexedConnection};
use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

/// The consumer group, and the one name in it. Whoever holds the lease is "the" consumer, so that
/// no dead names pile up and what one process left pending is the next one's to claim.
const GROUP: &str = "ingest";
const CONSUMER: &str = "owner";

/// Every so many reads the backlog comes first.
const BACKLOG_TURN: u32 = 4;

/// Most entries of one read: each may hold far more than the last ones did.
const MAX_ENTRIES: usize = 1_000;

/// Moves an entry to the dead letters as it stands in its stream.
static BURY: LazyLock<Script> = LazyLock::new(|| {
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
    receipts: Receipts,
    reads: u32,
    /// Smoothed pings per entry of each lane, by which a number of pings becomes one of entries.
    entry_pings: [f64; 2],
}

impl Queue {
    /// The receiving side of one partition.
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
            receipts: Receipts::new(queue),
            reads: 0,
            entry_pings: [1.0, 100.0],
            queue: queue.clone(),
            partition,
        }
    }

    /// Which partition it reads.
    #[must_use]
    pub fn partition(&self) -> u32 {
        self.partition
    }

    /// Connects and tries to become the partition's one consumer; false when there is another.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn acquire(&mut self) -> Result<bool, QueueError> {
        self.part_in_peace().await;
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

    /// Entries that were handed out before and not acknowledged for `idle`, oldest first and live
    /// before backlog: about `pings` of them. Empty when there are none.
    ///
    /// # Errors
    /// When Redis fails or the lease is lost.
    pub async fn recover(
        &mut self,
        idle: Duration,
        pings: usize,
    ) -> Result<Vec<Entry>, QueueError> {
        // Whatever is about to be acknowledged was not left behind.
        self.settle().await?;
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
                    let mut entries = self.decoded(lane, found);
                    self.note_deliveries(lane, &mut entries).await?;
                    return Ok(entries);
                }
                // A page of nothing but deleted entries is not the end of the list.
                let is_end = matches!(&cursor, Value::BulkString(at) if at == b"0-0");
                if is_end || matches!(deleted, Value::Array(ids) if ids.is_empty()) {
                    break;
                }
            }
        }
        Ok(Vec::new())
    }

    /// Looks up how often entries were handed out. A claim does not say it.
    async fn note_deliveries(
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

    /// The next entries, about `pings` of them, waiting for a moment when there are none.
    ///
    /// Not to be dropped half-way: Redis would hand entries to a reader that is gone.
    ///
    /// # Errors
    /// When Redis fails or the lease is lost.
    pub async fn read(&mut self, pings: usize) -> Result<Vec<Entry>, QueueError> {
        self.read_ahead(pings, 1).await
    }

    /// The same, with so many times as many when they are live. Of the backlog never more: what is
    /// live would wait behind it.
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
        let order = if self.reads.is_multiple_of(BACKLOG_TURN) {
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
        // Who waits may as well hear what became of the last word.
        self.settle().await?;
        let block = self.queue.config().block;
        self.read_lanes(&Lane::ALL, portions, Some(block)).await
    }

    /// Says that these entries are done with: `news` to the feed, and then they leave the stream.
    /// Only sets this going, once the same has been said of those before; [`Consumer::settle`]
    /// waits for it.
    ///
    /// # Errors
    /// When Redis failed those before; they come again, and so do these.
    pub async fn tell(&mut self, news: &[FeedItem], entries: &[Entry]) -> Result<(), QueueError> {
        if entries.is_empty() {
            return Ok(());
        }
        let (news, done) = (self.receipts.feed().prepare(news), self.leaving(entries));
        let result = self.receipts.send(news, done).await;
        self.closing(result)
    }

    /// Waits until all has been said that [`Consumer::tell`] has set going.
    ///
    /// # Errors
    /// When Redis fails; the entries come again.
    pub async fn settle(&mut self) -> Result<(), QueueError> {
        let result = self.receipts.settle().await;
        self.closing(result)
    }

    /// Takes entries out of their streams.
    fn leaving(&self, entries: &[Entry]) -> redis::Pipeline {
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

    /// Notes, before it is tried, that an entry is tried alone; returns how often it was by now.
    /// Noted in Redis, so that an entry which takes the process down is counted too.
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

    /// Takes an attempt back that failed for a reason of ours, such as a lost lease: not over the
    /// connection that went with it.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn forgive_attempt(&self, entry: &Entry) -> Result<(), QueueError> {
        let call = self.attempts_call(entry, -1);
        Ok(call.query_async::<()>(&mut self.queue.shared()).await?)
    }

    /// Forgets the attempts of an entry that went through after all.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn clear_attempts(&mut self, entry: &Entry) -> Result<(), QueueError> {
        let mut call = redis::cmd("HDEL");
        call.arg(self.queue.keys().failures(self.partition)).arg(attempts_field(entry));
        self.query(&call).await.map(drop)
    }

    /// Moves an entry to the dead letters. The reason must not repeat any of its values.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn bury(
        &mut self,
        entry: &Entry,
        reason: &str,
        now_ms: i64,
    ) -> Result<(), QueueError> {
        let keys = self.queue.keys();
        let mut call = BURY.key(&self.streams[entry.lane as usize]);
        call.key(keys.dead_letters(self.partition)).key(keys.failures(self.partition));
        call.arg(GROUP).arg(&entry.id).arg(entry.lane.as_str()).arg(reason).arg(now_ms);
        let result = match self.connection.as_mut() {
            Some(redis) => call.invoke_async::<()>(redis).await.map_err(QueueError::from),
            None => Err(QueueError::LeaseLost),
        };
        self.closing(result)
    }

    /// Puts the requests of an entry back into its lane, each as an entry of its own: what one of
    /// them does must not become of the others. `suspect`: they are to be tried alone.
    ///
    /// # Errors
    /// When Redis fails; the entry is then as it was.
    pub async fn take_apart(&mut self, entry: &Entry, suspect: bool) -> Result<(), QueueError> {
        let stream = &self.streams[entry.lane as usize];
        let mut pipe = redis::pipe();
        pipe.atomic();
        for batch in entry.batches() {
            let data = encode(&batch.borrowed(), batch.traceparent.as_deref());
            let add = pipe.cmd("XADD").arg(stream).arg("*").arg(FIELD_VERSION).arg(PING_VERSION);
            add.arg(FIELD_DATA).arg(data);
            if suspect {
                add.arg(FIELD_SUSPECT).arg(1);
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

    /// Keeps the lease while the entries in hand have to wait.
    ///
    /// # Errors
    /// When Redis fails or the lease is lost; somebody else will get the entries.
    pub async fn hold(&mut self) -> Result<(), QueueError> {
        self.keep_lease().await
    }

    /// Gives the partition back, once all is said. Failing to is no harm: the lease ends by itself.
    pub async fn release(&mut self) {
        self.part_in_peace().await;
        if let Some(mut redis) = self.connection.take()
            && let Err(error) = self.lease.release(&mut redis).await
        {
            tracing::debug!(%error, partition = self.partition, "the lease was not given back");
        }
    }

    /// Lets the last word arrive before somebody asks what was left behind, whoever that is.
    async fn part_in_peace(&mut self) {
        if let Err(error) = self.settle().await {
            tracing::debug!(%error, partition = self.partition, "entries come again");
        }
    }

    async fn keep_lease(&mut self) -> Result<(), QueueError> {
        let Some(redis) = self.connection.as_mut() else { return Err(QueueError::LeaseLost) };
        if self.renewed.elapsed() < self.lease.pace() {
            return Ok(());
        }
        let asked = Instant::now();
        let result = match self.lease.renew(redis).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(QueueError::LeaseLost),
            Err(error) => Err(error),
        };
        self.renewed = asked;
        self.closing(result)
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
            found.extend(self.decoded(lane, list));
        }
        Ok(found)
    }

    fn decoded(&mut self, lane: Lane, list: Vec<RawEntry>) -> Vec<Entry> {
        let entries: Vec<Entry> = list.into_iter().map(|raw| Entry::read(lane, raw)).collect();
        if !entries.is_empty() {
            let smoothed = &mut self.entry_pings[lane as usize];
            let pings: usize = entries.iter().map(Entry::pings).sum();
            *smoothed = 0.5 * *smoothed + 0.5 * ratio(pings, entries.len());
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
        self.closing(result)
    }

    async fn send(&mut self, pipe: &redis::Pipeline) -> Result<(), QueueError> {
        let result = match self.connection.as_mut() {
            Some(redis) => pipe.query_async::<()>(redis).await.map_err(QueueError::from),
            None => Err(QueueError::LeaseLost),
        };
        self.closing(result)
    }

    /// After an error nothing is known about what was handed out: the connection goes.
    fn closing<T>(&mut self, result: Result<T, QueueError>) -> Result<T, QueueError> {
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
