//! What people can do, in bits: masks for the nodes of the tree, ability bits for one person,
//! bitmaps over all people. Must know nothing of places.

mod ability_bits;
mod ability_index;
mod bitmap_index;
pub(crate) mod bits;
pub(crate) mod bloom;
mod hour_set;
pub mod levels;
pub(crate) mod masks;
mod predicate;
mod profile;
mod row_set;

pub(crate) use ability_bits::ABILITY_BITS;
pub use ability_bits::{AbilityBits, LOAD_CLASSES, LOAD_UNIT, ReadAbilityBits};
pub use ability_index::AbilityIndex;
pub use bitmap_index::BitmapIndex;
pub use hour_set::{HourSet, WEEK_H};
pub use masks::{Masks, ReadMasks};
pub use predicate::Predicate;
pub use profile::Profile;
pub use row_set::RowSet;
