//! A region's area: polygons that are valid, checked once at the door.

use geo::{
    Coord, Kernel, LineString, MultiPolygon, Orientation, Polygon, Validation, Winding,
    kernels::RobustKernel,
};
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
        // What the parser says may hold coordinates.
        let detail = "is not a GeoJSON geometry; give an object with `type` and `coordinates`";
        let geometry: geojson::Geometry = serde_json::from_value(geometry.clone())
            .map_err(|_| error("", "invalid_geojson", detail))?;
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
        refuse_spikes(&line, &at)?;
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

/// Refuses a ring that runs back along itself: it encloses nothing there, and a ring that does so
/// all the way, nothing at all. Exact (Shewchuk's predicates).
fn refuse_spikes(line: &LineString<f64>, at: &str) -> Result<(), RegionError> {
    let mut coords: Vec<Coord<f64>> = line.0.clone();
    coords.dedup();
    coords.pop();
    if coords.len() < 3 {
        let detail = "a ring needs at least three different positions";
        return Err(error(at, "zero_area", detail));
    }
    let of = |i: usize| coords[i % coords.len()];
    let turn = |i: usize| RobustKernel::orient2d(of(i), of(i + 1), of(i + 2));
    if (0..coords.len()).all(|i| turn(i) == Orientation::Collinear) {
        let detail = "the positions of a ring lie on one line; it must enclose an area";
        return Err(error(at, "zero_area", detail));
    }
    let runs_back = |i: usize| {
        let (before, there, after) = (of(i), of(i + 1), of(i + 2));
        let (to, on) = (there - before, after - there);
        turn(i) == Orientation::Collinear && to.x * on.x + to.y * on.y < 0.0
    };
    match (0..coords.len()).find(|i| runs_back(*i)) {
        Some(i) => {
            // Repeated positions were left out above, so that they cannot be counted.
            let exact = coords.len() + 1 == line.0.len();
            let tip = (i + 1) % coords.len();
            let at = if exact { format!("{at}/{tip}") } else { at.to_owned() };
            Err(error(at, "spike", "the ring runs back along itself here; remove the spike"))
        }
        None => Ok(()),
    }
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
    fn rings_enclose_an_area_and_nothing_besides() {
        let flat = [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (0.0, 0.0)];
        assert_eq!(code(&poly(&flat)), "zero_area");
        assert_eq!(code(&poly(&[(0.0, 0.0), (1.0, 0.0), (1.0, 0.0), (0.0, 0.0)])), "zero_area");
        assert_eq!(code(&poly(&[(1.0, 1.0); 4])), "zero_area");
        let spike = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (3.0, 1.0), (0.0, 1.0), (0.0, 0.0)];
        assert_eq!(code(&poly(&spike)), "spike");
        let at_the_seam = [(3.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0), (3.0, 0.0)];
        assert_eq!(code(&poly(&at_the_seam)), "spike");
        let straight_on = [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0), (0.0, 0.0)];
        assert_eq!(code(&poly(&straight_on)), "ok");
        let hole = json!({ "type": "Polygon", "coordinates": [
            [[0.0,0.0],[4.0,0.0],[4.0,4.0],[0.0,4.0],[0.0,0.0]],
            [[1.0,1.0],[1.0,2.0],[1.0,3.0],[1.0,1.0]]] });
        assert_eq!(RegionArea::from_geojson(&hole).unwrap_err().at, "/coordinates/1");
        let garbage = json!({ "type": "Polygon", "coordinates": "38.7223" });
        assert!(!RegionArea::from_geojson(&garbage).unwrap_err().detail.contains("38"));
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
