//! Apps that exist send to Nearhand: each in its own format, with the answer that lets it forget what
//! is stored, and nothing stored twice.

use crate::support::{Account, Answer, Phone, Site, account::now, eventually};
use flate2::{Compression, write::GzEncoder};
use futures::{StreamExt, stream};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::io::Write;
use uuid::Uuid;

/// A phone of Grace, whose tracking is permitted.
async fn phone<'a>(admin: &Account<'a>) -> Phone<'a> {
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    admin.create_phone(&staff).await
}

/// The address of an app's requests.
fn url(phone: &Phone<'_>, path: &str) -> String {
    format!("{}/ingest/{}", phone.site.url, path.replace("{token}", &phone.token))
}

fn post(phone: &Phone<'_>, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    phone.site.http.post(url(phone, path)).body(body)
}

fn by_bearer(phone: &Phone<'_>, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    post(phone, path, body).bearer_auth(&phone.token)
}

/// As OwnTracks sends: the token is the password.
fn owntracks(phone: &Phone<'_>, body: impl Into<reqwest::Body>) -> RequestBuilder {
    let request = post(phone, "owntracks?u=somebody&d=else", body);
    request.basic_auth("grace", Some(&phone.token)).header("x-limit-u", "somebody")
}

async fn answer(request: RequestBuilder) -> Answer {
    Answer::read(request.send().await.expect("an answer")).await
}

/// What is stored of the phone, oldest first.
async fn stored(phone: &Phone<'_>) -> Vec<Stored> {
    let rows = sqlx::query_as::<_, Stored>(
        "SELECT source, ST_Y(position::geometry) AS lat, ST_X(position::geometry) AS lng, speed_mps, \
         battery, charging, motion, fix_at::text AS fix_at FROM pings WHERE device_id = $1 \
         ORDER BY pings.fix_at",
    );
    let id: Uuid = phone.id.parse().expect("an id");
    rows.bind(id).fetch_all(&mut phone.site.database.look().await).await.expect("rows")
}

#[derive(Debug, sqlx::FromRow)]
struct Stored {
    source: String,
    lat: f64,
    lng: f64,
    speed_mps: Option<f32>,
    battery: Option<f32>,
    charging: Option<bool>,
    motion: Option<String>,
    fix_at: String,
}

/// Waits for so many rows, and returns them.
async fn stored_at_last(phone: &Phone<'_>, many: usize) -> Vec<Stored> {
    eventually("all is stored", async || {
        let rows = stored(phone).await;
        (rows.len() >= many).then_some(rows)
    })
    .await
}

fn near(value: Option<f32>, expected: f32) {
    assert!(value.is_some_and(|v| (v - expected).abs() < 1e-3), "{value:?} is not {expected}");
}

#[tokio::test]
async fn each_app_is_understood_and_gets_the_answer_it_needs() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let phones: Vec<Phone<'_>> =
        stream::iter(0..7).then(async |_| phone(&admin).await).collect().await;
    // Nothing from before the consent would be taken.
    let (at, form) = (now(), "lat=38.7169&lon=-9.1399&batt=80");
    let seconds = nearhand_domain::clock::now().as_second() + 1;
    let sdk = json!({ "location": { "uuid": Uuid::now_v7(), "timestamp": at,
        "coords": { "latitude": 38.7169, "longitude": -9.1399, "speed": 1.0 },
        "battery": { "level": 0.8 }, "activity": { "type": "walking" } } })
    .to_string();
    let overland = json!({ "locations": [{ "type": "Feature",
        "geometry": { "type": "Point", "coordinates": [-9.1399, 38.7169] },
        "properties": { "timestamp": at, "speed": 1, "battery_level": 0.8, "motion": ["walking"] } }] })
    .to_string();
    let report = json!({ "_type": "location", "lat": 38.7169, "lon": -9.1399, "tst": seconds,
        "vel": 3.6, "batt": 80 })
    .to_string();
    let knots = format!("id=x&{form}&speed=1.9438445&timestamp={seconds}");
    let metres = format!("{form}&spd=1&ts={seconds}");
    let get = |phone: &Phone<'_>, path: &str| phone.site.http.get(url(phone, path));
    let requests = [
        (owntracks(&phones[0], report), "[]", "owntracks"),
        (by_bearer(&phones[1], "overland", overland), r#"{"result":"ok"}"#, "overland"),
        (post(&phones[2], "traccar/{token}", knots.clone()), "{}", "traccar"),
        (get(&phones[3], &format!("traccar/{{token}}?{knots}")), "{}", "traccar"),
        (by_bearer(&phones[4], "transistorsoft", sdk), "{}", "transistorsoft"),
        (get(&phones[5], &format!("gpslogger/{{token}}?{metres}")), "{}", "gpslogger"),
        (post(&phones[6], "gpslogger/{token}", metres), "{}", "gpslogger"),
    ];
    for (at, (request, expected, source)) in requests.into_iter().enumerate() {
        let answer = answer(request).await.expect(200);
        assert_eq!((answer.text.as_str(), answer.header("cache-control")), (expected, "no-store"));
        let rows = stored_at_last(&phones[at], 1).await;
        let [row] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((row.source.as_str(), row.lat, row.lng), (source, 38.7169, -9.1399));
        near(row.speed_mps, 1.0);
        near(row.battery, 0.8);
    }
}

#[tokio::test]
async fn whoever_has_no_good_token_is_told_so() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let phone = phone(&admin).await;
    let wrong = format!("{}x", phone.token);
    let at = |path: &str| format!("{}/ingest/{path}", site.url);
    let requests = || {
        [
            site.http.post(at("owntracks")),
            site.http.post(at("owntracks")).basic_auth(&phone.token, Some("grace")),
            site.http.post(at("owntracks")).basic_auth("grace", Some(&wrong)),
            site.http.post(at("overland")).bearer_auth(&wrong),
            site.http.post(at("transistorsoft")).bearer_auth(&admin.token),
            site.http.post(at(&format!("traccar/{wrong}"))),
            site.http.get(at(&format!("gpslogger/{}?lat=1&lon=2", admin.token))),
        ]
    };
    for request in requests() {
        let refused = answer(request).await;
        assert!(!refused.text.contains("nh_"), "{}", refused.text);
        refused.refused(401, "unauthorized");
    }
    let problem = answer(site.http.get(at(&format!("traccar/{wrong}?lat=1&lon=2")))).await;
    assert_eq!(problem.str("/instance"), "/ingest/traccar/{token}", "never the address itself");
    answer(owntracks(&phone, "")).await.expect(200);
    let staff = admin.get("/v1/staff").await.expect(200);
    let staff = staff.body["items"].as_array().unwrap().iter();
    let grace = staff.clone().find(|person| person["display_name"] == "Grace").unwrap();
    let path = format!("/v1/staff/{}/devices/{}", grace["id"].as_str().unwrap(), phone.id);
    admin.delete(&path).await.expect(204);
    answer(owntracks(&phone, "")).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn what_is_no_fix_is_acknowledged_and_stored_nowhere() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let phone = phone(&admin).await;
    let now = nearhand_domain::clock::now().as_second();
    let waypoint = json!({ "_type": "waypoint", "desc": "Depot", "lat": 38.7169, "lon": -9.1399,
        "rad": 50, "tst": now });
    for body in [waypoint.to_string().as_str(), "{}", "", "[]", "hello", r#"{"_type":"encrypted"}"#]
    {
        let answer = answer(owntracks(&phone, body.to_owned())).await.expect(200);
        assert_eq!(answer.text, "[]", "{body}");
    }
    for query in
        ["id=a", "lat=%LAT&lon=%LON", "lat=0&lon=0", "lat=91&lon=0", "lat=1&lon=1&timestamp=x"]
    {
        let request = site.http.get(url(&phone, &format!("traccar/{{token}}?{query}")));
        answer(request).await.expect(200);
    }
    // Numbers in quotes are numbers; without a time it is the time of receipt, once a minute.
    let quoted = json!({ "_type": "location", "lat": "38.7169", "lon": "-9.1399",
        "tst": (now + 2).to_string(), "acc": "4", "batt": "80", "tid": "NE" });
    answer(owntracks(&phone, quoted.to_string())).await.expect(200);
    let undated = json!({ "_type": "location", "lat": 38.7169, "lon": -9.1399, "acc": 4 });
    let minute = || nearhand_domain::clock::now().as_second() / 60;
    let before = minute();
    answer(owntracks(&phone, undated.to_string())).await.expect(200);
    answer(owntracks(&phone, undated.to_string())).await.expect(200);
    // Only if a minute ended in between are they two.
    let undated = if minute() == before { 1 } else { 2 };
    // Whatever was sent before this is stored by the time that this is.
    let last = json!({ "_type": "location", "lat": 1, "lon": 2, "tst": now + 60 });
    answer(owntracks(&phone, last.to_string())).await.expect(200);
    let rows = stored_at_last(&phone, 2 + undated).await;
    assert!((3..=2 + undated).contains(&rows.len()), "{rows:?}");
    assert!(rows.iter().any(|row| row.battery == Some(0.8)), "{rows:?}");
}

#[tokio::test]
async fn traccar_in_its_three_forms() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let phone = phone(&admin).await;
    let start = nearhand_domain::clock::now().as_second() + 1;
    let form = |at: i64| {
        format!(
            "id=a1b2c3&timestamp={at}&lat=38.7169&lon=-9.1399&speed=1.9438445&bearing=270.0\
             &altitude=57.3&accuracy=12.86&batt=100.0&charge=true&unheard=of"
        )
    };
    let sdk = |at: i64| {
        let at = jiff::Timestamp::from_second(at).unwrap();
        json!({ "device_id": "a1b2c3", "location": { "timestamp": at, "odometer": 1.5,
            "coords": { "latitude": 38.7169, "longitude": -9.1399, "speed": 1.0 },
            "is_moving": true, "battery": { "level": 1, "is_charging": true } } })
        .to_string()
    };
    let query = |at: i64| url(&phone, &format!("traccar/{{token}}?{}", form(at)));
    let labelled = |body: String, kind: &str| {
        post(&phone, "traccar/{token}", body).header("content-type", kind)
    };
    let requests = [
        site.http.get(query(start)),
        site.http.post(query(start + 1)),
        labelled(form(start + 2), "application/x-www-form-urlencoded"),
        labelled(form(start + 3), "application/json"),
        labelled(sdk(start + 4), "application/json"),
        labelled(sdk(start + 5), "text/plain"),
    ];
    for request in requests {
        answer(request).await.expect(200);
    }
    let rows = stored_at_last(&phone, 6).await;
    assert_eq!(rows.len(), 6);
    for row in rows {
        near(row.speed_mps, 1.0);
        near(row.battery, 1.0);
        assert_eq!(row.charging, Some(true), "{row:?}");
    }
}

#[tokio::test]
async fn a_batch_in_any_order_with_a_repeat_is_stored_once_each() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let start = nearhand_domain::clock::now();
    let fix = |number: u32, seconds: i64, level: f64| {
        json!({ "uuid": format!("00000000-0000-4000-8000-{number:012}"),
            "timestamp": start + jiff::SignedDuration::from_secs(seconds),
            "coords": { "latitude": 38.7169, "longitude": -9.1399, "speed": -1 },
            "battery": { "level": level }, "activity": { "type": "still" } })
    };
    let list = json!([fix(1, 35, 1.0), fix(2, 12, -1.0), fix(1, 35, 1.0)]);
    for root in [json!({ "locations": list }), json!({ "location": list }), list.clone()] {
        let phone = phone(&admin).await;
        for _again in 0..2 {
            let request = by_bearer(&phone, "transistorsoft", root.to_string());
            answer(request).await.expect(200);
        }
        let rows = stored_at_last(&phone, 2).await;
        let batteries: Vec<_> = rows.iter().map(|row| row.battery).collect();
        assert_eq!(batteries, [None, Some(1.0)], "{root}");
        assert_eq!(rows[0].motion.as_deref(), Some("stationary"));
    }
}

/// The fixes of a day without a network. One has a position that is none.
const QUEUE: usize = 5_000;
const BAD: usize = 2_345;

/// One fix of the queue: its number, its time, its latitude as text.
#[derive(Clone)]
struct Fix {
    at_ms: i64,
    lat: &'static str,
}

fn queued() -> Vec<Fix> {
    let start = nearhand_domain::clock::now().as_millisecond();
    (0..QUEUE)
        .map(|n| Fix {
            at_ms: start + i64::try_from(n).unwrap() * 10,
            lat: if n == BAD { "95.5" } else { "38.7169" },
        })
        .collect()
}

impl Fix {
    fn instant(&self) -> String {
        jiff::Timestamp::from_millisecond(self.at_ms).unwrap().to_string()
    }

    fn lat(&self) -> f64 {
        self.lat.parse().unwrap()
    }

    fn feature(&self) -> Value {
        json!({ "type": "Feature",
            "geometry": { "type": "Point", "coordinates": [-9.1399, self.lat()] },
            "properties": { "timestamp": self.instant() } })
    }

    fn sdk(&self) -> Value {
        json!({ "uuid": self.at_ms.to_string(), "timestamp": self.instant(),
            "coords": { "latitude": self.lat(), "longitude": -9.1399 } })
    }

    fn form(&self) -> String {
        format!("lat={}&lon=-9.1399&timestamp={}", self.lat, self.at_ms)
    }
}

/// Sends a part of the queue until it is acknowledged, as apps do. Every third answer is lost on the
/// way, and the app sends the same again.
async fn deliver(number: usize, request: &RequestBuilder) {
    let answers = if number.is_multiple_of(3) { 2 } else { 1 };
    for _ in 0..answers {
        eventually("it is acknowledged", async || {
            let request = request.try_clone().expect("a body of bytes");
            let status = request.send().await.expect("an answer").status();
            // A queue that is slow may say so; nothing else lets an app try again.
            assert!(matches!(status.as_u16(), 200 | 503), "{status}");
            (status == StatusCode::OK).then_some(())
        })
        .await;
    }
}

async fn exactly_once(phone: &Phone<'_>) {
    let rows = stored_at_last(phone, QUEUE - 1).await;
    assert_eq!(rows.len(), QUEUE - 1, "once each");
    let times: std::collections::BTreeSet<_> = rows.iter().map(|row| &row.fix_at).collect();
    assert_eq!(times.len(), QUEUE - 1);
}

#[tokio::test]
async fn one_bad_fix_costs_a_long_queue_nothing_else_in_batches() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    for app in ["overland", "transistorsoft", "traccar/{token}"] {
        let phone = phone(&admin).await;
        let fixes = queued();
        for (number, part) in fixes.chunks(900).enumerate() {
            let body = match app {
                "overland" => {
                    json!({ "locations": part.iter().map(Fix::feature).collect::<Vec<_>>() })
                }
                _ => json!({ "location": part.iter().map(Fix::sdk).collect::<Vec<_>>() }),
            };
            deliver(number, &by_bearer(&phone, app, body.to_string())).await;
        }
        exactly_once(&phone).await;
    }
}

#[tokio::test]
async fn one_bad_fix_costs_a_long_queue_nothing_else_one_by_one() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    for app in ["owntracks", "traccar", "gpslogger"] {
        let phone = &phone(&admin).await;
        let requests = queued().into_iter().enumerate().map(async |(number, fix)| {
            let request = match app {
                "owntracks" => owntracks(
                    phone,
                    format!(
                        r#"{{"_type":"location","lat":{},"lon":-9.1399,"tst":{}}}"#,
                        fix.lat, fix.at_ms
                    ),
                ),
                "traccar" => post(phone, "traccar/{token}", fix.form()),
                _ => site.http.get(url(phone, &format!("gpslogger/{{token}}?{}", fix.form()))),
            };
            deliver(number, &request).await;
        });
        stream::iter(requests).buffer_unordered(64).collect::<Vec<()>>().await;
        exactly_once(phone).await;
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn only_what_was_lost_on_the_way_or_is_too_much_is_refused() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let phone = phone(&admin).await;
    let fixes: Vec<Value> = queued()[..20].iter().map(Fix::sdk).collect();
    let whole = json!({ "location": fixes }).to_string();
    let packed = |bytes: Vec<u8>| {
        let request = by_bearer(&phone, "transistorsoft", bytes);
        answer(request.header("content-encoding", "gzip"))
    };
    let half = whole[..whole.len() / 2].to_owned();
    answer(by_bearer(&phone, "transistorsoft", half)).await.refused(400, "malformed_body");
    let short = gzip(&whole);
    packed(short[..short.len() - 9].to_vec()).await.refused(400, "malformed_body");
    packed(gzip(&" ".repeat(17 << 20))).await.refused(413, "too_large");
    let many = format!("[{}]", vec!["{}"; 20_001].join(","));
    packed(gzip(&many)).await.refused(413, "too_large");
    let brotli = by_bearer(&phone, "transistorsoft", "x").header("content-encoding", "br");
    answer(brotli).await.refused(415, "unsupported_media_type");
    assert!(stored(&phone).await.is_empty());
    packed(short).await.expect(200);
    stored_at_last(&phone, 20).await;
}

#[tokio::test]
async fn without_consent_a_fix_is_acknowledged_and_kept_nowhere() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&staff).await;
    let dated = |lat: f64| {
        let at = nearhand_domain::clock::now().as_second();
        owntracks(
            &phone,
            json!({ "_type": "location", "lat": lat, "lon": 2, "tst": at }).to_string(),
        )
    };
    admin.delete(&format!("/v1/staff/{staff}/tracking")).await.expect(204);
    answer(dated(1.0)).await.expect(200);
    answer(owntracks(&phone, r#"{"_type":"location","lat":1,"lon":2}"#)).await.expect(200);
    let basis = json!({ "legal_basis": "contract" });
    admin.put(&format!("/v1/staff/{staff}/tracking"), basis).await.expect(200);
    // The queue keeps the order of a phone: what came before would be stored by now.
    let rows = eventually("she is heard again", async || {
        answer(dated(3.0)).await.expect(200);
        let rows = stored(&phone).await;
        (!rows.is_empty()).then_some(rows)
    })
    .await;
    assert!(rows.iter().all(|row| row.lat > 2.0), "{rows:?}");
}

#[tokio::test]
async fn a_full_queue_is_told_with_the_time_to_come_back() {
    let site = Site::without_worker(|config| config.limits.live = 1).await;
    let admin = site.set_up().await;
    let phone = phone(&admin).await;
    let send = || owntracks(&phone, r#"{"_type":"location","lat":1,"lon":2}"#);
    answer(send()).await.expect(200);
    let full = eventually("the depth is seen", async || {
        let answer = answer(send()).await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert!(full.header("retry-after").parse::<u32>().unwrap() >= 1);
    full.refused(503, "queue_full");
}
