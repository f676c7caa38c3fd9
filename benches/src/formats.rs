//! `formats`: how fast each app's format is read; peer: `serde_json` into plain structs of the same
//! bytes, which understands one spelling and checks nothing.

use crate::{
    Options,
    report::{self, Target},
};
use nearhand_trackers::{Client, Message, native, read};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// Fixes of a batch, for the apps that send batches.
const BATCH: usize = 100;
const TARGET: f64 = 0.5;
/// Turns of both, one after the other, so that what disturbs the machine disturbs both.
const TURNS: u32 = 20;

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading is what is measured")]
struct Report {
    _type: String,
    lat: f64,
    lon: f64,
    tst: i64,
    acc: f64,
    alt: f64,
    vel: f64,
    cog: f64,
    batt: f64,
    bs: u8,
    tid: String,
    created_at: i64,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading is what is measured")]
struct Features {
    locations: Vec<Feature>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading is what is measured")]
struct Feature {
    geometry: Geometry,
    properties: Properties,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading is what is measured")]
struct Geometry {
    coordinates: [f64; 2],
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading is what is measured")]
struct Properties {
    timestamp: String,
    speed: f64,
    course: f64,
    altitude: f64,
    horizontal_accuracy: f64,
    motion: Vec<String>,
    battery_level: f64,
    battery_state: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading is what is measured")]
struct Locations {
    location: Vec<Location>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading is what is measured")]
struct Location {
    uuid: String,
    timestamp: String,
    coords: Coords,
    battery: Battery,
    activity: Activity,
    is_moving: bool,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading is what is measured")]
struct Coords {
    latitude: f64,
    longitude: f64,
    accuracy: f64,
    speed: f64,
    heading: f64,
    altitude: f64,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading is what is measured")]
struct Battery {
    level: f64,
    is_charging: bool,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading is what is measured")]
struct Activity {
    r#type: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading is what is measured")]
struct Flat {
    id: String,
    timestamp: i64,
    lat: f64,
    lon: f64,
    speed: f64,
    bearing: f64,
    altitude: f64,
    accuracy: f64,
    batt: f64,
    charge: bool,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading is what is measured")]
struct Pings {
    pings: Vec<Ping>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading is what is measured")]
struct Ping {
    fix_at: String,
    lat: f64,
    lng: f64,
    accuracy_m: f64,
    speed_mps: f64,
    battery: f64,
}

/// Runs the bench.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    report::describe("formats", &format!("batches of {BATCH} fixes, single reports of OwnTracks"));
    let span = Duration::from_millis(options.pick(100, 20));
    let target = options.target(Target::AtLeast(TARGET));
    let batch = |fix: &dyn Fn(usize) -> Value| (0..BATCH).map(fix).collect::<Vec<_>>();
    let bodies = [
        (Client::Owntracks, own_report()),
        (Client::Overland, json!({ "locations": batch(&feature) })),
        (Client::Traccar, Value::from(batch(&flat))),
        (Client::Transistorsoft, json!({ "location": batch(&location) })),
        (Client::Gpslogger, flat(0)),
    ];
    for (client, body) in bodies {
        let body = body.to_string().into_bytes();
        let ours = || {
            let message = Message { query: "", body: &body, undated_at_ms: 0 };
            read(client, &message).is_ok_and(|read| read.omitted.is_empty())
        };
        let ratio = match client {
            Client::Owntracks => against(span, ours, || plain::<Report>(&body)),
            Client::Overland => against(span, ours, || plain::<Features>(&body)),
            Client::Traccar => against(span, ours, || plain::<Vec<Flat>>(&body)),
            Client::Transistorsoft => against(span, ours, || plain::<Locations>(&body)),
            Client::Gpslogger => against(span, ours, || plain::<Flat>(&body)),
        };
        let name = format!("formats.{}-vs-plain-structs", client.source().as_str());
        report::ratio(&name, ratio?, target);
    }
    let body = json!({ "pings": batch(&ping) }).to_string().into_bytes();
    let ours = || native::read_batch(&body).is_ok_and(|read| read.unreadable.is_empty());
    let ratio = against(span, ours, || plain::<Pings>(&body))?;
    report::ratio("formats.native-vs-plain-structs", ratio, target);
    Ok(())
}

fn plain<T: DeserializeOwned>(body: &[u8]) -> bool {
    black_box(serde_json::from_slice::<T>(black_box(body))).is_ok()
}

/// How many times as often ours is done as the peer in the same time: the median of all turns.
fn against(
    span: Duration,
    ours: impl Fn() -> bool,
    peer: impl Fn() -> bool,
) -> anyhow::Result<f64> {
    anyhow::ensure!(ours() && peer(), "both read the body whole");
    let mut ratios: Vec<f64> =
        (0..TURNS).map(|_| f64::from(done(span, &ours)) / f64::from(done(span, &peer))).collect();
    ratios.sort_by(f64::total_cmp);
    Ok(ratios[ratios.len() / 2])
}

/// How often something is done in a time.
fn done(span: Duration, work: &impl Fn() -> bool) -> u32 {
    let (begun, mut times) = (Instant::now(), 0);
    while begun.elapsed() < span {
        black_box(work());
        times += 1;
    }
    times
}

fn degrees(number: usize) -> f64 {
    let number = u32::try_from(number).unwrap_or(0);
    38.7169 + f64::from(number) / 1e4
}

fn instant(number: usize) -> String {
    format!("2027-01-15T08:{:02}:{:02}.123Z", number / 60 % 60, number % 60)
}

fn own_report() -> Value {
    json!({ "_type": "location", "lat": degrees(0), "lon": -9.1399, "tst": 1_800_000_000,
        "acc": 4.5, "alt": 57.0, "vel": 54.0, "cog": 270.0, "batt": 80.0, "bs": 2, "tid": "NE",
        "created_at": 1_800_000_002 })
}

fn feature(number: usize) -> Value {
    json!({ "type": "Feature",
        "geometry": { "type": "Point", "coordinates": [-9.1399, degrees(number)] },
        "properties": { "timestamp": instant(number), "speed": 4.5, "course": 270.0,
            "altitude": 57.5, "horizontal_accuracy": 8.0, "motion": ["driving"],
            "battery_level": 0.73, "battery_state": "charging", "pauses": false,
            "unique_id": "7A1F0C2E", "wifi": "" } })
}

fn flat(number: usize) -> Value {
    json!({ "id": "a1b2c3", "timestamp": 1_800_000_000 + number, "lat": degrees(number),
        "lon": -9.1399, "speed": 1.94, "bearing": 270.0, "altitude": 57.3, "accuracy": 12.86,
        "batt": 80.0, "charge": true })
}

fn location(number: usize) -> Value {
    json!({ "uuid": format!("0b5e2f3c-0000-4000-8000-{number:012}"), "timestamp": instant(number),
        "odometer": 1234.5, "is_moving": true, "event": "motionchange", "extras": {},
        "coords": { "latitude": degrees(number), "longitude": -9.1399, "accuracy": 12.5,
            "speed": 1.5, "heading": 237.0, "altitude": 57.5 },
        "battery": { "level": 0.8, "is_charging": false },
        "activity": { "type": "walking", "confidence": 100 } })
}

fn ping(number: usize) -> Value {
    json!({ "fix_at": instant(number), "lat": degrees(number), "lng": -9.1399, "accuracy_m": 8.5,
        "speed_mps": 1.5, "battery": 0.73 })
}
