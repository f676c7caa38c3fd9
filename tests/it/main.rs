//! The integration tests: one binary, one file per story, against real PostGIS and Redis. Run them
//! by `./dev test`, which starts both.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so and end")]

mod support;

mod architecture;
mod authorization;
mod edge;
mod examples;
mod feed;
mod ingest;
mod kill;
mod logs;
mod manifests;
mod openapi;
mod outage;
mod pings;
mod position_counts;
mod read_ahead;
mod recommendations;
mod sessions;
mod setup;
mod staff;
mod stream;
mod tenancy;
