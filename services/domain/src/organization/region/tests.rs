//! Areas that are taken and refused, one by one.

use super::*;
use serde_json::{Value, json};

fn errors(value: &Value) -> Vec<RegionError> {
    let faults = RegionArea::from_geojson(value).err();
    faults.into_iter().flat_map(|f| std::iter::once(f.first).chain(f.others)).collect()
}

/// The faults of an area as (pointer, code).
fn faults(value: &Value) -> Vec<(String, &'static str)> {
    errors(value).into_iter().map(|error| (error.at, error.code)).collect()
}

fn is_fault(value: &Value, at: &str, code: &'static str) {
    assert_eq!(faults(value), [(at.to_owned(), code)], "{value}");
}

fn area(value: &Value) -> RegionArea {
    RegionArea::from_geojson(value).unwrap_or_else(|faults| panic!("{value}: {faults:?}"))
}

fn detail(value: &Value) -> String {
    errors(value).first().map(|error| error.detail.clone()).unwrap_or_default()
}

fn poly(ring: &[(f64, f64)]) -> Value {
    let ring: Vec<[f64; 2]> = ring.iter().map(|(x, y)| [*x, *y]).collect();
    json!({ "type": "Polygon", "coordinates": [ring] })
}

fn rectangle(x0: f64, y0: f64, x1: f64, y1: f64) -> Value {
    json!([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]])
}

const SQUARE: [(f64, f64); 5] = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)];

#[test]
fn either_direction_is_taken_and_rewound() {
    let holed =
        |outer: &Value, hole: &Value| json!({ "type": "Polygon", "coordinates": [outer, hole] });
    let backwards = |ring: &Value| {
        let mut ring = ring.as_array().unwrap().clone();
        ring.reverse();
        Value::Array(ring)
    };
    let (outer, hole) = (rectangle(0.0, 0.0, 4.0, 4.0), rectangle(1.0, 1.0, 2.0, 2.0));
    for value in [
        holed(&outer, &hole),
        holed(&backwards(&outer), &hole),
        holed(&outer, &backwards(&hole)),
        holed(&backwards(&outer), &backwards(&hole)),
    ] {
        let area = area(&value);
        use geo::Winding;
        let polygon = &area.geometry().0[0];
        assert!(polygon.exterior().is_ccw() && polygon.interiors()[0].is_cw());
        assert_eq!(RegionArea::from_rings(&area.rings()), area);
        assert_eq!(RegionArea::from_geojson(&area.to_geojson()).unwrap(), area);
    }
}

#[test]
fn heights_and_repeated_positions_are_tidied() {
    let plain = area(&poly(&SQUARE));
    let heights = json!({ "type": "Polygon", "coordinates": [[[0, 0, 7.5], [1, 0, 7, 1000],
        [1, 0, 8], [1, 1, null], [0, 1], [0, 0], [0, 0, 3], [0, 0]]] });
    assert_eq!(area(&heights), plain);
    assert_eq!(plain.rings()[0][0].len(), 5);
}

#[test]
fn wrappers_of_exactly_one_area_are_taken_off() {
    let bare = poly(&SQUARE);
    let feature = json!({ "type": "Feature", "properties": {}, "geometry": bare });
    let collection =
        |members: Value| json!({ "type": "GeometryCollection", "geometries": members });
    for wrapped in [
        feature.clone(),
        json!({ "type": "FeatureCollection", "features": [feature] }),
        collection(json!([bare])),
        json!({ "type": "Feature", "properties": null, "geometry": collection(json!([bare])) }),
    ] {
        assert_eq!(area(&wrapped), area(&bare));
    }
    let features = |members: Value| json!({ "type": "FeatureCollection", "features": members });
    is_fault(&features(json!([])), "/features", "invalid_geojson");
    is_fault(&features(json!([feature, feature])), "/features", "invalid_geojson");
    is_fault(&collection(json!([bare, bare])), "/geometries", "invalid_geojson");
    is_fault(&json!({ "type": "FeatureCollection" }), "", "invalid_geojson");
    let nothing = json!({ "type": "Feature", "properties": {}, "geometry": null });
    is_fault(&nothing, "/geometry", "invalid_geojson");
    let inside = json!({ "type": "Feature", "geometry": poly(&SQUARE[..4]) });
    is_fault(&inside, "/geometry/coordinates/0", "ring_not_closed");
}

/// Each area has one fault: where, of which code, and what its text says.
fn are_refused(areas: &[(Value, &str, &'static str, &str)]) {
    for (value, at, code, said) in areas {
        is_fault(value, at, code);
        let detail = detail(value);
        assert!(detail.contains(said), "{value}: {detail}");
        assert!(!detail.contains("38"), "{detail}");
    }
}

#[test]
fn what_is_no_area_is_named_with_what_to_send() {
    const GEOJSON: &str = "invalid_geojson";
    const TYPE: &str = "unsupported_geometry";
    are_refused(&[
        (json!(null), "", GEOJSON, "is null; send a GeoJSON Polygon or MultiPolygon"),
        (
            json!("{\"type\":1}"),
            "",
            GEOJSON,
            "is a text; send a GeoJSON Polygon or MultiPolygon itself",
        ),
        (json!({}), "", GEOJSON, "without `type`"),
        (json!({ "type": 7 }), "/type", GEOJSON, "is a number"),
        (json!({ "type": "polygon" }), "/type", TYPE, "is `polygon`; GeoJSON writes `Polygon`"),
        (json!({ "type": "Point", "coordinates": [1, 2] }), "/type", TYPE, "is Point; send"),
        (json!({ "type": "38.7223" }), "/type", TYPE, "is no type of GeoJSON"),
        (json!({ "type": "Polygon" }), "", GEOJSON, "a Polygon without `coordinates`"),
    ]);
}

#[test]
fn coordinates_that_nest_wrongly_are_told_how() {
    const AT: &str = "/coordinates";
    const NESTING: &str = "wrong_nesting";
    const EMPTY: &str = "empty_geometry";
    let polygon = |coordinates: Value| json!({ "type": "Polygon", "coordinates": coordinates });
    let multi = |coordinates: Value| json!({ "type": "MultiPolygon", "coordinates": coordinates });
    let ring = rectangle(0.0, 0.0, 1.0, 1.0);
    are_refused(&[
        (polygon(json!("38.7")), AT, NESTING, "3 brackets too few"),
        (polygon(json!(null)), AT, "invalid_geojson", "is null; a list of rings"),
        (polygon(json!([])), AT, EMPTY, "an outer ring"),
        (multi(json!([])), AT, EMPTY, "at least one"),
        (multi(json!([[]])), "/coordinates/0", EMPTY, "an outer ring"),
        (polygon(ring.clone()), AT, NESTING, "one bracket too few"),
        (polygon(json!([[ring]])), AT, NESTING, "one bracket too many"),
        (multi(json!([ring])), AT, NESTING, "one bracket too few"),
        (multi(json!([[[ring]]])), AT, NESTING, "one bracket too many"),
        (polygon(json!([ring, 7])), "/coordinates/1", "invalid_geojson", "a list of positions"),
    ]);
    let many = vec![[1.0, 2.0]; MAX_VERTICES + 1];
    is_fault(&polygon(json!([many])), AT, "too_many_positions");
}

#[test]
fn another_coordinate_system_is_refused() {
    let mut elsewhere = poly(&SQUARE);
    elsewhere["crs"] = json!({ "type": "name", "properties": { "name": "EPSG:3857" } });
    is_fault(&elsewhere, "/crs/properties/name", "unsupported_crs");
    elsewhere["crs"] = json!({ "type": "name", "properties": { "name": "EPSG:4326" } });
    area(&elsewhere);
}

#[test]
fn wrong_positions_are_named_by_their_pointer() {
    let with = |position: Value| {
        let mut value = poly(&SQUARE);
        value["coordinates"][0][2] = position;
        value
    };
    for (position, said) in [
        (json!(["-9.15", "38.70"]), "without quotes"),
        (json!([-9.15]), "holds one entry"),
        (json!([]), "holds nothing"),
        (json!([-9.15, null]), "its latitude is null"),
        (json!([[1, 2]]), "holds one entry"),
        (json!(null), "is null; a position is [longitude, latitude]"),
        (json!([1, 2, 3, 4, 5]), "holds 5 entries"),
        (json!([38.7, 139.7]), "longitude may have come second"),
        (json!([-1_017_529.0, 4_680_000.0]), "give degrees of WGS 84"),
        (json!([400.0, 1.0]), "the longitude, is beyond 180"),
    ] {
        is_fault(&with(position.clone()), "/coordinates/0/2", "invalid_position");
        let detail = detail(&with(position));
        assert!(detail.contains(said), "{detail}");
    }
    let swapped: Vec<[f64; 2]> = (0..40).map(|i| [f64::from(i), 139.7]).collect();
    let errors = faults(&json!({ "type": "Polygon", "coordinates": [swapped, [[0, 95], [1, 1]]] }));
    assert_eq!(errors.len(), 11);
    assert_eq!(errors[10].0, "/coordinates/1/0");
}

#[test]
fn rings_enclose_an_area_and_nothing_besides() {
    is_fault(&poly(&SQUARE[..4]), "/coordinates/0", "ring_not_closed");
    is_fault(&poly(&SQUARE[..2]), "/coordinates/0", "ring_too_short");
    let flat = [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (0.0, 0.0)];
    is_fault(&poly(&flat), "/coordinates/0", "zero_area");
    let two = [(0.0, 0.0), (1.0, 0.0), (1.0, 0.0), (0.0, 0.0)];
    is_fault(&poly(&two), "/coordinates/0", "zero_area");
    is_fault(&poly(&[(1.0, 1.0); 4]), "/coordinates/0", "zero_area");
    let spike = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (3.0, 1.0), (0.0, 1.0), (0.0, 0.0)];
    is_fault(&poly(&spike), "/coordinates/0/3", "spike");
    let at_the_seam = [(3.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0), (3.0, 0.0)];
    is_fault(&poly(&at_the_seam), "/coordinates/0/0", "spike");
    let there_and_back = [
        (0.0, 0.0),
        (2.0, 0.0),
        (2.0, 1.0),
        (3.0, 2.0),
        (4.0, 2.0),
        (3.0, 2.0),
        (2.0, 1.0),
        (0.0, 1.0),
        (0.0, 0.0),
    ];
    is_fault(&poly(&there_and_back), "/coordinates/0/4", "spike");
    let straight_on = [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0), (0.0, 0.0)];
    area(&poly(&straight_on));
    let bow = [(0.0, 0.0), (2.0, 0.0), (0.0, 1.0), (1.0, 2.0), (0.0, 0.0)];
    is_fault(&poly(&bow), "/coordinates/0/1", "self_crossing");
    let eight =
        [(0.0, 0.0), (1.0, 1.0), (2.0, 0.0), (2.0, 2.0), (1.0, 1.0), (0.0, 2.0), (0.0, 0.0)];
    is_fault(&poly(&eight), "/coordinates/0/0", "self_crossing");
}

#[test]
fn all_faults_are_named_at_once() {
    let value = json!({ "type": "MultiPolygon", "coordinates": [
        [rectangle(0.0, 0.0, 4.0, 4.0), rectangle(1.0, 1.0, 2.0, 2.0), rectangle(3.0, 3.0, 5.0, 5.0)],
        [[[10, 0], [12, 0], [10, 1], [11, 2], [10, 0]]],
        [[[20, 0], [21, 0], [21, 1], [23, 1], [20, 1], [20, 0]]],
        [[[30, 0], [31, 0], [30, 0]]],
        [[[30, 0], [31, 0], [32, 0], [30, 0]]],
        [rectangle(20.5, 0.5, 22.0, 2.0)],
        [rectangle(40.0, 0.0, 41.0, 1.0)],
        [rectangle(41.0, 0.0, 42.0, 1.0)],
        [rectangle(50.0, 0.0, 54.0, 4.0), rectangle(51.0, 1.0, 52.0, 2.0), rectangle(51.5, 1.5, 53.0, 3.0)],
        [[[60, 0], [61, 0], [61, 1], ["60", 1], [60, 0]]],
    ] });
    let mut found = faults(&value);
    found.sort();
    let wanted = [
        ("/coordinates/0/2", "hole_outside"),
        ("/coordinates/1/0/1", "self_crossing"),
        ("/coordinates/2/0/3", "spike"),
        ("/coordinates/3/0", "ring_too_short"),
        ("/coordinates/4/0", "zero_area"),
        ("/coordinates/5", "parts_overlap"),
        ("/coordinates/7", "parts_touch"),
        ("/coordinates/8/2", "holes_overlap"),
        ("/coordinates/9/0/3", "invalid_position"),
    ];
    assert_eq!(found, wanted.map(|(at, code)| (at.to_owned(), code)));
    let along = json!({ "type": "Polygon", "coordinates":
        [rectangle(0.0, 0.0, 4.0, 4.0), rectangle(0.0, 1.0, 1.0, 2.0)] });
    is_fault(&along, "/coordinates/1", "hole_on_edge");
    let flat: Vec<Value> = (0..80).map(|i| json!([[[i, 0], [i, 1], [i, 2], [i, 0]]])).collect();
    assert_eq!(faults(&json!({ "type": "MultiPolygon", "coordinates": flat })).len(), MAX_ERRORS);
}

#[test]
fn areas_across_180_degrees_are_cut_there() {
    let east = [(179.0, -1.0), (180.0, -1.0), (180.0, 1.0), (179.0, 1.0), (179.0, -1.0)];
    let west = [(-180.0, -1.0), (-179.0, -1.0), (-179.0, 1.0), (-180.0, 1.0), (-180.0, -1.0)];
    let rings = |one: [(f64, f64); 5]| json!([one.map(|(x, y)| [x, y])]);
    let cut = json!({ "type": "MultiPolygon", "coordinates": [rings(east), rings(west)] });
    let whole = area(&cut);
    assert_eq!(whole.rings().len(), 2);
    for uncut in [
        rectangle(179.0, -1.0, 181.0, 1.0),
        rectangle(-181.0, -1.0, -179.0, 1.0),
        rectangle(179.0, -1.0, -179.0, 1.0),
        json!([[179, -1], [181, -1], [-179, 1], [179, 1], [-181, -1]]),
    ] {
        use geo::Relate;
        let uncut = area(&json!({ "type": "Polygon", "coordinates": [uncut] }));
        assert_eq!(uncut.rings().len(), 2);
        assert!(uncut.geometry().relate(whole.geometry()).is_equal_topo());
    }
    // Beyond 180 degrees as a whole, and written with either number for the line.
    let beyond =
        area(&json!({ "type": "Polygon", "coordinates": [rectangle(180.0, -1.0, 181.0, 1.0)] }));
    assert_eq!(beyond.geometry().0[..], whole.geometry().0[1..]);
    let mixed = json!({ "type": "Polygon", "coordinates":
        [[[180, -1], [-179, -1], [-179, 1], [-180, 1], [-180, -1]]] });
    assert_eq!(area(&mixed).geometry().0.len(), 1);
    // A hole on either side and one across.
    let holes = json!({ "type": "Polygon", "coordinates": [rectangle(170.0, -5.0, -170.0, 5.0),
        rectangle(172.0, 1.0, 174.0, 2.0), rectangle(-174.0, 1.0, -172.0, 2.0),
        rectangle(179.0, -2.0, 181.0, -1.0)] });
    let holes = area(&holes);
    let counts: Vec<usize> = holes.rings().iter().map(Vec::len).collect();
    assert_eq!(counts, [2, 2]);
}

#[test]
fn what_goes_round_the_world_is_refused_or_taken_as_it_is_drawn() {
    let around: Vec<(f64, f64)> =
        [0.0, 90.0, 180.0, -90.0, 0.0].iter().map(|lng| (*lng, 70.0)).collect();
    is_fault(&poly(&around), "/coordinates/0", "around_pole");
    let pole = json!({ "type": "Polygon", "coordinates":
        [[[-180, 70], [0, 70], [180, 70], [180, 90], [-180, 90], [-180, 70]]] });
    assert_eq!(area(&pole).rings().len(), 1);
    let band =
        json!({ "type": "Polygon", "coordinates": [rectangle(-180.0, -20.0, 180.0, -12.0)] });
    is_fault(&band, "/coordinates/0", "antimeridian");
    assert!(detail(&band).contains("cut the area at ±180"));
    let wide = json!({ "type": "Polygon", "coordinates": [[[-180, 0], [0, 0], [180, 0], [300, 0],
        [300, 1], [180, 1], [0, 1], [-180, 1], [-180, 0]]] });
    is_fault(&wide, "/coordinates/0", "antimeridian");
}
