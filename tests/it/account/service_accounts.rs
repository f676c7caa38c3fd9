//! Service accounts: keys that reach as far as their account and its creator both may, end at once,
//! and never act for a person.

use crate::support::{
    Account, Answer, Site,
    account::seconds_from_now,
    departments::{again, change, department, scoped_account},
    eventually,
};
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/v1/service-accounts";

async fn create(who: &Account<'_>, name: &str, permissions: &[&str]) -> Answer {
    who.post(PATH, json!({ "name": name, "permissions": permissions })).await
}

async fn keys_of(account: &str) -> String {
    format!("{PATH}/{account}/keys")
}

/// An account with a key, as somebody who calls with it; and the key's id.
async fn software<'a>(admin: &Account<'a>, permissions: &[&str]) -> (Account<'a>, String) {
    let name = uuid::Uuid::now_v7().to_string();
    let id = create(admin, &name, permissions).await.expect(201).str("/id").to_owned();
    let key = admin.post(&keys_of(&id).await, json!({ "name": "Production" })).await.expect(201);
    let token = key.str("/key").to_owned();
    (Account { id, token, ..admin.clone() }, key.str("/api_key/id").to_owned())
}

#[tokio::test]
async fn a_key_is_shown_once_and_acts_as_its_account() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let made = create(&admin, "Case system", &["cases:view", "cases:edit"]).await.expect(201);
    assert_eq!(made.body["effective_permissions"], json!(["cases:view", "cases:edit"]));
    create(&admin, "case SYSTEM", &[]).await.refused(409, "name_taken");
    let keys = keys_of(made.str("/id")).await;
    let form = json!({ "name": "Production" });
    let key = admin.post_once(&keys, "once", form.clone()).await.expect(201);
    assert_eq!(key.header("cache-control"), "no-store");
    assert!(key.str("/key").starts_with("nh_key_"));
    admin.post_once(&keys, "once", form).await.refused(409, "idempotency_secret_shown");
    let listed = admin.get(&keys).await.expect(200);
    assert!(!listed.text.contains("nh_key_"));
    assert_eq!(listed.body["items"][0]["last_used_at"], Value::Null);
    let me = Account { token: key.str("/key").to_owned(), ..admin.clone() };
    let case = json!({ "title": "By software", "position": { "lat": 1.5, "lng": 1.5 } });
    let case = me.post("/v1/cases", case).await.expect(201);
    me.get("/v1/staff").await.refused(403, "forbidden");
    me.get("/v1/me").await.refused(403, "person_required");
    let entry = admin.get(&format!("/v1/audit?subject={}", case.str("/id"))).await.expect(200);
    let actor = json!({ "id": made.str("/id"), "kind": "service_account",
        "display_name": "Case system" });
    assert_eq!(entry.body["items"][0]["actor"], actor);
    eventually("its use is noted", async || {
        let listed = admin.get(&keys).await.expect(200);
        listed.body["items"][0]["last_used_at"].is_string().then_some(())
    })
    .await;
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM api_keys WHERE name LIKE 'nh_%'")
        .fetch_one(&mut site.database.look().await)
        .await
        .unwrap();
    assert_eq!(stored, 0);
}

#[tokio::test]
async fn keys_end_at_once_with_themselves_their_account_or_its_creator() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let creator = admin.create_account("account_admin", "full").await;
    let (one, key) = software(&creator, &["settings:view"]).await;
    let (two, _) = software(&creator, &["settings:view"]).await;
    let (three, _) = software(&creator, &["settings:view"]).await;
    let (four, _) = software(&creator, &["settings:view"]).await;
    for who in [&one, &two, &three, &four] {
        who.get("/v1/services").await.expect(200);
    }
    admin.delete(&format!("{}/{key}", keys_of(&one.id).await)).await.expect(204);
    one.get("/v1/services").await.refused(401, "unauthorized");
    admin.delete(&format!("{}/{key}", keys_of(&one.id).await)).await.refused(404, "not_found");
    let path = format!("{PATH}/{}", two.id);
    admin.patch(&path, json!({ "active": false })).await.expect(200);
    two.get("/v1/services").await.refused(401, "unauthorized");
    admin.patch(&path, json!({ "active": true })).await.expect(200);
    two.get("/v1/services").await.expect(200);
    admin.patch(&path, json!({ "permissions": ["cases:view"] })).await.expect(200);
    two.get("/v1/services").await.refused(403, "forbidden");
    admin.delete(&format!("{PATH}/{}", three.id)).await.expect(204);
    three.get("/v1/services").await.refused(401, "unauthorized");
    // What the creator loses, the account loses.
    change(&admin, &creator.id, json!({ "admin_role": "user_admin" })).await;
    eventually("the creator's new role counts", async || {
        (four.get("/v1/services").await.status == 200 && two.get("/v1/cases").await.status == 200)
            .then_some(())
    })
    .await;
    let shown = admin.get(&format!("{PATH}/{}", four.id)).await.expect(200);
    assert_eq!(shown.body["effective_permissions"], json!(["settings:view"]));
    change(&admin, &creator.id, json!({ "active": false })).await;
    four.get("/v1/services").await.refused(401, "unauthorized");
    let shown = admin.get(&format!("{PATH}/{}", four.id)).await.expect(200);
    assert_eq!(shown.body["effective_permissions"], json!([]));
}

#[tokio::test]
async fn nobody_lends_more_than_they_have_nor_takes_a_key_to_it() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let lesser = admin.create_account("admin", "full").await;
    create(&lesser, "Greedy", &["staff:manage"]).await.refused(403, "beyond_own_rights");
    let (powerful, key) = software(&admin, &["staff:manage", "staff:view"]).await;
    let path = format!("{PATH}/{}", powerful.id);
    let keys = keys_of(&powerful.id).await;
    lesser.post(&keys, json!({ "name": "k" })).await.refused(403, "beyond_own_rights");
    lesser.delete(&format!("{keys}/{key}")).await.refused(403, "beyond_own_rights");
    lesser.patch(&path, json!({ "permissions": [] })).await.refused(403, "beyond_own_rights");
    lesser.delete(&path).await.refused(403, "beyond_own_rights");
    let own = create(&lesser, "Own", &["settings:view"]).await.expect(201);
    let own = format!("{PATH}/{}", own.str("/id"));
    let more = json!({ "permissions": ["settings:view", "audit:read"] });
    lesser.patch(&own, more).await.refused(403, "beyond_own_rights");
    // An account admin may give it more, but it never does what its creator may not.
    let more = json!({ "permissions": ["settings:view", "audit:read"] });
    let given = admin.patch(&own, more).await.expect(200);
    assert_eq!(given.body["effective_permissions"], json!(["settings:view"]));
    // A wider scope than one's own is more, too.
    let north = department(&site, "North", None).await;
    let narrow = scoped_account(&admin, "user_admin", &[&north]).await;
    change(&admin, &narrow.id, json!({ "modules": { "settings": "manage" } })).await;
    let narrow = again(&admin, &narrow.id).await;
    narrow.post(&keys, json!({ "name": "k" })).await.refused(403, "beyond_own_rights");
    let (hers, _) = software(&narrow, &["staff:view"]).await;
    let seen = hers.get("/v1/staff").await.expect(200);
    let seen = seen.body["items"].as_array().unwrap().clone();
    assert!(seen.iter().all(|person| person["id"] == narrow.id.as_str()), "{seen:?}");
    // Software makes no software.
    let (maker, _) = software(&admin, &["settings:manage"]).await;
    create(&maker, "Child", &[]).await.refused(403, "person_required");
    maker.get(PATH).await.expect(200);
}

#[tokio::test]
async fn forms_versions_and_limits() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let wrong = json!({ "permissions": ["staff:view", "staff:everything"], "active": 1, "x": 1 });
    let refused = admin.post(PATH, wrong).await.refused(422, "invalid");
    let mut pointers = refused.pointers();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/active", "/name", "/permissions/1", "/x"]);
    let made = create(&admin, "Case system", &["cases:view"]).await.expect(201);
    let (id, version) = (made.str("/id"), made.header("etag").to_owned());
    let path = format!("{PATH}/{id}");
    let name = json!({ "name": "Cases" });
    admin
        .update(Method::PATCH, &path, None, name.clone())
        .await
        .refused(428, "precondition_required");
    let renamed =
        admin.update(Method::PATCH, &path, Some(&version), name.clone()).await.expect(200);
    assert_eq!(renamed.body["permissions"], json!(["cases:view"]));
    admin
        .update(Method::PATCH, &path, Some(&version), name)
        .await
        .refused(412, "precondition_failed");
    let keys = keys_of(id).await;
    let past = json!({ "name": "k", "expires_at": "2020-01-01T00:00:00Z" });
    let refused = admin.post(&keys, past).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/expires_at"]);
    let soon = json!({ "name": "k", "expires_at": seconds_from_now(10) });
    let short = admin.post(&keys, soon).await.expect(201);
    let short = Account { token: short.str("/key").to_owned(), ..admin.clone() };
    short.get("/v1/cases").await.expect(200);
    eventually("it ends by itself", async || {
        (short.get("/v1/cases").await.status == 401).then_some(())
    })
    .await;
    for _ in 0..20 {
        admin.post(&keys, json!({ "name": "k" })).await.expect(201);
    }
    admin.post(&keys, json!({ "name": "k" })).await.refused(409, "limit_reached");
    // Nothing of it is there for another tenant.
    let other = site.create_another_organization().await;
    other.get(&path).await.refused(404, "not_found");
    other.get(&keys).await.refused(404, "not_found");
    other.delete(&path).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_key_makes_no_login_for_anybody() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let may = ["staff:view", "staff:edit", "staff:manage", "cases:view", "settings:view"];
    let (key, _) = software(&admin, &may).await;
    let grace = json!({ "display_name": "Grace", "email": "grace@harbour.example",
        "access_level": "full" });
    let path = format!("/v1/staff/{}", key.create_staff(grace.clone()).await);
    let mut bo = grace;
    bo["email"] = json!("bo@harbour.example");
    bo["send_invite"] = json!(true);
    key.post("/v1/staff", bo).await.refused(403, "person_required");
    let ids = json!({ "ids": [path.rsplit('/').next()] });
    let email = json!({ "email": "mine@harbour.example" });
    for (path, body) in [
        (format!("{path}/password"), json!({})),
        (format!("{path}/invitation"), json!({})),
        (format!("{path}/invitation/resend"), json!({})),
        (format!("{path}/email-change"), email),
        ("/v1/invitations/batch".to_owned(), ids),
    ] {
        key.post(&path, body).await.refused(403, "person_required");
    }
    admin.post(&format!("{path}/invitation"), json!({})).await.expect(201);
}
