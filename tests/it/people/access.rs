//! Why a person may do what they may, and what I may do.

use crate::support::Site;
use serde_json::{Value, json};

fn entry<'a>(list: &'a Value, field: &str, value: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter().find(|entry| entry[field] == value);
    found.unwrap_or_else(|| panic!("{value} in {list}"))
}

#[tokio::test]
async fn access_says_where_each_permission_comes_from() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let department = admin.create_named("/v1/departments", "Lisbon").await;
    let role = json!({ "name": "Auditor", "permissions": ["audit:read", "cases:view"] });
    let role = admin.post("/v1/roles", role).await.expect(201).str("/id").to_owned();
    let body = json!({ "display_name": "Grace", "roles": [role], "active": false,
        "modules": { "recommendations": "edit" }, "departments": [department],
        "view_scope": "departments" });
    let id = admin.create_staff(body).await;
    let path = format!("/v1/staff/{id}/access");
    let access = admin.get(&path).await.expect(200).body;
    let from = |permission: &str| {
        let from = &entry(&access["permissions"], "permission", permission)["from"];
        let names = from.as_array().unwrap().iter();
        names.map(|one| one["name"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(from("cases:view"), ["general", "Auditor"]);
    assert_eq!(from("audit:read"), ["Auditor"]);
    assert_eq!(from("recommendations:view"), ["recommendations: edit"]);
    let modules = &access["modules"];
    let given = json!({ "level": "edit", "by_roles": "none", "given": "edit" });
    assert_eq!(modules["recommendations"], given);
    let by_role = json!({ "level": "view", "by_roles": "view", "given": null });
    assert_eq!(modules["settings"], by_role);
    let departments = json!([{ "id": department, "name": "Lisbon" }]);
    let scopes = json!({ "view": "departments", "edit": "all", "departments": departments });
    assert_eq!(access["scopes"], scopes);
    assert_eq!(access["login"]["possible"], json!(false));
    for code in ["inactive", "access_disabled", "no_password"] {
        entry(&access["login"]["reasons"], "code", code);
    }
    assert_eq!(entry(&access["actions"], "action", "edit_staff")["allowed"], json!(true));
    let mut db = site.database.look().await;
    let delete = "UPDATE staff SET deleted_at = now() WHERE id = $1::uuid";
    sqlx::query(delete).bind(&id).execute(&mut db).await.unwrap();
    let access = admin.get(&path).await.expect(200).body;
    entry(&access["login"]["reasons"], "code", "deleted");
    let scheduler = admin.create_account("scheduler", "full").await;
    scheduler.get(&path).await.refused(404, "not_found");
}

#[tokio::test]
async fn access_says_why_the_caller_may_not() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let people = admin.create_account("user_admin", "full").await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let path = |id: &str| format!("/v1/staff/{id}/access");
    let seen = people.get(&path(&scheduler.id)).await.expect(200).body;
    assert_eq!(
        seen["login"],
        json!({ "possible": true, "reasons": [],
        "must_change_password": false })
    );
    let edit = entry(&seen["actions"], "action", "edit_staff");
    assert_eq!((&edit["allowed"], &edit["code"]), (&json!(false), &json!("beyond_own_rights")));
    let read = entry(&seen["actions"], "action", "read_staff");
    assert_eq!((&read["allowed"], &read["code"]), (&json!(true), &Value::Null));
    let one = scheduler.get(&format!("{}?action=manage_staff", path(&people.id))).await;
    let one = one.expect(200).body["actions"].clone();
    assert_eq!((&one[0]["code"], one.as_array().unwrap().len()), (&json!("forbidden"), 1));
    let wrong = format!("{}?action=fly", path(&people.id));
    people.get(&wrong).await.refused(400, "malformed_query");
    // What it says is what happens.
    let refused = people.patch(&format!("/v1/staff/{}", scheduler.id), json!({})).await;
    refused.refused(403, "beyond_own_rights");
}

#[tokio::test]
async fn me_says_what_i_may_do() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let department = admin.create_named("/v1/departments", "Lisbon").await;
    let scoped = json!({ "departments": [department], "view_scope": "departments",
        "edit_scope": "departments" });
    let people = admin.create_account_with("user_admin", "full", scoped).await;
    let me = people.get("/v1/me").await.expect(200).body;
    assert_eq!(
        (&me["modules"]["staff"], &me["modules"]["tracking"]),
        (&json!("manage"), &json!("none"))
    );
    let scopes = json!({ "access_level": "full", "view": "departments", "edit": "departments",
        "departments": [department] });
    assert_eq!(me["scopes"], scopes);
    let may: Vec<&str> = me["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| action["action"].as_str().unwrap())
        .collect();
    assert!(may.contains(&"create_staff") && may.contains(&"manage_departments"), "{may:?}");
    for not in ["create_departments", "edit_settings", "recommend", "read_audit"] {
        assert!(!may.contains(&not), "{not} in {may:?}");
    }
    assert!(entry(&me["actions"], "action", "list_staff")["description"].is_string());
}
