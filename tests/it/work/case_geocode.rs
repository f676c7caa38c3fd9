//! Addresses of cases are looked for on the map by the same job as people's.

use crate::support::{Account, Answer, Site, eventually};
use nearhand_geocode::{Geocoder, Options};
use nearhand_runner::GeocodeJobs;
use serde_json::{Value, json};
use std::time::Duration;

async fn start(site: &mut Site) {
    let options = Options { interval: Some(Duration::from_millis(1)), ..Options::default() };
    let geocoder = Geocoder::new(&"gazetteer".parse().unwrap(), &options).unwrap();
    site.start_worker_with(|jobs| jobs.with(GeocodeJobs::new(geocoder))).await;
}

fn lisbon() -> Value {
    json!({ "city": "Lisbon", "country": "PT" })
}

fn path(id: &str) -> String {
    format!("/v1/cases/{id}")
}

async fn create(admin: &Account<'_>, body: Value) -> Answer {
    admin.post("/v1/cases", body).await.expect(201)
}

/// Waits until the address of a case has come to a status.
async fn until(admin: &Account<'_>, id: &str, status: &str) -> Answer {
    eventually(&format!("the address is {status}"), async || {
        let case = admin.get(&path(id)).await.expect(200);
        (case.body["geocode_status"] == status).then_some(case)
    })
    .await
}

fn near(answer: &Answer, lat: f64, lng: f64) -> bool {
    let position = &answer.body["position"];
    let off = |name: &str, wanted: f64| (position[name].as_f64().unwrap_or(999.0) - wanted).abs();
    off("lat", lat) < 0.2 && off("lng", lng) < 0.2
}

#[tokio::test]
async fn a_case_is_ranked_once_its_address_was_found() {
    let mut site = Site::without_worker(|_| {}).await;
    let (id, token) = {
        let admin = site.set_up().await;
        let made = create(&admin, json!({ "title": "Watch", "address": lisbon() })).await;
        assert!(made.body["position"].is_null(), "{}", made.text);
        assert_eq!((made.str("/geocode_status"), made.str("/state")), ("pending", "open"));
        let id = made.str("/id").to_owned();
        let ask = json!({ "case_id": id });
        admin.post("/v1/recommendations", ask).await.refused(409, "not_geocoded");
        (id, admin.token)
    };
    start(&mut site).await;
    let get =
        async || site.call(reqwest::Method::GET, &path(&id), Some(&token), None).await.expect(200);
    let found = eventually("the address is found", async || {
        let case = get().await;
        (case.body["geocode_status"] == "ok").then_some(case)
    })
    .await;
    assert!(near(&found, 38.72, -9.14), "{}", found.text);
    let words = (found.str("/position_source"), found.str("/geocode_precision"));
    assert_eq!((words, found.body["version"].as_i64()), (("geocoded", "locality"), Some(2)));
    let ask = Some(json!({ "case_id": id }));
    let post = reqwest::Method::POST;
    site.call(post, "/v1/recommendations", Some(&token), ask).await.expect(200);
    let audited: Vec<(Option<uuid::Uuid>, String)> = sqlx::query_as(
        "SELECT actor_id, details::text FROM audit_log WHERE action = 'case.geocode'",
    )
    .fetch_all(&mut site.database.look().await)
    .await
    .unwrap();
    assert_eq!(audited.len(), 1);
    assert!(audited[0].0.is_none() && !audited[0].1.contains("38."), "{audited:?}");
}

#[tokio::test]
async fn a_given_position_stays_and_a_new_address_is_looked_for() {
    let mut site = Site::without_worker(|_| {}).await;
    start(&mut site).await;
    let admin = site.set_up().await;
    let both = json!({ "title": "x", "address": lisbon(), "position": { "lat": 1.5, "lng": 2.5 } });
    let made = create(&admin, both).await;
    assert!(made.body["geocode_status"].is_null(), "{}", made.text);
    assert_eq!(made.str("/position_source"), "manual");
    let id = made.str("/id");
    let change = async |body: Value| admin.patch(&path(id), body).await;
    // Null lets the address be looked for.
    let cleared = change(json!({ "position": null })).await.expect(200);
    assert_eq!(cleared.str("/geocode_status"), "pending");
    assert!(near(&until(&admin, id, "ok").await, 38.72, -9.14));
    let porto = json!({ "address": { "city": "Porto", "country": "PT" } });
    let moved = change(porto).await.expect(200);
    assert!(moved.body["position"].is_null(), "the place of the old address is nobody's");
    assert!(near(&until(&admin, id, "ok").await, 41.15, -8.61));
    let given = change(json!({ "position": { "lat": 1.5, "lng": 2.5 } })).await.expect(200);
    assert_eq!(
        (given.str("/position_source"), &given.body["geocode_status"]),
        ("manual", &Value::Null)
    );
    let berlin = json!({ "address": { "city": "Berlin", "country": "DE" } });
    let kept = change(berlin).await.expect(200);
    assert_eq!(kept.body["position"], json!({ "lat": 1.5, "lng": 2.5 }));
    assert!(kept.body["geocode_status"].is_null(), "{}", kept.text);
    change(json!({ "address": null })).await.expect(200);
    let nowhere = change(json!({ "position": null })).await.refused(422, "invalid");
    assert_eq!(nowhere.pointers(), ["/position"]);
}

#[tokio::test]
async fn an_address_that_is_nowhere_says_so() {
    let mut site = Site::without_worker(|_| {}).await;
    start(&mut site).await;
    let admin = site.set_up().await;
    let address = json!({ "city": "Nowhereville-upon-Nothing", "country": "PT" });
    let made = create(&admin, json!({ "title": "x", "address": address })).await;
    let id = made.str("/id");
    let failed = until(&admin, id, "failed").await;
    assert!(failed.str("/geocode_detail/reason").len() > 10, "{}", failed.text);
    let asked = admin.post("/v1/recommendations", json!({ "case_id": id })).await;
    assert!(asked.refused(409, "not_geocoded").str("/detail").contains("not found"));
    admin.patch(&path(id), json!({ "address": lisbon() })).await.expect(200);
    until(&admin, id, "ok").await;
    for (body, wanted) in [
        (json!({ "title": "x" }), vec!["/position"]),
        (json!({ "title": "x", "address": {} }), vec!["/position"]),
        (json!({ "title": "x", "address": { "street": 5 } }), vec!["/address/street"]),
        (
            json!({ "title": "x", "address": lisbon(), "position": { "lat": 91, "lng": 0 } }),
            vec!["/position"],
        ),
    ] {
        let refused = admin.post("/v1/cases", body).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), wanted, "{}", refused.text);
    }
}
