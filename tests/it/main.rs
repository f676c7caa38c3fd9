//! The integration tests: one binary, one file per story, against real PostGIS and Redis. Run them
//! by `./dev test`, which starts both.

mod support;

mod architecture;
mod feed;
mod ingest;
mod kill;
mod pings;
mod sessions;
mod setup;
mod staff;
mod tenancy;
