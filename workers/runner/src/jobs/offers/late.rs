//! Looks for open offers whose job was lost, such as by somebody who discarded a dead letter, and
//! queues it anew. Must not do the step itself.

use crate::{backoff::rest, supervise::Task};
use jiff::SignedDuration;
use nearhand_domain::clock;
use nearhand_storage::{StorageError, WorkerPool, offers, outage};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// A job that is this late may just have to wait for others.
const LATE: SignedDuration = SignedDuration::from_secs(30);

/// The task that looks.
pub(super) fn task(store: WorkerPool) -> Task {
    Task {
        name: "offers-late".to_owned(),
        start: Box::new(move |stop| Box::pin(run(store.clone(), stop))),
    }
}

async fn run(store: WorkerPool, stop: CancellationToken) {
    while rest(LOOK_EVERY, &stop).await {
        match look(&store).await {
            Ok(0) => {}
            Ok(late) => tracing::warn!(late, "jobs of offers were lost and are queued anew"),
            Err(error) if error.is_outage() => outage::failed(&error),
            Err(error) => tracing::warn!(%error, "open offers could not be looked through"),
        }
    }
}

async fn look(store: &WorkerPool) -> Result<u64, StorageError> {
    let mut tx = store.begin().await?;
    let now = clock::now();
    let late = offers::requeue_late(&mut tx, now - LATE, now).await?;
    tx.commit().await?;
    Ok(late)
}
