//! The live index: the people, places and regions of every organisation, kept in memory.
//! Pure: no I/O, no async, no wall clock. Time always comes as an argument.
//!
//! Where things go:
//! - A fact from the feed: [`LiveIndex`] takes it to its organisation, `updates::facts` applies it.
//! - A ping that moves a person: `updates::ping_move`, then `tree::cell_tree` (`relocate`).
//! - A person's facts: `people::person_input` makes the record, `updates::placement` puts it into
//!   the tree and into the bitmaps.
//! - A question: `tree::best_first` (ranking), `queries` (viewports), `abilities::bitmap_index`
//!   (people by ability), `regions` (regions by position).

pub mod abilities;
pub mod geometry;
pub mod live;
mod numbers;
pub mod org;
pub mod people;
pub mod queries;
pub mod regions;
pub mod tree;
pub mod updates;

pub use abilities::{
    AbilityBits, AbilityIndex, BitmapIndex, HourSet, Masks, Predicate, Profile, ReadAbilityBits,
    ReadMasks, RowSet,
};
pub use geometry::{IndexPoint, cells};
pub use live::{LiveIndex, Sizes};
pub use org::OrgIndex;
pub use people::{Grade, Person, PersonInput, Vocabulary};
pub use queries::{
    Duty, FallbackKind, FallbackPlace, LivePosition, NearPerson, NearestFilter, Rectangle,
};
pub use tree::{CellTree, ChildEnvelopes, ChildSet, Leaf};
pub use updates::{IndexVersion, SnapshotBuilder};
