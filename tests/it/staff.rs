//! People: created, changed, listed; who may do it, and what must not happen.

use crate::support::{Answer, Site};
use serde_json::{Value, json};

#[tokio::test]
async fn everything_wrong_with_a_person_is_said_at_once() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let answer = admin
        .post(
            "/v1/staff",
            json!({
                "email": "x", "birth_date": "2199-01-01", "account_code": "A|B",
                "home": { "lat": 0, "lng": 0 }, "max_travel_km": -1, "access_level": "some",
                "skills": [{ "code": "camera", "level": 6 }, { "code": "camera" }],
                "working_hours": [{ "weekday": 8, "start_min": 0, "end_min": 60 }],
                "languages": [{ "language": "pt", "level": "fluent" }], "nick": "G",
            }),
        )
        .await
        .refused(422, "invalid");
    for pointer in [
        "/nick",
        "/display_name",
        "/email",
        "/birth_date",
        "/account_code",
        "/home",
        "/max_travel_km",
        "/access_level",
        "/skills/0/level",
        "/skills/1/level",
        "/working_hours/0/weekday",
        "/languages/0/level",
    ] {
        assert!(answer.pointers().contains(&pointer), "{pointer} in {}", answer.text);
    }
    let answer =
        admin.post("/v1/staff", json!({ "display_name": "G", "access_level": "full" })).await;
    assert_eq!(answer.refused(422, "invalid").body["errors"][0]["code"], "email_required");
}

#[tokio::test]
async fn changes_need_the_version_they_change() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id = admin.create_staff(json!({ "first_name": "Grace", "last_name": "Hopper" })).await;
    let path = format!("{}/v1/staff/{id}", site.url);
    let change = |tag: Option<&'static str>, body: Value| {
        let mut request = site.http.patch(&path).bearer_auth(&admin.token).json(&body);
        if let Some(tag) = tag {
            request = request.header("if-match", tag);
        }
        async move { Answer::read(request.send().await.unwrap()).await }
    };
    change(None, json!({})).await.refused(428, "precondition_required");
    let changed = change(Some("\"1\""), json!({ "last_name": "Murray" })).await.expect(200);
    assert_eq!(changed.str("/display_name"), "Grace Murray", "the default name follows");
    assert_eq!(changed.header("etag"), "\"2\"");
    change(Some("\"1\""), json!({})).await.refused(412, "precondition_failed");
    let cleared =
        change(Some("\"2\""), json!({ "last_name": null, "skills": null })).await.expect(200);
    assert_eq!(cleared.body["last_name"], Value::Null);
}

#[tokio::test]
async fn a_repeated_post_does_nothing_twice() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let post = |key: &'static str, path: &str, body: Value| {
        let request = site.http.post(format!("{}{path}", site.url)).bearer_auth(&admin.token);
        let request = request.header("idempotency-key", key).json(&body);
        async move { Answer::read(request.send().await.unwrap()).await }
    };
    let grace = json!({ "display_name": "Grace" });
    let first = post("k1", "/v1/staff", grace.clone()).await.expect(201);
    let again = post("k1", "/v1/staff", grace.clone()).await.expect(201);
    assert_eq!(first.body, again.body);
    assert_eq!(first.header("location"), again.header("location"));
    let other = post("k1", "/v1/staff", json!({ "display_name": "Ada" })).await;
    other.refused(422, "idempotency_mismatch");
    let devices = format!("/v1/staff/{}/devices", first.str("/id"));
    post("k2", &devices, json!({ "name": "phone" })).await.expect(201);
    let secret = post("k2", &devices, json!({ "name": "phone" })).await;
    assert!(secret.header("location").starts_with(&devices));
    secret.refused(409, "idempotency_secret_shown");
    assert_eq!(admin.get(&devices).await.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn unique_values_are_unique_among_those_who_are_there() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let person = |email: &str| json!({ "display_name": "G", "email": email, "username": email });
    admin.create_staff(person("grace@harbour.example")).await;
    let answer = admin.post("/v1/staff", person("GRACE@harbour.example")).await;
    answer.refused(409, "email_taken");
    let answer = admin
        .post("/v1/staff", json!({ "display_name": "G", "username": "GRACE@harbour.example" }));
    answer.await.refused(409, "username_taken");
}

#[tokio::test]
async fn nobody_reaches_beyond_their_own_rights() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let people = admin.create_account("user_admin", "full").await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let body = json!({ "display_name": "New", "admin_role": "scheduler" });
    people.post("/v1/staff", body).await.refused(403, "beyond_own_rights");
    let path = format!("/v1/staff/{}", scheduler.id);
    people.patch(&path, json!({ "first_name": "X" })).await.refused(403, "beyond_own_rights");
    people.post(&format!("{path}/password"), json!({})).await.refused(403, "beyond_own_rights");
    people
        .post(&format!("{path}/devices"), json!({ "name": "p" }))
        .await
        .refused(403, "beyond_own_rights");
    scheduler.post("/v1/staff", json!({ "display_name": "N" })).await.refused(403, "forbidden");
    let seen = scheduler.get(&format!("/v1/staff/{}", people.id)).await.expect(200);
    assert_eq!(seen.body["email"], Value::Null, "personal details need staff.pii:read");
    let oneself = scheduler.get(&path).await.expect(200);
    assert!(oneself.body["email"].is_string());
}

#[tokio::test]
async fn a_user_admin_administers_general_people() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let people = admin.create_account("user_admin", "full").await;
    let general = people.create_account("general", "limited").await;
    let path = format!("/v1/staff/{}", general.id);
    people.patch(&path, json!({ "first_name": "Mary" })).await.expect(200);
    people.post(&format!("{path}/password"), json!({})).await.expect(201);
    people.patch(&path, json!({ "active": false })).await.expect(200);
}

#[tokio::test]
async fn the_last_account_admin_stays() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let path = format!("/v1/staff/{}", admin.id);
    let demote = json!({ "admin_role": "general" });
    admin.patch(&path, demote.clone()).await.refused(409, "last_account_admin");
    admin.patch(&path, json!({ "active": false })).await.refused(409, "last_account_admin");
    let second = admin.create_account("account_admin", "full").await;
    let other = format!("/v1/staff/{}", second.id);
    let (one, two) = tokio::join!(admin.patch(&other, demote.clone()), second.patch(&path, demote));
    let won = [&one, &two].iter().filter(|a| a.status.is_success()).count();
    assert_eq!(won, 1, "two demote each other: {} {}", one.text, two.text);
}

#[tokio::test]
async fn pages_follow_each_other_and_cursors_belong_to_their_list() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for i in 0..5 {
        admin.create_staff(json!({ "display_name": format!("Person {i}") })).await;
    }
    let first = admin.get("/v1/staff?limit=3&q=person").await.expect(200);
    let cursor = first.str("/next_cursor").to_owned();
    let second =
        admin.get(&format!("/v1/staff?limit=3&q=person&cursor={cursor}")).await.expect(200);
    let names = |a: &Answer| -> Vec<String> {
        let items = a.body["items"].as_array().unwrap();
        items.iter().map(|p| p["display_name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&first), ["Person 0", "Person 1", "Person 2"]);
    assert_eq!(names(&second), ["Person 3", "Person 4"]);
    assert_eq!(second.body["next_cursor"], Value::Null);
    admin.get(&format!("/v1/staff?cursor={cursor}")).await.refused(400, "invalid_cursor");
    admin.get("/v1/staff?surplus=1").await.refused(400, "malformed_query");
    admin.get("/v1/staff?limit=201").await.refused(400, "malformed_query");
    admin.get("/v1/staff/not-an-id").await.refused(404, "not_found");
}
