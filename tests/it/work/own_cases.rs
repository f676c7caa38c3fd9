//! Whose cases are seen: one's own, those in one's departments and queues, and those shared with
//! one's groups.

use super::held::{hold, work};
use crate::support::{
    Account, Answer, Site,
    departments::{change, scoped_account},
};
use serde_json::{Value, json};

async fn create(who: &Account<'_>, title: &str, more: Value) -> String {
    let mut case = json!({ "title": title, "position": { "lat": 38.71, "lng": -9.14 } });
    for (name, value) in more.as_object().unwrap() {
        case[name] = value.clone();
    }
    who.post("/v1/cases", case).await.expect(201).str("/id").to_owned()
}

fn path(id: &str) -> String {
    format!("/v1/cases/{id}")
}

fn titles(answer: &Answer) -> Vec<&str> {
    let items = answer.body["items"].as_array().unwrap();
    items.iter().map(|item| item["title"].as_str().unwrap()).collect()
}

async fn seen(who: &Account<'_>) -> Vec<String> {
    let page = who.get("/v1/cases").await.expect(200);
    titles(&page).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_case_that_one_holds_or_held_is_ones_own() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let limited = admin.create_account("scheduler", "limited").await;
    let other = admin.create_account("scheduler", "limited").await;
    let id = create(&admin, "Held", json!({})).await;
    create(&admin, "Not held", json!({})).await;
    limited.get(&path(&id)).await.refused(404, "not_found");
    hold(&site, &id, &limited.id, "assigned").await;
    for state in ["assigned", "on_site", "done", "cancelled"] {
        work(&site, &id, state).await;
        assert_eq!(seen(&limited).await, ["Held"], "{state}");
        limited.get(&path(&id)).await.expect(200);
        limited.patch(&path(&id), json!({ "notes": state })).await.expect(200);
    }
    assert!(seen(&other).await.is_empty());
    other.get(&path(&id)).await.refused(404, "not_found");
    other.patch(&path(&id), json!({ "notes": "x" })).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_case_shared_with_ones_group_is_looked_at_and_not_changed() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let limited = admin.create_account("scheduler", "limited").await;
    let group = admin.create_named("/v1/groups", "Divers").await;
    let id = create(&admin, "Shared", json!({ "group_id": group })).await;
    limited.get(&path(&id)).await.refused(404, "not_found");
    admin
        .put(&format!("/v1/staff/{}/groups", limited.id), json!({ "groups": [group] }))
        .await
        .expect(200);
    assert_eq!(seen(&limited).await, ["Shared"]);
    limited.get(&path(&id)).await.expect(200);
    let refused = limited.patch(&path(&id), json!({ "notes": "x" })).await;
    refused.refused(403, "forbidden");
    hold(&site, &id, &limited.id, "assigned").await;
    limited.patch(&path(&id), json!({ "notes": "x" })).await.expect(200);
    admin.patch(&path(&id), json!({ "group_id": null })).await.expect(200);
    limited.get(&path(&id)).await.expect(200);
}

#[tokio::test]
async fn departments_and_queues_narrow_what_schedulers_see() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let mine = admin.create_named("/v1/departments", "Mine").await;
    let theirs = admin.create_named("/v1/departments", "Theirs").await;
    let group = admin.create_named("/v1/groups", "Divers").await;
    let scoped = scoped_account(&admin, "scheduler", &[&mine]).await;
    create(&admin, "No department", json!({})).await;
    let near = create(&admin, "Mine", json!({ "department_id": mine })).await;
    let far = create(&admin, "Theirs", json!({ "department_id": theirs })).await;
    assert_eq!(seen(&scoped).await, ["No department", "Mine"]);
    scoped.patch(&path(&near), json!({ "urgent": true })).await.expect(200);
    scoped.get(&path(&far)).await.refused(404, "not_found");
    scoped.patch(&path(&far), json!({ "urgent": true })).await.refused(404, "not_found");
    let hidden = json!({ "department_id": theirs });
    let hidden = scoped.patch(&path(&near), hidden).await.refused(422, "invalid");
    assert_eq!(hidden.pointers(), ["/department_id"]);
    change(&admin, &scoped.id, json!({ "groups": [group] })).await;
    admin.patch(&path(&far), json!({ "group_id": group })).await.expect(200);
    scoped.get(&path(&far)).await.expect(200);
    scoped.patch(&path(&far), json!({ "urgent": true })).await.refused(403, "outside_scope");
    // A person with queues sees cases of those and cases without; a person without, all.
    let queues = ["Fraud", "Theft"];
    let (fraud, theft) = (
        admin.create_named("/v1/queues", queues[0]).await,
        admin.create_named("/v1/queues", queues[1]).await,
    );
    let full = admin.create_account("scheduler", "full").await;
    create(&admin, "Fraud", json!({ "queue_id": fraud })).await;
    let theft = create(&admin, "Theft", json!({ "queue_id": theft })).await;
    assert_eq!(seen(&full).await.len(), 5);
    change(&admin, &full.id, json!({ "queues": [fraud] })).await;
    assert_eq!(seen(&full).await, ["No department", "Mine", "Theirs", "Fraud"]);
    full.get(&path(&theft)).await.refused(404, "not_found");
    hold(&site, &theft, &full.id, "assigned").await;
    full.get(&path(&theft)).await.expect(200);
}
