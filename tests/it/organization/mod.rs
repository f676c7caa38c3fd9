//! The organisation itself and what it keeps.

mod setup;
