//! Word of what is committed, on its way while the next is written: to the feed first, and when
//! that has it, to the streams, which the entries then leave. One at a time, so that the feed keeps
//! the order of the commits; over the shared connection, so that no lease waits for it.

use crate::{
    connection::Queue,
    error::QueueError,
    feed::{Appending, FeedWriter},
};
use redis::Pipeline;
use tokio::task::JoinSet;

/// The word of one consumer.
pub(crate) struct Receipts {
    queue: Queue,
    feed: FeedWriter,
    /// At most one. Cut off with the consumer: whatever was not said is written and said again.
    running: JoinSet<Result<(), QueueError>>,
}

impl Receipts {
    pub(crate) fn new(queue: &Queue) -> Self {
        Self { queue: queue.clone(), feed: queue.feed_writer(), running: JoinSet::new() }
    }

    pub(crate) fn feed(&self) -> &FeedWriter {
        &self.feed
    }

    /// Waits for the word before, then sends this one: `news` to the feed, and `done` once the
    /// feed has them.
    ///
    /// # Errors
    /// When the word before did not arrive; this one is then not sent.
    pub(crate) async fn send(
        &mut self,
        news: Option<Appending>,
        done: Pipeline,
    ) -> Result<(), QueueError> {
        self.settle().await?;
        let (queue, feed) = (self.queue.clone(), self.feed.clone());
        self.running.spawn(async move {
            if let Some(news) = news {
                feed.finish(news).await?;
            }
            let left = done.query_async::<()>(&mut queue.shared()).await;
            queue.leave_replica(&left).await;
            Ok(left?)
        });
        Ok(())
    }

    /// Waits until nothing is on its way.
    ///
    /// # Errors
    /// When the last word did not arrive; what it was about comes again.
    pub(crate) async fn settle(&mut self) -> Result<(), QueueError> {
        match self.running.join_next().await {
            None => Ok(()),
            Some(Ok(arrived)) => arrived,
            // Only the end of the runtime cancels it.
            Some(Err(error)) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(QueueError::Reply("nothing: the process ends")),
            },
        }
    }
}
