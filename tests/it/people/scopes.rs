//! A user admin whose scopes end at their department: what they see, change, and cannot escape.

use crate::support::{Account, Site, mailbox::set};
use serde_json::{Value, json};

/// Two departments, an admin of the first, and people in each and in both.
struct Scene<'a> {
    admin: Account<'a>,
    me: Account<'a>,
    mine: String,
    other: String,
    near: String,
    far: String,
    both: String,
}

impl<'a> Scene<'a> {
    async fn set(site: &'a Site) -> Self {
        let admin = site.set_up().await;
        let mine = admin.create_named("/v1/departments", "Mine").await;
        let other = admin.create_named("/v1/departments", "Other").await;
        let scoped = json!({ "departments": [mine], "view_scope": "departments",
            "edit_scope": "departments" });
        let me = admin.create_account_with("user_admin", "full", scoped).await;
        let person = async |name: &str, departments: Value| {
            let body = json!({ "display_name": name, "departments": departments });
            format!("/v1/staff/{}", admin.create_staff(body).await)
        };
        let near = person("Near", json!([mine])).await;
        let far = person("Far", json!([other])).await;
        let both = person("Both", json!([other, mine])).await;
        Self { me, mine, other, near, far, both, admin }
    }
}

/// The only field error of a refusal.
#[track_caller]
fn fault(answer: crate::support::Answer) -> (String, String) {
    let answer = answer.refused(422, "invalid");
    assert_eq!(answer.pointers().len(), 1, "{}", answer.text);
    let error = &answer.body["errors"][0];
    (error["pointer"].as_str().unwrap().to_owned(), error["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn they_see_and_change_only_their_own_people() {
    let site = Site::without_worker(|_| {}).await;
    let Scene { me, mine, near, far, both, admin, .. } = Scene::set(&site).await;
    let listed = me.get("/v1/staff").await.expect(200);
    let names: Vec<&str> = listed.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|person| person["display_name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Grace user_admin", "Near", "Both"]);
    me.get(&far).await.refused(404, "not_found");
    me.get(&format!("{far}/access")).await.refused(404, "not_found");
    me.patch(&far, json!({ "first_name": "X" })).await.refused(404, "not_found");
    me.patch(&near, json!({ "first_name": "X" })).await.expect(200);
    let departments = me.get("/v1/departments").await.expect(200);
    assert_eq!(departments.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(departments.str("/items/0/id"), mine);
    let roles = me.get("/v1/roles/everyone").await.expect(200);
    assert_eq!(roles.body["people"], json!(3), "a count tells no more than the list");
    let access = me.get(&format!("{both}/access")).await.expect(200);
    assert_eq!(access.body["scopes"]["departments"], json!([{ "id": mine, "name": "Mine" }]));
    // What belongs to the department's people is changed by them, and nothing beyond.
    let own = format!("/v1/departments/{mine}");
    me.patch(&own, json!({ "base": { "lat": 1, "lng": 1 } })).await.expect(200);
    me.post("/v1/departments", json!({ "name": "New" })).await.refused(403, "outside_scope");
    me.delete(&own).await.refused(403, "outside_scope");
    // Seen by all, changed by few: the caller is told.
    let wide = json!({ "view_scope": "all" });
    admin.patch(&format!("/v1/staff/{}", me.id), wide).await.expect(200);
    me.get(&far).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn they_read_the_consent_of_those_alone_whose_consent_they_may_record() {
    let site = Site::without_worker(|_| {}).await;
    let Scene { mine, near, far, admin, .. } = Scene::set(&site).await;
    let wide = json!({ "departments": [mine], "view_scope": "all", "edit_scope": "departments" });
    let sees_all = admin.create_account_with("user_admin", "full", wide).await;
    for (person, basis) in [(&near, json!("contract")), (&far, Value::Null)] {
        let tracking = format!("{person}/tracking");
        admin.put(&tracking, json!({ "legal_basis": "contract" })).await.expect(200);
        let seen = sees_all.get(&tracking).await.expect(200);
        assert_eq!((&seen.body["permitted"], &seen.body["legal_basis"]), (&json!(true), &basis));
    }
}

#[tokio::test]
async fn they_neither_give_nor_take_what_they_cannot_see() {
    let site = Site::without_worker(|_| {}).await;
    let Scene { me, mine, other, near, both, admin, .. } = Scene::set(&site).await;
    let outside = |pointer: &str| (pointer.to_owned(), "outside_scope".to_owned());
    // Nobody is put into another department, or out of the caller's sight.
    let give = json!({ "departments": [mine, other] });
    assert_eq!(fault(me.patch(&near, give).await), outside("/departments/1"));
    let take = json!({ "departments": [] });
    assert_eq!(fault(me.patch(&near, take.clone()).await), outside("/departments"));
    let new = json!({ "display_name": "New" });
    assert_eq!(fault(me.post("/v1/staff", new).await), outside("/departments"));
    let new = json!({ "display_name": "New", "departments": [mine] });
    me.post("/v1/staff", new).await.expect(201);
    // A membership they cannot see stays, and with it the primary department.
    let seen = me.get(&both).await.expect(200);
    assert_eq!(
        (&seen.body["departments"], &seen.body["primary_department"]),
        (&json!([mine]), &Value::Null)
    );
    let body = json!({ "departments": [mine], "last_name": "Y" });
    let changed = me.patch(&both, body).await.expect(200);
    assert_eq!(changed.body["departments"], json!([mine]));
    let primary = json!({ "primary_department": mine });
    assert_eq!(fault(me.patch(&both, primary).await), outside("/primary_department"));
    let stored = admin.get(&both).await.expect(200);
    assert_eq!(stored.str("/primary_department"), other);
    assert_eq!(stored.body["departments"].as_array().unwrap().len(), 2);
    // The same for many at once.
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let set = json!({ "departments": { "add": [other] } });
    let batch = json!({ "ids": [id(&near), id(&both)], "set": set });
    let done = me.post("/v1/staff/batch", batch).await.expect(207);
    assert_eq!(done.body["results"][0]["status"], 422);
    let set = json!({ "departments": { "remove": [mine, other] } });
    let batch = json!({ "ids": [id(&near), id(&both)], "set": set });
    let done = me.post("/v1/staff/batch", batch).await.expect(207);
    assert_eq!(done.body["results"][0]["status"], 422);
    let kept = admin.get(&both).await.expect(200);
    assert!(kept.body["departments"].as_array().unwrap().contains(&json!(other)));
}

#[tokio::test]
async fn they_cannot_escalate() {
    let site = Site::without_worker(|_| {}).await;
    let Scene { me, mine, other, near, far, admin, .. } = Scene::set(&site).await;
    let beyond = "beyond_own_rights";
    let own = format!("/v1/staff/{}", me.id);
    for wider in [json!({ "view_scope": "all" }), json!({ "edit_scope": "all" })] {
        me.patch(&own, wider.clone()).await.refused(403, beyond);
        // A scope matters to whoever has a permission that it narrows.
        let mut body = json!({ "admin_role": "user_admin", "view_scope": "departments",
            "edit_scope": "departments" });
        body.as_object_mut().unwrap().extend(wider.as_object().unwrap().clone());
        me.patch(&near, body).await.refused(403, beyond);
    }
    let join = json!({ "departments": [mine, other] });
    assert_eq!(fault(me.patch(&own, join).await).1, "outside_scope");
    let all = json!({ "admin_role": "account_admin", "view_scope": "all", "edit_scope": "all" });
    me.patch(&own, all).await.refused(403, beyond);
    me.patch(&near, json!({ "admin_role": "scheduler" })).await.refused(403, beyond);
    me.patch(&near, json!({ "modules": { "settings": "manage" } })).await.refused(403, beyond);
    let role = json!({ "name": "Big", "permissions": ["settings:manage"] });
    let big = admin.post("/v1/roles", role).await.expect(201).str("/id").to_owned();
    me.patch(&near, json!({ "roles": [big] })).await.refused(403, beyond);
    // Roles, groups and tags reach beyond their department.
    let role = json!({ "name": "Small", "permissions": ["staff:view"] });
    me.post("/v1/roles", role.clone()).await.refused(403, "outside_scope");
    let small = admin.post("/v1/roles", role).await.expect(201).str("/id").to_owned();
    for kind in ["/v1/groups", "/v1/tags"] {
        let path = format!("{kind}/{}", admin.create_named(kind, "All").await);
        me.post(kind, json!({ "name": "Mine" })).await.refused(403, "outside_scope");
        me.patch(&path, json!({ "name": "Mine" })).await.refused(403, "outside_scope");
        me.delete(&path).await.refused(403, "outside_scope");
    }
    let scoped = json!({ "roles": [small], "view_scope": "departments",
        "edit_scope": "departments" });
    admin.patch(&far, scoped.clone()).await.expect(200);
    let path = format!("/v1/roles/{small}");
    let less = json!({ "permissions": [] });
    me.patch(&path, less).await.refused(403, "outside_scope");
    admin.patch(&far, json!({ "roles": [] })).await.expect(200);
    me.delete(&path).await.refused(403, "outside_scope");
    me.patch(&near, scoped).await.expect(200);
}

#[tokio::test]
async fn a_module_opens_exactly_what_it_says() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let grace = format!("/v1/staff/{grace}");
    let modules = json!({ "modules": { "staff": "edit" } });
    let me = admin.create_account_with("general", "full", modules).await;
    me.get("/v1/staff").await.expect(200);
    me.patch(&grace, json!({ "last_name": "Hopper" })).await.expect(200);
    me.patch(&grace, json!({ "active": false })).await.refused(403, "forbidden");
    me.post("/v1/staff", json!({ "display_name": "X" })).await.refused(403, "forbidden");
    me.get("/v1/positions?bbox=1,1,2,2").await.refused(403, "forbidden");
    let seen = me.get(&format!("/v1/staff/{}", admin.id)).await.expect(200);
    assert_eq!(seen.body["email"], Value::Null, "personal details are for those who manage");
    // What a role grants is shown, and is not to be given besides.
    let path = format!("/v1/staff/{}", me.id);
    let refused = admin.patch(&path, json!({ "modules": { "settings": "view" } })).await;
    assert_eq!(fault(refused), ("/modules/settings".into(), "granted_by_role".into()));
    let refused = admin.patch(&path, json!({ "modules": { "flying": "view" } })).await;
    assert_eq!(fault(refused).0, "/modules/flying");
    let role = json!({ "name": "Tracker", "permissions": ["tracking:view"] });
    let role = admin.post("/v1/roles", role).await.expect(201).str("/id").to_owned();
    admin.patch(&path, json!({ "roles": [role] })).await.expect(200);
    let refused = admin.patch(&path, json!({ "modules": { "tracking": "view" } })).await;
    assert_eq!(fault(refused).1, "granted_by_role");
    let less = admin.patch(&path, json!({ "modules": { "staff": "none" } })).await.expect(200);
    assert_eq!(less.body["modules"], json!({}));
}

#[tokio::test]
async fn an_account_admin_reaches_everybody_or_is_none() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let own = format!("/v1/staff/{}", admin.id);
    let narrow = json!({ "view_scope": "departments", "edit_scope": "none" });
    let refused = admin.patch(&own, narrow.clone()).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/view_scope", "/edit_scope"]);
    let mut new = json!({ "display_name": "Eve", "email": "eve@harbour.example",
        "admin_role": "account_admin", "access_level": "full" });
    new.as_object_mut().unwrap().extend(narrow.as_object().unwrap().clone());
    let refused = admin.post("/v1/staff", new).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/view_scope", "/edit_scope"]);
    // One that was stored so before counts for nothing.
    let other = admin.create_account("account_admin", "full").await;
    for statement in [
        "UPDATE staff SET view_scope = 'departments' WHERE id = $1",
        "UPDATE staff SET view_scope = 'all', edit_scope = 'none' WHERE id = $1",
    ] {
        set(&site, statement, &other.id).await;
        let less = json!({ "admin_role": "user_admin" });
        admin.patch(&own, less).await.refused(409, "last_account_admin");
    }
    let wide = json!({ "view_scope": "all", "edit_scope": "all" });
    admin.patch(&format!("/v1/staff/{}", other.id), wide).await.expect(200);
    admin.patch(&own, json!({ "admin_role": "user_admin" })).await.expect(200);
}

#[tokio::test]
async fn a_user_name_and_a_kind_are_for_those_who_manage() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let edits = json!({ "modules": { "staff": "edit" } });
    let editor = admin.create_account_with("general", "full", edits).await;
    let grace = json!({ "display_name": "Grace", "username": "grace" });
    let path = format!("/v1/staff/{}", admin.create_staff(grace).await);
    for (field, value) in
        [("username", json!("mine")), ("username", Value::Null), ("kind", json!("external"))]
    {
        let change = json!({ field: value });
        editor.patch(&path, change.clone()).await.refused(403, "forbidden");
        admin.patch(&path, change).await.expect(200);
    }
    editor.patch(&path, json!({ "first_name": "Grace" })).await.expect(200);
    // Another spelling opens the same login.
    admin.patch(&path, json!({ "username": "grace" })).await.expect(200);
    editor.patch(&path, json!({ "username": "GRACE" })).await.expect(200);
}
