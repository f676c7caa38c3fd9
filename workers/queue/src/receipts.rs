//! Word of what is committed, on its way while the next is written: to the feed first, and when
//! that has it, to the streams, which the entries then leave. One at a time, so that the feed keeps
//! the order of the commits.

use crate::{
    error::QueueError,
    feed::{Appending, FeedWriter},
};
use redis::{Pipeline, aio::MultiplexedConnection};
use tokio::task::JoinSet;

/// The word of one consumer.
pub(crate) struct Receipts {
    feed: FeedWriter,
    /// At most one. Cut off with the consumer: whatever was not said is written and said again.
    running: JoinSet<Result<(), QueueError>>,
}

impl Receipts {
    pub(crate) fn new(feed: FeedWriter) -> Self {
        Self { feed, running: JoinSet::new() }
    }

    pub(crate) fn feed(&self) -> &FeedWriter {
        &self.feed
    }

    /// Waits for the word before, then sends this one: `news` to the feed, and `done` over `redis`
    /// once the feed has them.
    ///
    /// # Errors
    /// When the word before did not arrive; this one is then not sent.
    pub(crate) async fn send(
        &mut self,
        news: Option<Appending>,
        done: Pipeline,
        mut redis: MultiplexedConnection,
    ) -> Result<(), QueueError> {
        self.settle().await?;
        let feed = self.feed.clone();
        self.running.spawn(async move {
            if let Some(news) = news {
                feed.finish(news).await?;
            }
            Ok(done.query_async::<()>(&mut redis).await?)
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
