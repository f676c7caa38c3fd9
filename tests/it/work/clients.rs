//! Clients: named once, with a panel and exclusions, and there for as long as a case names them.

use crate::support::{Account, Answer, Site};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

async fn client(admin: &Account<'_>, name: &str) -> String {
    admin.create_named("/v1/clients", name).await
}

fn path(id: &str) -> String {
    format!("/v1/clients/{id}")
}

fn names(answer: &Answer) -> Vec<&str> {
    let items = answer.body["items"].as_array().unwrap();
    items.iter().map(|item| item["name"].as_str().unwrap()).collect()
}

async fn audited(site: &Site, id: &str) -> Vec<String> {
    sqlx::query_scalar("SELECT action FROM audit_log WHERE subject_id = $1 ORDER BY id")
        .bind(id.parse::<Uuid>().unwrap())
        .fetch_all(&mut site.database.look().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_client_is_made_read_changed_and_removed() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let body = json!({ "name": "Harbour Insurance", "notes": "Ring twice.\nThen wait.",
        "panel_required": true });
    let made = admin.post("/v1/clients", body).await.expect(201);
    assert_eq!(made.header("etag"), "\"1\"");
    let path = made.header("location").to_owned();
    let read = admin.get(&path).await.expect(200);
    assert_eq!(read.body, made.body);
    assert_eq!((&read.body["panel"], &read.body["active"]), (&json!([]), &json!(true)));
    let change = |version: Option<&'static str>, body: Value| {
        admin.update(Method::PATCH, &path, version, body)
    };
    change(None, json!({ "active": false })).await.refused(428, "precondition_required");
    let changed = change(Some("\"1\""), json!({ "active": false, "notes": null })).await;
    let changed = changed.expect(200);
    assert_eq!((changed.header("etag"), changed.str("/notes")), ("\"2\"", ""));
    assert_eq!(changed.body["panel_required"], json!(true));
    change(Some("\"1\""), json!({})).await.refused(412, "precondition_failed");
    let wrong = json!({ "name": " ", "notes": "a\u{0}b", "active": null, "colour": "red" });
    let wrong = change(Some("*"), wrong).await.refused(422, "invalid");
    assert_eq!(wrong.pointers(), ["/colour", "/name", "/notes", "/active"]);
    let id = made.str("/id");
    admin.delete(&path).await.expect(204);
    admin.get(&path).await.refused(404, "not_found");
    assert_eq!(audited(&site, id).await, ["client.create", "client.update", "client.delete"]);
    let trail: String = sqlx::query_scalar("SELECT string_agg(details::text, ' ') FROM audit_log")
        .fetch_one(&mut site.database.look().await)
        .await
        .unwrap();
    assert!(!trail.contains("Ring twice"), "notes are not copied: {trail}");
}

#[tokio::test]
async fn a_name_is_taken_without_regard_to_case_and_a_post_is_done_once() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    client(&admin, "Harbour").await;
    let other = client(&admin, "Castle").await;
    let taken = json!({ "name": "HARBOUR" });
    admin.post("/v1/clients", taken.clone()).await.refused(409, "name_taken");
    admin.patch(&path(&other), taken).await.refused(409, "name_taken");
    let body = json!({ "name": "Once" });
    let first = admin.post_once("/v1/clients", "k1", body.clone()).await.expect(201);
    let again = admin.post_once("/v1/clients", "k1", body).await.expect(201);
    assert_eq!(first.str("/id"), again.str("/id"));
    let elsewhere = site.create_another_organization().await;
    elsewhere.post("/v1/clients", json!({ "name": "Harbour" })).await.expect(201);
    elsewhere.get(&path(&other)).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_list_is_filtered_by_beginning_and_activity() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for name in ["Harbour One", "harbour two", "100% Sure", "Castle"] {
        client(&admin, name).await;
    }
    let gone = client(&admin, "Harbour Gone").await;
    admin.patch(&path(&gone), json!({ "active": false })).await.expect(200);
    let list = async |query: &str| admin.get(&format!("/v1/clients?{query}")).await;
    let all = list("q=HARBOUR").await.expect(200);
    assert_eq!(names(&all), ["Harbour One", "harbour two", "Harbour Gone"]);
    assert!(all.body["items"][0].get("panel").is_none(), "people only of one client");
    assert_eq!(names(&list("q=harbour&active=false").await.expect(200)), ["Harbour Gone"]);
    // What means something to a pattern is a character like others.
    assert_eq!(names(&list("q=100%25").await.expect(200)), ["100% Sure"]);
    assert!(names(&list("q=%25").await.expect(200)).is_empty());
    let first = list("active=true&limit=3").await.expect(200);
    assert_eq!(names(&first), ["Harbour One", "harbour two", "100% Sure"]);
    let rest = format!("active=true&limit=3&cursor={}", first.str("/next_cursor"));
    assert_eq!(names(&list(&rest).await.expect(200)), ["Castle"]);
    for wrong in ["active=x", "q=%00", "name=x"] {
        list(wrong).await.refused(400, "malformed_query");
    }
}

#[tokio::test]
async fn panel_and_exclusions_are_replaced_together() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id = client(&admin, "Harbour").await;
    let grace = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let alan = admin.create_staff(json!({ "display_name": "Alan" })).await;
    let people = format!("{}/people", path(&id));
    let put = async |panel: Value, excluded: Value| {
        admin.put(&people, json!({ "panel": panel, "excluded": excluded })).await
    };
    let set = put(json!([alan, grace]), json!([])).await.expect(200);
    assert_eq!(set.header("etag"), "\"2\"");
    assert_eq!(set.body["panel"], json!([grace, alan]), "by id");
    let swapped = put(json!([grace]), json!([alan])).await.expect(200);
    let read = admin.get(&path(&id)).await.expect(200);
    assert_eq!(read.body, swapped.body);
    assert_eq!((&read.body["panel"], &read.body["excluded"]), (&json!([grace]), &json!([alan])));
    let both = put(json!([grace, grace]), json!([alan, grace])).await.refused(422, "invalid");
    assert_eq!(both.pointers(), ["/panel/1", "/excluded/1"]);
    let nobody = Uuid::now_v7();
    let unknown = put(json!([grace, nobody]), json!([nobody.to_string()])).await;
    assert_eq!(unknown.refused(422, "invalid").pointers(), ["/excluded/0"], "in both");
    let unknown = put(json!([grace, nobody]), json!([])).await.refused(422, "invalid");
    assert_eq!(unknown.pointers(), ["/panel/1"]);
    let half = admin.put(&people, json!({ "panel": [] })).await.refused(422, "invalid");
    assert_eq!(half.pointers(), ["/excluded"]);
    let stale = json!({ "panel": [], "excluded": [] });
    let stale = admin.update(Method::PUT, &people, Some("\"1\""), stale).await;
    stale.refused(412, "precondition_failed");
    // A deleted person is not shown, and stands as before once restored.
    admin.delete(&format!("/v1/staff/{alan}")).await.expect(204);
    let gone = admin.get(&path(&id)).await.expect(200);
    assert_eq!(gone.body["excluded"], json!([]));
    put(json!([]), json!([alan])).await.refused(422, "invalid");
    put(json!([]), json!([])).await.expect(200);
    admin.post(&format!("/v1/staff/{alan}/undelete"), json!({})).await.expect(200);
    assert_eq!(admin.get(&path(&id)).await.expect(200).body["excluded"], json!([alan]));
}

#[tokio::test]
async fn a_client_that_cases_name_stays_and_its_cases_are_its_history() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (id, other) = (client(&admin, "Harbour").await, client(&admin, "Castle").await);
    let case = |client: Option<&str>| json!({ "title": "x", "position": { "lat": 1.5, "lng": 1.5 }, "client_id": client });
    let first = admin.post("/v1/cases", case(Some(&id))).await.expect(201);
    admin.post("/v1/cases", case(Some(&other))).await.expect(201);
    admin.post("/v1/cases", case(None)).await.expect(201);
    let history = admin.get(&format!("/v1/cases?client_id={id}")).await.expect(200);
    assert_eq!(history.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(history.str("/items/0/id"), first.str("/id"));
    admin.delete(&path(&id)).await.refused(409, "in_use");
    admin.patch(&path(&id), json!({ "active": false })).await.expect(200);
    let late = admin.post("/v1/cases", case(Some(&id))).await.refused(422, "invalid");
    assert_eq!(late.pointers(), ["/client_id"]);
    // A case that names it already can be changed, and be saved as it was read.
    let own = format!("/v1/cases/{}", first.str("/id"));
    admin.patch(&own, json!({ "title": "y", "client_id": id })).await.expect(200);
    admin.patch(&own, json!({ "client_id": null })).await.expect(200);
    admin.delete(&path(&id)).await.expect(204);
}

#[tokio::test]
async fn a_scheduler_changes_clients_and_does_not_remove_them() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let general = admin.create_account("general", "full").await;
    let limited = admin.create_account("scheduler", "limited").await;
    let id = client(&scheduler, "Harbour").await;
    scheduler.patch(&path(&id), json!({ "notes": "x" })).await.expect(200);
    scheduler.delete(&path(&id)).await.refused(403, "forbidden");
    general.get(&path(&id)).await.refused(403, "forbidden");
    limited.get(&path(&id)).await.refused(404, "not_found");
    admin.create_account("admin", "full").await.delete(&path(&id)).await.expect(204);
}
