//! Follows the feed into the live index: snapshot, catch-up, readiness.
//!
//! A queue worker that runs inside every API process. It reads PostgreSQL for snapshots and Redis
//! for what happens after; it writes neither.

mod directory;
mod follower;
mod health;
mod run;
mod watches;

pub use follower::{Change, Follower, Forget, ForgetFn};
pub use run::{FollowerConfig, FollowerError};
pub use watches::WorkWatch;
