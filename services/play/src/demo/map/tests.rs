//! The map shows the city that the demo's people are in, and its file is what is drawn here.

use super::{plane::encloses, *};
use crate::demo::{city::Place, dice::Dice};
use std::collections::{BTreeMap, BTreeSet};

/// So far from the water is everybody at least, in metres.
const DRY_M: f64 = 100.0;

fn corners(feature: &Value) -> Vec<Point> {
    let geometry = &feature["geometry"];
    let list = if geometry["type"] == "Polygon" {
        &geometry["coordinates"][0]
    } else {
        &geometry["coordinates"]
    };
    let pair = |pair: &Value| Point::of((pair[0].as_f64().unwrap(), pair[1].as_f64().unwrap()));
    list.as_array().unwrap().iter().map(pair).collect()
}

fn of_kind(kind: &str) -> Vec<Value> {
    features().into_iter().filter(|feature| feature["properties"]["kind"] == kind).collect()
}

/// Metres from a point to a line.
fn distance(point: Point, line: &[Point]) -> f64 {
    let to = |(a, b): (&Point, &Point)| {
        let length = a.distance(*b);
        if length == 0.0 {
            return point.distance(*a);
        }
        let share =
            ((point.x - a.x) * (b.x - a.x) + (point.y - a.y) * (b.y - a.y)) / (length * length);
        point.distance(a.towards(*b, share.clamp(0.0, 1.0)))
    };
    line.iter().zip(line.iter().skip(1)).map(to).fold(f64::INFINITY, f64::min)
}

#[test]
fn nobody_stands_in_the_water() {
    let (water, lands) = (of_kind("water"), of_kind("land"));
    let river = corners(&water[0]);
    let northern = corners(&lands[0]);
    let dry = |point: Point, what: &str| {
        assert!(!encloses(&river, point) && encloses(&northern, point), "{what}: {point:?}");
        assert!(distance(point, &river) > DRY_M, "{what}: {point:?}");
    };
    let mut dice = Dice::new(11);
    for district in &DISTRICTS {
        for corner in district.outline {
            dry(Point::of(*corner), district.name);
        }
        for _ in 0..2_000 {
            let Place { lat, lng } = district.somewhere(&mut dice);
            dry(Point::of((lng, lat)), district.name);
        }
    }
    for street in streets::city() {
        for point in street.line {
            dry(point, street.name.unwrap_or("a lane"));
        }
    }
    // Nor on the runway.
    assert!(of_kind("airport").len() == 1 && of_kind("runway").len() == 2);
}

#[test]
fn the_bridge_leads_over_the_river() {
    let river = corners(&of_kind("water")[0]);
    let bridge = streets::bridge();
    assert!(!encloses(&river, bridge[0]) && !encloses(&river, bridge[1]));
    assert!(encloses(&river, bridge[0].towards(bridge[1], 0.5)));
    assert!(streets::city().iter().any(|street| street.line.contains(&bridge[0])));
}

#[test]
fn there_are_some_sixty_streets_with_names_and_each_name_is_one_streets() {
    let mut seen: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for street in streets::city().iter().chain(&streets::roads()) {
        assert!(street.line.len() > 1);
        if let Some(name) = street.name {
            seen.entry(name).or_default().insert(street.line.len());
        }
    }
    assert!((60..90).contains(&seen.len()), "{}", seen.len());
    let unused: Vec<_> = names::STREETS.iter().filter(|name| !seen.contains_key(*name)).collect();
    assert!(unused.is_empty(), "{unused:?}");
    let distinct: BTreeSet<_> = names::STREETS.iter().collect();
    assert_eq!(distinct.len(), names::STREETS.len());
}

#[test]
fn no_street_leads_through_a_park() {
    let parks: Vec<Vec<Point>> = ["park", "airport"]
        .iter()
        .flat_map(|kind| of_kind(kind))
        .map(|park| corners(&park))
        .collect();
    assert!((6..=9).contains(&(parks.len() - 1)), "{}", parks.len());
    for street in streets::city() {
        for (a, b) in street.line.iter().zip(street.line.iter().skip(1)) {
            let middle = a.towards(*b, 0.5);
            // A piece may lie on a park's side.
            let inside = |park: &Vec<Point>| encloses(park, middle) && distance(middle, park) > 2.0;
            assert!(!parks.iter().any(inside), "{:?} at {middle:?}", street.name);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge of the tests")]
#[test]
fn the_map_is_what_the_city_says() {
    const PATH: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../console/web/public/maps/harbour-city.json");
    let map = geojson();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(PATH, &map).expect("the map is written");
    }
    let written = std::fs::read_to_string(PATH).unwrap_or_default();
    let how = "write it anew: INSTA_UPDATE=always ./dev test the_map_is, then ./dev console";
    assert!(written == map, "{how}");
}
