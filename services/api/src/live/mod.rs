//! The live index as callers may see it, and the event streams that follow it. Must not change the index.

pub(crate) mod broadcaster;
pub(crate) mod event_stream;
pub(crate) mod fallbacks;
pub(crate) mod ping_counters;
pub(crate) mod scope;
pub(crate) mod stream_limiter;
pub(crate) mod view;
