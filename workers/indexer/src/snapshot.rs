//! A fresh index from PostgreSQL, built aside while another may still answer.

use crate::directory::Directory;
use nearhand_domain::{clock, facts::Fact};
use nearhand_index::LiveIndex;
use nearhand_storage::{StorageError, WorkerPool, facts::Snapshot};
use tokio::{sync::mpsc, task::JoinSet};

/// Chunks read ahead of the builder.
const READ_AHEAD: usize = 4;

/// An index and its names, not yet shown to anybody.
#[derive(Debug, Default)]
pub(crate) struct Fresh {
    pub(crate) index: LiveIndex,
    pub(crate) directory: Directory,
}

impl Fresh {
    pub(crate) fn apply(&self, facts: &[Fact]) {
        self.directory.apply(facts);
        self.index.apply(facts, clock::now().as_second());
    }
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the index could not be built: {0}")]
    Build(#[from] tokio::task::JoinError),
}

/// Reads everything as of one instant and builds an index of it, on a thread of its own: reading
/// and building go on side by side, and no request waits for either.
pub(crate) async fn read(pool: &WorkerPool, chunk: u16) -> Result<Fresh, SnapshotError> {
    let (chunks, mut incoming) = mpsc::channel::<Vec<Fact>>(READ_AHEAD);
    let mut builder = JoinSet::new();
    builder.spawn_blocking(move || {
        let fresh = Fresh::default();
        while let Some(facts) = incoming.blocking_recv() {
            fresh.apply(&facts);
        }
        fresh
    });
    let mut snapshot = Snapshot::begin(pool.begin().await?).await?;
    let mut count = 0;
    while let Some(facts) = snapshot.next(chunk).await? {
        count += facts.len();
        if chunks.send(facts).await.is_err() {
            // The builder panicked; joining it says so.
            break;
        }
    }
    snapshot.finish().await?;
    drop(chunks);
    let fresh = builder.join_next().await.transpose()?.unwrap_or_default();
    tracing::info!(facts = count, "a snapshot was read");
    Ok(fresh)
}
