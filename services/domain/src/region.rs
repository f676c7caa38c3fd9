//! A region's area: polygons that are valid, checked once at the door.

use geo::{Coord, LineString, MultiPolygon, Polygon, Validation, Winding};
use geojson::{GeometryValue, Position as RawPosition};

/// Most positions in one region.
pub const MAX_VERTICES: usize = 5_000;

/// The polygons of a region: valid by the OGC's rules, outer rings counter-clockwise as RFC 7946
/// asks, longitude before latitude.
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

fn error(at: impl Into<String>, code: &'static str, detail: impl Into<String>) -> RegionError {
    RegionError { at: at.into(), code, detail: detail.into() }
}

impl RegionArea {
    /// Reads a GeoJSON `Polygon` or `MultiPolygon`.
    ///
    /// Cost: the validity check compares segments; at most [`MAX_VERTICES`] are taken.
    ///
    /// # Errors
    /// Says which ring is wrong, why, and how to mend it.
    pub fn from_geojson(geometry: &serde_json::Value) -> Result<Self, RegionError> {
        let geometry: geojson::Geometry = serde_json::from_value(geometry.clone())
            .map_err(|e| error("", "invalid_geojson", format!("is not a GeoJSON geometry: {e}")))?;
        let polygons = match &geometry.value {
            GeometryValue::Polygon { coordinates } => {
                vec![polygon(coordinates, "/coordinates")?]
            }
            GeometryValue::MultiPolygon { coordinates } => coordinates
                .iter()
                .enumerate()
                .map(|(i, rings)| polygon(rings, &format!("/coordinates/{i}")))
                .collect::<Result<_, _>>()?,
            other => {
                let detail =
                    format!("must be a Polygon or MultiPolygon, not a {}", other.type_name());
                return Err(error("/type", "unsupported_geometry", detail));
            }
        };
        Self::checked(polygons)
    }

    fn checked(polygons: Vec<Polygon<f64>>) -> Result<Self, RegionError> {
        if polygons.is_empty() {
            return Err(error("/coordinates", "empty_geometry", "must hold at least one polygon"));
        }
        let vertices: usize = polygons
            .iter()
            .flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()))
            .map(|ring| ring.0.len())
            .sum();
        if vertices > MAX_VERTICES {
            let detail = format!(
                "holds {vertices} positions, at most {MAX_VERTICES} are taken; simplify it"
            );
            return Err(error("/coordinates", "too_many_positions", detail));
        }
        let area = MultiPolygon(polygons);
        if let Err(invalid) = area.check_validation() {
            let detail = format!(
                "is not a valid area: {invalid}; rings must not cross or repeat themselves"
            );
            return Err(error("/coordinates", "invalid_polygon", detail));
        }
        Ok(Self(area))
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

fn polygon(rings: &[Vec<RawPosition>], at: &str) -> Result<Polygon<f64>, RegionError> {
    let mut lines = Vec::with_capacity(rings.len());
    for (i, raw) in rings.iter().enumerate() {
        let at = format!("{at}/{i}");
        let line = ring(raw, &at)?;
        let outer = i == 0;
        if outer == line.is_cw() {
            let detail = if outer {
                "an outer ring must run counter-clockwise (RFC 7946 §3.1.6); reverse it"
            } else {
                "a hole must run clockwise (RFC 7946 §3.1.6); reverse it"
            };
            return Err(error(at, "ring_winding", detail));
        }
        lines.push(line);
    }
    let mut lines = lines.into_iter();
    let outer =
        lines.next().ok_or_else(|| error(at, "empty_geometry", "a polygon needs an outer ring"))?;
    Ok(Polygon::new(outer, lines.collect()))
}

fn ring(raw: &[RawPosition], at: &str) -> Result<LineString<f64>, RegionError> {
    let mut coords = Vec::with_capacity(raw.len());
    for (i, position) in raw.iter().enumerate() {
        let [lng, lat, ..] = position.as_slice() else {
            return Err(error(
                format!("{at}/{i}"),
                "invalid_position",
                "needs a longitude and a latitude",
            ));
        };
        if !(-180.0..=180.0).contains(lng) || !(-90.0..=90.0).contains(lat) {
            let detail = "longitude must lie in -180 to 180 and latitude in -90 to 90; GeoJSON puts longitude first";
            return Err(error(format!("{at}/{i}"), "invalid_position", detail));
        }
        coords.push(Coord { x: *lng, y: *lat });
    }
    if coords.len() < 4 {
        return Err(error(
            at,
            "ring_too_short",
            "a ring needs at least four positions, the last equal to the first",
        ));
    }
    if coords.first() != coords.last() {
        return Err(error(
            at,
            "ring_not_closed",
            "the last position of a ring must equal the first",
        ));
    }
    Ok(LineString(coords))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn code(value: &serde_json::Value) -> &'static str {
        RegionArea::from_geojson(value).map_or_else(|e| e.code, |_| "ok")
    }

    fn poly(ring: &[(f64, f64)]) -> serde_json::Value {
        let ring: Vec<[f64; 2]> = ring.iter().map(|(x, y)| [*x, *y]).collect();
        json!({ "type": "Polygon", "coordinates": [ring] })
    }

    #[test]
    fn good_and_bad_areas() {
        let square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)];
        assert_eq!(code(&poly(&square)), "ok");
        let mut back = square;
        back.reverse();
        assert_eq!(code(&poly(&back)), "ring_winding");
        let bow = [(0.0, 0.0), (2.0, 0.0), (0.0, 1.0), (1.0, 2.0), (0.0, 0.0)];
        assert_eq!(code(&poly(&bow)), "invalid_polygon");
        assert_eq!(code(&poly(&square[..4])), "ring_not_closed");
        assert_eq!(code(&poly(&square[..2])), "ring_too_short");
        assert_eq!(
            code(&poly(&[(0.0, 0.0), (1.0, 0.0), (1.0, 91.0), (0.0, 0.0)])),
            "invalid_position"
        );
        assert_eq!(
            code(&json!({ "type": "Point", "coordinates": [1, 2] })),
            "unsupported_geometry"
        );
        assert_eq!(code(&json!({ "type": "Polygon", "coordinates": [] })), "empty_geometry");
        assert_eq!(code(&json!("garbage")), "invalid_geojson");
    }

    #[test]
    fn holes_run_the_other_way_and_rings_round_trip() {
        let value = json!({ "type": "Polygon", "coordinates": [
            [[0.0,0.0],[4.0,0.0],[4.0,4.0],[0.0,4.0],[0.0,0.0]],
            [[1.0,1.0],[1.0,2.0],[2.0,2.0],[2.0,1.0],[1.0,1.0]]] });
        let area = RegionArea::from_geojson(&value).unwrap();
        assert_eq!(RegionArea::from_rings(&area.rings()), area);
        assert_eq!(RegionArea::from_geojson(&area.to_geojson()).unwrap(), area);
    }
}
