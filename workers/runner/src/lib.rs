//! The worker's tasks: ingest, relay, maintenance. `register` lists them all.
//!
//! Each task is supervised, ends cleanly when it is told to, and may be killed at any point
//! without losing or doubling anything. No HTTP here, and no reading of the live index.

mod backoff;
mod config;
mod ingest;
mod maintenance;
mod register;
mod relay;
mod supervise;

pub use config::{IngestConfig, RelayConfig, RetentionConfig, RunnerConfig};
pub use ingest::plan;
pub use maintenance::{days_kept, prepare};
pub use register::run;
