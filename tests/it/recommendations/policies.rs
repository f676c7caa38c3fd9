//! Policies: created from presets, changed by versions that stay, checked without being stored, and
//! archived.

use crate::support::{Account, Answer, Site};
use reqwest::Method;
use serde_json::{Value, json};

/// Creates a policy; returns its address.
async fn create(admin: &Account<'_>, body: Value) -> String {
    admin.post("/v1/policies", body).await.expect(201).header("location").to_owned()
}

async fn names(admin: &Account<'_>, query: &str) -> Vec<String> {
    let list = admin.get(&format!("/v1/policies{query}")).await.expect(200);
    let items = list.body["items"].as_array().unwrap();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

fn sorted(refused: &Answer) -> Vec<&str> {
    let mut pointers = refused.pointers();
    pointers.sort_unstable();
    pointers
}

#[tokio::test]
async fn a_policy_begins_with_a_preset_and_says_what_its_weights_mean() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let presets = admin.get("/v1/policies/presets").await.expect(200);
    let of = |word: &str| {
        let items = presets.body["items"].as_array().unwrap();
        items.iter().find(|item| item["preset"] == word).unwrap()["settings"].clone()
    };
    assert_eq!(presets.body["items"].as_array().unwrap().len(), 5);
    let body = json!({ "name": "Night calls", "preset": "nearest",
        "settings": { "weights": { "workload": 5 }, "max_travel_km": 40 } });
    let made = admin.post("/v1/policies", body).await.expect(201);
    assert_eq!((made.header("etag"), made.str("/preset")), ("\"1\"", "nearest"));
    let mut wanted = of("nearest");
    wanted["weights"]["workload"] = json!(5);
    wanted["max_travel_km"] = json!(40.0);
    assert_eq!(made.body["settings"], wanted);
    let plain = create(&admin, json!({ "name": "Plain" })).await;
    let text = |answer: &Answer, to: &str| {
        let rates = answer.body["exchange_rates"].as_array().unwrap();
        let rate = rates.iter().find(|rate| rate["to"] == to).unwrap();
        (rate["text"].as_str().unwrap().to_owned(), rate["worth_min"].clone())
    };
    let read = admin.get(&plain).await.expect(200);
    assert_eq!(read.body["settings"], of("balanced"));
    let words = "unstated to preferred service = 16 min at ETA 25".to_owned();
    assert_eq!(text(&read, "preferred service"), (words, json!(16.0)));
    let far = admin.get(&format!("{plain}?eta_min=60")).await.expect(200);
    assert!(text(&far, "preferred service").1.as_f64().unwrap() > 30.0);
    admin.get(&format!("{plain}?eta_min=601")).await.refused(400, "malformed_query");
    assert_eq!(names(&admin, "").await, ["Night calls", "Plain"]);
    // Policies belong to an organisation.
    let elsewhere = site.create_another_organization().await;
    elsewhere.get(&plain).await.refused(404, "not_found");
    elsewhere.post("/v1/policies", json!({ "name": "Plain" })).await.expect(201);
}

#[tokio::test]
async fn a_change_writes_the_next_version_and_leaves_the_earlier_ones() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let path = create(&admin, json!({ "name": "Usual" })).await;
    let change = |version: Option<&'static str>, body: Value| {
        admin.update(Method::PATCH, &path, version, body)
    };
    let slower = || json!({ "settings": { "speed_kmh": 30 } });
    change(None, slower()).await.refused(428, "precondition_required");
    let changed = change(Some("\"1\""), slower()).await.expect(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    change(Some("\"1\""), slower()).await.refused(412, "precondition_failed");
    let same = change(Some("\"2\""), slower()).await.expect(200);
    assert_eq!(same.header("etag"), "\"2\"", "nothing has changed");
    let renamed = change(Some("\"2\""), json!({ "name": "Slow", "preset": "fair_share" })).await;
    assert_eq!(renamed.expect(200).body["settings"]["speed_kmh"], 40.0, "a preset replaces all");
    let (one, two) = tokio::join!(
        change(Some("\"3\""), json!({ "settings": { "circuity": 1.5 } })),
        change(Some("\"3\""), json!({ "settings": { "circuity": 1.6 } })),
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "of two at once one has to read again");
    let versions = admin.get(&format!("{path}/versions?limit=3")).await.expect(200);
    let items = versions.body["items"].as_array().unwrap();
    let seen: Vec<(&Value, &Value, &Value)> = items
        .iter()
        .map(|item| (&item["version"], &item["name"], &item["settings"]["speed_kmh"]))
        .collect();
    let (slow, usual) = (json!("Slow"), json!("Usual"));
    let wanted = [
        (&json!(4), &slow, &json!(40.0)),
        (&json!(3), &slow, &json!(40.0)),
        (&json!(2), &usual, &json!(30.0)),
    ];
    assert_eq!(seen, wanted);
    let rest = format!("{path}/versions?limit=3&cursor={}", versions.str("/next_cursor"));
    let rest = admin.get(&rest).await.expect(200);
    assert_eq!(rest.body["items"][0]["version"], 1);
    assert_eq!(rest.body["items"][0]["used_at"], Value::Null);
    assert_eq!(rest.body["next_cursor"], Value::Null);
}

#[tokio::test]
async fn only_checked_is_not_stored() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let path = create(&admin, json!({ "name": "Usual" })).await;
    let body = json!({ "name": "New", "preset": "client_first", "validate_only": true });
    let checked = admin.post("/v1/policies", body).await.expect(200);
    assert_eq!(checked.body["id"], Value::Null);
    assert_eq!(checked.body["settings"]["weights"]["panel"], 20);
    assert!(checked.body["exchange_rates"].is_array());
    let change = json!({ "settings": { "max_late_min": 5 }, "validate_only": true });
    let checked = admin.patch(&path, change).await.expect(200);
    assert_eq!(
        (&checked.body["version"], &checked.body["settings"]["max_late_min"]),
        (&json!(2), &json!(5.0))
    );
    let taken = json!({ "name": "USUAL", "validate_only": true });
    admin.post("/v1/policies", taken).await.refused(409, "name_taken");
    admin.post("/v1/policies", json!({ "name": "USUAL" })).await.refused(409, "name_taken");
    let wrong = json!({ "name": "New", "settings": { "circuity": 0 }, "validate_only": true });
    let refused = admin.post("/v1/policies", wrong).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/settings/circuity"]);
    assert_eq!(names(&admin, "").await, ["Usual"]);
    let stored = admin.get(&path).await.expect(200);
    assert_eq!(
        (&stored.body["version"], &stored.body["settings"]["max_late_min"]),
        (&json!(1), &json!(30.0))
    );
}

#[tokio::test]
async fn everything_wrong_is_said_at_once() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let wrong = json!({ "preset": "best", "settings": {
        "speed": 1, "speed_kmh": "fast", "travel_scale_min": 0, "star_threshold": 101,
        "max_travel_km": -1, "require_location": null,
        "weights": { "travel": -1, "panel": 1_001, "luck": 3 } } });
    let refused = admin.post("/v1/policies", wrong).await.refused(422, "invalid");
    let wanted = [
        "/name",
        "/preset",
        "/settings/max_travel_km",
        "/settings/require_location",
        "/settings/speed",
        "/settings/speed_kmh",
        "/settings/star_threshold",
        "/settings/travel_scale_min",
        "/settings/weights/luck",
        "/settings/weights/panel",
        "/settings/weights/travel",
    ];
    assert_eq!(sorted(&refused), wanted);
    let idle = json!({ "name": "Idle", "settings": {
        "weights": { "travel": 0, "workload": 0, "availability": 0 } } });
    let refused = admin.post("/v1/policies", idle).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/settings/weights"]);
    let path = create(&admin, json!({ "name": "Usual" })).await;
    let refused = admin.patch(&path, json!({ "settings": { "weights": { "skill": 0.5 } } })).await;
    assert_eq!(refused.refused(422, "invalid").pointers(), ["/settings/weights/skill"]);
}

#[tokio::test]
async fn a_default_cannot_be_archived_and_an_archived_policy_cannot_be_the_default() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let organization = "/v1/organization";
    let id_of = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let set = |id: Value| admin.patch(organization, json!({ "default_policy_id": id }));
    let unknown = set(json!(uuid::Uuid::now_v7())).await.refused(422, "invalid");
    assert_eq!(unknown.pointers(), ["/default_policy_id"]);
    let path = create(&admin, json!({ "name": "Usual" })).await;
    let set_to = set(json!(id_of(&path))).await.expect(200);
    assert_eq!(set_to.str("/default_policy_id"), id_of(&path));
    admin.delete(&path).await.refused(409, "in_use");
    assert_eq!(set(Value::Null).await.expect(200).body["default_policy_id"], Value::Null);
    admin.delete(&path).await.expect(204);
    admin.delete(&path).await.expect(204);
    set(json!(id_of(&path))).await.refused(422, "invalid");
    admin.patch(&path, json!({ "name": "Other" })).await.refused(409, "policy_archived");
    assert_eq!(names(&admin, "").await, [""; 0]);
    assert_eq!(names(&admin, "?archived=true").await, ["Usual"]);
    assert!(admin.get(&path).await.expect(200).body["archived_at"].is_string());
    // Its name is free again, and of a default and an archiving at once one is refused.
    let path = create(&admin, json!({ "name": "Usual" })).await;
    let (one, two) = tokio::join!(set(json!(id_of(&path))), admin.delete(&path));
    let statuses = (one.status.as_u16(), two.status.as_u16());
    assert!([(200, 409), (422, 204)].contains(&statuses), "{} {}", one.text, two.text);
}

#[tokio::test]
async fn schedulers_read_policies_and_admins_change_them() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let path = create(&admin, json!({ "name": "Usual" })).await;
    let scheduler = admin.create_account("scheduler", "full").await;
    scheduler.get(&path).await.expect(200);
    scheduler.get(&format!("{path}/versions")).await.expect(200);
    scheduler.post("/v1/policies", json!({ "name": "Mine" })).await.refused(403, "forbidden");
    scheduler.patch(&path, json!({ "name": "Mine" })).await.refused(403, "forbidden");
    scheduler.delete(&path).await.refused(403, "forbidden");
    let settings = admin.create_account("admin", "full").await;
    settings.patch(&path, json!({ "name": "Theirs" })).await.expect(200);
    let trail = admin.get("/v1/audit?limit=200").await.expect(200).text;
    assert!(trail.contains("policy.create") && trail.contains("policy.update"), "{trail}");
}
