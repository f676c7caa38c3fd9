//! The tree of all places people can count from: H3 cells as its shape, envelopes as in an R-tree.
//! Must know nothing of scores.

mod best_first;
mod cell_tree;
mod child_envelopes;
mod envelope;
mod leaf;
mod node;
mod place;
mod place_key;

pub use best_first::BoundedChildren;
pub use cell_tree::CellTree;
pub use child_envelopes::{ChildEnvelope, ChildEnvelopes, ChildSet, members};
pub use leaf::{Leaf, LeafPerson};
pub use place::{Place, PlaceKind};
pub(crate) use place_key::PlaceKey;
