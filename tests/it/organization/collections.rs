//! Groups, tags and queues: named, renamed, and removed with everybody's membership.

use crate::support::Site;
use reqwest::Method;
use serde_json::{Value, json};

const KINDS: [&str; 3] = ["groups", "tags", "queues"];

#[tokio::test]
async fn each_is_named_once_and_changed_by_version() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let elsewhere = site.create_another_organization().await;
    for kind in KINDS {
        let all = format!("/v1/{kind}");
        let made = admin.post(&all, json!({ "name": "Divers" })).await.expect(201);
        assert_eq!((made.header("etag"), made.str("/name")), ("\"1\"", "Divers"));
        let path = made.header("location").to_owned();
        assert_eq!(path, format!("{all}/{}", made.str("/id")));
        admin.post(&all, json!({ "name": "DIVERS" })).await.refused(409, "name_taken");
        let other = admin.create_named(&all, "Pilots").await;
        let other = format!("{all}/{other}");
        admin.patch(&other, json!({ "name": "divers" })).await.refused(409, "name_taken");
        let change = |version: Option<&'static str>, body: Value| {
            admin.update(Method::PATCH, &path, version, body)
        };
        change(None, json!({})).await.refused(428, "precondition_required");
        let changed = change(Some("\"1\""), json!({ "name": "Frogmen" })).await.expect(200);
        assert_eq!((changed.header("etag"), changed.str("/name")), ("\"2\"", "Frogmen"));
        change(Some("\"1\""), json!({})).await.refused(412, "precondition_failed");
        let wrong = admin.post(&all, json!({ "name": 7, "colour": "red" })).await;
        assert_eq!(wrong.refused(422, "invalid").pointers(), ["/colour", "/name"]);
        let listed = admin.get(&format!("{all}?limit=1")).await.expect(200);
        assert_eq!(listed.body["items"], json!([changed.body]));
        assert!(listed.body["next_cursor"].is_string());
        elsewhere.get(&path).await.refused(404, "not_found");
        elsewhere.delete(&path).await.refused(404, "not_found");
        admin.get(&path).await.expect(200);
    }
}

#[tokio::test]
async fn one_that_is_removed_takes_memberships_along() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for kind in KINDS {
        let id = admin.create_named(&format!("/v1/{kind}"), "Divers").await;
        let body = json!({ "display_name": "Grace", kind: [id] });
        let grace = admin.create_staff(body.clone()).await;
        let other = admin.create_staff(body).await;
        let path = format!("/v1/staff/{grace}");
        let had = admin.get(&path).await.expect(200);
        assert_eq!(had.body[kind], json!([id]));
        let one = format!("/v1/{kind}/{id}");
        admin.delete(&one).await.expect(204);
        admin.delete(&one).await.refused(404, "not_found");
        let has = admin.get(&path).await.expect(200);
        assert_eq!((&has.body[kind], has.header("etag")), (&json!([]), "\"2\""));
        let refused = admin.patch(&path, json!({ kind: [id] })).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), [format!("/{kind}/0")]);
        let mut db = site.database.look().await;
        let word = format!("{}.delete", kind.trim_end_matches('s'));
        let details: Value = sqlx::query_scalar("SELECT details FROM audit_log WHERE action = $1")
            .bind(word)
            .fetch_one(&mut db)
            .await
            .unwrap();
        assert_eq!((&details["name"], &details["people_count"]), (&json!("Divers"), &json!(2)));
        let named = details["people"].as_array().unwrap();
        assert_eq!(named.len(), 2);
        assert!(named.contains(&json!(grace)) && named.contains(&json!(other)), "{details}");
    }
}

#[tokio::test]
async fn people_change_groups_and_tags_and_settings_queues() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let people = admin.create_account("user_admin", "full").await;
    let settings = admin.create_account("admin", "full").await;
    let body = json!({ "name": "Divers" });
    for kind in ["/v1/groups", "/v1/tags"] {
        people.post(kind, body.clone()).await.expect(201);
        settings.post(kind, body.clone()).await.refused(403, "forbidden");
        settings.get(kind).await.expect(200);
    }
    settings.post("/v1/queues", body.clone()).await.expect(201);
    people.post("/v1/queues", body).await.refused(403, "forbidden");
}
