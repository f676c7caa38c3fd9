//! Reads GeoJSON into parts, rings and positions, and finds every member of the wrong shape. Must
//! not judge geometry: what rings enclose is checked afterwards.

use super::{MAX_ERRORS, MAX_VERTICES, RegionError, crs, json_type::json_type};
use serde_json::{Map, Value};

/// Most faulty positions named in one ring.
const RING_FAULTS: usize = 10;
/// Furthest longitude that is understood as a longitude written beyond ±180 degrees.
const MAX_LONGITUDE: f64 = 360.0;
/// What to send, for errors about anything else.
const SEND: &str = "send a GeoJSON Polygon or MultiPolygon";
/// Types that GeoJSON and its neighbours name, so that errors can repeat them.
const KNOWN_TYPES: [&str; 10] = [
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "Polygon",
    "MultiPolygon",
    "GeometryCollection",
    "Feature",
    "FeatureCollection",
    "Topology",
];

/// A position as it was sent: longitude first, altitude left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RawPosition {
    pub(super) lng: f64,
    pub(super) lat: f64,
}

/// A ring of well-formed positions.
#[derive(Debug)]
pub(super) struct RawRing {
    /// RFC 6901 pointer.
    pub(super) at: String,
    pub(super) positions: Vec<RawPosition>,
}

/// One polygon.
#[derive(Debug)]
pub(super) struct RawPart {
    /// RFC 6901 pointer.
    pub(super) at: String,
    /// Outer first; `None`: the ring is malformed, and an error says so.
    pub(super) rings: Vec<Option<RawRing>>,
}

/// Errors in the order in which they were found, at most [`MAX_ERRORS`].
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<RegionError>);

impl Faults {
    pub(super) fn push(
        &mut self,
        at: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) {
        if !self.is_full() {
            self.0.push(RegionError { at: at.into(), code, detail: detail.into() });
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MAX_ERRORS
    }

    pub(super) fn into_errors(self) -> Vec<RegionError> {
        self.0
    }
}

/// The parts of an area, at `at`. Wrappers of exactly one area are taken off.
pub(super) fn read(value: &Value, at: &str, faults: &mut Faults) -> Vec<RawPart> {
    let Value::Object(object) = value else {
        let hint = if value.is_string() { " itself, not its text" } else { "" };
        let detail = format!("is {}; {SEND}{hint}", json_type(value));
        faults.push(at, "invalid_geojson", detail);
        return Vec::new();
    };
    if let Some((at, detail)) = object.get("crs").and_then(|crs| crs::fault(crs, at)) {
        faults.push(at, "unsupported_crs", detail);
    }
    let kind = match object.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        Some(other) => {
            let detail = format!("is {}; {SEND}", json_type(other));
            faults.push(format!("{at}/type"), "invalid_geojson", detail);
            return Vec::new();
        }
        None => {
            let detail = format!("is an object without `type`; {SEND} with `coordinates`");
            faults.push(at, "invalid_geojson", detail);
            return Vec::new();
        }
    };
    match kind {
        "Polygon" | "MultiPolygon" => coordinates(object, kind, at, faults),
        "Feature" => match object.get("geometry") {
            Some(geometry) => read(geometry, &format!("{at}/geometry"), faults),
            None => {
                let detail = format!("is a Feature without `geometry`; {SEND}");
                faults.push(at, "invalid_geojson", detail);
                Vec::new()
            }
        },
        "FeatureCollection" => only(object, kind, "features", at, faults),
        "GeometryCollection" => only(object, kind, "geometries", at, faults),
        other => {
            let known = KNOWN_TYPES.iter().find(|known| known.eq_ignore_ascii_case(other));
            let detail = match known {
                Some(known) if *known == other => format!("is {known}; {SEND}"),
                Some(known) => format!("is `{other}`; GeoJSON writes `{known}`"),
                None => format!("is no type of GeoJSON; {SEND}"),
            };
            faults.push(format!("{at}/type"), "unsupported_geometry", detail);
            Vec::new()
        }
    }
}

/// The one member of a collection.
fn only(
    object: &Map<String, Value>,
    kind: &str,
    name: &str,
    at: &str,
    faults: &mut Faults,
) -> Vec<RawPart> {
    let (at, detail) = match object.get(name) {
        Some(Value::Array(members)) => match members.as_slice() {
            [member] => return read(member, &format!("{at}/{name}/0"), faults),
            members => {
                let many = members.len();
                let detail =
                    format!("holds {many} entries; send one area, or one MultiPolygon of all");
                (format!("{at}/{name}"), detail)
            }
        },
        Some(other) => {
            (format!("{at}/{name}"), format!("is {}; send a list of one", json_type(other)))
        }
        None => (at.to_owned(), format!("is a {kind} without `{name}`; {SEND}")),
    };
    faults.push(at, "invalid_geojson", detail);
    Vec::new()
}

fn coordinates(
    object: &Map<String, Value>,
    kind: &str,
    at: &str,
    faults: &mut Faults,
) -> Vec<RawPart> {
    let Some(value) = object.get("coordinates") else {
        let detail = format!("is a {kind} without `coordinates`");
        faults.push(at, "invalid_geojson", detail);
        return Vec::new();
    };
    let at = format!("{at}/coordinates");
    let (depth, nesting) = match kind {
        "Polygon" => (3, "a Polygon is a list of rings, each a list of positions"),
        _ => (4, "a MultiPolygon is a list of polygons, each a list of rings of positions"),
    };
    if let Some(found) = nested(value).filter(|found| *found != depth) {
        let detail = match (kind, found) {
            ("Polygon", 4) => "has one bracket too many; this is how a MultiPolygon nests".into(),
            ("MultiPolygon", 3) => "has one bracket too few; this is how a Polygon nests".into(),
            _ if found < depth => format!("has {} too few; {nesting}", brackets(depth - found)),
            _ => format!("has {} too many; {nesting}", brackets(found - depth)),
        };
        faults.push(at, "wrong_nesting", detail);
        return Vec::new();
    }
    if let Some(many) = too_many(value) {
        let detail =
            format!("holds {many} positions, at most {MAX_VERTICES} are taken; simplify it");
        faults.push(at, "too_many_positions", detail);
        return Vec::new();
    }
    if kind == "Polygon" {
        return part(value, &at, faults).into_iter().collect();
    }
    let Some(parts) = list(value, &at, "a list of polygons", faults) else { return Vec::new() };
    if parts.is_empty() {
        faults.push(at, "empty_geometry", "must hold at least one polygon");
        return Vec::new();
    }
    let parts = parts.iter().enumerate();
    parts.filter_map(|(i, value)| part(value, &format!("{at}/{i}"), faults)).collect()
}

fn part(value: &Value, at: &str, faults: &mut Faults) -> Option<RawPart> {
    let rings = list(value, at, "a list of rings", faults)?;
    if rings.is_empty() {
        faults.push(at, "empty_geometry", "a polygon needs an outer ring");
        return None;
    }
    let rings = rings.iter().enumerate();
    let rings = rings.map(|(i, value)| ring(value, format!("{at}/{i}"), faults)).collect();
    Some(RawPart { at: at.to_owned(), rings })
}

fn ring(value: &Value, at: String, faults: &mut Faults) -> Option<RawRing> {
    let values = list(value, &at, "a list of positions", faults)?;
    let mut positions = Vec::with_capacity(values.len());
    let mut wrong = Vec::new();
    for (i, value) in values.iter().enumerate() {
        match position(value) {
            Ok(position) => positions.push(position),
            Err(detail) => wrong.push((i, detail)),
        }
    }
    let (all_right, left_out) = (wrong.is_empty(), wrong.len().saturating_sub(RING_FAULTS));
    for (shown, (i, mut detail)) in wrong.into_iter().take(RING_FAULTS).enumerate() {
        if left_out > 0 && shown + 1 == RING_FAULTS {
            detail = format!("{detail}; {left_out} more positions of this ring are wrong");
        }
        faults.push(format!("{at}/{i}"), "invalid_position", detail);
    }
    all_right.then_some(RawRing { at, positions })
}

/// Reads longitude and latitude; what follows them is altitude and the like, and is left out.
fn position(value: &Value) -> Result<RawPosition, String> {
    const FORM: &str = "a position is [longitude, latitude]";
    let Value::Array(numbers) = value else {
        return Err(format!("is {}; {FORM}", json_type(value)));
    };
    let [lng, lat, rest @ ..] = numbers.as_slice() else {
        let many = if numbers.is_empty() { "nothing" } else { "one entry" };
        return Err(format!("holds {many}; {FORM}"));
    };
    if rest.len() > 2 {
        return Err(format!("holds {} entries; {FORM}, altitude may follow", numbers.len()));
    }
    let number = |value: &Value, name: &str| match value.as_f64() {
        Some(number) if number.is_finite() => Ok(number),
        _ if value.is_string() => {
            Err(format!("its {name} is a text; write a number without quotes"))
        }
        _ => Err(format!("its {name} is {}; write a number", json_type(value))),
    };
    let (lng, lat) = (number(lng, "longitude")?, number(lat, "latitude")?);
    if lat.abs() > 90.0 {
        let hint = if lng.abs() <= 90.0 && lat.abs() <= 180.0 {
            "longitude may have come second, and GeoJSON puts longitude first"
        } else {
            "give degrees of WGS 84, longitude first"
        };
        return Err(format!("its second number, the latitude, is beyond 90 degrees; {hint}"));
    }
    if lng.abs() > MAX_LONGITUDE {
        let hint = "its first number, the longitude, is beyond 180 degrees; give degrees of WGS 84";
        return Err(hint.to_owned());
    }
    Ok(RawPosition { lng, lat })
}

fn list<'a>(
    value: &'a Value,
    at: &str,
    wanted: &str,
    faults: &mut Faults,
) -> Option<&'a Vec<Value>> {
    if let Value::Array(list) = value {
        return Some(list);
    }
    faults.push(at, "invalid_geojson", format!("is {}; {wanted} is expected", json_type(value)));
    None
}

/// How deep the first number or text is nested in lists, if there is one.
fn nested(value: &Value) -> Option<usize> {
    match value {
        Value::Array(list) => list.first().and_then(nested).map(|depth| depth + 1),
        Value::Number(_) | Value::String(_) => Some(0),
        _ => None,
    }
}

fn brackets(many: usize) -> String {
    if many == 1 { "one bracket".to_owned() } else { format!("{many} brackets") }
}

/// How many positions there are, if they are too many.
fn too_many(value: &Value) -> Option<usize> {
    fn count(value: &Value) -> usize {
        match value {
            Value::Array(list) if list.first().is_some_and(Value::is_array) => {
                list.iter().map(count).sum()
            }
            Value::Array(_) => 1,
            _ => 0,
        }
    }
    Some(count(value)).filter(|many| *many > MAX_VERTICES)
}
