//! Putting pings on the streams. Returns only after Redis has answered, which with
//! `appendfsync always` means: written to disk.

use crate::{
    config::DepthLimits,
    connection::Queue,
    depth::{Depth, watch_depth},
    entry::{Lane, PingBatchRef, encode},
    error::SendError,
    keys::partition_of,
    together::{MOST_TOGETHER, Waiting, Writer, add_entry},
};
use nearhand_domain::{DeviceId, OrganizationId, StaffId, ping::Ping};
use redis::RedisError;
use std::sync::Arc;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

/// The sending side, shared by all handlers of a process.
#[derive(Clone)]
pub struct Producer(Arc<Inner>);

struct Inner {
    queue: Queue,
    /// Where requests that fit into one entry wait to be written together.
    singles: mpsc::Sender<Waiting>,
    /// Names and lanes of the streams, those of a partition side by side.
    streams: Arc<[(String, Lane)]>,
    entry_pings: usize,
    limits: DepthLimits,
    depth: Arc<Depth>,
    /// Writes what waits and reads the depth; ends with the producer.
    _tasks: JoinSet<()>,
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

impl Queue {
    /// The sending side. Reads the depth in the background for as long as it lives.
    #[must_use]
    pub fn producer(&self) -> Producer {
        Producer::new(self)
    }
}

impl Producer {
    fn new(queue: &Queue) -> Self {
        let config = queue.config();
        let keys = queue.keys();
        let streams: Arc<[(String, Lane)]> = (0..config.partitions)
            .flat_map(|partition| Lane::ALL.map(|lane| (keys.lane(partition, lane), lane)))
            .collect();
        let depth = Arc::new(Depth::default());
        let (singles, waiting) = mpsc::channel(4 * MOST_TOGETHER);
        let mut tasks = JoinSet::new();
        tasks.spawn(watch_depth(queue.clone(), depth.clone()));
        let writer =
            Writer { queue: queue.clone(), streams: Arc::clone(&streams), depth: depth.clone() };
        tasks.spawn(writer.keep_writing(waiting));
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
        let sent = self.try_send(parcel).await;
        self.0.queue.outages().note_sent(&sent);
        sent
    }

    async fn try_send(&self, parcel: &Parcel<'_>) -> Result<(), SendError> {
        let lanes = [(Lane::Live, parcel.live), (Lane::Backlog, parcel.backlog)];
        for (lane, pings) in lanes {
            if !pings.is_empty() && self.is_full(lane) {
                return Err(SendError::Full(lane));
            }
        }
        let entries = lanes.map(|(_, pings)| pings.len().div_ceil(self.0.entry_pings));
        match entries {
            [0, 0] => {}
            [1, 0] => self.write(parcel, Lane::Live, parcel.live).await?,
            [0, 1] => self.write(parcel, Lane::Backlog, parcel.backlog).await?,
            // Apart, since what it needs would be kept for every single ping.
            _ => Box::pin(self.write_atomically(parcel)).await?,
        }
        Ok(())
    }

    /// A request's several entries, all or none.
    async fn write_atomically(&self, parcel: &Parcel<'_>) -> Result<(), RedisError> {
        let mut pipe = redis::pipe();
        pipe.atomic();
        for (lane, pings) in [(Lane::Live, parcel.live), (Lane::Backlog, parcel.backlog)] {
            for chunk in pings.chunks(self.0.entry_pings) {
                let stream = &self.0.streams[self.stream(parcel, lane)].0;
                pipe.add_command(add_entry(stream, &payload(parcel, chunk))).ignore();
            }
        }
        let written = pipe.query_async(&mut self.0.queue.shared()).await;
        self.0.queue.leave_replica(&written).await;
        if written.is_ok() {
            for (lane, pings) in [(Lane::Live, parcel.live), (Lane::Backlog, parcel.backlog)] {
                self.0.depth.add(lane, pings.len().div_ceil(self.0.entry_pings) as u64);
            }
        }
        written
    }

    /// What fits into one entry, together with what others want written meanwhile. Waits no longer
    /// than for an answer of Redis, however many wait in front.
    async fn write(
        &self,
        parcel: &Parcel<'_>,
        lane: Lane,
        pings: &[Ping],
    ) -> Result<(), RedisError> {
        let (told, word) = oneshot::channel();
        let (stream, data) = (self.stream(parcel, lane), payload(parcel, pings));
        let waiting = Waiting { stream, pings: pings.len(), data, told };
        let written = async {
            let gone = || RedisError::from((redis::ErrorKind::Io, "the producer has ended"));
            self.0.singles.send(waiting).await.map_err(|_| gone())?;
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

    /// The place of a parcel's stream among all.
    fn stream(&self, parcel: &Parcel<'_>, lane: Lane) -> usize {
        let lanes = Lane::ALL.len();
        let partitions = u32::try_from(self.0.streams.len() / lanes).unwrap_or(u32::MAX);
        partition_of(parcel.staff, partitions) as usize * lanes + lane as usize
    }
}

fn payload(parcel: &Parcel<'_>, pings: &[Ping]) -> Vec<u8> {
    let batch = PingBatchRef {
        organization: parcel.organization,
        device: parcel.device,
        staff: parcel.staff,
        received_at_ms: parcel.received_at_ms,
        pings,
    };
    encode(&batch, parcel.traceparent)
}
