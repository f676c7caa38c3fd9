//! Everything said to PostgreSQL, and nothing else: one file per aggregate, typed rows, tenancy.
//!
//! Functions take a transaction from [`AppPool::tenant`] or [`WorkerPool::begin`]; none opens its
//! own. No HTTP, no Redis, no decisions that could be made without a database.

mod database;
mod error;

pub use database::{AppPool, PoolLimits, Tx, WorkerPool, enter_tenant};
pub use error::StorageError;
