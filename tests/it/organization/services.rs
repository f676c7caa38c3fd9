//! Services: named once, changed by version, and there for as long as a case asks for them.

use crate::support::{Account, Site};
use reqwest::Method;
use serde_json::{Value, json};

async fn create(admin: &Account<'_>, name: &str) -> String {
    let answer = admin.post("/v1/services", json!({ "name": name })).await.expect(201);
    answer.str("/id").to_owned()
}

fn named(name: &str) -> Value {
    json!({ "name": name })
}

#[tokio::test]
async fn a_name_is_taken_without_regard_to_case() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    create(&admin, "Surveillance").await;
    let other = create(&admin, "Interviews").await;
    admin.post("/v1/services", named("SURVEILLANCE")).await.refused(409, "name_taken");
    let path = format!("/v1/services/{other}");
    admin.patch(&path, named("surveillance")).await.refused(409, "name_taken");
    admin.patch(&path, named("INTERVIEWS")).await.expect(200);
    // Names belong to an organisation.
    let elsewhere = site.create_another_organization().await;
    elsewhere.post("/v1/services", named("Surveillance")).await.expect(201);
    let wrong = admin.post("/v1/services", named(" ")).await.refused(422, "invalid");
    assert_eq!(wrong.pointers(), ["/name"]);
}

#[tokio::test]
async fn a_change_needs_the_version_it_changes() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let created = admin.post("/v1/services", named("Surveillance")).await.expect(201);
    assert_eq!(created.header("etag"), "\"1\"");
    let path = created.header("location").to_owned();
    let change = |version: Option<&'static str>, name: &'static str| {
        admin.update(Method::PATCH, &path, version, named(name))
    };
    change(None, "Watching").await.refused(428, "precondition_required");
    let changed = change(Some("\"1\""), "Watching").await.expect(200);
    assert_eq!((changed.header("etag"), changed.str("/name")), ("\"2\"", "Watching"));
    change(Some("\"1\""), "Too late").await.refused(412, "precondition_failed");
    let read = admin.get(&path).await.expect(200);
    assert_eq!((read.header("etag"), read.str("/name")), ("\"2\"", "Watching"));
}

#[tokio::test]
async fn a_service_that_a_case_asks_for_stays() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (asked, free) = (create(&admin, "Asked for").await, create(&admin, "Free").await);
    let case = json!({ "title": "Watch", "position": { "lat": 38.7, "lng": -9.1 },
        "services": [asked] });
    let case = admin.post("/v1/cases", case).await.expect(201).header("location").to_owned();
    let asked = format!("/v1/services/{asked}");
    admin.delete(&asked).await.refused(409, "in_use");
    admin.get(&asked).await.expect(200);
    admin.delete(&format!("/v1/services/{free}")).await.expect(204);
    admin.get(&format!("/v1/services/{free}")).await.refused(404, "not_found");
    admin.patch(&case, json!({ "services": null })).await.expect(200);
    admin.delete(&asked).await.expect(204);
    admin.delete(&asked).await.refused(404, "not_found");
}

#[tokio::test]
async fn preferences_go_with_the_service() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let service = create(&admin, "Surveillance").await;
    let path = format!("/v1/staff/{}/work-preferences", admin.id);
    let entry = json!({ "service_id": service, "preference": "preferred" });
    let body = json!({ "services": [entry], "regions": [] });
    let stated = admin.put(&path, body).await.expect(200);
    admin.delete(&format!("/v1/services/{service}")).await.expect(204);
    let left = admin.get(&path).await.expect(200);
    assert_eq!(left.body["services"], json!([]));
    assert_ne!(left.header("etag"), stated.header("etag"), "the person's version was raised");
}
