//! One key, one effect: also when the same request comes twice at once.

use crate::support::Site;
use serde_json::json;
use sqlx::Connection;

const KEY: &str = "one-key";

#[tokio::test]
async fn a_request_whose_twin_is_still_running_is_told_so() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let body = json!({ "name": "Surveillance" });
    let post = || admin.post_once("/v1/services", KEY, body.clone());
    let mut db = site.database.look().await;
    // The first holds the key and waits for the table.
    let mut lock = db.begin().await.unwrap();
    sqlx::query("LOCK TABLE services IN EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
    let (first, refused) = tokio::join!(post(), async {
        let mut others = site.database.look().await;
        crate::support::eventually("the first waits", async || {
            let waits = "SELECT 1 FROM pg_locks JOIN pg_database AS d ON d.oid = database \
                 WHERE datname = current_database() AND NOT granted";
            sqlx::query(waits).fetch_optional(&mut others).await.unwrap()
        })
        .await;
        let refused = post().await;
        lock.rollback().await.unwrap();
        refused
    });
    assert_eq!(refused.header("retry-after"), "1");
    refused.refused(409, "idempotency_in_flight");
    let first = first.expect(201);
    let again = post().await.expect(201);
    assert_eq!(
        (first.body, first.headers["etag"].clone()),
        (again.body, again.headers["etag"].clone())
    );
    let listed = admin.get("/v1/services").await.expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn of_many_at_once_one_has_an_effect_and_the_others_its_answer() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let case = json!({ "title": "Watch", "position": { "lat": 38.7, "lng": -9.1 } });
    let post = || admin.post_once("/v1/cases", KEY, case.clone());
    let (one, two, three, four) = tokio::join!(post(), post(), post(), post());
    let mut done = Vec::new();
    for answer in [one, two, three, four] {
        if answer.status.as_u16() == 409 {
            answer.refused(409, "idempotency_in_flight");
        } else {
            done.push(answer.expect(201).body);
        }
    }
    assert!(!done.is_empty() && done.iter().all(|body| *body == done[0]), "{done:?}");
    assert_eq!(post().await.expect(201).body, done[0]);
    let listed = admin.get("/v1/cases").await.expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_its_person_and_a_refusal_uses_none_up() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let other = admin.create_account("account_admin", "full").await;
    let wrong = admin.post_once("/v1/services", KEY, json!({ "name": "" })).await;
    wrong.refused(422, "invalid");
    let named = |name: &str| json!({ "name": name });
    admin.post_once("/v1/services", KEY, named("One")).await.expect(201);
    other.post_once("/v1/services", KEY, named("Two")).await.expect(201);
    let reused = admin.post_once("/v1/services", KEY, named("Two")).await;
    reused.refused(422, "idempotency_mismatch");
    let elsewhere = admin.post_once("/v1/cases", KEY, named("One")).await;
    elsewhere.refused(422, "idempotency_mismatch");
    let long = "x".repeat(256);
    admin.post_once("/v1/services", &long, named("Three")).await.refused(400, "malformed_body");
}
