//! Region polygons and which of them contain a position, boundary included. Must keep versions
//! of deleted regions.

use geo::{Coord, Intersects, LineString, Point, Polygon};
use nearhand_domain::{Position, RegionId, facts::RegionFacts};
use rstar::{AABB, RTree, RTreeObject};
use rustc_hash::FxHashMap;

/// One polygon of a region in the tree.
#[derive(Clone, Debug, PartialEq)]
struct Piece {
    region: RegionId,
    polygon: Polygon<f64>,
}

impl RTreeObject for Piece {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        let corners: Vec<[f64; 2]> =
            self.polygon.exterior().coords().map(|at| [at.x, at.y]).collect();
        AABB::from_points(&corners)
    }
}

/// The regions of an organisation.
#[derive(Debug, Default)]
pub struct Regions {
    versions: FxHashMap<RegionId, i64>,
    tree: RTree<Piece>,
    pieces: FxHashMap<RegionId, Vec<Piece>>,
}

impl Regions {
    /// Takes a newer record in; returns the version it replaces, `Err` if it is not newer.
    pub(crate) fn apply(&mut self, facts: &RegionFacts) -> Result<Option<i64>, NotNewer> {
        let known = self.versions.get(&facts.region).copied();
        if known.is_some_and(|known| known >= facts.version) {
            return Err(NotNewer);
        }
        self.versions.insert(facts.region, facts.version);
        for piece in self.pieces.remove(&facts.region).unwrap_or_default() {
            self.tree.remove(&piece);
        }
        if !facts.deleted {
            let pieces: Vec<Piece> = facts
                .polygons
                .iter()
                .filter_map(|rings| polygon(rings))
                .map(|polygon| Piece { region: facts.region, polygon })
                .collect();
            pieces.iter().for_each(|piece| self.tree.insert(piece.clone()));
            self.pieces.insert(facts.region, pieces);
        }
        Ok(known)
    }

    /// The regions that contain a position or have it on their boundary, by id.
    ///
    /// Cost: a tree descent and one point-in-polygon test per polygon whose box contains it.
    #[must_use]
    pub fn containing(&self, position: Position) -> Vec<RegionId> {
        let (x, y) = position.xy();
        // −180° and 180° are one meridian: a polygon may end on either.
        let both = [x, if x <= -180.0 { 180.0 } else { x }];
        let columns = if both[0].to_bits() == both[1].to_bits() { &both[..1] } else { &both[..] };
        let mut found = Vec::new();
        for &x in columns {
            for piece in self.tree.locate_in_envelope_intersecting(AABB::from_point([x, y])) {
                if piece.polygon.intersects(&Point::new(x, y)) {
                    found.push(piece.region);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// How many regions there are, deleted ones aside.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

/// The record is as old as the one known, or older.
#[derive(Debug)]
pub(crate) struct NotNewer;

fn polygon(rings: &[Vec<(f64, f64)>]) -> Option<Polygon<f64>> {
    let ring = |ring: &Vec<(f64, f64)>| {
        LineString::new(ring.iter().map(|&(x, y)| Coord { x, y }).collect())
    };
    let (outer, holes) = rings.split_first()?;
    (outer.len() >= 4).then(|| Polygon::new(ring(outer), holes.iter().map(ring).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::OrganizationId;

    fn square(
        region: RegionId,
        version: i64,
        (x0, y0, x1, y1): (f64, f64, f64, f64),
    ) -> RegionFacts {
        RegionFacts {
            organization: OrganizationId::from(uuid::Uuid::nil()),
            region,
            version,
            deleted: false,
            polygons: vec![vec![vec![(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]]],
        }
    }

    #[test]
    fn the_boundary_is_inside_and_newer_records_replace() {
        let (a, b) = (RegionId::generate(), RegionId::generate());
        let mut regions = Regions::default();
        regions.apply(&square(a, 2, (10.0, 10.0, 11.0, 11.0))).unwrap();
        regions.apply(&square(b, 1, (11.0, 10.0, 12.0, 11.0))).unwrap();
        let at = |lat, lng| Position::new(lat, lng).unwrap();
        let mut both = vec![a, b];
        both.sort_unstable();
        assert_eq!(regions.containing(at(10.5, 11.0)), both);
        assert_eq!(regions.containing(at(10.5, 10.5)), vec![a]);
        assert!(regions.containing(at(10.5, 9.999_999_9)).is_empty());
        assert!(regions.apply(&square(a, 2, (0.0, 0.0, 1.0, 1.0))).is_err());
        regions
            .apply(&RegionFacts { deleted: true, ..square(a, 3, (0.0, 0.0, 1.0, 1.0)) })
            .unwrap();
        assert_eq!(regions.containing(at(10.5, 11.0)), vec![b]);
        assert_eq!(regions.len(), 1);
        assert!(regions.apply(&square(a, 2, (10.0, 10.0, 11.0, 11.0))).is_err());
    }

    #[test]
    fn the_date_line_belongs_to_both_sides() {
        let (east, west) = (RegionId::generate(), RegionId::generate());
        let mut regions = Regions::default();
        regions.apply(&square(east, 1, (179.0, 0.0, 180.0, 1.0))).unwrap();
        regions.apply(&square(west, 1, (-180.0, 0.0, -179.0, 1.0))).unwrap();
        assert_eq!(regions.containing(Position::new(0.5, 180.0).unwrap()).len(), 2);
    }
}
