//! Where people start from: their home, else the base of their primary department, else the
//! organisation's.

use crate::support::{
    Account, Site,
    departments::{change, department},
    eventually, given,
};
use serde_json::{Value, json};

/// The one candidate of a recommendation for this case, once it starts from there.
async fn starts(admin: &Account<'_>, case: &str, source: &str, km: std::ops::Range<f64>) -> Value {
    eventually(&format!("they start from {source}, {km:?} km away"), async || {
        let ask = json!({ "case_id": case });
        let answer = admin.post("/v1/recommendations", ask).await.expect(200);
        let found = answer.body["result"]["candidates"].get(0)?.clone();
        let far = found["distance_km"].as_f64().unwrap_or(f64::NAN);
        (found["location"]["source"] == source && km.contains(&far)).then_some(found)
    })
    .await
}

/// Loses the feed, so that everything is read from PostgreSQL again.
async fn forget_feed(site: &Site) {
    let feed = format!("{}feed:{{f0}}", site.queue.config().prefix);
    let client = redis::Client::open(given("NEARHAND_TEST_REDIS_URL")).expect("a URL");
    let mut redis = client.get_multiplexed_async_connection().await.expect("Redis answers");
    let head = format!("{feed}:head");
    let lost = redis::cmd("DEL").arg(&[feed, head]).query_async::<redis::Value>(&mut redis).await;
    lost.expect("deleted");
}

#[tokio::test]
async fn a_department_s_base_comes_after_the_home_and_before_the_organisation_s() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let base = json!({ "base": { "lat": 39.71, "lng": -9.14 } });
    admin.patch("/v1/organization", base).await.expect(200);
    let north = department(&site, "North", Some((38.80, -9.14))).await;
    let none = department(&site, "Without a base", None).await;
    let skills = json!([{ "code": "camera", "level": 3 }]);
    let body = json!({ "display_name": "P", "skills": skills, "departments": [north, none],
        "primary_department": north });
    let person = admin.create_staff(body).await;
    let case = json!({ "title": "Shop", "position": { "lat": 38.71, "lng": -9.14 },
        "skills": [{ "code": "camera", "required": 1 }] });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    starts(&admin, &case, "base", 9.0..11.0).await;
    change(&admin, &person, json!({ "home": { "lat": 38.72, "lng": -9.14 } })).await;
    starts(&admin, &case, "home", 1.0..1.3).await;
    change(&admin, &person, json!({ "home": null, "primary_department": none })).await;
    starts(&admin, &case, "base", 110.0..112.0).await;
    change(&admin, &person, json!({ "primary_department": north })).await;
    starts(&admin, &case, "base", 9.0..11.0).await;
    // A department that is not active lends no base; a snapshot says the same as the feed.
    let mut db = site.database.look().await;
    sqlx::query("UPDATE departments SET active = false").execute(&mut db).await.unwrap();
    change(&admin, &person, json!({ "display_name": "Q" })).await;
    starts(&admin, &case, "base", 110.0..112.0).await;
    sqlx::query("UPDATE departments SET active = true").execute(&mut db).await.unwrap();
    change(&admin, &person, json!({ "display_name": "R" })).await;
    let fed = starts(&admin, &case, "base", 9.0..11.0).await;
    let generation = site.follower.generation();
    forget_feed(&site).await;
    eventually("a fresh snapshot was taken", async || {
        (site.follower.generation() > generation && site.follower.not_ready().is_none())
            .then_some(())
    })
    .await;
    assert_eq!(starts(&admin, &case, "base", 9.0..11.0).await["distance_km"], fed["distance_km"]);
}
