//! The live index that offers are ranked by. A worker follows the feed only once the first offer
//! needs it: an index of a million people takes most of a gigabyte.

use crate::supervise::Task;
use nearhand_dispatch::candidates::CandidateSearch;
use nearhand_domain::{OrganizationId, StaffId};
use nearhand_indexer::{Follower, FollowerConfig};
use nearhand_queue::Queue;
use nearhand_storage::WorkerPool;
use std::fmt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The index, and how it is kept current.
#[derive(Clone)]
pub struct OfferIndex {
    follower: Follower,
    /// Where the feed and snapshots come from; `None`: somebody else runs the follower.
    own: Option<(WorkerPool, Queue)>,
    wanted: watch::Sender<bool>,
}

impl fmt::Debug for OfferIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfferIndex").field("own", &self.own.is_some()).finish_non_exhaustive()
    }
}

impl OfferIndex {
    /// An index of its own, followed from the first offer on.
    #[must_use]
    pub fn own(pool: WorkerPool, queue: Queue) -> Self {
        // Nobody logs in here: there are no credentials to forget.
        let follower = Follower::new(Box::new(|_| {}));
        Self { follower, own: Some((pool, queue)), wanted: watch::Sender::new(false) }
    }

    /// The index of a follower that somebody else runs in this process.
    #[must_use]
    pub fn shared(follower: Follower) -> Self {
        Self { follower, own: None, wanted: watch::Sender::new(false) }
    }

    /// The best people for the next step of an offer; `None` while the index is not current.
    pub(super) fn best(
        &self,
        organization: OrganizationId,
        search: &mut CandidateSearch,
        most: usize,
    ) -> Option<Vec<StaffId>> {
        self.wanted.send_replace(true);
        // A step holds the lock of its case; it is tried again instead of waiting here.
        if self.follower.not_ready().is_some() {
            return None;
        }
        let found = self.follower.index().with_org(organization, |index| search.best(index, most));
        Some(found.unwrap_or_default())
    }

    /// The task that follows the feed from the first wish on.
    pub(super) fn task(&self) -> Task {
        let index = self.clone();
        Task {
            name: "offers-index".to_owned(),
            start: Box::new(move |stop| Box::pin(index.clone().follow(stop))),
        }
    }

    async fn follow(self, stop: CancellationToken) {
        let Some((pool, queue)) = self.own else { return stop.cancelled().await };
        let mut wanted = self.wanted.subscribe();
        tokio::select! {
            () = stop.cancelled() => return,
            _ = wanted.wait_for(|wanted| *wanted) => {}
        }
        tracing::info!("the first offer is open: people are ranked by an index of this worker");
        self.follower.run(pool, queue, FollowerConfig::default(), stop).await;
    }
}
