//! H3 cells: the path that orders people in the tree, the cells that blur positions, and those
//! that count people. Must be where H3 cells are made and led back to positions.

use h3o::{CellIndex, LatLng, Resolution};
use nearhand_domain::Position;

/// Cells of about 5 km² replace positions for callers without `positions:read`.
pub const COARSE_RESOLUTION: Resolution = Resolution::Seven;
/// No position is further than this from the centre of its coarse cell, in kilometres.
pub const COARSE_RADIUS_KM: f64 = 2.0;

/// Digits of a path: the base cell in three, then one for each of the 15 finer resolutions.
pub(crate) const PATH_LEVELS: u8 = 18;
/// Bits of an H3 index that name the base cell and the digits.
const PATH_BITS: u64 = (1 << 52) - 1;
/// The other bits of a cell's H3 index at resolution 15: its mode and its resolution.
const FINEST_CELL: u64 = 1 << 59 | 15 << 52;

/// The H3 cell of a position at resolution 15, which is about 1 m wide, as a path of 18 octal
/// digits from the whole Earth down.
///
/// H3's cells are a hierarchy, so the first digits name the cells around it: see
/// [`Self::ancestor`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellPath(u64);

impl CellPath {
    /// Sorts after every path.
    pub(crate) const LAST: Self = Self(u64::MAX);

    /// The path of a position. Cost: about half a microsecond.
    #[must_use]
    pub fn of(position: Position) -> Self {
        Self(u64::from(cell(position, Resolution::Fifteen)) & PATH_BITS)
    }

    /// The digit at a level below [`PATH_LEVELS`], from 0 to 7.
    pub(crate) fn digit(self, level: u8) -> usize {
        (self.0 >> (3 * u32::from(PATH_LEVELS - 1 - level)) & 7) as usize
    }

    /// Whether two paths have their first digits in common, so many of them.
    pub(crate) fn shares(self, other: Self, digits: u8) -> bool {
        let differing = self.0 ^ other.0;
        differing >> (3 * u32::from(PATH_LEVELS - digits.min(PATH_LEVELS))) == 0
    }

    /// The cell of a coarser resolution that the path leads through. Cost: some shifts.
    ///
    /// This is the ancestor in the hierarchy. H3's cells do not lie exactly in their parents, so
    /// for 6 to 7 of 100 positions it is a neighbour of the cell that [`cell`] gives.
    #[must_use]
    pub fn ancestor(self, resolution: Resolution) -> CellIndex {
        let finest = CellIndex::try_from(FINEST_CELL | self.0);
        let ancestor = finest.ok().and_then(|finest| finest.parent(resolution));
        ancestor.unwrap_or_else(|| CellIndex::first(resolution))
    }

    /// The centre of the coarse cell the path leads through; the same for everybody in that cell.
    #[must_use]
    pub fn coarse_cell_centre(self) -> Option<Position> {
        centre(self.ancestor(COARSE_RESOLUTION))
    }
}

/// The centre of a cell. Cost: about a third of a microsecond.
#[must_use]
pub fn centre(cell: CellIndex) -> Option<Position> {
    let centre = LatLng::from(cell);
    Position::new(centre.lat(), centre.lng()).ok()
}

/// The cell that contains a position. Cost: about a third of a microsecond.
#[must_use]
pub fn cell(position: Position, resolution: Resolution) -> CellIndex {
    let at = LatLng::new(position.lat(), position.lng());
    // A position is finite by construction; the pole stands in for the impossible.
    at.map_or_else(|_| CellIndex::first(resolution), |at| at.to_cell(resolution))
}

/// The centre of a position's coarse cell: what callers without `positions:read` get instead.
///
/// The coarse cell is the ancestor of the position's path, so that it is the same as from a path
/// that is stored.
#[must_use]
pub fn coarse(position: Position) -> Position {
    CellPath::of(position).coarse_cell_centre().unwrap_or(position)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::sphere::haversine_km;
    use proptest::prelude::*;

    fn position() -> impl Strategy<Value = Position> {
        (-900_000_000i32..=900_000_000, -1_800_000_000i32..1_800_000_000)
            .prop_filter_map("null island", |(lat, lng)| Position::from_e7(lat, lng).ok())
    }

    /// The descendant at resolution 15 that is furthest from the centre of a coarse cell, step by
    /// step: the children that stick out of their parents add up.
    fn furthest_descendant(coarse: CellIndex) -> Position {
        let from = centre(coarse).unwrap();
        let mut cell = coarse;
        for resolution in 8..=15 {
            let resolution = Resolution::try_from(resolution).unwrap();
            let distance = |cell: &CellIndex| haversine_km(from, centre(*cell).unwrap());
            cell = cell
                .children(resolution)
                .max_by(|a, b| distance(a).total_cmp(&distance(b)))
                .unwrap();
        }
        centre(cell).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn a_position_lies_near_its_coarse_cell(at in position()) {
            prop_assert!(haversine_km(at, coarse(at)) < COARSE_RADIUS_KM - 0.1);
        }

        #[test]
        fn the_furthest_corner_of_a_coarse_cell_is_within_the_radius(at in position()) {
            let furthest = furthest_descendant(CellPath::of(at).ancestor(COARSE_RESOLUTION));
            let from = coarse(furthest);
            prop_assert!(haversine_km(furthest, from) < COARSE_RADIUS_KM - 0.1);
        }

        #[test]
        fn a_path_leads_through_the_ancestors_of_the_finest_cell(at in position()) {
            let (path, finest) = (CellPath::of(at), cell(at, Resolution::Fifteen));
            for resolution in Resolution::range(Resolution::Zero, Resolution::Fifteen) {
                prop_assert_eq!(Some(path.ancestor(resolution)), finest.parent(resolution));
            }
            let base = (0..3).fold(0, |base, level| base << 3 | path.digit(level));
            prop_assert_eq!(base, usize::from(u8::from(finest.base_cell())));
        }
    }
}
