//! A position made ready for the tree. For a ping it is worked out before the lock is taken.

use super::{cells::CellPath, sphere::Unit};
use nearhand_domain::Position;

/// A position as a point on the unit sphere and as a path of H3 cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexPoint {
    /// For distances.
    pub unit: Unit,
    /// For the way through the tree, and for coarse cells.
    pub path: CellPath,
}

impl IndexPoint {
    /// The point of a position. Cost: about 0.6 microseconds.
    #[must_use]
    pub fn of(position: Position) -> Self {
        Self { unit: Unit::new(position), path: CellPath::of(position) }
    }
}
