//! Keeps a live index current: snapshot from PostgreSQL, changes from the feed, and a truthful
//! word on whether both are up to date. Runs inside every process that answers from the index.
//!
//! Writes to no store. What the index makes of a fact is the index' own business.

mod changes;
mod directory;
mod follower;
mod live;
mod snapshot;

pub use changes::{Change, Invalidation};
pub use directory::Directory;
pub use follower::{Follower, IndexerConfig};
pub use live::{Live, Phase};
