//! A region's area: polygons that are valid, checked once, when it is read. Must not be built from
//! anything that was not checked.

mod antimeridian;
mod crs;
mod json_type;
mod reading;
mod ring;
mod validity;

use geo::{LineString, MultiPolygon, Polygon};
use reading::Faults;

/// Most positions in one region.
pub const MAX_VERTICES: usize = 5_000;
/// Most faults named at once.
pub const MAX_ERRORS: usize = 50;

/// The polygons of a region: valid by the OGC's rules, within ±180 degrees, outer rings
/// counter-clockwise as RFC 7946 asks, longitude before latitude.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionArea(MultiPolygon<f64>);

/// Why an area is refused. `at` is an RFC 6901 pointer below the geometry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct RegionError {
    /// Where in the geometry.
    pub at: String,
    /// Stable machine code.
    pub code: &'static str,
    /// What is wrong and how to mend it.
    pub detail: String,
}

/// All faults of an area, in the order in which they were found; at most [`MAX_ERRORS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionFaults {
    /// There is at least one.
    pub first: RegionError,
    /// The rest.
    pub others: Vec<RegionError>,
}

impl RegionArea {
    /// Reads a GeoJSON `Polygon` or `MultiPolygon`, bare or in wrappers of exactly one.
    ///
    /// Rings may run in either direction, as RFC 7946 asks of parsers; numbers after longitude and
    /// latitude are left out, repeated positions are tidied, and what reaches across ±180 degrees
    /// is cut there. A side longer than 180 degrees of longitude is understood the shorter way
    /// round the globe.
    ///
    /// Cost: a sweep over the sides of each ring, and comparisons of rings and parts whose boxes
    /// overlap; at most [`MAX_VERTICES`] positions are taken.
    ///
    /// # Errors
    /// All faults, at most [`MAX_ERRORS`]: where each is, and how to mend it.
    pub fn from_geojson(geometry: &serde_json::Value) -> Result<Self, RegionFaults> {
        let mut faults = Faults::default();
        let raw = reading::read(geometry, "", &mut faults);
        let polygons = validity::polygons(&raw, &mut faults);
        let mut faults = faults.into_errors().into_iter();
        match faults.next() {
            None => Ok(Self(MultiPolygon(polygons))),
            Some(first) => Err(RegionFaults { first, others: faults.collect() }),
        }
    }

    /// Rebuilds an area from stored rings, which were checked when they came in.
    #[must_use]
    pub fn from_rings(polygons: &[Vec<Vec<(f64, f64)>>]) -> Self {
        let polygon = |rings: &Vec<Vec<(f64, f64)>>| {
            let mut lines = rings.iter().map(|ring| ring.iter().copied().collect::<LineString>());
            let outer = lines.next().unwrap_or_else(|| LineString(Vec::new()));
            Polygon::new(outer, lines.collect())
        };
        Self(MultiPolygon(polygons.iter().map(polygon).collect()))
    }

    /// The polygons as rings of `(lng, lat)`, outer first.
    #[must_use]
    pub fn rings(&self) -> Vec<Vec<Vec<(f64, f64)>>> {
        let ring = |line: &LineString<f64>| line.0.iter().map(|c| (c.x, c.y)).collect();
        let rings = |p: &Polygon<f64>| {
            std::iter::once(p.exterior()).chain(p.interiors()).map(ring).collect()
        };
        self.0.iter().map(rings).collect()
    }

    /// The area as a GeoJSON `MultiPolygon`.
    #[must_use]
    pub fn to_geojson(&self) -> serde_json::Value {
        let pair = |(x, y): (f64, f64)| vec![x, y];
        let coordinates: Vec<Vec<Vec<Vec<f64>>>> = self
            .rings()
            .into_iter()
            .map(|rings| {
                rings.into_iter().map(|ring| ring.into_iter().map(pair).collect()).collect()
            })
            .collect();
        serde_json::json!({ "type": "MultiPolygon", "coordinates": coordinates })
    }

    /// The geometry, for containment tests.
    #[must_use]
    pub fn geometry(&self) -> &MultiPolygon<f64> {
        &self.0
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
