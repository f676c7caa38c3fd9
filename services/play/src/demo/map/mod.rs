//! The map of Harbour City: river, streets, parks and their names, drawn from the districts. It is
//! ours, so that a map can be shown without internet and without anybody's licence. Pure.
//!
//! The console shows [`geojson`] as the file `maps/harbour-city.json`, which a test compares and, if
//! asked, writes anew. The demo's phones drive along the same streets.

mod blocks;
mod names;
mod plane;
mod streets;
mod water;

use super::city::{DISTRICTS, Place};
use blocks::QUARTERS;
use plane::Point;
use serde_json::{Value, json};
use streets::Street;

/// The river's name, of which it has one.
const RIVER: &str = "Tagus";
const BRIDGE: &str = "Ponte do Farol";

/// The map as one GeoJSON feature collection, a feature in each line. Every feature has a `kind`:
/// `land`, `water`, `shore`, `park`, `airport`, `runway`, `street`, `bridge`, `river` or `district`;
/// streets have a `rank`, `main` or `minor`; and most have a `name`.
#[must_use]
pub fn geojson() -> String {
    let lines: Vec<String> = features().iter().map(Value::to_string).collect();
    format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}\n", lines.join(",\n"))
}

/// The streets of the city from crossing to crossing. Streets that meet share a place.
pub(super) fn street_lines() -> impl Iterator<Item = Vec<Place>> {
    streets::city().into_iter().map(|street| street.line.into_iter().map(Point::place).collect())
}

/// From the ground up: what is drawn first comes first.
fn features() -> Vec<Value> {
    let mut features: Vec<Value> = Vec::new();
    features.extend(water::lands().iter().map(|ring| polygon(&json!({ "kind": "land" }), ring)));
    for quarter in &QUARTERS {
        for open in quarter.open {
            let what = json!({ "kind": open.kind, "name": open.name });
            features.push(polygon(&what, &quarter.ring(open)));
        }
        let runways = quarter
            .runways
            .iter()
            .map(|(from, to)| [quarter.at(from.0, from.1), quarter.at(to.0, to.1)]);
        features.extend(runways.map(|runway| line(&json!({ "kind": "runway" }), &runway)));
    }
    features.push(polygon(&json!({ "kind": "water" }), &water::river()));
    for bank in [water::northern_bank(), water::other_bank()] {
        features.push(line(&json!({ "kind": "shore" }), &bank));
    }
    features.extend(streets::roads().iter().chain(&streets::city()).map(street));
    features.push(line(&json!({ "kind": "bridge", "name": BRIDGE }), &streets::bridge()));
    features.push(line(&json!({ "kind": "river", "name": RIVER }), &water::middle()));
    features.extend(DISTRICTS.iter().map(|district| {
        let what = json!({ "kind": "district", "name": district.name });
        feature(&what, "Point", &json!(degrees(middle(district.outline))))
    }));
    features
}

fn street(street: &Street) -> Value {
    let rank = if street.is_main { "main" } else { "minor" };
    let mut what = json!({ "kind": "street", "rank": rank });
    if let Some(name) = street.name {
        what["name"] = json!(name);
    }
    line(&what, &street.line)
}

fn line(what: &Value, points: &[Point]) -> Value {
    let coordinates: Vec<_> = points.iter().copied().map(degrees).collect();
    feature(what, "LineString", &json!(coordinates))
}

fn polygon(what: &Value, ring: &[Point]) -> Value {
    let mut coordinates: Vec<_> = ring.iter().copied().map(degrees).collect();
    // Counter-clockwise and closed, as RFC 7946 asks for.
    if doubled_area(ring) < 0.0 {
        coordinates.reverse();
    }
    coordinates.extend(coordinates.first().copied());
    feature(what, "Polygon", &json!([coordinates]))
}

fn feature(what: &Value, kind: &str, coordinates: &Value) -> Value {
    let geometry = json!({ "type": kind, "coordinates": coordinates });
    json!({ "type": "Feature", "properties": what, "geometry": geometry })
}

/// Longitude and latitude to about a metre.
fn degrees(point: Point) -> [f64; 2] {
    let place = point.place();
    [place.lng, place.lat].map(|degrees| (degrees * 1e5).round() / 1e5)
}

/// Positive if a ring goes counter-clockwise.
fn doubled_area(ring: &[Point]) -> f64 {
    let following = ring.iter().cycle().skip(1);
    ring.iter().zip(following).map(|(a, b)| a.x * b.y - b.x * a.y).sum()
}

/// The middle of a district's corners, where its name stands.
fn middle(outline: &[super::city::Corner]) -> Point {
    let share = 1.0 / f64::from(u32::try_from(outline.len()).unwrap_or(1));
    let sum = outline
        .iter()
        .copied()
        .map(Point::of)
        .fold((0.0, 0.0), |sum, point| (sum.0 + point.x, sum.1 + point.y));
    Point { x: sum.0 * share, y: sum.1 * share }
}

#[cfg(test)]
mod tests;
