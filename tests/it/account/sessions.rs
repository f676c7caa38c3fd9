//! Login, refresh with its grace, logout, passwords; and that revoked means revoked, at once.

use crate::support::{Account, Site, account::log_in, eventually, site::PASSWORD};
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
    assert!(slowed.header("ratelimit").starts_with("\"failures\";r=0;t="));
    slowed.refused(429, "too_many_requests");
}

#[tokio::test]
async fn many_guesses_at_once_are_no_more_than_in_a_row() {
    let site = Site::without_worker(|_| {}).await;
    site.set_up().await;
    let guess = |_| log_in(&site, "ada@harbour.example", "not her password");
    let answers = futures::future::join_all((0..20).map(guess)).await;
    let judged = answers.iter().filter(|answer| answer.status.as_u16() == 401).count();
    let waiting = answers.iter().filter(|answer| answer.status.as_u16() == 429).count();
    // Six, and one or two more where the machine is so slow that their wait ends meanwhile.
    assert!((6..=8).contains(&judged), "{judged} were judged");
    assert_eq!(judged + waiting, 20);
}

#[tokio::test]
async fn an_account_is_one_however_it_is_called_and_a_success_clears_no_address() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let named = json!({ "username": "countess" });
    admin.patch(&format!("/v1/staff/{}", admin.id), named).await.expect(200);
    log_in(&site, "COUNTESS", PASSWORD).await.expect(201);
    let guess = |organization: Option<&str>, login: &str| {
        let body = json!({ "organization": organization, "login": login, "password": "wrong" });
        site.call(Method::POST, "/v1/sessions", None, Some(body))
    };
    guess(None, "ada@harbour.example").await.refused(401, "login_failed");
    guess(Some("harbour-investigations"), "Ada@Harbour.example").await.refused(401, "login_failed");
    guess(None, "countess").await.refused(401, "login_failed");
    // Her success clears what was counted against her, and nothing of the address.
    log_in(&site, "countess", PASSWORD).await.expect(201);
    for _ in 0..3 {
        guess(None, "somebody").await.refused(401, "login_failed");
    }
    log_in(&site, "countess", PASSWORD).await.refused(429, "too_many_requests");
}

#[tokio::test]
async fn logins_that_nobody_can_have_are_only_wrong() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for (organization, login) in [("harbour\0", "ada"), ("harbour", "ada\0"), ("a\nb", "a\nb")] {
        let body = json!({ "organization": organization, "login": login, "password": "x" });
        let answer = site.call(Method::POST, "/v1/sessions", None, Some(body)).await;
        answer.refused(401, "login_failed");
    }
    admin.get("/v1/staff?q=a%00b").await.refused(400, "malformed_query");
}

#[tokio::test]
async fn a_refreshed_session_lives_on_as_it_was() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let mut db = site.database.look().await;
    sqlx::query("UPDATE sessions SET expires_at = now() + interval '1 minute'")
        .execute(&mut db)
        .await
        .unwrap();
    let refresh = |token: &str| {
        let body = json!({ "refresh_token": token });
        site.call(Method::POST, "/v1/sessions/refresh", None, Some(body))
    };
    let first = refresh(&admin.refresh_token).await.expect(200);
    let kept: bool = sqlx::query_scalar(
        "SELECT max(expires_at) > $1::timestamptz - interval '5 s' FROM sessions",
    )
    .bind(first.str("/refresh_expires_at"))
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert!(kept, "the session ends before its token");
    let body = json!({ "display_name": "Grace", "email": "grace@harbour.example",
        "access_level": "limited" });
    let id = admin.create_staff(body).await;
    let reset = admin.post(&format!("/v1/staff/{id}/password"), json!({})).await.expect(201);
    let grace = log_in(&site, "grace@harbour.example", reset.str("/password")).await.expect(201);
    let refreshed = refresh(grace.str("/refresh_token")).await.expect(200);
    assert_eq!(refreshed.body["must_change_password"], json!(true));
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
    let reuses = "SELECT count(*) FROM audit_log WHERE action = 'session.reuse' \
        AND subject_id = $1::uuid AND actor_id IS NULL";
    let mut db = site.database.look().await;
    let told: i64 =
        sqlx::query_scalar(reuses).bind(first.str("/session_id")).fetch_one(&mut db).await.unwrap();
    assert_eq!(told, 1);
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

#[tokio::test]
async fn a_database_that_takes_nobody_in_is_said_to_be_away() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let mut db = site.database.look().await;
    // The superuser is exempt from the limit, and can mend it.
    let limit = async |db: &mut sqlx::PgConnection, most: &str| {
        let statement = format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT {most}', \
             current_database()); END $$"
        );
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(db).await.unwrap();
    };
    limit(&mut db, "0").await;
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND usename = 'nearhand_app'",
    )
    .execute(&mut db)
    .await
    .unwrap();
    let away = admin.get("/v1/me").await.refused(503, "unavailable");
    assert!(away.header("retry-after").parse::<u32>().unwrap() >= 1);
    limit(&mut db, "-1").await;
    eventually("it takes us in again", || async {
        (admin.get("/v1/me").await.status.as_u16() == 200).then_some(())
    })
    .await;
}
