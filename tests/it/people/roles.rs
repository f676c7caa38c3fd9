//! Roles: built in and computed ones are described, own ones are made, held and changed, and nobody
//! reaches beyond their own rights through one.

use crate::support::{Account, Answer, Site};
use serde_json::{Value, json};

fn role(name: &str, permissions: &[&str]) -> Value {
    json!({ "name": name, "permissions": permissions })
}

async fn create(admin: &Account<'_>, name: &str, permissions: &[&str]) -> String {
    let answer = admin.post("/v1/roles", role(name, permissions)).await.expect(201);
    answer.str("/id").to_owned()
}

fn find<'a>(list: &'a Answer, field: &str, value: &str) -> &'a Value {
    let mut items = list.body["items"].as_array().unwrap().iter();
    items.find(|role| role[field] == value).unwrap_or_else(|| panic!("{value}: {}", list.text))
}

#[tokio::test]
async fn every_role_is_described_with_how_many_have_it() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let auditor = create(&admin, "Auditor", &["staff:view", "staff:edit"]).await;
    let body = json!({ "display_name": "Grace", "roles": [auditor] });
    admin.create_staff(body).await;
    let all = admin.get("/v1/roles").await.expect(200);
    assert_eq!(all.body["items"].as_array().unwrap().len(), 9);
    let general = find(&all, "key", "general");
    assert_eq!((&general["kind"], &general["people"]), (&json!("built_in"), &json!(1)));
    assert_eq!(general["permissions"], json!(["cases:view", "settings:view"]));
    assert_eq!(general["modules"]["cases"], "view");
    assert_eq!(find(&all, "key", "account_admin")["modules"]["staff"], "manage");
    let counts = [("everyone", 2), ("registered", 1), ("verified_email", 0)];
    for (key, people) in counts {
        let computed = find(&all, "key", key);
        assert_eq!((&computed["kind"], &computed["people"]), (&json!("computed"), &json!(people)));
        assert_eq!(computed["permissions"], json!([]));
        assert!(!computed["description"].as_str().unwrap().is_empty());
    }
    let own = find(&all, "id", &auditor);
    assert_eq!((&own["kind"], &own["people"]), (&json!("custom"), &json!(1)));
    assert_eq!(own["modules"]["staff"], "edit");
    let one = admin.get(&format!("/v1/roles/{auditor}")).await.expect(200);
    assert_eq!((&one.body, one.header("etag")), (own, "\"1\""));
    assert_eq!(&admin.get("/v1/roles/general").await.expect(200).body, general);
    admin.get("/v1/roles/boss").await.refused(404, "not_found");
    // Page by page it is the same list.
    let (mut pages, mut path) = (Vec::new(), "/v1/roles?limit=4".to_owned());
    loop {
        let page = admin.get(&path).await.expect(200);
        pages.extend(page.body["items"].as_array().unwrap().clone());
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        path = format!("/v1/roles?limit=4&cursor={cursor}");
    }
    assert_eq!(json!(pages), all.body["items"]);
    // Whoever sees no people is not told how many there are.
    let general = admin.create_account("general", "limited").await;
    let seen = general.get("/v1/roles/general").await.expect(200);
    assert_eq!(seen.body["people"], Value::Null);
}

#[tokio::test]
async fn a_role_is_made_changed_and_removed() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let made = admin.post("/v1/roles", role("Auditor", &["staff:view"])).await.expect(201);
    let path = made.header("location").to_owned();
    admin.post("/v1/roles", role("AUDITOR", &[])).await.refused(409, "name_taken");
    admin.post("/v1/roles", role("account admin", &[])).await.refused(409, "name_taken");
    let wrong = json!({ "description": 1, "permissions": ["staff:view", "staff:fly"], "x": 1 });
    let wrong = admin.post("/v1/roles", wrong).await.refused(422, "invalid");
    assert_eq!(wrong.pointers(), ["/x", "/name", "/description", "/permissions/1"]);
    let change = json!({ "description": "Reads", "permissions": ["cases:view", "staff:view"] });
    let changed = admin.patch(&path, change).await.expect(200);
    assert_eq!(changed.str("/description"), "Reads");
    assert_eq!(changed.body["permissions"], json!(["staff:view", "cases:view"]));
    assert_eq!(changed.header("etag"), "\"2\"");
    admin.delete(&path).await.expect(204);
    admin.get(&path).await.refused(404, "not_found");
}

#[tokio::test]
async fn built_in_and_computed_roles_are_neither_changed_nor_given_by_id() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for (key, code) in [("scheduler", "built_in_role"), ("everyone", "computed_role")] {
        let path = format!("/v1/roles/{key}");
        admin.patch(&path, json!({ "name": "Mine" })).await.refused(422, code);
        admin.delete(&path).await.refused(422, code);
    }
    let own = create(&admin, "Auditor", &[]).await;
    let body = json!({ "display_name": "G", "admin_role": "registered",
        "roles": [own, "verified_email", "scheduler"] });
    let refused = admin.post("/v1/staff", body).await.refused(422, "invalid");
    let told: Vec<(&str, &str)> = refused.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
        .collect();
    let wanted = [
        ("/admin_role", "computed_role"),
        ("/roles/1", "computed_role"),
        ("/roles/2", "built_in_role"),
    ];
    assert_eq!(told, wanted);
    let body = json!({ "display_name": "G", "roles": [uuid::Uuid::now_v7()] });
    let refused = admin.post("/v1/staff", body).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/roles/0"]);
    let body = json!({ "display_name": "G", "roles": ["boss"] });
    admin.post("/v1/staff", body).await.refused(422, "invalid");
}

#[tokio::test]
async fn nobody_reaches_beyond_their_own_rights_through_a_role() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let people = admin.create_account("user_admin", "full").await;
    let beyond = "beyond_own_rights";
    people.post("/v1/roles", role("Up", &["settings:manage"])).await.refused(403, beyond);
    let big = format!("/v1/roles/{}", create(&admin, "Big", &["settings:manage"]).await);
    people.patch(&big, json!({ "name": "Small" })).await.refused(403, beyond);
    people.patch(&big, json!({ "permissions": [] })).await.refused(403, beyond);
    people.delete(&big).await.refused(403, beyond);
    let small = format!("/v1/roles/{}", create(&people, "Small", &["staff:view"]).await);
    people.patch(&small, json!({ "permissions": ["audit:read"] })).await.refused(403, beyond);
    people.patch(&small, json!({ "permissions": ["staff:edit"] })).await.expect(200);
    // Somebody who holds it may do more than the caller: then it is out of their hands.
    let small_id = small.rsplit('/').next().unwrap().to_owned();
    let body = json!({ "display_name": "G", "admin_role": "scheduler", "roles": [small_id] });
    admin.create_staff(body).await;
    people.patch(&small, json!({ "permissions": ["staff:view"] })).await.refused(403, beyond);
    people.patch(&small, json!({ "name": "Smaller" })).await.refused(403, beyond);
    admin.patch(&small, json!({ "permissions": ["staff:view"] })).await.expect(200);
}

#[tokio::test]
async fn a_changed_role_ends_the_sessions_of_those_who_hold_it() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let auditor = create(&admin, "Auditor", &["audit:read"]).await;
    let holds = json!({ "roles": [auditor] });
    let holder = admin.create_account_with("general", "full", holds).await;
    let other = admin.create_account("general", "full").await;
    let path = format!("/v1/roles/{auditor}");
    let may = holder.get("/v1/me").await.expect(200);
    assert!(may.body["permissions"].as_array().unwrap().contains(&json!("audit:read")));
    admin.patch(&path, json!({ "name": "Reviser" })).await.expect(200);
    holder.get("/v1/me").await.expect(200);
    let mut db = site.database.look().await;
    sqlx::query("DELETE FROM outbox").execute(&mut db).await.unwrap();
    admin.patch(&path, json!({ "permissions": ["staff:view"] })).await.expect(200);
    holder.get("/v1/me").await.refused(401, "unauthorized");
    other.get("/v1/me").await.expect(200);
    let told: Vec<String> =
        sqlx::query_scalar("SELECT entity_id::text FROM outbox WHERE kind = 'staff'")
            .fetch_all(&mut db)
            .await
            .unwrap();
    assert_eq!(told, [holder.id.as_str()]);
    let details: Value = sqlx::query_scalar(
        "SELECT details FROM audit_log WHERE action = 'role.update' ORDER BY id DESC LIMIT 1",
    )
    .fetch_one(&mut db)
    .await
    .unwrap();
    let permissions = json!({ "before": ["audit:read"], "after": ["staff:view"] });
    assert_eq!(details, json!({ "permissions": permissions }));
    // Held, it stays.
    admin.delete(&path).await.refused(409, "in_use");
    let person = format!("/v1/staff/{}", holder.id);
    admin.patch(&person, json!({ "roles": [] })).await.expect(200);
    admin.delete(&path).await.expect(204);
}

#[tokio::test]
async fn whoever_is_given_a_role_while_it_is_removed_has_it_or_not() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = format!("/v1/staff/{}", admin.create_staff(json!({ "display_name": "G" })).await);
    for round in 0..5 {
        let id = create(&admin, &format!("R{round}"), &["staff:view"]).await;
        let path = format!("/v1/roles/{id}");
        let give = json!({ "roles": [id] });
        let (removed, given) = tokio::join!(admin.delete(&path), admin.patch(&grace, give));
        let both = (removed.status.as_u16(), given.status.as_u16());
        assert!(matches!(both, (204, 422) | (409, 200)), "{both:?}");
        admin.patch(&grace, json!({ "roles": [] })).await.expect(200);
    }
}
