//! Where people are: pings, ingest, the feed, the live view.

mod feed;
mod ingest;
mod pings;
mod position_counts;
mod read_ahead;
mod stream;
mod ties;
