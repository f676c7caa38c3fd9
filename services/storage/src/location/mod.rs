//! Where people are: devices, consent, pings, and who may watch.

pub mod device_health;
pub mod devices;
pub mod ingest;
pub mod jumps;
pub mod stream_tickets;
pub mod track;
pub mod tracking;
