//! The audit trail, read: who did what, newest first; personal values for those who may see them,
//! and of a department only what concerns it.

use crate::support::{
    Account, Answer, Site,
    account::{now, seconds_from_now},
    departments::{again, change, department, scoped_account},
};
use serde_json::{Value, json};

async fn trail(who: &Account<'_>, query: &str) -> Answer {
    who.get(&format!("/v1/audit?{query}")).await
}

fn words(answer: &Answer) -> Vec<&str> {
    let items = answer.body["items"].as_array().unwrap();
    items.iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn entries_come_newest_first_with_both_sides_and_page_by_page() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let path = format!("/v1/staff/{grace}");
    admin
        .patch(&path, json!({ "display_name": "Grace H", "birth_date": "1906-12-09" }))
        .await
        .expect(200);
    admin.post("/v1/services", json!({ "name": "Interview" })).await.expect(201);
    let all = trail(&admin, "limit=200").await.expect(200);
    assert_eq!(words(&all)[..3], ["service.create", "staff.update", "staff.create"]);
    let entry = &all.body["items"][1];
    assert_eq!(
        entry["subject"],
        json!({ "kind": "staff", "id": grace, "display_name": "Grace H" })
    );
    let actor = json!({ "id": admin.id, "kind": "staff", "display_name": "Ada Lovelace" });
    assert_eq!(entry["actor"], actor);
    assert_eq!(entry["meaning"], "A person was changed.");
    assert_eq!(entry["changes"]["before"]["display_name"], "Grace");
    assert_eq!(entry["changes"]["after"]["display_name"], "Grace H");
    assert_eq!((&entry["sealed"], &entry["erased"]), (&json!(false), &json!(false)));
    assert!(entry["details"]["fields"].to_string().contains("birth_date"));
    // Page by page it is the same.
    let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page = trail(&admin, &query).await.expect(200);
        seen.extend(page.body["items"].as_array().unwrap().clone());
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        query = format!("limit=2&cursor={cursor}");
    }
    assert_eq!(json!(seen), all.body["items"]);
    let foreign = all.body["next_cursor"].clone();
    assert_eq!(foreign, Value::Null);
}

#[tokio::test]
async fn filters_count_together_and_unknown_words_are_told() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("scheduler", "full").await;
    let before = now();
    let case = json!({ "title": "x", "position": { "lat": 1.5, "lng": 1.5 } });
    let case = grace.post("/v1/cases", case).await.expect(201);
    let case = case.str("/id");
    admin.patch(&format!("/v1/cases/{case}"), json!({ "title": "y" })).await.expect(200);
    for (query, wanted) in [
        (format!("subject={case}"), vec!["case.update", "case.create"]),
        (format!("subject={case}&actor={}", grace.id), vec!["case.create"]),
        (format!("actor={}&subject_kind=case", admin.id), vec!["case.update"]),
        (format!("action=case.update&from={before}"), vec!["case.update"]),
        (format!("subject_kind=case&to={before}"), vec![]),
        (format!("subject_kind=case&from={}", seconds_from_now(60)), vec![]),
        ("from=-009999-01-02T01:59:59Z&to=1969-01-01T00:00:00Z".to_owned(), vec![]),
    ] {
        let answer = trail(&admin, &query).await.expect(200);
        assert_eq!(words(&answer), wanted, "{query}");
    }
    for query in ["action=case.updated", "subject_kind=people", "actor=me", "from=now", "q=x"] {
        trail(&admin, query).await.refused(400, "malformed_query");
    }
    let actions = admin.get("/v1/audit/actions").await.expect(200);
    let update = json!({ "action": "case.update", "subject_kind": "case",
        "meaning": "A case was changed." });
    assert!(actions.body["items"].as_array().unwrap().contains(&update));
}

#[tokio::test]
async fn personal_values_stay_sealed_without_the_permission_and_are_gone_with_the_key() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let account = json!({ "name": "Watcher", "permissions": ["audit:read"] });
    let account = admin.post("/v1/service-accounts", account).await.expect(201);
    let keys = format!("/v1/service-accounts/{}/keys", account.str("/id"));
    let key = admin.post(&keys, json!({ "name": "k" })).await.expect(201);
    let watcher = Account {
        token: key.str("/key").to_owned(),
        id: account.str("/id").to_owned(),
        ..admin.clone()
    };
    let query = format!("subject={grace}&action=staff.create");
    let entry = trail(&watcher, &query).await.expect(200).body["items"][0].clone();
    assert_eq!((&entry["sealed"], &entry["changes"]), (&json!(true), &Value::Null));
    let entry = trail(&admin, &query).await.expect(200).body["items"][0].clone();
    assert_eq!(entry["changes"]["after"]["display_name"], "Grace");
    sqlx::query("DELETE FROM person_keys WHERE staff_id = $1")
        .bind(grace.parse::<uuid::Uuid>().unwrap())
        .execute(&mut site.database.look().await)
        .await
        .unwrap();
    for who in [&admin, &watcher] {
        let entry = trail(who, &query).await.expect(200).body["items"][0].clone();
        let flags = (&entry["erased"], &entry["sealed"], &entry["changes"]);
        assert_eq!(flags, (&json!(true), &json!(false), &Value::Null));
    }
}

#[tokio::test]
async fn a_department_sees_what_concerns_its_people_and_its_own_acts() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let north = department(&site, "North", None).await;
    let south = department(&site, "South", None).await;
    let narrow = scoped_account(&admin, "user_admin", &[&north]).await;
    let more = json!({ "name": "Watch", "permissions": ["audit:read", "settings:edit"] });
    let more = admin.post("/v1/roles", more).await.expect(201).str("/id").to_owned();
    change(&admin, &narrow.id, json!({ "roles": [more] })).await;
    let narrow = again(&admin, &narrow.id).await;
    let person = async |name: &str, department: &str| {
        admin.create_staff(json!({ "display_name": name, "departments": [department] })).await
    };
    let (near, far) = (person("Near", &north).await, person("Far", &south).await);
    admin.post("/v1/services", json!({ "name": "Interview" })).await.expect(201);
    narrow.post("/v1/services", json!({ "name": "Own" })).await.expect(201);
    let seen = trail(&narrow, "limit=200").await.expect(200);
    let services = words(&seen).iter().filter(|word| **word == "service.create").count();
    assert_eq!(services, 1, "settings only where they were the actor: {}", seen.text);
    let about = |id: &str| format!("subject={id}");
    assert_eq!(words(&trail(&narrow, &about(&near)).await.expect(200)), ["staff.create"]);
    assert_eq!(words(&trail(&narrow, &about(&far)).await.expect(200)), Vec::<&str>::new());
    assert_eq!(words(&trail(&admin, &about(&far)).await.expect(200)), ["staff.create"]);
    // Of another tenant there is nothing at all.
    let other = site.create_another_organization().await;
    assert_eq!(words(&trail(&other, &about(&near)).await.expect(200)), Vec::<&str>::new());
}
