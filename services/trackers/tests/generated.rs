//! Generated bodies of every app, 10,000 each: what was put in is read, what is wrong costs itself,
//! and nothing panics.

use nearhand_domain::ping::RawFix;
use nearhand_trackers::{Client, Delivery, Message, Refused, read};
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Map, Value, json};

const UNDATED: i64 = 1_800_000_060_000;
const KNOT: f64 = 1_852.0 / 3_600.0;

/// What is wrong with a fix.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spoilt {
    No,
    Latitude,
    Time,
    Position,
}

/// How its numbers are written.
#[derive(Clone, Copy, Debug)]
enum Spelling {
    Bare,
    Quoted,
    Comma,
}

/// A fix as it was.
#[derive(Clone, Debug)]
struct Made {
    at_s: i64,
    lat: f64,
    lng: f64,
    speed_mps: Option<f64>,
    percent: Option<i32>,
    charging: Option<bool>,
    spoilt: Spoilt,
    spelling: Spelling,
    iso: bool,
    junk: Value,
}

prop_compose! {
    fn any_made()(
        at_s in 1_700_000_000i64..1_900_000_000,
        lat in -89_000_000i32..89_000_000,
        lng in -179_000_000i32..179_000_000,
        speed_mps in option::of(0i32..400),
        percent in option::of(0i32..=100),
        charging in option::of(any::<bool>()),
        spoilt in prop_oneof![
            6 => Just(Spoilt::No), 1 => Just(Spoilt::Latitude), 1 => Just(Spoilt::Time),
            1 => Just(Spoilt::Position),
        ],
        spelling in prop_oneof![
            Just(Spelling::Bare), Just(Spelling::Quoted), Just(Spelling::Comma),
        ],
        iso: bool,
        junk in any_json(),
    ) -> Made {
        Made {
            at_s, lat: f64::from(lat) / 1e6, lng: f64::from(lng) / 1e6,
            speed_mps: speed_mps.map(|s| f64::from(s) / 8.0), percent, charging, spoilt, spelling,
            iso, junk,
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~\u{e9}\u{1f600}\n]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[a-z]{1,4}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

impl Made {
    fn number(&self, number: f64) -> Value {
        match self.spelling {
            Spelling::Bare => json!(number),
            Spelling::Quoted => json!(number.to_string()),
            Spelling::Comma => json!(number.to_string().replace('.', ",")),
        }
    }

    fn latitude(&self) -> Value {
        if self.spoilt == Spoilt::Latitude { self.wrong() } else { self.number(self.lat) }
    }

    fn wrong(&self) -> Value {
        match self.spelling {
            Spelling::Bare => json!(true),
            Spelling::Quoted => json!("north"),
            Spelling::Comma => json!({ "lat": [1] }),
        }
    }

    fn instant(&self) -> String {
        jiff::Timestamp::from_second(self.at_s).expect("an instant").to_string()
    }

    fn time(&self) -> Value {
        match (self.spoilt, self.iso) {
            (Spoilt::Time, true) => json!("yesterday"),
            (Spoilt::Time, false) => json!(true),
            (_, true) => json!(self.instant()),
            (_, false) => match self.spelling {
                Spelling::Bare => json!(self.at_s),
                Spelling::Quoted => json!(self.at_s.to_string()),
                Spelling::Comma => json!(self.at_s * 1_000),
            },
        }
    }

    fn has_position(&self) -> bool {
        self.spoilt != Spoilt::Position
    }

    fn owntracks(&self) -> Value {
        let mut body = Map::new();
        body.insert("_type".into(), json!("location"));
        body.insert("tst".into(), self.time());
        if self.has_position() {
            body.insert("lat".into(), self.latitude());
            body.insert("lon".into(), self.number(self.lng));
        }
        self.optional(&mut body, "vel", self.speed_mps.map(|s| s * 3.6));
        self.optional(&mut body, "batt", self.percent.map(f64::from));
        let state = self.charging.map(|charging| if charging { 2.0 } else { 1.0 });
        self.optional(&mut body, "bs", state);
        body.insert("junk".into(), self.junk.clone());
        Value::Object(body)
    }

    fn optional(&self, body: &mut Map<String, Value>, name: &str, value: Option<f64>) {
        if let Some(value) = value {
            body.insert(name.into(), self.number(value));
        }
    }

    fn overland(&self) -> Value {
        let coordinates = json!([self.number(self.lng), self.latitude(), 57.5]);
        let geometry = json!({ "type": "Point", "coordinates": coordinates });
        json!({
            "type": "Feature",
            "geometry": if self.has_position() { geometry } else { Value::Null },
            "properties": {
                "timestamp": self.time(),
                "speed": self.speed_mps.unwrap_or(-1.0),
                "battery_level": self.percent.map_or(-1.0, |p| f64::from(p) / 100.0),
                "battery_state": self.charging.map_or("unknown", |c| if c { "full" } else { "unplugged" }),
                "motion": self.junk,
            },
            "junk": self.junk,
        })
    }

    fn sdk(&self) -> Value {
        let coords = json!({ "latitude": self.latitude(), "longitude": self.number(self.lng),
            "speed": self.speed_mps.unwrap_or(-1.0), "accuracy": self.junk });
        json!({
            "timestamp": self.time(),
            "coords": if self.has_position() { coords } else { json!({ "speed": 1 }) },
            "battery": { "level": self.percent.map_or(-1.0, |p| f64::from(p) / 100.0),
                "is_charging": self.charging },
            "activity": self.junk, "extras": self.junk,
        })
    }

    fn flat(&self, speed_unit: f64) -> Value {
        let mut body = Map::new();
        body.insert("id".into(), self.junk.clone());
        body.insert("timestamp".into(), self.time());
        if self.has_position() {
            body.insert("lat".into(), self.latitude());
            body.insert("lon".into(), self.number(self.lng));
        }
        self.optional(&mut body, "speed", self.speed_mps.map(|s| s / speed_unit));
        self.optional(&mut body, "batt", self.percent.map(f64::from));
        body.insert("charge".into(), json!(self.charging));
        Value::Object(body)
    }

    /// A flat fix as a query: an object's texts and numbers, encoded.
    fn query(&self, speed_unit: f64) -> String {
        let Value::Object(members) = self.flat(speed_unit) else { unreachable!("an object") };
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let encoded =
            |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let pair = |(name, value): (&String, &Value)| format!("{name}={}", encoded(&text(value)));
        members.iter().filter(|(_, v)| !v.is_null()).map(pair).collect::<Vec<_>>().join("&")
    }

    fn is_read_as(&self, fix: &RawFix) {
        assert_eq!(fix.fix_at_ms, self.at_s * 1_000);
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} is not {b}");
        near(fix.lat, self.lat);
        near(fix.lng, self.lng);
        let same = |read: Option<f64>, made: Option<f64>| match (read.filter(|v| *v >= 0.0), made) {
            (Some(read), Some(made)) => near(read, made),
            (read, made) => assert_eq!(read, made),
        };
        same(fix.speed_mps, self.speed_mps);
        same(fix.battery, self.percent.map(|p| f64::from(p) / 100.0));
        assert_eq!(fix.charging, self.charging);
    }
}

/// Every good fix is read as it was made, in order, and every other is counted.
fn check(made: &[Made], got: &Delivery) {
    let good: Vec<_> = made.iter().filter(|made| made.spoilt == Spoilt::No).collect();
    assert_eq!(got.fixes.len(), good.len(), "{got:?}");
    for (made, fix) in good.iter().zip(&got.fixes) {
        made.is_read_as(fix);
    }
    let wrong = if made.is_empty() { 1 } else { made.len() - good.len() };
    assert_eq!(got.omitted.values().sum::<usize>(), wrong, "{got:?}");
}

fn of(client: Client, query: &str, body: &str) -> Result<Delivery, Refused> {
    read(client, &Message { query, body: body.as_bytes(), undated_at_ms: UNDATED })
}

/// A whole body is read, and one that is cut short is told as such.
fn check_json(client: Client, made: &[Made], body: &str, cut: usize) {
    check(made, &of(client, "", body).expect("a whole body"));
    let mut cut = cut % body.len();
    while !body.is_char_boundary(cut) {
        cut -= 1;
    }
    if cut > 0 {
        assert_eq!(of(client, "", &body[..cut]).err(), Some(Refused::CutShort), "{}", &body[..cut]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn owntracks(made in any_made(), cut: usize) {
        let body = made.owntracks().to_string();
        check_json(Client::Owntracks, std::slice::from_ref(&made), &body, cut);
    }

    #[test]
    fn overland(made in vec(any_made(), 0..5), live: bool, cut: usize) {
        let mut features: Vec<_> = made.iter().map(Made::overland).collect();
        let current = if live { features.pop() } else { None };
        let body = json!({ "locations": features, "current": current, "trip": live }).to_string();
        check_json(Client::Overland, &made, &body, cut);
    }

    #[test]
    fn traccar(made in vec(any_made(), 1..5), form in 0..5, cut: usize) {
        let (first, one) = (&made[0], &made[..1]);
        match form {
            0 => check(one, &of(Client::Traccar, &first.query(KNOT), "").expect("a query")),
            1 => check(one, &of(Client::Traccar, "", &first.query(KNOT)).expect("a form")),
            2 => {
                let body = json!({ "device_id": "a", "location": first.sdk() }).to_string();
                check_json(Client::Traccar, one, &body, cut);
            }
            3 => {
                let body = Value::from(made.iter().map(|m| m.flat(KNOT)).collect::<Vec<_>>());
                check_json(Client::Traccar, &made, &body.to_string(), cut);
            }
            _ => check_json(Client::Traccar, one, &first.flat(KNOT).to_string(), cut),
        }
    }

    #[test]
    fn transistorsoft(made in vec(any_made(), 1..5), root in 0..4, cut: usize) {
        let list = Value::from(made.iter().map(Made::sdk).collect::<Vec<_>>());
        let body = match root {
            0 => json!({ "location": list }),
            1 => json!({ "extra": 1, "locations": list }),
            2 => list,
            _ => json!({ "location": made[0].sdk() }),
        };
        let made = if root == 3 { &made[..1] } else { &made[..] };
        check_json(Client::Transistorsoft, made, &body.to_string(), cut);
    }

    #[test]
    fn gpslogger(made in any_made(), form in 0..3, cut: usize) {
        match form {
            0 => check(std::slice::from_ref(&made), &of(Client::Gpslogger, &made.query(1.0), "").expect("a query")),
            1 => check(std::slice::from_ref(&made), &of(Client::Gpslogger, "", &made.query(1.0)).expect("a form")),
            _ => check_json(Client::Gpslogger, std::slice::from_ref(&made), &made.flat(1.0).to_string(), cut),
        }
    }

    /// JSON of any shape, and anything at all.
    #[test]
    fn nothing_panics_and_everything_is_counted(
        json in any_json(), bytes in vec(any::<u8>(), 0..80), query in "[ -~]{0,40}",
    ) {
        for client in Client::ALL {
            for body in [json.to_string().as_bytes(), &bytes] {
                let message = Message { query: &query, body, undated_at_ms: UNDATED };
                if let Ok(got) = read(client, &message) {
                    prop_assert!(!got.fixes.is_empty() || !got.omitted.is_empty());
                }
            }
        }
    }
}
