//! Regions: named once, changed by version, and a reason to go or not to go.

use crate::support::{Account, Answer, Site, eventually};
use reqwest::Method;
use serde_json::{Value, json};

/// A square of this many degrees around a place.
fn square(lat: f64, lng: f64, side: f64) -> Value {
    let (south, north) = (lat - side / 2.0, lat + side / 2.0);
    let (west, east) = (lng - side / 2.0, lng + side / 2.0);
    json!({ "type": "Polygon", "coordinates":
        [[[west, south], [east, south], [east, north], [west, north], [west, south]]] })
}

fn region(name: &str) -> Value {
    json!({ "name": name, "area": square(38.71, -9.14, 0.02) })
}

#[tokio::test]
async fn a_name_is_taken_without_regard_to_case_until_its_region_is_deleted() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let town = admin.post("/v1/regions", region("Old town")).await.expect(201);
    let port = admin.post("/v1/regions", region("Port")).await.expect(201);
    admin.post("/v1/regions", region("OLD TOWN")).await.refused(409, "name_taken");
    let renamed = admin.patch(port.header("location"), json!({ "name": "old Town" })).await;
    renamed.refused(409, "name_taken");
    admin.delete(town.header("location")).await.expect(204);
    admin.get(town.header("location")).await.refused(404, "not_found");
    admin.patch(port.header("location"), json!({ "name": "old Town" })).await.expect(200);
}

#[tokio::test]
async fn a_change_needs_the_version_it_changes() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let created = admin.post("/v1/regions", region("Old town")).await.expect(201);
    assert_eq!(created.header("etag"), "\"1\"");
    let path = created.header("location").to_owned();
    let change = |version: Option<&'static str>, body: Value| {
        admin.update(Method::PATCH, &path, version, body)
    };
    let wider = json!({ "area": square(38.71, -9.14, 0.04) });
    change(None, wider.clone()).await.refused(428, "precondition_required");
    let changed = change(Some("\"1\""), wider.clone()).await.expect(200);
    assert_eq!((changed.header("etag"), changed.str("/name")), ("\"2\"", "Old town"));
    assert_ne!(changed.body["area"], created.body["area"]);
    change(Some("\"1\""), wider).await.refused(412, "precondition_failed");
    let wrong = json!({ "area": { "type": "Point", "coordinates": [1, 2] } });
    let wrong = change(Some("\"2\""), wrong).await.refused(422, "invalid");
    assert_eq!(wrong.pointers(), ["/area/type"]);
    assert_eq!(admin.get(&path).await.expect(200).header("etag"), "\"2\"");
}

/// The names of a case's candidates, best first.
async fn ranking(admin: &Account<'_>, case: &str) -> Vec<String> {
    let answer = admin.post("/v1/recommendations", json!({ "case_id": case })).await.expect(200);
    let candidates = answer.body["result"]["candidates"].as_array().unwrap().clone();
    let name = |candidate: &Value| candidate["display_name"].as_str().unwrap().to_owned();
    candidates.iter().map(name).collect()
}

async fn ranks(admin: &Account<'_>, case: &str, wanted: &[&str]) {
    eventually(&format!("the ranking is {wanted:?}"), async || {
        (ranking(admin, case).await == wanted).then_some(())
    })
    .await;
}

async fn prefer(admin: &Account<'_>, staff: &str, region: &str, preference: &str) -> Answer {
    let entry = json!({ "region_id": region, "preference": preference });
    let body = json!({ "services": [], "regions": [entry] });
    admin.put(&format!("/v1/staff/{staff}/work-preferences"), body).await.expect(200)
}

#[tokio::test]
async fn a_preference_for_a_region_changes_the_ranking_there() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let mut people = Vec::new();
    // The second is a little further away, though near enough for preferences to decide.
    for (name, lat) in [("First", 38.715), ("Second", 38.718)] {
        let home = json!({ "lat": lat, "lng": -9.14 });
        let body = json!({ "display_name": name, "home": home, "skills":
            [{ "code": "camera", "level": 3 }] });
        people.push(admin.create_staff(body).await);
    }
    let region = admin.post("/v1/regions", region("Old town")).await.expect(201);
    let region = region.str("/id").to_owned();
    let case = |lat: f64| {
        json!({ "title": "Photos", "position": { "lat": lat, "lng": -9.14 },
            "skills": [{ "code": "camera", "required": 1 }] })
    };
    let case_at =
        async |lat: f64| admin.post("/v1/cases", case(lat)).await.expect(201).str("/id").to_owned();
    let (inside, outside) = (case_at(38.71).await, case_at(38.69).await);
    prefer(&admin, &people[0], &region, "avoid").await;
    prefer(&admin, &people[1], &region, "preferred").await;
    ranks(&admin, &inside, &["Second", "First"]).await;
    prefer(&admin, &people[0], &region, "preferred").await;
    prefer(&admin, &people[1], &region, "avoid").await;
    ranks(&admin, &inside, &["First", "Second"]).await;
    prefer(&admin, &people[0], &region, "never").await;
    ranks(&admin, &inside, &["Second"]).await;
    ranks(&admin, &outside, &["First", "Second"]).await;
    // The region grows over the other case, and then goes with all that was said about it.
    let path = format!("/v1/regions/{region}");
    admin.patch(&path, json!({ "area": square(38.70, -9.14, 0.06) })).await.expect(200);
    ranks(&admin, &outside, &["Second"]).await;
    admin.delete(&path).await.expect(204);
    ranks(&admin, &outside, &["First", "Second"]).await;
    ranks(&admin, &inside, &["First", "Second"]).await;
    let left = admin.get(&format!("/v1/staff/{}/work-preferences", people[1])).await.expect(200);
    assert_eq!(left.body["regions"], json!([]));
}
