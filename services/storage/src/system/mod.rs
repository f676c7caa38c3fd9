//! What keeps the installation running: outbox, kept answers, partitions.

pub mod announce;
pub mod idempotency;
pub mod outbox;
pub mod partitions;
