//! Putting pings on the streams. Returns only after Redis has answered, which with
//! `appendfsync always` means: written to disk.

use crate::{
    config::DepthLimits,
    connection::Queue,
    entry::{FIELD_DATA, FIELD_TRACE, FIELD_VERSION, Lane, PING_VERSION, PingBatchRef, encode},
    error::{QueueError, SendError},
    keys::partition_of,
    memory::{Memory, read_memory},
};
use nearhand_domain::{DeviceId, OrganizationId, StaffId, ping::Ping};
use parking_lot::RwLock;
use redis::{Cmd, RedisError, RedisResult, Value};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinSet,
    time::MissedTickBehavior,
};

/// The sending side, shared by all handlers of a process.
#[derive(Clone)]
pub struct Producer(Arc<Inner>);

struct Inner {
    queue: Queue,
    /// Where single entries wait to be written together.
    singles: mpsc::Sender<Waiting>,
    /// Names of the streams, `[partition][lane]`.
    streams: Vec<[String; 2]>,
    entry_pings: usize,
    limits: DepthLimits,
    depth: Arc<Depth>,
    /// Writes single entries and reads the depth; ends with the producer.
    _tasks: JoinSet<()>,
}

/// An entry on its way, and who waits for the word that it is on disk.
struct Waiting {
    command: Cmd,
    told: oneshot::Sender<Result<(), RedisError>>,
}

/// Most entries written together.
const MOST_TOGETHER: usize = 512;

/// How many entries wait, in all partitions together.
///
/// Acknowledging an entry deletes it, so that a stream's length *is* its depth. Unlike a counter
/// of our own it cannot drift when a process dies between two steps. Read a few times a second;
/// what this process sends in between is added at once.
#[derive(Debug, Default)]
pub struct Depth {
    live: AtomicU64,
    backlog: AtomicU64,
    dead_letters: AtomicU64,
    memory: RwLock<Memory>,
}

impl Depth {
    /// Entries waiting in a lane, those in work included.
    #[must_use]
    pub fn of(&self, lane: Lane) -> u64 {
        self.lane(lane).load(Relaxed)
    }

    /// Entries that were given up.
    #[must_use]
    pub fn dead_letters(&self) -> u64 {
        self.dead_letters.load(Relaxed)
    }

    /// What Redis holds, against what it may.
    #[must_use]
    pub fn memory(&self) -> Memory {
        *self.memory.read()
    }

    fn lane(&self, lane: Lane) -> &AtomicU64 {
        match lane {
            Lane::Live => &self.live,
            Lane::Backlog => &self.backlog,
        }
    }
}

/// One request's pings, as they are handed over.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'a> {
    /// Tenant.
    pub organization: OrganizationId,
    /// The phone, by its token.
    pub device: DeviceId,
    /// Whose phone it is.
    pub staff: StaffId,
    /// When the request came in, Unix milliseconds.
    pub received_at_ms: i64,
    /// For the live lane.
    pub live: &'a [Ping],
    /// For the backlog lane.
    pub backlog: &'a [Ping],
    /// The request's W3C trace context.
    pub traceparent: Option<&'a str>,
}

impl Producer {
    pub(crate) fn new(queue: &Queue) -> Self {
        let config = queue.config();
        let keys = queue.keys();
        let streams = (0..config.partitions)
            .map(|partition| Lane::ALL.map(|lane| keys.lane(partition, lane)))
            .collect();
        let depth = Arc::new(Depth::default());
        let (singles, waiting) = mpsc::channel(4 * MOST_TOGETHER);
        let mut tasks = JoinSet::new();
        tasks.spawn(watch_depth(queue.clone(), depth.clone()));
        tasks.spawn(keep_writing(queue.clone(), waiting));
        Self(Arc::new(Inner {
            queue: queue.clone(),
            singles,
            streams,
            entry_pings: config.entry_pings,
            limits: config.limits,
            depth,
            _tasks: tasks,
        }))
    }

    /// Queues a request's pings, all or none, and waits until Redis has them on disk.
    ///
    /// # Errors
    /// [`SendError::Full`] when a lane that is needed may take no more; otherwise Redis did not
    /// confirm. Either way the client must try again, which is harmless even if the pings did
    /// arrive.
    pub async fn send(&self, parcel: &Parcel<'_>) -> Result<(), SendError> {
        let lanes = [(Lane::Live, parcel.live), (Lane::Backlog, parcel.backlog)];
        for (lane, pings) in lanes {
            if !pings.is_empty() && self.is_full(lane) {
                return Err(SendError::Full(lane));
            }
        }
        let entries = lanes.map(|(_, pings)| pings.len().div_ceil(self.0.entry_pings));
        match entries {
            [0, 0] => {}
            [1, 0] => self.write(self.entry(parcel, Lane::Live, parcel.live)).await?,
            [0, 1] => self.write(self.entry(parcel, Lane::Backlog, parcel.backlog)).await?,
            // Apart, since what it needs would be kept for every single ping.
            _ => Box::pin(self.write_atomically(parcel)).await?,
        }
        for ((lane, _), entries) in lanes.into_iter().zip(entries) {
            self.0.depth.lane(lane).fetch_add(entries as u64, Relaxed);
        }
        Ok(())
    }

    /// A request's several entries, all or none.
    async fn write_atomically(&self, parcel: &Parcel<'_>) -> Result<(), RedisError> {
        let mut pipe = redis::pipe();
        pipe.atomic();
        for (lane, pings) in [(Lane::Live, parcel.live), (Lane::Backlog, parcel.backlog)] {
            for chunk in pings.chunks(self.0.entry_pings) {
                pipe.add_command(self.entry(parcel, lane, chunk)).ignore();
            }
        }
        let written = pipe.query_async(&mut self.0.queue.shared()).await;
        self.0.queue.leave_replica(&written).await;
        written
    }

    /// One entry, together with those that others want written meanwhile. Waits no longer than
    /// for an answer of Redis, however many wait in front.
    async fn write(&self, command: Cmd) -> Result<(), RedisError> {
        let (told, word) = oneshot::channel();
        let written = async {
            let gone = || RedisError::from((redis::ErrorKind::Io, "the producer has ended"));
            self.0.singles.send(Waiting { command, told }).await.map_err(|_| gone())?;
            word.await.map_err(|_| gone())?
        };
        let longest = self.0.queue.config().response_timeout;
        let late = |_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
        tokio::time::timeout(longest, written).await.unwrap_or_else(late)
    }

    /// Whether a lane is deeper than its limit, or Redis holds as much as it may, so that nothing
    /// more is taken in.
    #[must_use]
    pub fn is_full(&self, lane: Lane) -> bool {
        let limit = match lane {
            Lane::Live => self.0.limits.live,
            Lane::Backlog => self.0.limits.backlog,
        };
        self.0.depth.of(lane) >= limit || self.0.depth.memory().is_full(lane)
    }

    /// How much waits.
    #[must_use]
    pub fn depth(&self) -> &Depth {
        &self.0.depth
    }

    fn entry(&self, parcel: &Parcel<'_>, lane: Lane, pings: &[Ping]) -> Cmd {
        let partitions = u32::try_from(self.0.streams.len()).unwrap_or(u32::MAX);
        let partition = partition_of(parcel.staff, partitions);
        let stream = &self.0.streams[partition as usize][lane as usize];
        let data = encode(&PingBatchRef {
            organization: parcel.organization,
            device: parcel.device,
            staff: parcel.staff,
            received_at_ms: parcel.received_at_ms,
            pings,
        });
        let mut command = Cmd::with_capacity(9, data.len() + 160);
        command
            .arg("XADD")
            .arg(stream)
            .arg("*")
            .arg(FIELD_VERSION)
            .arg(PING_VERSION)
            .arg(FIELD_DATA)
            .arg(data);
        if let Some(traceparent) = parcel.traceparent {
            command.arg(FIELD_TRACE).arg(traceparent);
        }
        command
    }
}

/// Keeps entries being written: were the task that does it gone, every single ping would be
/// refused for ever.
async fn keep_writing(queue: Queue, waiting: mpsc::Receiver<Waiting>) {
    let waiting = Arc::new(Mutex::new(waiting));
    loop {
        let mut running = JoinSet::new();
        running.spawn(write_together(queue.clone(), Arc::clone(&waiting)));
        match running.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                tracing::error!(%error, "writing pings failed and starts again");
            }
            _ => return,
        }
    }
}

/// Writes entries as they come; those that come while others are being written go together next,
/// so that they share Redis' flush to disk. Nobody waits for company.
async fn write_together(queue: Queue, waiting: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
    let (mut waiting, mut redis) = (waiting.lock().await, queue.shared());
    let (mut some, mut told) = (Vec::new(), Vec::new());
    while waiting.recv_many(&mut some, MOST_TOGETHER).await > 0 {
        // Whoever has gone will send it again.
        some.retain(|entry: &Waiting| !entry.told.is_closed());
        if some.is_empty() {
            continue;
        }
        let mut pipe = redis::Pipeline::with_capacity(some.len());
        pipe.ignore_errors();
        for Waiting { command, told: who } in some.drain(..) {
            pipe.add_command(command);
            told.push(who);
        }
        let results: Result<Vec<RedisResult<Value>>, RedisError> =
            pipe.query_async(&mut redis).await;
        match results {
            Ok(results) => {
                let refused = results.iter().find_map(|result| result.as_ref().err().cloned());
                let mut results = results.into_iter();
                for who in told.drain(..) {
                    let result = results.next().unwrap_or_else(|| Err(unanswered()));
                    // Whoever asked may have gone; the entry is written all the same.
                    drop(who.send(result.map(drop)));
                }
                if let Some(error) = refused {
                    queue.leave_replica::<()>(&Err(error)).await;
                }
            }
            Err(error) => {
                // Those behind would only wait for the same.
                while let Ok(behind) = waiting.try_recv() {
                    told.push(behind.told);
                }
                for who in told.drain(..) {
                    drop(who.send(Err(error.clone())));
                }
            }
        }
    }
}

fn unanswered() -> RedisError {
    (redis::ErrorKind::UnexpectedReturnType, "fewer answers than commands").into()
}

/// Reads the depth for ever; while Redis is away the last known one stands.
async fn watch_depth(queue: Queue, depth: Arc<Depth>) {
    let mut tick = tokio::time::interval(queue.config().depth_poll);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        match read_depth(&queue).await {
            Ok([live, backlog, dead_letters]) => {
                depth.live.store(live, Relaxed);
                depth.backlog.store(backlog, Relaxed);
                depth.dead_letters.store(dead_letters, Relaxed);
            }
            Err(error) => tracing::debug!(%error, "the queue's depth could not be read"),
        }
        match read_memory(&queue).await {
            Ok(memory) => *depth.memory.write() = memory,
            Err(error) => tracing::debug!(%error, "Redis' memory could not be read"),
        }
    }
}

impl Queue {
    /// How much waits now.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn depth(&self) -> Result<Depth, QueueError> {
        let [live, backlog, dead_letters] = read_depth(self).await?.map(AtomicU64::new);
        // Not everywhere may it be asked.
        let memory = read_memory(self).await.unwrap_or_default();
        Ok(Depth { live, backlog, dead_letters, memory: RwLock::new(memory) })
    }
}

/// Entries in the live lane, in the backlog lane, and given up.
async fn read_depth(queue: &Queue) -> Result<[u64; 3], QueueError> {
    let (mut pipe, keys) = (redis::pipe(), queue.keys());
    for partition in 0..queue.config().partitions {
        for lane in Lane::ALL {
            pipe.cmd("XLEN").arg(keys.lane(partition, lane));
        }
        pipe.cmd("XLEN").arg(keys.dead_letters(partition));
    }
    let lengths: Vec<u64> = pipe.query_async(&mut queue.shared()).await?;
    let total = |nth: usize| lengths.iter().skip(nth).step_by(3).sum::<u64>();
    Ok([total(0), total(1), total(2)])
}
