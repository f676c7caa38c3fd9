//! Limits how many import files are checked at a time: a file of 20 MiB may take hundreds of MiB when it
//! is unpacked. Must not read a file.

use crate::http::{
    codes::Code,
    problem::{ApiResult, Problem},
};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most files that are checked at a time.
const RUNNING: usize = 2;
/// The most files that are received or wait for a slot. Further requests get 503 with `Retry-After`.
const WAITING: usize = 8;
const RETRY_AFTER_S: u32 = 5;

/// The slots for checks of import files.
pub(crate) struct CheckSlots {
    running: Arc<Semaphore>,
    /// Files that are checked, and files that wait.
    admitted: Arc<Semaphore>,
}

/// A file that waits for a slot.
pub(crate) struct QueuedCheck {
    admitted: OwnedSemaphorePermit,
    running: Arc<Semaphore>,
}

/// A slot: the permit to check one file. The work on the file must hold it, also after the request has
/// been dropped.
pub(crate) struct CheckSlot {
    _held: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

impl Default for CheckSlots {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(RUNNING)),
            admitted: Arc::new(Semaphore::new(RUNNING + WAITING)),
        }
    }
}

impl CheckSlots {
    /// Queues a file.
    ///
    /// # Errors
    /// When too many files wait.
    pub(crate) fn enqueue(&self) -> ApiResult<QueuedCheck> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| busy())?;
        Ok(QueuedCheck { admitted, running: Arc::clone(&self.running) })
    }
}

impl QueuedCheck {
    /// Waits for a slot.
    pub(crate) async fn wait(self) -> ApiResult<CheckSlot> {
        let running = self.running.acquire_owned().await.map_err(|_| busy())?;
        Ok(CheckSlot { _held: (self.admitted, running) })
    }
}

impl CheckSlot {
    /// Runs processor-bound work off the async threads. The slot is held as long as the work runs.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> ApiResult<(Self, T)> {
        let worked = tokio::task::spawn_blocking(move || {
            let done = work();
            (self, done)
        });
        worked.await.map_err(|error| {
            tracing::error!(%error, "a file could not be checked");
            Problem::internal()
        })
    }
}

fn busy() -> Problem {
    let detail = "too many files are being checked; try again in a moment";
    Problem::new(Code::Unavailable, detail).retry_after(RETRY_AFTER_S)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn the_number_of_waiting_files_is_limited() {
        let slots = CheckSlots::default();
        let queued: Vec<QueuedCheck> =
            (0..RUNNING + WAITING).map(|_| slots.enqueue().unwrap()).collect();
        assert_eq!(slots.enqueue().err().unwrap().code(), Code::Unavailable);
        drop(queued);
        slots.enqueue().unwrap().wait().await.unwrap();
    }

    #[tokio::test]
    async fn a_slot_is_held_until_the_work_ends_even_if_the_request_is_dropped() {
        let slots = CheckSlots::default();
        let slot = slots.enqueue().unwrap().wait().await.unwrap();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (go_on, resumed) = mpsc::channel::<()>();
        let mut request = Box::pin(slot.run(move || {
            let _ = begun.send(());
            let _ = resumed.recv();
        }));
        tokio::select! {
            _ = &mut request => panic!("the work waits to be resumed"),
            begun = begins => begun.unwrap(),
        }
        drop(request);
        assert_eq!(slots.running.available_permits(), RUNNING - 1);
        assert_eq!(slots.admitted.available_permits(), RUNNING + WAITING - 1);
        go_on.send(()).unwrap();
        let all = u32::try_from(RUNNING).unwrap();
        let ended = Arc::clone(&slots.running).acquire_many_owned(all).await;
        assert!(ended.is_ok());
    }
}
