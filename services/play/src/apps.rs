//! How each app that exists writes its fixes, and how it sends them. Must not send anything itself.
//!
//! A phone of the demo or of a replay speaks as one of these, in place of our own format.

use jiff::Timestamp;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::fmt;

/// What a receiver says at an instant.
#[derive(Clone, Debug, Default)]
pub struct Fix {
    /// When.
    pub at: Timestamp,
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lng: f64,
    /// Radius in metres.
    pub accuracy_m: Option<f64>,
    /// Metres.
    pub altitude_m: Option<f64>,
    /// Metres per second.
    pub speed_mps: Option<f64>,
    /// Degrees clockwise from north.
    pub course_deg: Option<f64>,
    /// 0 to 1.
    pub battery: Option<f64>,
    /// What the person does: `driving`, `stationary`.
    pub motion: Option<&'static str>,
    /// What makes it this fix, where the app has such a thing.
    pub key: Option<String>,
}

/// An app, or our own format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum App {
    /// `POST /v1/pings`.
    #[default]
    Native,
    /// OwnTracks in HTTP mode.
    Owntracks,
    /// Overland.
    Overland,
    /// Traccar Client up to version 8, and OsmAnd: the query.
    TraccarQuery,
    /// Traccar Client from version 10: a form.
    TraccarForm,
    /// Traccar Client 9: JSON.
    TraccarJson,
    /// An app with a Transistorsoft SDK.
    Transistorsoft,
    /// GPSLogger's custom URL.
    Gpslogger,
}

/// How the token goes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenIn {
    /// `authorization: Bearer`.
    Bearer,
    /// The password of HTTP Basic.
    Basic,
    /// The address.
    Path,
}

/// A request, but for its token where that does not stand in the address.
#[derive(Clone)]
pub struct Report {
    /// Method.
    pub method: Method,
    /// Path and query. Holds the token if that is [`TokenIn::Path`], and places if it has a query.
    pub path: SecretString,
    /// The same without token and query, for errors.
    pub route: &'static str,
    /// Where the token goes.
    pub token_in: TokenIn,
    /// `content-type`, if there is a body.
    pub content_type: Option<&'static str>,
    /// Body.
    pub body: String,
}

const JSON: Option<&str> = Some("application/json");
/// Metres per second of a knot.
const KNOT_MPS: f64 = 1_852.0 / 3_600.0;

impl App {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Native,
        Self::Owntracks,
        Self::Overland,
        Self::TraccarQuery,
        Self::TraccarForm,
        Self::TraccarJson,
        Self::Transistorsoft,
        Self::Gpslogger,
    ];

    /// What it is called on a command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Owntracks => "owntracks",
            Self::Overland => "overland",
            Self::TraccarQuery => "traccar-query",
            Self::TraccarForm => "traccar-form",
            Self::TraccarJson => "traccar-json",
            Self::Transistorsoft => "transistorsoft",
            Self::Gpslogger => "gpslogger",
        }
    }

    /// The app of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|app| app.as_str() == name)
    }

    /// Most fixes it sends in a request.
    #[must_use]
    pub fn most_fixes(self) -> usize {
        match self {
            Self::Native | Self::Overland | Self::Transistorsoft => 1_000,
            _ => 1,
        }
    }

    /// The request for these fixes, of which there is at least one and at most [`Self::most_fixes`].
    #[must_use]
    pub fn report(self, token: &SecretString, fixes: &[Fix]) -> Report {
        let first = fixes.first().cloned().unwrap_or_default();
        match self {
            Self::Native => {
                let pings: Vec<Value> = fixes.iter().map(native).collect();
                posted("/v1/pings", TokenIn::Bearer, &json!({ "pings": pings }))
            }
            Self::Owntracks => posted("/ingest/owntracks", TokenIn::Basic, &owntracks(&first)),
            Self::Overland => {
                let locations: Vec<Value> = fixes.iter().map(overland).collect();
                let body = json!({ "locations": locations });
                posted("/ingest/overland", TokenIn::Bearer, &body)
            }
            Self::Transistorsoft => {
                let location: Vec<Value> = fixes.iter().map(sdk).collect();
                let body = json!({ "location": location });
                posted("/ingest/transistorsoft", TokenIn::Bearer, &body)
            }
            Self::TraccarJson => {
                let body = json!({ "location": sdk(&first), "device_id": "phone" });
                in_path("traccar", token, Method::POST, "", (JSON, body.to_string()))
            }
            Self::TraccarForm => {
                let form = (Some("application/x-www-form-urlencoded"), traccar(&first));
                in_path("traccar", token, Method::POST, "", form)
            }
            Self::TraccarQuery => {
                in_path("traccar", token, Method::GET, &traccar(&first), (None, String::new()))
            }
            Self::Gpslogger => {
                in_path("gpslogger", token, Method::GET, &gpslogger(&first), (None, String::new()))
            }
        }
    }
}

impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn posted(route: &'static str, token_in: TokenIn, body: &Value) -> Report {
    let (path, body) = (route.to_owned().into(), body.to_string());
    Report { method: Method::POST, path, route, token_in, content_type: JSON, body }
}

fn in_path(
    app: &str,
    token: &SecretString,
    method: Method,
    query: &str,
    (content_type, body): (Option<&'static str>, String),
) -> Report {
    let route = if app == "traccar" { "/ingest/traccar/…" } else { "/ingest/gpslogger/…" };
    let joint = if query.is_empty() { "" } else { "?" };
    let path = format!("/ingest/{app}/{}{joint}{query}", token.expose_secret());
    Report { method, path: path.into(), route, token_in: TokenIn::Path, content_type, body }
}

/// An object without the members that are not known.
fn known(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    object
}

fn native(fix: &Fix) -> Value {
    known(json!({ "fix_at": fix.at, "lat": fix.lat, "lng": fix.lng,
        "accuracy_m": fix.accuracy_m, "altitude_m": fix.altitude_m, "speed_mps": fix.speed_mps,
        "course_deg": fix.course_deg, "battery": fix.battery, "motion": fix.motion,
        "key": fix.key }))
}

/// Whole seconds and kilometres an hour.
fn owntracks(fix: &Fix) -> Value {
    known(json!({ "_type": "location", "tst": fix.at.as_second(), "lat": fix.lat, "lon": fix.lng,
        "acc": fix.accuracy_m, "alt": fix.altitude_m,
        "vel": fix.speed_mps.map(|speed| (speed * 3.6).round()), "cog": fix.course_deg,
        "batt": percent(fix), "_id": fix.key, "tid": "NH", "conn": "m" }))
}

fn overland(fix: &Fix) -> Value {
    let properties = json!({ "timestamp": fix.at, "horizontal_accuracy": fix.accuracy_m,
        "altitude": fix.altitude_m, "speed": fix.speed_mps.unwrap_or(-1.0),
        "course": fix.course_deg.unwrap_or(-1.0), "battery_level": fix.battery,
        "motion": fix.motion.map(|motion| [motion]), "device_id": "phone" });
    json!({ "type": "Feature", "properties": known(properties),
        "geometry": { "type": "Point", "coordinates": [fix.lng, fix.lat] } })
}

fn sdk(fix: &Fix) -> Value {
    let coords = json!({ "latitude": fix.lat, "longitude": fix.lng, "accuracy": fix.accuracy_m,
        "altitude": fix.altitude_m, "speed": fix.speed_mps.unwrap_or(-1.0),
        "heading": fix.course_deg.unwrap_or(-1.0) });
    known(json!({ "uuid": fix.key, "timestamp": fix.at, "coords": known(coords),
        "is_moving": fix.motion.map(|motion| motion != "stationary"),
        "battery": fix.battery.map(|level| json!({ "level": level, "is_charging": false })) }))
}

/// Milliseconds and knots.
fn traccar(fix: &Fix) -> String {
    let speed = fix.speed_mps.map(|speed| speed / KNOT_MPS);
    pairs(&[
        ("id", Some("phone".to_owned())),
        ("timestamp", Some(fix.at.as_millisecond().to_string())),
        ("lat", Some(fix.lat.to_string())),
        ("lon", Some(fix.lng.to_string())),
        ("speed", speed.map(|speed| speed.to_string())),
        ("bearing", text(fix.course_deg)),
        ("altitude", text(fix.altitude_m)),
        ("accuracy", text(fix.accuracy_m)),
        ("batt", text(percent(fix))),
    ])
}

/// ISO 8601 and metres per second.
fn gpslogger(fix: &Fix) -> String {
    pairs(&[
        ("lat", Some(fix.lat.to_string())),
        ("lon", Some(fix.lng.to_string())),
        ("ts", Some(fix.at.to_string())),
        ("acc", text(fix.accuracy_m)),
        ("spd", text(fix.speed_mps)),
        ("dir", text(fix.course_deg)),
        ("alt", text(fix.altitude_m)),
        ("batt", text(percent(fix))),
    ])
}

fn percent(fix: &Fix) -> Option<f64> {
    fix.battery.map(|battery| (battery * 100.0).round())
}

fn text(number: Option<f64>) -> Option<String> {
    number.map(|number| number.to_string())
}

/// None of the values needs to be escaped.
fn pairs(pairs: &[(&str, Option<String>)]) -> String {
    let pair = |(name, value): &(&str, Option<String>)| {
        value.as_ref().map(|value| format!("{name}={value}"))
    };
    pairs.iter().filter_map(pair).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_are_read_again() {
        for app in App::ALL {
            assert_eq!(App::parse(app.as_str()), Some(app));
        }
        assert_eq!(App::parse("fax"), None);
    }

    #[test]
    fn each_app_sends_as_it_does() {
        let fix = Fix {
            at: Timestamp::from_second(1_800_000_000).unwrap(),
            lat: 38.7,
            lng: -9.1,
            speed_mps: Some(KNOT_MPS * 2.0),
            battery: Some(0.734),
            ..Fix::default()
        };
        let token = SecretString::from("nh_device_x");
        let of = |app: App| app.report(&token, std::slice::from_ref(&fix));
        let form = of(App::TraccarForm);
        assert_eq!(form.path.expose_secret(), "/ingest/traccar/nh_device_x");
        let text = "id=phone&timestamp=1800000000000&lat=38.7&lon=-9.1&speed=2&batt=73";
        assert_eq!(form.body, text);
        let query = of(App::TraccarQuery);
        assert_eq!(query.path.expose_secret(), format!("/ingest/traccar/nh_device_x?{text}"));
        assert_eq!((query.method, query.body.as_str()), (Method::GET, ""));
        let owntracks: Value = serde_json::from_str(&of(App::Owntracks).body).unwrap();
        assert_eq!((&owntracks["vel"], &owntracks["batt"]), (&json!(4.0), &json!(73.0)));
        assert!(owntracks.get("alt").is_none(), "{owntracks}");
        let overland: Value = serde_json::from_str(&of(App::Overland).body).unwrap();
        assert_eq!(overland["locations"][0]["geometry"]["coordinates"], json!([-9.1, 38.7]));
        for app in App::ALL {
            assert!(!of(app).route.contains("nh_device"), "{app}");
        }
    }
}
