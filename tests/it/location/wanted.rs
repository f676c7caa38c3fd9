//! An app asks whether a position is wanted, enrols by itself, and stops when it is told to.

use crate::support::{Account, Answer, Site};
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::clock;
use reqwest::Method;
use serde_json::{Value, json};

const WANTED: &str = "/v1/pings/wanted";

async fn ask_as_phone(site: &Site, token: &str) -> Answer {
    site.call(Method::GET, WANTED, Some(token), None).await
}

async fn grace<'a>(admin: &Account<'a>) -> Account<'a> {
    admin.create_account("general", "limited").await
}

fn minutes_until(answer: &Answer, field: &str) -> i64 {
    let at: Timestamp = answer.str(field).parse().expect("an instant");
    at.duration_since(clock::now()).as_mins()
}

#[tokio::test]
async fn people_enrol_and_revoke_their_own_phones() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (grace, other) = (grace(&admin).await, grace(&admin).await);
    let enrolled = grace.post("/v1/me/devices", json!({ "name": "Mine" })).await.expect(201);
    let device = enrolled.str("/device/id").to_owned();
    assert_eq!(enrolled.str("/device/staff_id"), grace.id);
    assert!(enrolled.str("/setup/owntracks/qr_png").starts_with("data:image/png;base64,"));
    let listed = grace.get("/v1/me/devices").await.expect(200);
    assert_eq!(listed.str("/items/0/name"), "Mine");
    assert_eq!(other.get("/v1/me/devices").await.expect(200).body["items"], json!([]));
    let path = format!("/v1/me/devices/{device}");
    other.delete(&path).await.refused(404, "not_found");
    ask_as_phone(&site, enrolled.str("/token")).await.expect(200);
    grace.delete(&path).await.expect(204);
    ask_as_phone(&site, enrolled.str("/token")).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn an_app_learns_whether_to_send_and_when_to_ask_again() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = grace(&admin).await;
    let enrolled = grace.post("/v1/me/devices", json!({ "name": "Mine" })).await.expect(201);
    let token = enrolled.str("/token").to_owned();
    let both = async |why: &str| {
        let (own, phone) =
            (grace.get("/v1/me/tracking").await.expect(200), ask_as_phone(&site, &token).await);
        let mut told = own.body.clone();
        for consent in ["legal_basis", "permitted_at"] {
            assert!(told.as_object_mut().unwrap().remove(consent).is_some(), "{}", own.text);
        }
        assert_eq!(told, phone.expect(200).body, "both doors say the same, but for the consent");
        assert_eq!(own.str("/why"), why, "{}", own.text);
        assert_eq!(own.body["wanted"], why == "wanted");
        own
    };
    let answer = both("not_permitted").await;
    assert_eq!((&answer.body["changes_at"], &answer.body["pause"]), (&Value::Null, &Value::Null));
    assert_eq!(answer.body["legal_basis"], Value::Null);
    let tracking = format!("/v1/staff/{}/tracking", grace.id);
    admin.put(&tracking, json!({ "legal_basis": "contract" })).await.expect(200);
    let permitted = both("wanted").await;
    assert_eq!(permitted.body["changes_at"], Value::Null);
    assert_eq!(permitted.str("/legal_basis"), "contract");
    assert_eq!(minutes_until(&permitted, "/permitted_at"), 0);
    grace.post("/v1/me/tracking/pause", json!({ "minutes": 30 })).await.expect(200);
    let paused = both("paused").await;
    assert!((29..=30).contains(&minutes_until(&paused, "/pause/ends_at")), "{}", paused.text);
    assert!((29..=30).contains(&minutes_until(&paused, "/changes_at")), "{}", paused.text);
    grace.delete("/v1/me/tracking").await.expect(204);
    assert_eq!(both("not_permitted").await.body["permitted_at"], Value::Null);
}

#[tokio::test]
async fn outside_working_hours_an_app_may_sleep_until_they_begin() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = grace(&admin).await;
    // A shift of an hour that begins in two days.
    let day = clock::now() + SignedDuration::from_hours(48);
    let day = day.to_zoned(jiff::tz::TimeZone::UTC);
    let hours = json!([{ "weekday": day.weekday().to_monday_one_offset(),
        "start_min": 600, "end_min": 660 }]);
    let person = format!("/v1/staff/{}", grace.id);
    let change = json!({ "time_zone": "UTC", "working_hours": hours });
    admin.patch(&person, change).await.expect(200);
    let permit = json!({ "legal_basis": "contract", "hours_margin_min": 15 });
    admin.put(&format!("{person}/tracking"), permit).await.expect(200);
    let answer = grace.get("/v1/me/tracking").await.expect(200);
    assert_eq!(answer.str("/why"), "outside_hours");
    let opens = format!("{}T09:45:00Z", day.date());
    assert_eq!(answer.str("/changes_at"), opens);
}
