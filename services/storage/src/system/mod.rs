//! What keeps the installation running: outbox, jobs, mails, kept answers, partitions.

pub mod announce;
pub mod idempotency;
pub mod jobs;
pub mod mail_contents;
pub mod mails;
pub mod outbox;
pub mod partitions;
pub mod purge;
