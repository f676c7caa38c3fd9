//! Login, refresh with its grace, logout, passwords; and that revoked means revoked, at once.

use crate::support::{Account, Site, account::log_in, site::PASSWORD};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn wrong_logins_all_look_the_same_and_are_slowed_down() {
    let site = Site::without_worker(|_| {}).await;
    site.set_up().await;
    let body = |answer: crate::support::Answer| {
        let answer = answer.refused(401, "login_failed");
        answer.str("/detail").to_owned()
    };
    let wrong = body(log_in(&site, "ada@harbour.example", "not her password").await);
    let nobody = body(log_in(&site, "nobody@harbour.example", "not her password").await);
    assert_eq!(wrong, nobody);
    for _ in 0..4 {
        log_in(&site, "ada@harbour.example", "not her password").await.refused(401, "login_failed");
    }
    let slowed = log_in(&site, "ada@harbour.example", PASSWORD).await;
    assert!(slowed.header("retry-after").parse::<u32>().unwrap() >= 1);
    slowed.refused(429, "too_many_requests");
}

#[tokio::test]
async fn a_refresh_token_works_twice_within_its_grace_and_then_ends_the_login() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let refresh = |token: String| {
        let body = json!({ "refresh_token": token });
        site.call(Method::POST, "/v1/sessions/refresh", None, Some(body))
    };
    let first = refresh(admin.refresh_token.clone()).await.expect(200);
    assert_eq!(first.header("cache-control"), "no-store");
    let sibling = refresh(admin.refresh_token.clone()).await.expect(200);
    assert_ne!(first.str("/access_token"), sibling.str("/access_token"));
    let as_first = Account::from_session(&site, &first.body);
    as_first.get("/v1/me").await.expect(200);
    refresh(admin.refresh_token.clone()).await.refused(401, "unauthorized");
    crate::support::eventually("the login ends everywhere", || async {
        (as_first.get("/v1/me").await.status.as_u16() == 401).then_some(())
    })
    .await;
    refresh(first.str("/refresh_token").to_owned()).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn tokens_of_the_wrong_kind_open_nothing() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&staff).await;
    for token in [phone.token.as_str(), admin.refresh_token.as_str(), "nh_acc_x_y"] {
        site.call(Method::GET, "/v1/me", Some(token), None).await.refused(401, "unauthorized");
    }
    let ping = Some(json!({ "pings": [] }));
    let answer = site.call(Method::POST, "/v1/pings", Some(&admin.token), ping).await;
    answer.refused(401, "unauthorized");
}

#[tokio::test]
async fn a_temporary_password_opens_only_its_own_change() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id = admin
        .create_staff(json!({ "display_name": "Grace", "email": "grace@harbour.example",
            "access_level": "full", "admin_role": "scheduler" }))
        .await;
    let reset = admin.post(&format!("/v1/staff/{id}/password"), json!({})).await.expect(201);
    assert_eq!(reset.header("cache-control"), "no-store");
    let temporary = reset.str("/password").to_owned();
    let session = log_in(&site, "grace@harbour.example", &temporary).await.expect(201);
    assert_eq!(session.body["must_change_password"], json!(true));
    let grace = Account::from_session(&site, &session.body);
    grace.get("/v1/services").await.refused(403, "password_change_required");
    grace.get("/v1/me").await.expect(200);
    let change = |new: &str| json!({ "current_password": temporary, "new_password": new });
    let weak = grace.post("/v1/me/password", change("grace harbour 12")).await;
    assert_eq!(weak.refused(422, "invalid").pointers(), ["/new_password"]);
    grace.post("/v1/me/password", change("nine quiet harbour cranes")).await.expect(204);
    grace.get("/v1/me").await.refused(401, "unauthorized");
    log_in(&site, "grace@harbour.example", &temporary).await.refused(401, "login_failed");
    log_in(&site, "grace@harbour.example", "nine quiet harbour cranes").await.expect(201);
}

#[tokio::test]
async fn disabling_a_person_ends_their_sessions_and_devices() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("scheduler", "full").await;
    let phone = admin.create_phone(&grace.id).await;
    grace.get("/v1/me").await.expect(200);
    phone.send_from(38.7, -9.1).await.expect(200);
    admin.patch(&format!("/v1/staff/{}", grace.id), json!({ "active": false })).await.expect(200);
    grace.get("/v1/me").await.refused(401, "unauthorized");
    phone.send_from(38.7, -9.1).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn logging_out_ends_the_session_at_once() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    admin.delete("/v1/sessions/current").await.expect(204);
    admin.get("/v1/me").await.refused(401, "unauthorized");
}
