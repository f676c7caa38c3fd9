//! Cases: made, changed, closed and listed, and by whom.

use crate::support::{Account, Answer, Site, eventually};
use reqwest::Method;
use serde_json::{Value, json};

fn case(title: &str) -> Value {
    json!({ "title": title, "position": { "lat": 38.71, "lng": -9.14 } })
}

/// Makes a case; returns its id.
async fn create(who: &Account<'_>, title: &str) -> String {
    who.post("/v1/cases", case(title)).await.expect(201).str("/id").to_owned()
}

fn path(id: &str) -> String {
    format!("/v1/cases/{id}")
}

fn titles(answer: &Answer) -> Vec<&str> {
    let items = answer.body["items"].as_array().unwrap();
    items.iter().map(|item| item["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_change_needs_the_version_it_changes() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let created = admin.post("/v1/cases", case("Watch")).await.expect(201);
    assert_eq!(created.header("etag"), "\"1\"");
    let path = created.header("location").to_owned();
    let change = |version: Option<&'static str>, body: Value| {
        admin.update(Method::PATCH, &path, version, body)
    };
    let urgent = json!({ "urgent": true });
    change(None, urgent.clone()).await.refused(428, "precondition_required");
    let changed = change(Some("\"1\""), urgent.clone()).await.expect(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!((&changed.body["urgent"], changed.str("/title")), (&json!(true), "Watch"));
    change(Some("\"1\""), urgent).await.refused(412, "precondition_failed");
    let wrong = change(Some("\"2\""), json!({ "title": "", "duration_min": 0 })).await;
    assert_eq!(wrong.refused(422, "invalid").pointers(), ["/title", "/duration_min"]);
    let unknown = json!({ "services": [uuid::Uuid::now_v7()] });
    let unknown = change(Some("\"2\""), unknown).await.refused(422, "invalid");
    assert_eq!(unknown.pointers(), ["/services/0"]);
}

#[tokio::test]
async fn a_limited_scheduler_sees_only_their_own_cases() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let limited = admin.create_account("scheduler", "limited").await;
    let other = admin.create_account("scheduler", "limited").await;
    let full = admin.create_account("scheduler", "full").await;
    let (own, of_admin) = (create(&limited, "Own").await, create(&admin, "Admin's").await);
    assert_eq!(titles(&limited.get("/v1/cases").await.expect(200)), ["Own"]);
    assert!(titles(&other.get("/v1/cases").await.expect(200)).is_empty());
    assert_eq!(titles(&full.get("/v1/cases").await.expect(200)), ["Own", "Admin's"]);
    limited.get(&path(&own)).await.expect(200);
    limited.patch(&path(&own), json!({ "urgent": true })).await.expect(200);
    for who in [&limited, &other] {
        who.get(&path(&of_admin)).await.refused(404, "not_found");
        who.patch(&path(&of_admin), json!({ "urgent": true })).await.refused(404, "not_found");
    }
    other.get(&path(&own)).await.refused(404, "not_found");
    full.patch(&path(&own), json!({ "urgent": false })).await.expect(200);
    // Not even for their own case, since a ranking tells where others are.
    let ask = json!({ "case_id": own });
    limited.post("/v1/recommendations", ask.clone()).await.refused(403, "forbidden");
    for nothing in ["/v1/staff", "/v1/positions?bbox=1,1,2,2"] {
        limited.get(nothing).await.refused(404, "not_found");
    }
    let asked = full.post("/v1/recommendations", ask).await.expect(200);
    assert_eq!(asked.body["result"]["case_id"], own.as_str());
}

#[tokio::test]
async fn closing_and_reopening_is_for_those_who_manage_cases() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let full = admin.create_account("scheduler", "full").await;
    let limited = admin.create_account("scheduler", "limited").await;
    let general = admin.create_account("general", "full").await;
    let (done, open) = (json!({ "status": "done" }), json!({ "status": "open" }));
    let id = create(&full, "Watch").await;
    general.get(&path(&id)).await.expect(200);
    general.patch(&path(&id), done.clone()).await.refused(403, "forbidden");
    limited.patch(&path(&id), done.clone()).await.refused(404, "not_found");
    let own = create(&limited, "Own").await;
    assert_eq!(limited.patch(&path(&own), done.clone()).await.str("/status"), "done");
    let mut born_done = case("Done before it was written down");
    born_done["status"] = json!("done");
    let born_done = full.post("/v1/cases", born_done).await.expect(201);
    assert_eq!(born_done.str("/status"), "done");
    let wrong = full.patch(&path(&id), json!({ "status": "shut" })).await;
    assert_eq!(wrong.refused(422, "invalid").pointers(), ["/status"]);
    let ask = async || full.post("/v1/recommendations", json!({ "case_id": id })).await;
    ask().await.expect(200);
    assert_eq!(full.patch(&path(&id), done).await.expect(200).str("/status"), "done");
    ask().await.refused(409, "case_closed");
    // A closed case can be changed in everything else, and stays closed.
    let renamed = full.patch(&path(&id), json!({ "title": "Watched" })).await.expect(200);
    assert_eq!(renamed.str("/status"), "done");
    full.patch(&path(&id), open).await.expect(200);
    assert_eq!(ask().await.expect(200).body["result"]["case_version"], 4);
}

#[tokio::test]
async fn a_list_is_read_page_by_page_and_filtered() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for title in ["A", "B", "C", "D", "E"] {
        let id = create(&admin, title).await;
        if title == "B" || title == "D" {
            admin.patch(&path(&id), json!({ "status": "done" })).await.expect(200);
        }
    }
    let list = async |query: &str| admin.get(&format!("/v1/cases?{query}")).await;
    let first = list("limit=2").await.expect(200);
    assert_eq!(titles(&first), ["A", "B"]);
    let cursor = first.str("/next_cursor").to_owned();
    let second = list(&format!("cursor={cursor}&limit=2")).await.expect(200);
    assert_eq!(titles(&second), ["C", "D"]);
    let last = format!("limit=2&cursor={}", second.str("/next_cursor"));
    let last = list(&last).await.expect(200);
    assert_eq!((titles(&last), &last.body["next_cursor"]), (vec!["E"], &Value::Null));
    let open = list("status=open&limit=2").await.expect(200);
    assert_eq!(titles(&open), ["A", "C"]);
    let rest = format!("limit=1&status=open&cursor={}", open.str("/next_cursor"));
    assert_eq!(titles(&list(&rest).await.expect(200)), ["E"]);
    assert_eq!(titles(&list("status=done").await.expect(200)), ["B", "D"]);
    for wrong in ["status=shut", "limit=0", "limit=201", "limit=x", "surplus=1"] {
        list(wrong).await.refused(400, "malformed_query");
    }
    // A cursor counts for its list, its filters and its organisation.
    list(&format!("status=open&cursor={cursor}")).await.refused(400, "invalid_cursor");
    list("cursor=garbage").await.refused(400, "invalid_cursor");
    for path in ["/v1/services", "/v1/regions", "/v1/staff"] {
        let other = admin.get(&format!("{path}?cursor={cursor}")).await;
        other.refused(400, "invalid_cursor");
    }
    let elsewhere = site.create_another_organization().await;
    let stolen = elsewhere.get(&format!("/v1/cases?cursor={cursor}")).await;
    stolen.refused(400, "invalid_cursor");
}

#[tokio::test]
async fn what_a_case_asks_for_decides_who_is_listed() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let skilled = json!({ "display_name": "Skilled", "skills": [{ "code": "camera", "level": 4 }],
        "languages": [{ "language": "pt", "level": "c1" }] });
    admin.create_staff(skilled).await;
    let id = create(&admin, "Photos").await;
    let candidates = async || {
        let ask = json!({ "case_id": id });
        let answer = admin.post("/v1/recommendations", ask).await.expect(200);
        answer.body["result"]["candidates"].as_array().unwrap().len()
    };
    let listed = async |people: usize| {
        eventually(&format!("{people} are listed"), async || {
            (candidates().await == people).then_some(())
        })
        .await;
    };
    listed(2).await;
    let camera = json!({ "skills": [{ "code": "camera", "required": 3 }] });
    admin.patch(&path(&id), camera).await.expect(200);
    listed(1).await;
    let german = json!({ "languages": ["de"], "language_required": true });
    admin.patch(&path(&id), german).await.expect(200);
    listed(0).await;
    admin.patch(&path(&id), json!({ "languages": ["de", "pt"] })).await.expect(200);
    listed(1).await;
    let nothing = json!({ "languages": null, "language_required": null, "skills": null });
    admin.patch(&path(&id), nothing).await.expect(200);
    listed(2).await;
}
