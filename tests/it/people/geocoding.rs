//! Addresses are looked for on the map, by a job, and what is found moves the person's home.

use crate::support::{Account, Answer, Site, eventually};
use nearhand_geocode::{Geocoder, Options};
use nearhand_runner::GeocodeJobs;
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};

/// A site whose worker asks the geocoder of this setting.
async fn site_with(setting: &str) -> Site {
    let mut site = Site::without_worker(|_| {}).await;
    start(&mut site, setting).await;
    site
}

async fn start(site: &mut Site, setting: &str) {
    let options = Options { interval: Some(Duration::from_millis(1)), ..Options::default() };
    let geocoder = Geocoder::new(&setting.parse().unwrap(), &options).unwrap();
    site.start_worker_with(|jobs| jobs.with(GeocodeJobs::new(geocoder))).await;
}

/// A server that answers one request after the other, the last answer for ever.
struct Nominatim {
    setting: String,
    asked: Arc<Mutex<Vec<String>>>,
    _running: JoinSet<()>,
}

impl Nominatim {
    async fn start(answers: Vec<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let setting = format!("nominatim:http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let mut running = JoinSet::new();
        running.spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = vec![0; 8_192];
                let length = socket.read(&mut head).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&head[..length]).into_owned();
                let number = {
                    let mut noted = noted.lock().unwrap();
                    noted.push(request);
                    noted.len()
                };
                let (status, body) = &answers[(number - 1).min(answers.len() - 1)];
                let answer = format!(
                    "HTTP/1.1 {status}\r\nconnection: close\r\nretry-after: 0\r\n\
                     content-length: {}\r\n\r\n{body}",
                    body.len()
                );
                drop(socket.write_all(answer.as_bytes()).await);
            }
        });
        Self { setting, asked, _running: running }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A house as Nominatim tells of it.
fn house(lat: &str, lon: &str, postcode: &str) -> String {
    json!({ "lat": lat, "lon": lon, "display_name": format!("1, Rua Nova, {postcode}"),
        "type": "house", "addresstype": "house", "place_rank": 30,
        "address": { "house_number": "1", "postcode": postcode, "city": "Lisboa",
            "country_code": "pt" } })
    .to_string()
}

fn street() -> Value {
    json!({ "street": "Rua Nova 1", "city": "Lisboa", "country": "PT" })
}

async fn person(admin: &Account<'_>, address: Value) -> String {
    let body = json!({ "display_name": "Grace", "address": address });
    let answer = admin.post("/v1/staff", body).await.expect(201);
    assert_eq!(answer.str("/geocode_status"), "pending");
    answer.str("/id").to_owned()
}

/// Waits until the address of a person has come to a status.
async fn until(admin: &Account<'_>, id: &str, status: &str) -> Answer {
    eventually(&format!("the address is {status}"), async || {
        let person = admin.get(&format!("/v1/staff/{id}")).await.expect(200);
        (person.body["geocode_status"] == status).then_some(person)
    })
    .await
}

fn near(answer: &Answer, lat: f64, lng: f64) -> bool {
    let home = &answer.body["home"];
    let off = |name: &str, wanted: f64| (home[name].as_f64().unwrap_or(999.0) - wanted).abs();
    off("lat", lat) < 0.2 && off("lng", lng) < 0.2
}

#[tokio::test]
async fn a_good_address_becomes_the_home_that_recommendations_count_from() {
    let site = site_with("gazetteer").await;
    let admin = site.set_up().await;
    let id = person(&admin, json!({ "city": "Lisbon", "country": "PT" })).await;
    let found = until(&admin, &id, "ok").await;
    assert!(near(&found, 38.72, -9.14), "{}", found.text);
    let words = (found.str("/home_source"), found.str("/geocode_precision"));
    assert_eq!(words, ("geocoded", "locality"));
    assert!(found.str("/geocode_detail/attribution").contains("GeoNames"));
    let case = json!({ "title": "x", "position": { "lat": 38.75, "lng": -9.15 } });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    eventually("the index has the home", async || {
        let asked = admin.post("/v1/recommendations", json!({ "case_id": case })).await.expect(200);
        let candidates = asked.body["result"]["candidates"].as_array()?.clone();
        let hers = candidates.into_iter().find(|one| one["staff_id"] == id.as_str())?;
        (hers["location"]["source"] == "home").then_some(())
    })
    .await;
    let audited: Vec<Option<uuid::Uuid>> =
        sqlx::query_scalar("SELECT actor_id FROM audit_log WHERE action = 'staff.geocode'")
            .fetch_all(&mut site.database.look().await)
            .await
            .unwrap();
    assert_eq!(audited, [None], "by the system");
}

#[tokio::test]
async fn a_new_address_replaces_only_a_home_that_was_geocoded() {
    let site = site_with("gazetteer").await;
    let admin = site.set_up().await;
    let id = person(&admin, json!({ "city": "Lisbon", "country": "PT" })).await;
    let path = format!("/v1/staff/{id}");
    until(&admin, &id, "ok").await;
    let porto = json!({ "address": { "city": "Porto", "country": "PT" } });
    let moved = admin.patch(&path, porto).await.expect(200);
    assert_eq!(moved.str("/geocode_status"), "pending");
    let moved = until(&admin, &id, "ok").await;
    assert!(near(&moved, 41.15, -8.61), "{}", moved.text);
    let home = json!({ "home": { "lat": 1.5, "lng": 2.5 } });
    admin.patch(&path, home.clone()).await.expect(200);
    let berlin = json!({ "address": { "city": "Berlin", "country": "DE" } });
    admin.patch(&path, berlin).await.expect(200);
    let kept = until(&admin, &id, "ok").await;
    assert_eq!((&kept.body["home"], kept.str("/home_source")), (&home["home"], "manual"));
    admin.patch(&path, json!({ "home": null })).await.expect(200);
    let again = until(&admin, &id, "ok").await;
    assert!(near(&again, 52.52, 13.4), "{}", again.text);
    let none = admin.patch(&path, json!({ "address": null })).await.expect(200);
    assert!(none.body["home"].is_null() && none.body["geocode_status"].is_null(), "{}", none.text);
}

#[tokio::test]
async fn an_answer_for_an_older_address_is_dropped() {
    let mut site = Site::without_worker(|_| {}).await;
    let (id, token) = {
        let admin = site.set_up().await;
        let id = person(&admin, json!({ "city": "Lisbon", "country": "PT" })).await;
        let porto = json!({ "address": { "city": "Porto", "country": "PT" } });
        admin.patch(&format!("/v1/staff/{id}"), porto).await.expect(200);
        (id, admin.token)
    };
    start(&mut site, "gazetteer").await;
    let path = format!("/v1/staff/{id}");
    let found = eventually("the address is found", async || {
        let person = site.call(reqwest::Method::GET, &path, Some(&token), None).await.expect(200);
        (person.body["geocode_status"] == "ok").then_some(person)
    })
    .await;
    assert!(near(&found, 41.15, -8.61), "{}", found.text);
    let mut db = site.database.look().await;
    eventually("both jobs are done", async || {
        let done: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM apalis.jobs WHERE job_type = 'geocode' AND status = 'Done'",
        )
        .fetch_one(&mut db)
        .await
        .unwrap();
        (done == 2).then_some(())
    })
    .await;
    let audited: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'staff.geocode'")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!(audited, 1);
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again() {
    let found = format!("[{}]", house("38.7101", "-9.1402", "1100-001"));
    let busy = ("503 Service Unavailable", String::new());
    let server = Nominatim::start(vec![busy, ("200 OK", found)]).await;
    let site = site_with(&server.setting).await;
    let admin = site.set_up().await;
    let id = person(&admin, street()).await;
    let found = until(&admin, &id, "ok").await;
    assert_eq!(found.str("/geocode_precision"), "address");
    assert_eq!(found.body["home"], json!({ "lat": 38.7101, "lng": -9.1402 }));
    assert!(found.str("/geocode_detail/attribution").contains("OpenStreetMap"));
    assert_eq!(server.asked().len(), 2);
    assert!(server.asked()[0].contains("street=Rua+Nova+1"), "{:?}", server.asked());
}

#[tokio::test]
async fn one_of_several_places_is_chosen_by_its_position() {
    let places = [house("38.7101", "-9.1402", "1100-001"), house("41.1502", "-8.6103", "4000-001")];
    let server = Nominatim::start(vec![("200 OK", format!("[{}]", places.join(",")))]).await;
    let site = site_with(&server.setting).await;
    let admin = site.set_up().await;
    let id = person(&admin, street()).await;
    let found = until(&admin, &id, "ambiguous").await;
    assert!(found.body["home"].is_null(), "{}", found.text);
    let choices = found.body["geocode_detail"]["choices"].as_array().unwrap().clone();
    assert_eq!(choices.len(), 2, "{}", found.text);
    assert!(choices[1]["label"].as_str().unwrap().contains("4000-001"));
    let choice = json!({ "home": choices[1]["position"] });
    let chosen = admin.patch(&format!("/v1/staff/{id}"), choice.clone()).await.expect(200);
    assert_eq!(chosen.body["home"], choice["home"]);
    let words = (chosen.str("/geocode_status"), chosen.str("/geocode_precision"));
    assert_eq!(words, ("ok", "address"));
    assert!(chosen.body["geocode_detail"]["choices"].is_null(), "{}", chosen.text);
}

#[tokio::test]
async fn what_cannot_be_found_says_why_and_can_be_asked_for_again() {
    let site = site_with("gazetteer").await;
    let admin = site.set_up().await;
    let id = person(&admin, json!({ "city": "Nowhereville-upon-Nothing", "country": "PT" })).await;
    let failed = until(&admin, &id, "failed").await;
    assert!(failed.str("/geocode_detail/reason").len() > 10, "{}", failed.text);
    let path = format!("/v1/staff/{id}/geocode");
    let again = admin.post(&path, json!({})).await.expect(202);
    assert_eq!(again.str("/geocode_status"), "pending");
    until(&admin, &id, "failed").await;
    admin.patch(&format!("/v1/staff/{id}"), json!({ "address": null })).await.expect(200);
    admin.post(&path, json!({})).await.refused(409, "no_address");
}

#[tokio::test]
async fn a_refusal_ends_at_once_and_repeats_no_address() {
    let server = Nominatim::start(vec![("403 Forbidden", "Rua Nova".to_owned())]).await;
    let site = site_with(&server.setting).await;
    let admin = site.set_up().await;
    let id = person(&admin, street()).await;
    let failed = until(&admin, &id, "failed").await;
    let reason = failed.str("/geocode_detail/reason");
    assert!(reason.contains("403") && !reason.contains("Rua"), "{reason}");
    assert_eq!(server.asked().len(), 1);
    let mut db = site.database.look().await;
    let dead = eventually("it is a dead letter", async || {
        sqlx::query_scalar::<_, Option<String>>(
            "SELECT last_result::text FROM apalis.jobs WHERE job_type = 'geocode' \
             AND status IN ('Failed', 'Killed')",
        )
        .fetch_optional(&mut db)
        .await
        .unwrap()
    })
    .await
    .unwrap_or_default();
    assert!(dead.contains("403") && !dead.contains("Rua"), "{dead}");
}
