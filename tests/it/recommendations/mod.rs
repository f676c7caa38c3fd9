//! Who should go, and why.

mod movement;
mod privacy;
mod ranking;
mod words;
