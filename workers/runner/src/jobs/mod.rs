//! Background jobs: one apalis worker for each queue, with connections of their own, so that a slow
//! job keeps no ping waiting. `worker` runs them, `run` does one job, a handler a file does the work.
//!
//! At least once: a worker may die at any moment, and its jobs come again. A handler does nothing
//! twice that anybody could see. Must not touch Redis, but for the dead letters of the erased; only
//! offers read a live index.

mod arrival;
mod author;
mod data_export;
mod erase;
mod exports;
mod geocode;
mod handler;
mod imports;
mod mail;
mod offers;
mod photo;
mod run;
mod schedule;
mod worker;

pub use arrival::ArrivalJobs;
pub use data_export::DataExportJobs;
pub use erase::EraseJobs;
pub use exports::ExportJobs;
pub use geocode::GeocodeJobs;
pub use handler::{Handler, JobContext, Outcome};
pub use imports::ImportJobs;
pub use mail::MailJobs;
pub use offers::{OfferIndex, OfferJobs};
pub use photo::PhotoJobs;
pub use schedule::Schedule;

use crate::supervise::Task;
use nearhand_storage::{AppPool, WorkerPool};
use std::{fmt, sync::Arc};

/// Makes the tasks of one handler.
type MakeTasks = Arc<dyn Fn(&JobsConfig) -> Vec<Task> + Send + Sync>;

/// What the jobs need, and who does them.
#[derive(Clone)]
pub struct JobsConfig {
    store: WorkerPool,
    app: AppPool,
    workers: Vec<MakeTasks>,
}

impl fmt::Debug for JobsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobsConfig").field("workers", &self.workers.len()).finish_non_exhaustive()
    }
}

impl JobsConfig {
    /// Without any handler: what is queued waits. The queues themselves are served through `store`,
    /// which needs a connection for each; handlers work through `app`. Neither should be shared with
    /// ingest.
    #[must_use]
    pub fn new(store: WorkerPool, app: AppPool) -> Self {
        Self { store, app, workers: Vec::new() }
    }

    /// Adds a handler; its queue is served from then on.
    #[must_use]
    pub fn with<H: Handler>(mut self, handler: H) -> Self {
        let handler = Arc::new(handler);
        self.workers.push(Arc::new(move |config: &Self| {
            let task = |number| {
                let (store, app) = (config.store.clone(), config.app.clone());
                worker::task(number, Arc::clone(&handler), store, app)
            };
            (0..H::WORKERS).map(task).collect()
        }));
        self
    }

    /// The same where a handler may be missing; its queue waits then.
    #[must_use]
    pub fn with_any<H: Handler>(self, handler: Option<H>) -> Self {
        match handler {
            Some(handler) => self.with(handler),
            None => self,
        }
    }

    /// Adds the steps of offers, with what they need besides their queue.
    #[must_use]
    pub fn with_offers(mut self, offers: OfferJobs) -> Self {
        let beside = offers.clone();
        self.workers.push(Arc::new(move |config: &Self| beside.tasks(config).into()));
        self.with(offers)
    }

    /// The tasks that serve the queues, and those beside them.
    pub(crate) fn tasks(&self) -> Vec<Task> {
        self.workers.iter().flat_map(|make| make(self)).collect()
    }
}
