//! The organisation: its areas.

pub mod region;
