//! What travels over Redis Streams, and how it is produced and consumed.
//!
//! Three contracts: ping entries in two lanes per partition ([`Producer`], [`Consumer`]), the feed
//! that keeps every live index current ([`FeedWriter`], [`FeedReader`]), and dead letters. Redis
//! carries; nothing here decides what a ping is worth, and nothing here speaks SQL.

mod config;
mod connection;
mod entry;
mod error;
mod keys;
mod producer;
mod reply;

pub use config::{DepthLimits, QueueConfig};
pub use connection::{Durability, Queue};
pub use entry::{DecodeError, Lane, PingBatch};
pub use error::{ConnectError, QueueError, SendError};
pub use producer::{Depth, Parcel, Producer};
