//! Pauses that grow while trouble lasts.

use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// From 50 ms, doubling, up to a longest pause.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
}

const FIRST: Duration = Duration::from_millis(50);

impl Backoff {
    pub(crate) fn new(longest: Duration) -> Self {
        Self { next: FIRST.min(longest), longest }
    }

    /// Waits; false when the wait was cut short because everything ends.
    pub(crate) async fn pause(&mut self, stop: &CancellationToken) -> bool {
        let wait = self.next;
        self.next = (self.next * 2).min(self.longest);
        rest(wait, stop).await
    }

    /// Trouble is over.
    pub(crate) fn reset(&mut self) {
        self.next = FIRST.min(self.longest);
    }
}

/// Waits; false when the wait was cut short because everything ends.
pub(crate) async fn rest(wait: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(wait) => true,
    }
}
