//! What travels over Redis Streams, and how it is produced and consumed.
//!
//! Three contracts: ping entries in two lanes per partition ([`Producer`], [`Consumer`]), the feed
//! that keeps every live index current ([`FeedWriter`], [`FeedReader`]), and dead letters. Redis
//! carries; nothing here decides what a ping is worth, and nothing here speaks SQL.

mod config;
mod connection;
mod consumer;
mod dead_letters;
mod depth;
mod entry;
mod error;
mod feed;
mod feed_reader;
mod in_work;
mod keys;
mod lease;
mod memory;
mod outage;
mod producer;
mod receipts;
mod reply;
mod together;

pub use config::{DepthLimits, QueueConfig};
pub use connection::{Durability, Queue};
pub use consumer::Consumer;
pub use dead_letters::{DeadContent, DeadLetter, DeadLetters};
pub use depth::Depth;
pub use entry::{DecodeError, Lane, PingBatch};
pub use error::{ConnectError, FeedError, Loss, QueueError, SendError};
pub use feed::{CredentialChanged, CredentialKind, FeedItem, FeedTail, FeedWriter};
pub use feed_reader::{FeedEntry, FeedRead, FeedReader};
pub use in_work::Entry;
pub use memory::Memory;
pub use producer::{Parcel, Producer};
