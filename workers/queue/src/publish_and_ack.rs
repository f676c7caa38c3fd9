//! What follows a commit: publish its changes to the feed, then acknowledge its entries and delete
//! them from their streams. Runs in the background, so that it overlaps with the next commit.
//!
//! Must not run two at a time: the feed keeps the order of the commits. Must not use the consumer's
//! own connection: renewing the lease would wait for it.

use crate::{
    connection::Queue,
    error::QueueError,
    feed::{FeedWriter, PreparedAppend},
};
use redis::Pipeline;
use tokio::task::JoinSet;

/// The background task of one consumer.
pub(crate) struct PublishAndAck {
    queue: Queue,
    feed: FeedWriter,
    /// At most one task. It is aborted with the consumer: entries that were not acknowledged by
    /// then are delivered, written and published again.
    running: JoinSet<Result<(), QueueError>>,
}

impl PublishAndAck {
    pub(crate) fn new(queue: &Queue) -> Self {
        Self { queue: queue.clone(), feed: queue.feed_writer(), running: JoinSet::new() }
    }

    pub(crate) fn feed(&self) -> &FeedWriter {
        &self.feed
    }

    /// Waits for the task before, then starts this one: it appends `changes` to the feed, and runs
    /// `ack` once the feed has them.
    ///
    /// # Errors
    /// When the task before failed; this one is then not started.
    pub(crate) async fn start(
        &mut self,
        changes: Option<PreparedAppend>,
        ack: Pipeline,
    ) -> Result<(), QueueError> {
        self.flush().await?;
        let (queue, feed) = (self.queue.clone(), self.feed.clone());
        self.running.spawn(async move {
            if let Some(changes) = changes {
                feed.finish(changes).await?;
            }
            let acknowledged = ack.query_async::<()>(&mut queue.shared()).await;
            queue.leave_replica(&acknowledged).await;
            Ok(acknowledged?)
        });
        Ok(())
    }

    /// Waits until no task is running.
    ///
    /// # Errors
    /// When the last task failed; its entries are delivered again.
    pub(crate) async fn flush(&mut self) -> Result<(), QueueError> {
        match self.running.join_next().await {
            None => Ok(()),
            Some(Ok(result)) => result,
            // Only the end of the runtime cancels the task.
            Some(Err(error)) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(QueueError::Reply("nothing: the process ends")),
            },
        }
    }
}
