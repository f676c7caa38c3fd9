//! Who should go, and why.

mod movement;
mod ranking;
