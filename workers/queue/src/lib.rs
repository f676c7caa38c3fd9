//! Contracts of the queue: ping entries, feed entries, and how they are produced and consumed on Redis Streams.
