//! Everything said to PostgreSQL, and nothing else: one file per aggregate, typed rows, tenancy.
//!
//! Functions take a transaction from [`AppPool::tenant`] or [`WorkerPool::begin`]; none opens its
//! own, but for the two statements that every recommendation waits for. No HTTP, no Redis, no
//! decisions that could be made without a database.

pub mod announce;
pub mod audit;
pub mod cases;
mod convert;
mod database;
pub mod devices;
mod error;
pub mod facts;
pub mod idempotency;
pub mod ingest;
mod instant;
pub mod organizations;
pub mod outbox;
pub mod partitions;
pub mod preferences;
pub mod regions;
pub mod services;
pub mod sessions;
pub mod staff;
pub mod stream_tickets;
pub mod time_off;

pub use database::{AppPool, PoolLimits, Tx, WorkerPool, enter_tenant};
pub use error::StorageError;
