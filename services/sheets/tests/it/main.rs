//! Files as people and attackers send them, and files as they are written.
//!
//! It must not need anything but the files in `fixtures`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so and end")]
#![expect(clippy::print_stdout, reason = "a seed and times are for whoever runs the tests")]

mod common;

mod csv;
mod round_trip;
mod xlsx;
