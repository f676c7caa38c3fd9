//! What holds for every area, found with random ones.

use super::*;
use geo::{Contains, Intersects, Point, Validation};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A star-shaped ring: corners at rising angles around a centre, on a grid of quarters, so that
/// corners often lie on each other's latitudes and on ±180 degrees.
fn star(centre: (f64, f64), radii: &[u32], scale: f64) -> Vec<(f64, f64)> {
    let many = radii.len() as f64;
    let corner = |(i, radius): (usize, &u32)| {
        let angle = std::f64::consts::TAU * i as f64 / many;
        let reach = f64::from(*radius) * scale;
        let grid = |value: f64| (value * 4.0).round() / 4.0;
        (grid(centre.0 + reach * angle.cos()), grid(centre.1 + reach * angle.sin()))
    };
    radii.iter().enumerate().map(corner).collect()
}

prop_compose! {
    /// A valid polygon in the unbounded plane around 180 degrees, with a hole or without.
    fn plane()(
        centre in (160i32..200, -40i32..40),
        outer in prop::collection::vec(8u32..16, 4..14),
        hole in prop::option::of(prop::collection::vec(2u32..6, 3..8)),
        hole_lng in -4i32..4,
    ) -> Polygon<f64> {
        let centre = (f64::from(centre.0), f64::from(centre.1));
        let hole_centre = (centre.0 + f64::from(hole_lng) / 2.0, centre.1);
        let hole = hole.map(|radii| LineString::from(star(hole_centre, &radii, 0.5)));
        Polygon::new(star(centre, &outer, 1.0).into(), hole.into_iter().collect())
    }
}

fn valid_plane() -> impl Strategy<Value = Polygon<f64>> {
    plane().prop_filter("rings must be simple", Validation::is_valid)
}

/// Writes the polygon as clients do: beyond ±180 as it is, or each longitude within ±180, or all a
/// turn further; each ring begun anywhere and run in either direction.
fn written(polygon: &Polygon<f64>, form: usize, begin: usize, backwards: bool) -> Value {
    let ring = |line: &LineString<f64>| {
        let mut corners: Vec<[f64; 2]> = line.0[1..]
            .iter()
            .map(|corner| {
                let lng = match form {
                    0 => corner.x,
                    1 if corner.x > 180.0 => corner.x - 360.0,
                    1 => corner.x,
                    _ => corner.x - 360.0,
                };
                [lng, corner.y]
            })
            .collect();
        let begin = begin % corners.len();
        corners.rotate_left(begin);
        corners.push(corners[0]);
        if backwards {
            corners.reverse();
        }
        corners
    };
    let rings: Vec<_> =
        std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(ring).collect();
    json!({ "type": "Polygon", "coordinates": rings })
}

fn contains(area: &RegionArea, lng: f64, lat: f64) -> bool {
    let lng = if lng > 180.0 { lng - 360.0 } else { lng };
    area.geometry().contains(&Point::new(lng, lat))
}

fn exists(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).is_some()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_cut_area_contains_what_the_whole_did(
        polygon in valid_plane(),
        form in 0usize..3,
        begin in 0usize..20,
        backwards: bool,
        probes in prop::collection::vec((140.1f64..220.0, -60.0f64..60.0), 40),
    ) {
        let area = RegionArea::from_geojson(&written(&polygon, form, begin, backwards));
        let area = match area {
            Ok(area) => area,
            // Rings that meet exactly on the line may be left to the sender.
            Err(faults) => {
                prop_assert_eq!((faults.first.code, faults.others.len()), ("antimeridian", 0));
                prop_assert!(polygon.exterior().0.iter().chain(
                    polygon.interiors().iter().flat_map(|hole| &hole.0),
                ).any(|corner| (corner.x - 180.0).abs() < 0.01));
                return Ok(());
            }
        };
        for (lng, lat) in probes {
            prop_assert_eq!(polygon.contains(&Point::new(lng, lat)), contains(&area, lng, lat));
        }
        prop_assert!(area.geometry().is_valid());
        let sent: Vec<(u64, u64)> = polygon.exterior().0.iter().map(|c| {
            let lng = if c.x > 180.0 { c.x - 360.0 } else { c.x };
            (lng.to_bits(), c.y.to_bits())
        }).collect();
        for (lng, lat) in area.rings().iter().flat_map(|rings| &rings[0]) {
            let known = sent.contains(&(lng.to_bits(), lat.to_bits()));
            prop_assert!((-180.0..=180.0).contains(lng));
            prop_assert!(known || lng.abs() >= 180.0 || !polygon.interiors().is_empty());
        }
        prop_assert_eq!(RegionArea::from_geojson(&area.to_geojson()).unwrap(), area);
    }

    #[test]
    fn both_halves_meet_the_line_at_the_same_latitudes(polygon in valid_plane(), lat in -60.0f64..60.0) {
        let Ok(area) = RegionArea::from_geojson(&written(&polygon, 0, 0, false)) else { return Ok(()) };
        let (east, west) = polygon.exterior().0.iter().fold((false, false), |(e, w), corner| {
            (e || corner.x > 180.0, w || corner.x < 180.0)
        });
        if east && west {
            let at = |lng: f64| area.geometry().intersects(&Point::new(lng, lat));
            // A look-up asks on both sides of the line.
            prop_assert_eq!(at(180.0) || at(-180.0), polygon.intersects(&Point::new(180.0, lat)));
            // A hole's edge along the line ends the area on one side of it only.
            let along = |hole: &LineString<f64>| {
                hole.0.windows(2).any(|two| two.iter().all(|c| (c.x - 180.0).abs() < f64::EPSILON))
            };
            if !polygon.interiors().iter().any(along) {
                prop_assert_eq!(at(180.0), at(-180.0));
            }
        }
    }

    #[test]
    fn direction_and_order_do_not_matter(
        polygon in valid_plane(),
        begin in 0usize..20,
        probes in prop::collection::vec((140.1f64..220.0, -60.0f64..60.0), 20),
    ) {
        let read = |form, begin, backwards| {
            RegionArea::from_geojson(&written(&polygon, form, begin, backwards)).ok()
        };
        let (one, other) = (read(0, 0, false), read(1, begin, true));
        prop_assert_eq!(one.is_some(), other.is_some());
        let (Some(one), Some(other)) = (one, other) else { return Ok(()) };
        for (lng, lat) in probes {
            prop_assert_eq!(contains(&one, lng, lat), contains(&other, lng, lat));
        }
    }

    #[test]
    fn every_refusal_points_at_something_that_was_sent(
        polygons in prop::collection::vec(
            prop::collection::vec(prop::collection::vec((-200i32..200, -95i32..95), 0..7), 0..3), 0..4),
        close: bool,
        wrap in 0usize..4,
        spoil in prop::option::of((0usize..4, 0usize..7)),
    ) {
        let ring = |corners: &Vec<(i32, i32)>| {
            let mut ring: Vec<Value> = corners.iter().map(|(x, y)| json!([x, y])).collect();
            if close { ring.extend(ring.first().cloned()); }
            Value::Array(ring)
        };
        let rings = |part: &Vec<Vec<(i32, i32)>>| Value::Array(part.iter().map(ring).collect());
        let parts: Vec<Value> = polygons.iter().map(rings).collect();
        let mut bare = json!({ "type": "MultiPolygon", "coordinates": parts });
        if let Some((part, corner)) = spoil
            && let Some(value) = bare.pointer_mut(&format!("/coordinates/{part}/0/{corner}"))
        {
            *value = json!(["1", null]);
        }
        let feature = json!({ "type": "Feature", "geometry": bare });
        let value = match wrap {
            0 => bare,
            1 => feature,
            2 => json!({ "type": "FeatureCollection", "features": [feature] }),
            _ => json!({ "type": "GeometryCollection", "geometries": [bare] }),
        };
        match RegionArea::from_geojson(&value) {
            Ok(area) => prop_assert!(area.geometry().is_valid()),
            Err(faults) => {
                prop_assert!(faults.others.len() < MAX_ERRORS);
                for error in std::iter::once(faults.first).chain(faults.others) {
                    prop_assert!(exists(&value, &error.at), "{} of {}", error.at, value);
                }
            }
        }
    }
}
