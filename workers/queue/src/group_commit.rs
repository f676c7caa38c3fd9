//! Group commit for pings: requests that arrive while a write is running share the next stream
//! entries, and with them Redis' flush to disk. Must not delay a request to fill a group.

use crate::{
    connection::Queue,
    depth::Depth,
    entry::{FIELD_DATA, FIELD_VERSION, Lane, PING_VERSION},
};
use redis::{Cmd, RedisError, RedisResult, Value};
use std::sync::Arc;
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinSet,
};

/// The most requests that one group commit takes.
pub(crate) const MAX_GROUP_REQUESTS: usize = 512;

/// The pings of one request, ready to be written.
pub(crate) struct PendingWrite {
    /// Index of the stream.
    pub(crate) stream: usize,
    pub(crate) pings: usize,
    pub(crate) data: Vec<u8>,
    pub(crate) confirm: Confirm,
}

/// Receives the result once the pings are on disk, or could not be written.
pub(crate) type Confirm = oneshot::Sender<Result<(), RedisError>>;

/// The task that writes pending requests in groups.
#[derive(Clone)]
pub(crate) struct GroupWriter {
    pub(crate) queue: Queue,
    /// Names of the streams, with their lanes.
    pub(crate) streams: Arc<[(String, Lane)]>,
    pub(crate) depth: Arc<Depth>,
}

/// One stream entry, and the requests that share it.
struct GroupEntry {
    stream: usize,
    pings: usize,
    data: Vec<u8>,
    confirms: Vec<Confirm>,
}

impl GroupWriter {
    /// Writes groups until the producer ends. Restarts after a panic: without this task the
    /// producer could accept no single ping any more.
    pub(crate) async fn run(self, pending: mpsc::Receiver<PendingWrite>) {
        let pending = Arc::new(Mutex::new(pending));
        loop {
            let mut running = JoinSet::new();
            running.spawn(self.clone().write_groups(Arc::clone(&pending)));
            match running.join_next().await {
                Some(Err(error)) if error.is_panic() => {
                    tracing::error!(%error, "writing pings failed and starts again");
                }
                _ => return,
            }
        }
    }

    async fn write_groups(self, pending: Arc<Mutex<mpsc::Receiver<PendingWrite>>>) {
        let (mut pending, mut redis) = (pending.lock().await, self.queue.shared());
        let max_pings = self.queue.config().entry_pings;
        let mut requests = Vec::with_capacity(MAX_GROUP_REQUESTS);
        while pending.recv_many(&mut requests, MAX_GROUP_REQUESTS).await > 0 {
            // A caller that stopped waiting got an error, and its client sends the pings again.
            requests.retain(|request: &PendingWrite| !request.confirm.is_closed());
            let entries = group(requests.drain(..), max_pings);
            if entries.is_empty() {
                continue;
            }
            let mut pipe = redis::Pipeline::with_capacity(entries.len());
            pipe.ignore_errors();
            for entry in &entries {
                pipe.add_command(add_entry(&self.streams[entry.stream].0, &entry.data));
            }
            let results: Result<Vec<RedisResult<Value>>, RedisError> =
                pipe.query_async(&mut redis).await;
            match results {
                Ok(results) => self.confirm(entries, results).await,
                Err(error) => {
                    // The requests that arrived meanwhile would wait for the same error.
                    let arrived = std::iter::from_fn(|| pending.try_recv().ok());
                    let arrived = arrived.map(|request| request.confirm);
                    let written = entries.into_iter().flat_map(|entry| entry.confirms);
                    for confirm in written.chain(arrived) {
                        // The caller may have stopped waiting.
                        drop(confirm.send(Err(error.clone())));
                    }
                }
            }
        }
    }

    /// Sends each request the result of the entry that holds its pings.
    async fn confirm(&self, entries: Vec<GroupEntry>, results: Vec<RedisResult<Value>>) {
        let refused = results.iter().find_map(|result| result.as_ref().err().cloned());
        let mut results = results.into_iter();
        for entry in entries {
            let result = results.next().unwrap_or_else(|| Err(missing_reply())).map(drop);
            if result.is_ok() {
                self.depth.add(self.streams[entry.stream].1, 1);
            }
            for confirm in entry.confirms {
                // The caller may have stopped waiting; the entry is written anyway.
                drop(confirm.send(result.clone()));
            }
        }
        if let Some(error) = refused {
            self.queue.leave_replica::<()>(&Err(error)).await;
        }
    }
}

/// The command that appends an entry.
pub(crate) fn add_entry(stream: &str, data: &[u8]) -> Cmd {
    let mut command = Cmd::with_capacity(7, data.len() + 64);
    command.arg("XADD").arg(stream).arg("*");
    command.arg(FIELD_VERSION).arg(PING_VERSION).arg(FIELD_DATA).arg(data);
    command
}

/// Puts requests of one stream into shared entries and keeps their order. An entry holds at most
/// `max_pings`, unless one request alone has more.
fn group(requests: impl Iterator<Item = PendingWrite>, max_pings: usize) -> Vec<GroupEntry> {
    let mut entries: Vec<GroupEntry> = Vec::new();
    for PendingWrite { stream, pings, data, confirm } in requests {
        let last = entries.iter_mut().rev().find(|entry| entry.stream == stream);
        match last.filter(|entry| entry.pings + pings <= max_pings) {
            Some(entry) => {
                entry.pings += pings;
                entry.data.extend_from_slice(&data);
                entry.confirms.push(confirm);
            }
            None => entries.push(GroupEntry { stream, pings, data, confirms: vec![confirm] }),
        }
    }
    entries
}

fn missing_reply() -> RedisError {
    (redis::ErrorKind::UnexpectedReturnType, "fewer answers than commands").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_holds_requests_of_one_stream_in_order_up_to_its_limit() {
        let requests = [(0, 1), (1, 1), (0, 2), (0, 3), (1, 9), (0, 1), (1, 1)];
        let pending = requests.iter().zip(0_u8..).map(|((stream, pings), n)| {
            let confirm = oneshot::channel().0;
            PendingWrite { stream: *stream, pings: *pings, data: vec![n], confirm }
        });
        let entries = group(pending, 4);
        let grouped: Vec<_> =
            entries.iter().map(|e| (e.stream, e.data.as_slice(), e.confirms.len())).collect();
        let expected: [(usize, &[u8], usize); 5] =
            [(0, &[0, 2], 2), (1, &[1], 1), (0, &[3, 5], 2), (1, &[4], 1), (1, &[6], 1)];
        assert_eq!(grouped, expected);
    }
}
