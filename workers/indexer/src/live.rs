//! The live index with what must be known about it: whether it is current, what people are
//! called, and who wants to hear of changes. Read by every request, written by the follower alone.

use crate::{changes::Change, directory::Directory};
use nearhand_index::LiveIndex;
use parking_lot::Mutex;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::sync::broadcast;

/// How many changes a slow reader may be behind before it has to begin anew.
const CHANGES_KEPT: usize = 1_024;

/// A live index that follows the truth. Cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    index: LiveIndex,
    directory: Directory,
    changes: broadcast::Sender<Change>,
    phase: Mutex<Phase>,
    /// When everything that had been said by then was known here.
    current: Mutex<Option<Instant>>,
    born: Instant,
    sequence: AtomicU64,
}

/// Where the follower stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing can be answered yet: the first snapshot is being read.
    Starting,
    /// Up to date, and following.
    Following,
    /// Changes were missed: the old index answers while a fresh snapshot is read.
    Healing,
}

/// In words for an operator.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "the live index reads its first snapshot",
            Self::Following => "the live index follows",
            Self::Healing => "the live index missed changes and reads a fresh snapshot",
        })
    }
}

impl Live {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            index: LiveIndex::new(),
            directory: Directory::default(),
            changes: broadcast::Sender::new(CHANGES_KEPT),
            phase: Mutex::new(Phase::Starting),
            current: Mutex::new(None),
            born: Instant::now(),
            sequence: AtomicU64::new(0),
        }))
    }

    /// The index itself. Empty until the first snapshot is in.
    #[must_use]
    pub fn index(&self) -> &LiveIndex {
        &self.0.index
    }

    /// What people are called.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    /// Where the follower stands. Ready means [`Phase::Following`].
    #[must_use]
    pub fn phase(&self) -> Phase {
        *self.0.phase.lock()
    }

    /// Whether everything committed before the last snapshot ended, and everything told since,
    /// is in the index.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase() == Phase::Following
    }

    /// Whether there is an index to answer from, be it while a fresh one is being read.
    #[must_use]
    pub fn can_answer(&self) -> bool {
        self.phase() != Phase::Starting
    }

    /// For how long something may have been said that is not known here. Grows while the feed
    /// cannot be read; a fraction of a second while all is well.
    #[must_use]
    pub fn behind_by(&self) -> Duration {
        self.0.current.lock().unwrap_or(self.0.born).elapsed()
    }

    /// The number of the feed's last entry that is in the index.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.0.sequence.load(Relaxed)
    }

    /// Changes from now on. A reader told that it lagged begins anew, as after
    /// [`Change::Replaced`].
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.changes.subscribe()
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.0.changes.receiver_count() > 0
    }

    /// Tells whoever listens; that nobody does is no error.
    pub(crate) fn tell(&self, change: Change) {
        let _listeners = self.0.changes.send(change);
    }

    pub(crate) fn enter(&self, phase: Phase) {
        *self.0.phase.lock() = phase;
    }

    /// Notes that everything said by `at` is known.
    pub(crate) fn current_at(&self, at: Instant) {
        *self.0.current.lock() = Some(at);
    }

    pub(crate) fn reached(&self, sequence: u64) {
        self.0.sequence.store(sequence, Relaxed);
    }
}
