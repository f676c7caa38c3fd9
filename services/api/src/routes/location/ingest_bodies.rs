//! What the apps send and get, for the OpenAPI document. The reading itself is `nearhand_trackers`,
//! which takes much more than this says; must not be used to read anything.

use utoipa::ToSchema;

/// A message of OwnTracks.
#[derive(Debug, ToSchema)]
#[schema(example = json!({ "_type": "location", "lat": 38.7223, "lon": -9.1393, "acc": 8,
    "vel": 4, "batt": 73, "tid": "GH" }))]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct OwntracksReport {
    /// Only `location` is a fix.
    #[schema(rename = "_type")]
    kind: String,
    /// Degrees.
    lat: Option<f64>,
    /// Degrees.
    lon: Option<f64>,
    /// When the position was taken, in seconds since 1970; now, if it is left out.
    tst: Option<i64>,
    /// Radius in metres.
    acc: Option<f64>,
    /// Metres.
    alt: Option<f64>,
    /// Kilometres an hour.
    vel: Option<f64>,
    /// Degrees clockwise from north.
    cog: Option<f64>,
    /// Percent.
    batt: Option<f64>,
}

/// A batch of Overland.
#[derive(Debug, ToSchema)]
#[schema(example = json!({ "locations": [{ "type": "Feature",
    "geometry": { "type": "Point", "coordinates": [-9.1393, 38.7223] },
    "properties": { "horizontal_accuracy": 8, "speed": 1.2, "battery_level": 0.73 } }] }))]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct OverlandBatch {
    /// GeoJSON features: `coordinates` are longitude and latitude; `properties` hold `timestamp`,
    /// `speed` in metres per second, and so on.
    #[schema(value_type = Vec<Object>, max_items = 20000)]
    locations: Vec<serde_json::Value>,
    /// The live fix, while `locations` is a backlog.
    #[schema(value_type = Option<Object>)]
    current: Option<serde_json::Value>,
}

/// A batch of an app with a Transistorsoft SDK.
#[derive(Debug, ToSchema)]
#[schema(example = json!({ "location": [{ "uuid": "0b5e2f3c-0000-4000-8000-000000000001",
    "coords": { "latitude": 38.7223, "longitude": -9.1393, "accuracy": 8, "speed": 1.2 },
    "battery": { "level": 0.73, "is_charging": false } }] }))]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct SdkBatch {
    /// Each with `uuid`, `timestamp`, `coords` and more; one alone may stand without a list.
    #[schema(value_type = Vec<Object>, max_items = 20000)]
    location: Vec<serde_json::Value>,
}

/// A fix in the names of the query, as a form or as JSON; or under `location` in the SDK's shape.
#[derive(Debug, ToSchema)]
#[schema(example = json!({ "id": "a1b2c3", "lat": 38.7223, "lon": -9.1393, "accuracy": 8,
    "batt": 73 }))]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct TraccarBatch {
    /// Degrees.
    lat: Option<f64>,
    /// Degrees.
    lon: Option<f64>,
    /// Seconds or milliseconds since 1970, or ISO 8601; now, if it is left out.
    timestamp: Option<String>,
    /// One fix or many, each with `timestamp` and `coords`.
    #[schema(value_type = Option<Object>)]
    location: Option<serde_json::Value>,
}

/// Nothing that the app must know.
#[derive(Debug, ToSchema)]
pub(crate) struct AppAnswer {}

/// What Overland must read before it forgets a batch.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the answer for the OpenAPI document")]
pub(crate) struct OverlandAnswer {
    /// `ok`.
    #[schema(example = "ok")]
    result: String,
}
