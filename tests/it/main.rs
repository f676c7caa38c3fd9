//! The integration tests: one binary, one folder per area, one file per story, against real PostGIS
//! and Redis. Run them by `./dev test`, which starts both.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so and end")]

mod support;

mod account;
mod location;
mod organization;
mod people;
mod recommendations;
mod system;
mod work;
