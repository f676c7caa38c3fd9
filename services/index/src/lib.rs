//! The live index: people, places and regions of every organisation, kept in memory and searched
//! by distance. Pure: no I/O, no async, no wall clock; time always comes as an argument.

mod apply;
mod bloom;
mod builder;
mod bulk;
pub mod cells;
pub mod columns;
mod envelope;
pub mod leaf;
pub mod live;
pub mod load;
pub mod masks;
mod octree;
pub mod org;
pub mod parts;
pub mod person;
pub mod places;
mod placing;
pub mod regions;
pub mod roll;
pub mod schedules;
pub mod siblings;
pub mod signature;
pub mod sphere;
pub mod version;
pub mod view;
pub mod vocabulary;

pub use builder::Builder;
pub use live::{LiveIndex, Sizes};
pub use org::OrgIndex;
pub use parts::PersonParts;
pub use person::Person;
pub use version::IndexVersion;
pub use view::{Grade, LivePosition, Rectangle};
pub use vocabulary::Vocabulary;

/// A number given out; there is no memory for as many as would not fit.
fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
