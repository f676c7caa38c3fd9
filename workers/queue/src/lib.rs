//! The queue on Redis Streams: how pings and changes are produced and consumed.
//!
//! It has three parts: ping entries in two lanes per partition ([`Producer`], [`Consumer`]), the feed
//! that keeps every live index current ([`FeedWriter`], [`FeedReader`]), and dead letters
//! ([`DeadLetters`]). Must not decide which pings are stored, and must not use SQL.

mod config;
mod connection;
mod consumer;
mod dead_letters;
mod depth;
mod entry;
mod error;
mod feed;
mod feed_layout;
mod feed_reader;
mod group_commit;
mod in_flight;
mod keys;
mod lease;
mod memory;
mod outage;
mod producer;
mod publish_and_ack;
mod reply;
pub mod trace;

pub use config::{DepthLimits, QueueConfig};
pub use connection::{Durability, Queue};
pub use consumer::Consumer;
pub use dead_letters::{DeadContent, DeadLetter, DeadLetters};
pub use depth::Depth;
pub use entry::{DecodeError, Lane, PingBatch, decode};
pub use error::{ConnectError, FeedError, Loss, QueueError, SendError};
pub use feed::{CredentialChanged, CredentialKind, FeedItem, FeedTail, FeedWriter};
pub use feed_reader::{FeedEntry, FeedRead, FeedReader};
pub use in_flight::Entry;
pub use memory::Memory;
pub use producer::{PingRequest, Producer};
