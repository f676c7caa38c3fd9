//! People and phones that are played: the demo city, and recorded traces sent as if by phones.
//!
//! A client of the public API like any other. It must not reach the database, the queue or the
//! index: what it finds out, any client could. It prints nothing but the bar of a replay; lines for
//! the person at the terminal go through the [`Say`] that the caller hands in.

pub mod apps;
pub mod client;
pub mod demo;
pub mod replay;
pub mod traces;

/// Shows one line to the person at the terminal.
pub type Say = fn(&str);
