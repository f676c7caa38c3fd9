//! Writing the pings of many requests together: those that come while others are being written
//! share the next entries, and Redis' flush to disk. Nobody waits for company.

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

/// Most requests written together.
pub(crate) const MOST_TOGETHER: usize = 512;

/// A request's pings on their way, and who waits for the word that they are on disk.
pub(crate) struct Waiting {
    /// Which of the streams.
    pub(crate) stream: usize,
    pub(crate) pings: usize,
    pub(crate) data: Vec<u8>,
    pub(crate) told: Told,
}

/// Who waits for the word.
pub(crate) type Told = oneshot::Sender<Result<(), RedisError>>;

/// What writing needs.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) queue: Queue,
    /// Names of the streams, with their lanes.
    pub(crate) streams: Arc<[(String, Lane)]>,
    pub(crate) depth: Arc<Depth>,
}

/// An entry being put together, and who waits for it.
struct Group {
    stream: usize,
    pings: usize,
    data: Vec<u8>,
    told: Vec<Told>,
}

impl Writer {
    /// Keeps writing: were the task that does it gone, every single ping would be refused for ever.
    pub(crate) async fn keep_writing(self, waiting: mpsc::Receiver<Waiting>) {
        let waiting = Arc::new(Mutex::new(waiting));
        loop {
            let mut running = JoinSet::new();
            running.spawn(self.clone().write_together(Arc::clone(&waiting)));
            match running.join_next().await {
                Some(Err(error)) if error.is_panic() => {
                    tracing::error!(%error, "writing pings failed and starts again");
                }
                _ => return,
            }
        }
    }

    async fn write_together(self, waiting: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
        let (mut waiting, mut redis) = (waiting.lock().await, self.queue.shared());
        let most_pings = self.queue.config().entry_pings;
        let mut some = Vec::with_capacity(MOST_TOGETHER);
        while waiting.recv_many(&mut some, MOST_TOGETHER).await > 0 {
            // Whoever has gone will send it again.
            some.retain(|waiting: &Waiting| !waiting.told.is_closed());
            let groups = group(some.drain(..), most_pings);
            if groups.is_empty() {
                continue;
            }
            let mut pipe = redis::Pipeline::with_capacity(groups.len());
            pipe.ignore_errors();
            for group in &groups {
                pipe.add_command(add_entry(&self.streams[group.stream].0, &group.data));
            }
            let results: Result<Vec<RedisResult<Value>>, RedisError> =
                pipe.query_async(&mut redis).await;
            match results {
                Ok(results) => self.answer(groups, results).await,
                Err(error) => {
                    // Those behind would only wait for the same.
                    let behind = std::iter::from_fn(|| waiting.try_recv().ok()).map(|w| w.told);
                    for who in groups.into_iter().flat_map(|group| group.told).chain(behind) {
                        // Whoever asked may have gone.
                        drop(who.send(Err(error.clone())));
                    }
                }
            }
        }
    }

    /// Tells everybody what became of the entry that holds theirs.
    async fn answer(&self, groups: Vec<Group>, results: Vec<RedisResult<Value>>) {
        let refused = results.iter().find_map(|result| result.as_ref().err().cloned());
        let mut results = results.into_iter();
        for group in groups {
            let result = results.next().unwrap_or_else(|| Err(unanswered())).map(drop);
            if result.is_ok() {
                self.depth.add(self.streams[group.stream].1, 1);
            }
            for who in group.told {
                // Whoever asked may have gone; the entry is written all the same.
                drop(who.send(result.clone()));
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

/// Puts what waits for one stream into common entries, in order, of at most so many pings unless
/// one request has more.
fn group(waiting: impl Iterator<Item = Waiting>, most_pings: usize) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for Waiting { stream, pings, data, told } in waiting {
        let last = groups.iter_mut().rev().find(|group| group.stream == stream);
        match last.filter(|group| group.pings + pings <= most_pings) {
            Some(group) => {
                group.pings += pings;
                group.data.extend_from_slice(&data);
                group.told.push(told);
            }
            None => groups.push(Group { stream, pings, data, told: vec![told] }),
        }
    }
    groups
}

fn unanswered() -> RedisError {
    (redis::ErrorKind::UnexpectedReturnType, "fewer answers than commands").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_hold_several_requests_of_one_stream_in_order_and_no_more_than_they_may() {
        let requests = [(0, 1), (1, 1), (0, 2), (0, 3), (1, 9), (0, 1), (1, 1)];
        let waiting = requests.iter().zip(0_u8..).map(|((stream, pings), n)| {
            let told = oneshot::channel().0;
            Waiting { stream: *stream, pings: *pings, data: vec![n], told }
        });
        let groups = group(waiting, 4);
        let found: Vec<_> =
            groups.iter().map(|g| (g.stream, g.data.as_slice(), g.told.len())).collect();
        let wanted: [(usize, &[u8], usize); 5] =
            [(0, &[0, 2], 2), (1, &[1], 1), (0, &[3, 5], 2), (1, &[4], 1), (1, &[6], 1)];
        assert_eq!(found, wanted);
    }
}
