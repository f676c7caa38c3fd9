//! A person's history: as lines, as stays in cells, in metres a day; who may read it, and what is
//! recorded of that.

use crate::support::{
    Site,
    account::seconds_from_now,
    eventually,
    queued::{person, stored},
};
use serde_json::{Value, json};

/// A fix so many minutes ago, so many metres to the north.
fn fix(minutes_ago: i64, metres: f64) -> Value {
    json!({ "fix_at": seconds_from_now(-60 * minutes_ago), "lat": 38.7 + metres / 111_195.0,
        "lng": -9.1, "accuracy_m": 8 })
}

/// A walk of three fixes, an hour without any, a drive of two, a jump and a mock fix.
fn history() -> Value {
    let mut mock = fix(3, 9_000.0);
    mock["mock"] = json!(true);
    json!([
        fix(120, 0.0),
        fix(115, 100.0),
        fix(110, 200.0),
        fix(20, 5_200.0),
        fix(10, 8_200.0),
        fix(5, 900_000.0),
        mock,
    ])
}

async fn all_stored(site: &Site, count: i64) {
    eventually("all is stored", async || {
        (stored(&mut site.database.look().await).await == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_way_is_read_as_lines_without_gaps_jumps_and_mock_fixes() {
    let site = Site::start().await;
    let admin = site.set_up_with_jumps().await;
    let (staff, phone) = person(&admin).await;
    phone.consent_since_yesterday().await;
    phone.send(history()).await.expect(200);
    all_stored(&site, 7).await;
    let path = format!("/v1/staff/{staff}/track");
    let track = admin.get(&path).await.expect(200);
    assert_eq!(track.header("content-type"), "application/geo+json");
    assert_eq!(track.body["type"], "FeatureCollection");
    let features = track.body["features"].as_array().unwrap();
    let points = |feature: &Value| feature["geometry"]["coordinates"].as_array().unwrap().len();
    assert_eq!(features.iter().map(points).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(features[0]["geometry"]["type"], "LineString");
    assert_eq!(features[0]["properties"]["times"].as_array().unwrap().len(), 3);
    assert_eq!(features[0]["geometry"]["coordinates"][0], json!([-9.1, 38.7]));
    let simple = admin.get(&format!("{path}?tolerance_m=20")).await.expect(200);
    let features = simple.body["features"].as_array().unwrap();
    assert_eq!(features.iter().map(points).collect::<Vec<_>>(), [2, 2], "a straight line");
    let since = seconds_from_now(-1_800);
    let part = admin.get(&format!("{path}?from={since}")).await.expect(200);
    assert_eq!(part.body["features"].as_array().unwrap().len(), 1);
    let request = site.http.get(format!("{}{path}", site.url)).bearer_auth(&admin.token);
    let gpx = request.header("accept", "application/gpx+xml").send().await.unwrap();
    assert_eq!(gpx.headers()["content-type"], "application/gpx+xml");
    let text = gpx.text().await.unwrap();
    assert_eq!((text.matches("<trkseg>").count(), text.matches("<trkpt ").count()), (2, 5));
    let reads: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM position_reads WHERE route = '/v1/staff/{id}/track' \
         AND $1::uuid = ANY(people)",
    )
    .bind(&staff)
    .fetch_one(&mut site.database.look().await)
    .await
    .unwrap();
    assert_eq!(reads, 4, "each read is recorded");
}

#[tokio::test]
async fn stays_in_coarse_cells_are_for_more_people_than_the_way() {
    let site = Site::start().await;
    let admin = site.set_up_with_jumps().await;
    let grace = admin.create_account("general", "limited").await;
    let phone = admin.create_phone(&grace.id).await;
    phone.consent_since_yesterday().await;
    phone.send(history()).await.expect(200);
    all_stored(&site, 7).await;
    let path = format!("/v1/staff/{}/track", grace.id);
    let viewer = admin.create_account("admin", "full").await;
    viewer.get(&path).await.refused(403, "forbidden");
    viewer.get(&format!("{path}?format=dwell")).await.refused(403, "forbidden");
    viewer.get(&format!("{path}?format=dwell&resolution=8")).await.refused(403, "forbidden");
    viewer.get(&format!("/v1/staff/{}/distance", grace.id)).await.refused(403, "forbidden");
    let coarse = viewer.get(&format!("{path}?format=dwell&resolution=7")).await.expect(200);
    let items = coarse.body["items"].as_array().unwrap();
    assert_eq!(
        (items[0]["seconds"].as_i64(), coarse.body["resolution"].as_i64()),
        (Some(600), Some(7))
    );
    assert!(items.len() >= 3, "{items:?}");
    let reads = "SELECT count(*) FROM position_reads";
    let reads = async || -> i64 {
        sqlx::query_scalar(reads).fetch_one(&mut site.database.look().await).await.unwrap()
    };
    assert_eq!(reads().await, 0, "a coarse read is no read of a position");
    let fine = admin.get(&format!("{path}?format=dwell")).await.expect(200);
    assert_eq!(fine.body["resolution"], 9);
    assert_eq!(reads().await, 1);
    // One's own, whatever one may else.
    let own = grace.get("/v1/me/track").await.expect(200);
    assert_eq!(own.body["features"].as_array().unwrap().len(), 2);
    let stays = grace.get("/v1/me/track?format=dwell&resolution=11").await.expect(200);
    assert_eq!(
        stays.body["items"][0]["entered_at"],
        own.body["features"][0]["properties"]["started_at"]
    );
    assert_eq!(reads().await, 1);
    grace.get(&format!("/v1/staff/{}/track", admin.id)).await.refused(403, "forbidden");
}

#[tokio::test]
async fn each_day_has_its_metres_and_its_first_and_last_fix() {
    let site = Site::start().await;
    let admin = site.set_up_with_jumps().await;
    let (staff, phone) = person(&admin).await;
    phone.consent_since_yesterday().await;
    phone.send(history()).await.expect(200);
    all_stored(&site, 7).await;
    let path = format!("/v1/staff/{staff}/distance");
    let day = |seconds: i64| seconds_from_now(seconds)[..10].to_owned();
    let shown = admin.get(&format!("{path}?from={}&to={}", day(-86_400), day(0))).await.expect(200);
    assert_eq!(shown.body["time_zone"], "UTC");
    let metres = shown.body["metres"].as_f64().unwrap();
    assert!((metres - 8_200.0).abs() < 10.0, "{metres}");
    let items = shown.body["items"].as_array().unwrap();
    let fixes: i64 = items.iter().map(|day| day["fixes"].as_i64().unwrap()).sum();
    assert_eq!(fixes, 5, "without the jump and the mock fix");
    assert!(items[0]["first_fix_at"].is_string() && items[0]["last_fix_at"].is_string());
    assert!(shown.body["last_seen_at"].is_string());
    let nothing = admin.get(&format!("{path}?from=2020-01-01&to=2020-01-31")).await.expect(200);
    assert_eq!(nothing.body["items"], json!([]));
}

#[tokio::test]
async fn what_is_too_much_or_senseless_is_refused() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up_with_jumps().await;
    let (staff, _) = person(&admin).await;
    let (track, distance) =
        (format!("/v1/staff/{staff}/track"), format!("/v1/staff/{staff}/distance"));
    for (address, pointer) in [
        (format!("{track}?from=2026-01-01T00:00:00Z&to=2026-02-02T00:00:00Z"), "/to"),
        (format!("{track}?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"), "/from"),
        (format!("{track}?tolerance_m=-1"), "/tolerance_m"),
        (format!("{distance}?from=2026-01-01&to=2026-02-01"), "/to"),
        (format!("{distance}?from=2026-01-02&to=2026-01-01"), "/from"),
    ] {
        let refused = admin.get(&address).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), [pointer], "{address}");
    }
    for query in
        ["format=kml", "from=yesterday", "resolution=9", "format=dwell&resolution=16", "x=1"]
    {
        admin.get(&format!("{track}?{query}")).await.refused(400, "malformed_query");
    }
    let nobody = "0192f3a1-7c5e-7d2b-8f00-3c1d5e9a4b10";
    admin.get(&format!("/v1/staff/{nobody}/track")).await.refused(404, "not_found");
}
