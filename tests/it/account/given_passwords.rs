//! Passwords that an admin gives: as strong as any, temporary, and never said again.

use crate::support::{Account, Site, account::log_in};
use serde_json::{Value, json};

const GIVEN: &str = "eleven slow ferry boats";

#[tokio::test]
async fn a_given_password_is_temporary_and_not_repeated() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let path = format!("/v1/staff/{}/password", grace.id);
    let set = admin.post(&path, json!({ "password": GIVEN })).await.expect(201);
    assert_eq!(set.body["password"], Value::Null);
    assert!(set.body["expires_at"].is_string() && !set.text.contains("ferry"));
    assert_eq!(set.header("cache-control"), "no-store");
    grace.get("/v1/me").await.refused(401, "unauthorized");
    let email = admin.get(&format!("/v1/staff/{}", grace.id)).await.expect(200);
    let session = log_in(&site, email.str("/email"), GIVEN).await.expect(201);
    assert_eq!(session.body["must_change_password"], json!(true));
    let first = Account::from_session(&site, &session.body);
    first.get("/v1/services").await.refused(403, "password_change_required");
    // The same key again sets the same password again: nothing is kept that could be guessed from.
    for _ in 0..2 {
        admin.post_once(&path, "k", json!({ "password": GIVEN })).await.expect(201);
    }
    let mut db = site.database.look().await;
    let kept = "SELECT count(*) FROM idempotency_keys WHERE key = 'k'";
    let kept: i64 = sqlx::query_scalar(kept).fetch_one(&mut db).await.unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn a_given_password_is_as_strong_as_any() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let path = format!("/v1/staff/{}/password", grace.id);
    for weak in ["short", "passwordpassword", "grace general 12"] {
        let refused = admin.post(&path, json!({ "password": weak })).await;
        let refused = refused.refused(422, "invalid");
        assert_eq!(refused.pointers(), ["/password"], "{weak}");
        assert!(!refused.text.contains(weak));
    }
    let refused = admin.post(&path, json!({ "passwort": GIVEN })).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/passwort"]);
    grace.get("/v1/me").await.expect(200);
    let generated = admin.post(&path, json!({ "password": null })).await.expect(201);
    assert_eq!(generated.str("/password").len(), 24);
    let own = format!("/v1/staff/{}/password", admin.id);
    admin.post(&own, json!({ "password": GIVEN })).await.refused(422, "own_password");
    let people = admin.create_account("user_admin", "full").await;
    people.post(&own, json!({ "password": GIVEN })).await.refused(403, "beyond_own_rights");
}

#[tokio::test]
async fn a_temporary_password_opens_no_rights_that_came_later() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let role = json!({ "name": "Small", "permissions": ["staff:view"] });
    let role = admin.post("/v1/roles", role).await.expect(201).str("/id").to_owned();
    let grace = json!({ "display_name": "Grace", "email": "grace@harbour.example",
        "access_level": "limited", "admin_role": "user_admin", "roles": [role] });
    let path = format!("/v1/staff/{}", admin.create_staff(grace).await);
    let given = async || {
        let body = json!({ "password": GIVEN });
        admin.post(&format!("{path}/password"), body).await.expect(201);
    };
    let log_in = async || log_in(&site, "grace@harbour.example", GIVEN).await;
    given().await;
    admin.patch(&path, json!({ "admin_role": "general" })).await.expect(200);
    log_in().await.expect(201);
    for more in [
        json!({ "access_level": "full" }),
        json!({ "admin_role": "scheduler" }),
        json!({ "modules": { "settings": "manage" } }),
    ] {
        admin.patch(&path, more.clone()).await.expect(200);
        assert_eq!(log_in().await.status, 401, "{more}");
        given().await;
    }
    let role = format!("/v1/roles/{role}");
    let less = json!({ "permissions": ["cases:view"] });
    admin.patch(&role, less).await.expect(200);
    log_in().await.expect(201);
    let more = json!({ "permissions": ["audit:read"] });
    admin.patch(&role, more).await.expect(200);
    log_in().await.refused(401, "login_failed");
    // A password of one's own stays.
    let bo = admin.create_account("general", "full").await;
    let own = format!("/v1/staff/{}", bo.id);
    admin.patch(&own, json!({ "admin_role": "scheduler" })).await.expect(200);
    let email = admin.get(&own).await.expect(200);
    let own = "nine quiet harbour cranes";
    crate::support::account::log_in(&site, email.str("/email"), own).await.expect(201);
}
