//! What people change of themselves, without a right over people.

use crate::support::{Site, account::seconds_from_now};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn people_change_what_is_theirs() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let me = grace.get("/v1/me").await.expect(200);
    let version = me.header("etag").to_owned();
    assert_eq!(version, format!("\"{}\"", me.body["staff"]["version"]));
    let change = json!({
        "language": "pt", "signature": "Grace", "birth_date": "1986-12-09",
        "address": { "city": "Lisboa", "country": "PT" }, "home": { "lat": 38.71, "lng": -9.14 },
        "time_zone": "Europe/Lisbon", "max_travel_km": 40.5,
        "working_hours": [{ "weekday": 1, "start_min": 480, "end_min": 990 }],
    });
    let update = |version: Option<String>, body: Value| {
        let grace = &grace;
        async move { grace.update(Method::PATCH, "/v1/me", version.as_deref(), body).await }
    };
    update(None, change.clone()).await.refused(428, "precondition_required");
    let changed = update(Some(version.clone()), change.clone()).await.expect(200);
    for (name, value) in change.as_object().unwrap() {
        if name != "address" {
            assert_eq!(changed.body[name], *value, "{name}");
        }
    }
    assert_eq!(changed.body["address"]["city"], "Lisboa");
    update(Some(version), json!({})).await.refused(412, "precondition_failed");
    let cleared = update(Some(changed.header("etag").to_owned()), json!({ "signature": null }));
    assert_eq!(cleared.await.expect(200).body["signature"], Value::Null);
    let mut db = site.database.look().await;
    let told = "SELECT count(*) FROM audit_log WHERE action = 'staff.update' \
        AND actor_id = $1::uuid AND subject_id = $1::uuid";
    let told: i64 = sqlx::query_scalar(told).bind(&grace.id).fetch_one(&mut db).await.unwrap();
    assert_eq!(told, 2);
}

#[tokio::test]
async fn what_is_not_theirs_is_refused_by_name() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let body = json!({ "language": "xx-", "admin_role": "account_admin", "access_level": "full",
        "departments": [], "first_name": "G", "email": "x@harbour.example", "nick": "G",
        "skills": [{ "code": "camera", "level": 9 }], "birth_date": "2199-01-01" });
    let refused = grace.patch("/v1/me", body).await.refused(422, "invalid");
    let code = |pointer: &str| {
        let errors = refused.body["errors"].as_array().unwrap().iter();
        let found: Vec<&Value> = errors.filter(|error| error["pointer"] == pointer).collect();
        assert_eq!(found.len(), 1, "{pointer} in {}", refused.text);
        found[0]["code"].as_str().unwrap().to_owned()
    };
    for pointer in
        ["/admin_role", "/access_level", "/departments", "/first_name", "/email", "/skills"]
    {
        assert_eq!(code(pointer), "not_yours");
    }
    assert_eq!(code("/nick"), "unknown_field");
    assert_eq!((code("/language").as_str(), code("/birth_date").as_str()), ("invalid", "invalid"));
    // Not even those who may do it to others by another way.
    let refused = admin.patch("/v1/me", json!({ "first_name": "A" })).await;
    assert_eq!(refused.refused(422, "invalid").pointers(), ["/first_name"]);
    let me = grace.get("/v1/me").await.expect(200);
    assert_eq!(me.body["staff"]["admin_role"], "general");
}

#[tokio::test]
async fn absences_and_preferences_are_the_same_by_both_doors() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let service = admin.post("/v1/services", json!({ "name": "Interview" })).await.expect(201);
    let away = json!({ "starts_at": seconds_from_now(3_600), "ends_at": seconds_from_now(7_200) });
    let made = grace.post("/v1/me/time-off", away).await.expect(201);
    let theirs = format!("/v1/staff/{}/time-off", grace.id);
    let (own, seen) = (grace.get("/v1/me/time-off").await, admin.get(&theirs).await);
    assert_eq!(own.expect(200).body, seen.expect(200).body);
    let one = format!("/v1/me/time-off/{}", made.str("/id"));
    admin.delete(&one).await.refused(404, "not_found");
    grace.delete(&one).await.expect(204);
    grace.delete(&one).await.refused(404, "not_found");
    let wanted = json!({ "regions": [],
        "services": [{ "service_id": service.str("/id"), "preference": "preferred" }] });
    let path = "/v1/me/work-preferences";
    let refused = grace.update(Method::PUT, path, None, wanted.clone()).await;
    refused.refused(428, "precondition_required");
    let version = grace.get(path).await.expect(200).header("etag").to_owned();
    grace.update(Method::PUT, path, Some(&version), wanted.clone()).await.expect(200);
    assert_eq!(grace.get(path).await.expect(200).body, wanted);
    let theirs = format!("/v1/staff/{}/work-preferences", grace.id);
    assert_eq!(admin.get(&theirs).await.expect(200).body, wanted);
}
