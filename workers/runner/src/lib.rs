//! The worker's tasks: ingest, relay, background jobs, maintenance. `tasks` lists them all.
//!
//! Each task is supervised, ends cleanly when it is told to, and may be killed at any point
//! without losing or doubling anything. No HTTP here; only offers read a live index.

mod backoff;
mod config;
mod device_health;
mod ingest;
mod jobs;
mod maintenance;
mod relay;
mod supervise;
mod tasks;

pub use config::{IngestConfig, RelayConfig, RetentionConfig, RunnerConfig};
pub use ingest::plan;
pub use jobs::{
    ArrivalJobs, DataExportJobs, EraseJobs, ExportJobs, GeocodeJobs, Handler, ImportJobs,
    JobContext, JobsConfig, MailJobs, OfferIndex, OfferJobs, Outcome, PhotoJobs, Schedule,
};
pub use maintenance::{days_kept, prepare};
pub use tasks::run;
