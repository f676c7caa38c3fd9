//! On and off duty: people without working hours say themselves when they are no candidates.

use crate::support::{Account, Site, eventually};
use reqwest::Method;
use serde_json::{Value, json};

async fn switch(who: &Account<'_>, path: &str, on_duty: Value) -> crate::support::Answer {
    let version = who.get(path).await.expect(200).header("etag").to_owned();
    who.update(Method::PUT, path, Some(&version), json!({ "on_duty": on_duty })).await
}

async fn is_listed(admin: &Account<'_>, person: &str) -> bool {
    let ask = json!({ "place": { "position": { "lat": 38.71, "lng": -9.14 } }, "funnel": true });
    let answer = admin.post("/v1/recommendations", ask).await.expect(200);
    let candidates = answer.body["result"]["candidates"].as_array().unwrap();
    candidates.iter().any(|candidate| candidate["staff_id"] == person)
}

#[tokio::test]
async fn people_off_duty_are_no_candidates_until_they_are_back() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    eventually("Grace is a candidate", async || is_listed(&admin, &grace.id).await.then_some(()))
        .await;
    let off = switch(&grace, "/v1/me/duty", json!(false)).await.expect(200);
    let since = off.str("/off_duty_since").to_owned();
    assert_eq!((&off.body["on_duty"], off.str("/decided_by")), (&json!(false), "switch"));
    eventually("she is none", async || (!is_listed(&admin, &grace.id).await).then_some(())).await;
    let again = switch(&grace, "/v1/me/duty", json!(false)).await.expect(200);
    assert_eq!(again.str("/off_duty_since"), since, "repeating it keeps the instant");
    let seen = admin.get(&format!("/v1/staff/{}/duty", grace.id)).await.expect(200);
    assert_eq!(seen.str("/off_duty_since"), since);
    switch(&admin, &format!("/v1/staff/{}/duty", grace.id), json!(true)).await.expect(200);
    eventually("she is again", async || is_listed(&admin, &grace.id).await.then_some(())).await;
    let mut db = site.database.look().await;
    let told = "SELECT count(*) FROM audit_log WHERE action = 'duty.switch' \
        AND subject_id = $1::uuid";
    let told: i64 = sqlx::query_scalar(told).bind(&grace.id).fetch_one(&mut db).await.unwrap();
    assert_eq!(told, 3);
}

#[tokio::test]
async fn working_hours_decide_where_there_are_some() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    switch(&grace, "/v1/me/duty", json!(false)).await.expect(200);
    let hours = json!({ "working_hours": [{ "weekday": 1, "start_min": 480, "end_min": 990 }] });
    grace.patch("/v1/me", hours).await.expect(200);
    let shown = grace.get("/v1/me/duty").await.expect(200);
    assert_eq!((&shown.body["on_duty"], shown.str("/decided_by")), (&json!(true), "working_hours"));
    let refused = switch(&grace, "/v1/me/duty", json!(false)).await;
    refused.refused(409, "has_working_hours");
}

#[tokio::test]
async fn what_is_wrong_is_refused() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    for (body, pointer) in [(json!({}), "/on_duty"), (json!({ "on_duty": "no" }), "/on_duty")] {
        let refused = grace.update(Method::PUT, "/v1/me/duty", Some("*"), body).await;
        assert_eq!(refused.refused(422, "invalid").pointers(), [pointer]);
    }
    let body = json!({ "on_duty": false });
    let update = |version| grace.update(Method::PUT, "/v1/me/duty", version, body.clone());
    update(None).await.refused(428, "precondition_required");
    update(Some("\"999\"")).await.refused(412, "precondition_failed");
    let other = format!("/v1/staff/{}/duty", admin.id);
    grace.update(Method::PUT, &other, Some("*"), body.clone()).await.refused(403, "forbidden");
    let nobody = format!("/v1/staff/{}/duty", uuid::Uuid::now_v7());
    admin.update(Method::PUT, &nobody, Some("*"), body.clone()).await.refused(404, "not_found");
}
