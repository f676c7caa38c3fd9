//! The live index as callers may see it, and the event streams that follow it.

pub(crate) mod hub;
pub(crate) mod ping_counters;
pub(crate) mod streams;
pub(crate) mod view;
