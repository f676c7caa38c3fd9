//! H3: the cells that blur positions and count people. Must be the only place that talks to the
//! H3 library.

use h3o::{CellIndex, LatLng, Resolution};
use nearhand_domain::Position;

/// Cells of about 5 km² stand for people's whereabouts before those who may not see them.
pub const COARSE_RESOLUTION: Resolution = Resolution::Seven;
/// No position is further than this from the centre of its coarse cell, in kilometres.
pub const COARSE_RADIUS_KM: f64 = 2.0;

/// The cell of a position. Cost: about a third of a microsecond.
#[must_use]
pub fn cell(position: Position, resolution: Resolution) -> CellIndex {
    let at = LatLng::new(position.lat(), position.lng());
    // A position is finite by construction; the pole stands in for the impossible.
    at.map_or_else(|_| CellIndex::first(resolution), |at| at.to_cell(resolution))
}

/// The centre of the coarse cell a position lies in.
#[must_use]
pub fn coarse(position: Position) -> Position {
    let centre = LatLng::from(cell(position, COARSE_RESOLUTION));
    Position::new(centre.lat(), centre.lng()).unwrap_or(position)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sphere::haversine_km;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn a_position_lies_near_its_cell(
            lat in -900_000_000i32..=900_000_000,
            lng in -1_800_000_000i32..1_800_000_000,
        ) {
            prop_assume!(lat != 0 || lng != 0);
            let at = Position::from_e7(lat, lng).unwrap();
            prop_assert!(haversine_km(at, coarse(at)) < COARSE_RADIUS_KM - 0.1);
        }
    }
}
