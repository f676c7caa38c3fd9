//! Produces pings to the streams. Must not return before Redis has answered: with
//! `appendfsync always` the pings are then on disk.

use crate::{
    config::DepthLimits,
    connection::Queue,
    depth::{Depth, watch_depth},
    entry::{Lane, PingBatchRef, encode},
    error::SendError,
    group_commit::{GroupWriter, MAX_GROUP_REQUESTS, PendingWrite, add_entry},
    keys::partition_of,
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
    /// Requests that fit into one entry, for the next group commit.
    pending: mpsc::Sender<PendingWrite>,
    /// Names and lanes of the streams; the lanes of a partition are neighbours.
    streams: Arc<[(String, Lane)]>,
    entry_pings: usize,
    limits: DepthLimits,
    depth: Arc<Depth>,
    /// The group commits and the depth reader; they end with the producer.
    _tasks: JoinSet<()>,
}

/// The pings of one request, as the caller hands them over.
#[derive(Clone, Copy, Debug)]
pub struct PingRequest<'a> {
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
        let (pending, requests) = mpsc::channel(4 * MAX_GROUP_REQUESTS);
        let mut tasks = JoinSet::new();
        tasks.spawn(watch_depth(queue.clone(), depth.clone()));
        let writer = GroupWriter {
            queue: queue.clone(),
            streams: Arc::clone(&streams),
            depth: depth.clone(),
        };
        tasks.spawn(writer.run(requests));
        Self(Arc::new(Inner {
            queue: queue.clone(),
            pending,
            streams,
            entry_pings: config.entry_pings,
            limits: config.limits,
            depth,
            _tasks: tasks,
        }))
    }

    /// Produces a request's pings, all or none, and waits until Redis has them on disk.
    ///
    /// # Errors
    /// [`SendError::Full`] when a lane that is needed is full; otherwise Redis did not confirm. In
    /// both cases the client must send again. That is harmless even if the pings did arrive.
    pub async fn send(&self, request: &PingRequest<'_>) -> Result<(), SendError> {
        let sent = self.try_send(request).await;
        self.0.queue.outages().record_send(&sent);
        sent
    }

    async fn try_send(&self, request: &PingRequest<'_>) -> Result<(), SendError> {
        let lanes = [(Lane::Live, request.live), (Lane::Backlog, request.backlog)];
        for (lane, pings) in lanes {
            if !pings.is_empty() && self.is_full(lane) {
                return Err(SendError::Full(lane));
            }
        }
        let entries = lanes.map(|(_, pings)| pings.len().div_ceil(self.0.entry_pings));
        match entries {
            [0, 0] => {}
            [1, 0] => self.write(request, Lane::Live, request.live).await?,
            [0, 1] => self.write(request, Lane::Backlog, request.backlog).await?,
            // Boxed: its large future would otherwise be part of the future of every single ping.
            _ => Box::pin(self.write_atomically(request)).await?,
        }
        Ok(())
    }

    /// Writes the several entries of one request, all or none.
    async fn write_atomically(&self, request: &PingRequest<'_>) -> Result<(), RedisError> {
        let mut pipe = redis::pipe();
        pipe.atomic();
        for (lane, pings) in [(Lane::Live, request.live), (Lane::Backlog, request.backlog)] {
            for chunk in pings.chunks(self.0.entry_pings) {
                let stream = &self.0.streams[self.stream(request, lane)].0;
                pipe.add_command(add_entry(stream, &payload(request, chunk))).ignore();
            }
        }
        let written = pipe.query_async(&mut self.0.queue.shared()).await;
        self.0.queue.leave_replica(&written).await;
        if written.is_ok() {
            for (lane, pings) in [(Lane::Live, request.live), (Lane::Backlog, request.backlog)] {
                self.0.depth.add(lane, pings.len().div_ceil(self.0.entry_pings) as u64);
            }
        }
        written
    }

    /// Writes pings that fit into one entry, with the next group commit. Waits at most Redis' response
    /// timeout, however many requests wait in front.
    async fn write(
        &self,
        request: &PingRequest<'_>,
        lane: Lane,
        pings: &[Ping],
    ) -> Result<(), RedisError> {
        let (confirm, confirmed) = oneshot::channel();
        let (stream, data) = (self.stream(request, lane), payload(request, pings));
        let pending = PendingWrite { stream, pings: pings.len(), data, confirm };
        let written = async {
            let gone = || RedisError::from((redis::ErrorKind::Io, "the producer has ended"));
            self.0.pending.send(pending).await.map_err(|_| gone())?;
            confirmed.await.map_err(|_| gone())?
        };
        let limit = self.0.queue.config().response_timeout;
        let timed_out = |_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
        tokio::time::timeout(limit, written).await.unwrap_or_else(timed_out)
    }

    /// Whether a lane accepts no more pings: it is deeper than its limit, or Redis' memory is full.
    #[must_use]
    pub fn is_full(&self, lane: Lane) -> bool {
        let limit = match lane {
            Lane::Live => self.0.limits.live,
            Lane::Backlog => self.0.limits.backlog,
        };
        self.0.depth.of(lane) >= limit || self.0.depth.memory().is_full(lane)
    }

    /// How many entries wait.
    #[must_use]
    pub fn depth(&self) -> &Depth {
        &self.0.depth
    }

    /// The index of the stream that a request is written to.
    fn stream(&self, request: &PingRequest<'_>, lane: Lane) -> usize {
        let lanes = Lane::ALL.len();
        let partitions = u32::try_from(self.0.streams.len() / lanes).unwrap_or(u32::MAX);
        partition_of(request.staff, partitions) as usize * lanes + lane as usize
    }
}

fn payload(request: &PingRequest<'_>, pings: &[Ping]) -> Vec<u8> {
    let batch = PingBatchRef {
        organization: request.organization,
        device: request.device,
        staff: request.staff,
        received_at_ms: request.received_at_ms,
        pings,
    };
    encode(&batch, request.traceparent)
}
