//! How facts change an organisation's index: one by one from the feed, or many from a snapshot.
//! Must give the same index for any order and any repetition of the same facts.

mod bulk_load;
pub(crate) mod facts;
mod load_window;
mod ping_move;
mod placement;
mod snapshot_builder;
pub(crate) mod version;

pub use load_window::LoadWindowProgress;
pub use snapshot_builder::SnapshotBuilder;
pub use version::IndexVersion;
