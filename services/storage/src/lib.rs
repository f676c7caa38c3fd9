//! Everything said to PostgreSQL, and nothing else: one file per aggregate, typed rows, tenancy.
//! Folders are areas; each aggregate has one public name here.
//!
//! Functions take a transaction from [`AppPool::tenant`] or [`WorkerPool::begin`]; none opens its
//! own, but for the statements that every recommendation waits for. No HTTP, no Redis, no
//! decisions that could be made without a database.

mod account;
pub mod audit;
mod convert;
mod database;
mod error;
pub mod facts;
mod instant;
mod location;
mod organization;
pub mod outage;
mod people;
mod system;
mod work;

pub use account::{
    browser_sessions, email_changes, login_addresses, resets, service_accounts, sessions,
};
pub use database::{AppPool, PoolLimits, Tx, WorkerPool, enter_tenant};
pub use error::{Conflict, StorageError};
pub use location::{device_health, devices, ingest, jumps, stream_tickets, track, tracking};
pub use organization::{collections, departments, organizations, policies, regions, services};
pub use people::{
    data_exports, delete_requests, duty, erasure, exports, imports, invitations, membership_names,
    notifications, photos, preferences, roles, staff, time_off,
};
pub use system::{announce, idempotency, jobs, mail_contents, mails, outbox, partitions, purge};
pub use work::{
    arrivals, assignments, case_people, cases, clients, offers, open_cases, recommendations,
};
