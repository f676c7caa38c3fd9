//! The depth of the queue, as this process knows it. Must not count by itself: a counter would drift
//! when a process dies between two steps.

use crate::{
    connection::Queue,
    entry::Lane,
    error::QueueError,
    memory::{Memory, read_memory},
};
use parking_lot::RwLock;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use tokio::time::MissedTickBehavior;

/// How many entries wait, in all partitions.
///
/// An acknowledged entry is deleted, so the length of a stream *is* its depth. The lengths are read
/// a few times a second; entries that this process produces in between are added at once.
#[derive(Debug, Default)]
pub struct Depth {
    live: AtomicU64,
    backlog: AtomicU64,
    dead_letters: AtomicU64,
    memory: RwLock<Memory>,
}

impl Depth {
    /// Entries waiting in a lane, with those in flight.
    #[must_use]
    pub fn of(&self, lane: Lane) -> u64 {
        self.lane(lane).load(Relaxed)
    }

    /// Entries in the dead letters.
    #[must_use]
    pub fn dead_letters(&self) -> u64 {
        self.dead_letters.load(Relaxed)
    }

    /// The memory that Redis uses, and its limit.
    #[must_use]
    pub fn memory(&self) -> Memory {
        *self.memory.read()
    }

    /// Counts entries that were just written, until the depth is read again.
    pub(crate) fn add(&self, lane: Lane, entries: u64) {
        self.lane(lane).fetch_add(entries, Relaxed);
    }

    fn lane(&self, lane: Lane) -> &AtomicU64 {
        match lane {
            Lane::Live => &self.live,
            Lane::Backlog => &self.backlog,
        }
    }
}

/// Reads the depth for ever. Keeps the last known depth while Redis is away.
pub(crate) async fn watch_depth(queue: Queue, depth: Arc<Depth>) {
    let mut tick = tokio::time::interval(queue.config().depth_poll);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let read = read_depth(&queue).await;
        queue.record_result(&read);
        match read {
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
    /// The depth now.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn depth(&self) -> Result<Depth, QueueError> {
        let [live, backlog, dead_letters] = read_depth(self).await?.map(AtomicU64::new);
        // Some servers forbid INFO.
        let memory = read_memory(self).await.unwrap_or_default();
        Ok(Depth { live, backlog, dead_letters, memory: RwLock::new(memory) })
    }
}

/// Entries in the live lane, in the backlog lane, and in the dead letters.
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
