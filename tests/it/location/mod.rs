//! Where people are: pings, ingest, the feed, the live view.

mod arrival;
mod browser_device;
mod device_health;
mod enrolment;
mod feed;
mod ingest;
mod ingest_clients;
mod jumps;
mod nearest;
mod pings;
mod position_counts;
mod positions_home;
mod read_ahead;
mod replay_limit;
mod scope;
mod stream;
mod ties;
mod track;
mod wanted;
