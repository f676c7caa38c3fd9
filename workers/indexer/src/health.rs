//! How current the index is.

use parking_lot::RwLock;
use std::time::{Duration, Instant};

/// What the follower is doing, as others see it.
#[derive(Debug)]
pub(crate) struct Health {
    /// When everything that was in the feed had been applied.
    current_at: RwLock<Option<Instant>>,
    /// When a relay was last heard of, at the end of the feed.
    heartbeat_at: RwLock<Option<Instant>>,
    /// Why the index is not current, while it is being (re)built.
    reason: RwLock<Option<String>>,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self {
            current_at: RwLock::new(None),
            heartbeat_at: RwLock::new(None),
            reason: RwLock::new(Some("the first snapshot has not begun".to_owned())),
        }
    }

    /// Everything that was in the feed at `at` has been applied.
    pub(crate) fn current(&self, at: Instant) {
        *self.current_at.write() = Some(at);
    }

    /// A relay was at work at `at`.
    pub(crate) fn heartbeat(&self, at: Instant) {
        *self.heartbeat_at.write() = Some(at);
    }

    pub(crate) fn building(&self, reason: impl Into<String>) {
        *self.current_at.write() = None;
        *self.reason.write() = Some(reason.into());
    }

    pub(crate) fn built(&self, at: Instant) {
        *self.reason.write() = None;
        self.current(at);
    }

    pub(crate) fn reason(&self) -> Option<String> {
        self.reason.read().clone()
    }

    /// Time since a relay was heard of; the longest there is when never.
    pub(crate) fn relay_silent_for(&self) -> Duration {
        self.heartbeat_at.read().map_or(Duration::MAX, |at| at.elapsed())
    }

    /// Time since the end of the feed was last seen; the longest there is when never.
    pub(crate) fn behind_by(&self) -> Duration {
        self.current_at.read().map_or(Duration::MAX, |at| at.elapsed())
    }
}
