//! Who may log in, under which spellings, and what failing to tells anybody.

use crate::support::{Account, Answer, Site, account::log_in, eventually, site::PASSWORD};
use serde_json::{Value, json};

/// One attempt from an address, as a trusted proxy forwards it.
async fn attempt(site: &Site, from: &str, body: &Value) -> Answer {
    let request = site.http.post(format!("{}/v1/sessions", site.url));
    let request = request.header("x-forwarded-for", from).json(body);
    Answer::read(request.send().await.unwrap()).await
}

/// Failures an hour that strangers share.
const STRANGERS: usize = 100;

/// How many wrong passwords are answered before a login is throttled, each from another address
/// and in one of its spellings.
async fn tries(site: &Site, login: &str, network: u8) -> usize {
    let upper = login.to_uppercase();
    for i in 0..STRANGERS + 5 {
        let mut body = json!({ "login": if i % 2 == 0 { login } else { &upper },
            "password": "not the password of anybody" });
        match i % 3 {
            0 => {}
            1 => body["organization"] = json!("harbour-investigations"),
            _ => body["organization"] = json!("HARBOUR-INVESTIGATIONS"),
        }
        let answer = attempt(site, &format!("198.51.{network}.{i}"), &body).await;
        match answer.status.as_u16() {
            401 => {}
            429 => return i,
            other => panic!("{other}: {}", answer.text),
        }
    }
    panic!("never throttled");
}

#[tokio::test]
async fn the_throttle_tells_nobody_whether_an_account_exists_and_keeps_nobody_out() {
    let site = Site::without_worker(|_| {}).await;
    site.set_up().await;
    let ada = json!({ "login": "ada@harbour.example", "password": PASSWORD });
    attempt(&site, "192.0.2.1", &ada).await.expect(201);
    let known = tries(&site, "ada@harbour.example", 1).await;
    let unknown = tries(&site, "nobody@harbour.example", 2).await;
    assert_eq!((known, unknown), (STRANGERS, STRANGERS));
    // Strangers have used up their share; who logs in from where they did before is not concerned.
    attempt(&site, "203.0.113.7", &ada).await.refused(429, "too_many_requests");
    attempt(&site, "192.0.2.1", &ada).await.expect(201);
    let mut db = site.database.look().await;
    let hashes: Vec<Vec<u8>> = sqlx::query_scalar("SELECT address_hash FROM login_addresses")
        .fetch_all(&mut db)
        .await
        .unwrap();
    assert_eq!(hashes.iter().map(Vec::len).collect::<Vec<_>>(), [32], "no address is stored");
}

#[tokio::test]
async fn a_failed_login_is_written_down_for_a_known_account_alone() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    log_in(&site, "ada@harbour.example", "not the password of ada")
        .await
        .refused(401, "login_failed");
    log_in(&site, "nobody@harbour.example", "not a password").await.refused(401, "login_failed");
    let mut db = site.database.look().await;
    let count = "SELECT count(*) FROM audit_log WHERE action = 'login.fail'";
    eventually("the failure is written down", async || {
        let failed: i64 = sqlx::query_scalar(count).fetch_one(&mut db).await.unwrap();
        (failed == 1).then_some(())
    })
    .await;
    let (subject, details): (uuid::Uuid, Value) =
        sqlx::query_as("SELECT subject_id, details FROM audit_log WHERE action = 'login.fail'")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!((subject.to_string(), details), (admin.id, json!({ "why": "wrong_password" })));
}

#[tokio::test]
async fn a_login_that_only_its_address_holds_up_is_written_down_too() {
    let site = Site::without_worker(|_| {}).await;
    site.set_up().await;
    let ada = json!({ "login": "ada@harbour.example", "password": PASSWORD });
    let mut addresses = (1..50).map(|host| format!("192.0.2.{host}"));
    // The first wait is a second: on a busy machine it may be over, and another address is tried.
    loop {
        let address = addresses.next().expect("an address that has to wait");
        for i in 0..6 {
            let nobody = json!({ "login": format!("nobody{i}{address}"), "password": "none" });
            attempt(&site, &address, &nobody).await.refused(401, "login_failed");
        }
        if attempt(&site, &address, &ada).await.status.as_u16() == 429 {
            break;
        }
    }
    let mut db = site.database.look().await;
    let why = "SELECT details->>'why' FROM audit_log WHERE action = 'login.fail'";
    let why = eventually("the refusal is written down", async || {
        sqlx::query_scalar::<_, String>(why).fetch_optional(&mut db).await.unwrap()
    })
    .await;
    assert_eq!(why, "throttled");
}

#[tokio::test]
async fn ones_own_password_is_reset_only_with_the_present_one() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let path = format!("/v1/staff/{}/password", admin.id);
    admin.post(&path, json!({})).await.refused(422, "own_password");
}

#[tokio::test]
async fn no_reset_leaves_an_organisation_without_a_way_in() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let second = admin.create_account("account_admin", "full").await;
    // The second has a password of their own: the first may be reset, and dies with it in 72 h.
    second.post(&format!("/v1/staff/{}/password", admin.id), json!({})).await.expect(201);
    let third = second.create_account("account_admin", "full").await;
    third.post(&format!("/v1/staff/{}/password", second.id), json!({})).await.expect(201);
    // Now the third is the only one whose password lasts.
    let path = format!("/v1/staff/{}", third.id);
    let demote = json!({ "admin_role": "general" });
    third.patch(&path, demote).await.refused(409, "last_account_admin");
}

#[tokio::test]
async fn the_devices_of_somebody_who_left_stay_dead_when_they_come_back() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let id = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&id).await;
    phone.send_from(38.7, -9.1).await.expect(200);
    let path = format!("/v1/staff/{id}");
    admin.patch(&path, json!({ "active": false })).await.expect(200);
    phone.send_from(38.7, -9.1).await.refused(401, "unauthorized");
    admin.patch(&path, json!({ "active": true })).await.expect(200);
    phone.send_from(38.7, -9.1).await.refused(401, "unauthorized");
    let devices = admin.get(&format!("{path}/devices")).await.expect(200);
    assert!(devices.body["items"][0]["revoked_at"].is_string());
}

/// Gives a person a password of their own; `typed` is what they type.
async fn own_password(site: &Site, admin: &Account<'_>, id: &str, login: &str, typed: &str) {
    let temporary = admin.post(&format!("/v1/staff/{id}/password"), json!({})).await.expect(201);
    let temporary = temporary.str("/password").to_owned();
    let session = log_in(site, login, &temporary).await.expect(201);
    let first = Account::from_session(site, &session.body);
    let change = json!({ "current_password": temporary, "new_password": typed });
    first.post("/v1/me/password", change).await.expect(204);
}

#[tokio::test]
async fn one_login_has_many_spellings_and_no_look_alike() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let anna = json!({ "display_name": "Anna", "email": "anna@münchen.example",
        "username": "Kelvin", "access_level": "full" });
    let id = admin.create_staff(anna).await;
    let composed = "a caf\u{e9} by the harbour";
    own_password(&site, &admin, &id, "ANNA@xn--mnchen-3ya.example", composed).await;
    for login in ["anna@mu\u{308}nchen.example", "kelvin", "KELVIN", " anna@MÜNCHEN.example"] {
        log_in(&site, login, "a cafe\u{301} by the harbour").await.expect(201);
    }
    log_in(&site, "\u{212a}elvin", composed).await.refused(401, "login_failed");
}

#[tokio::test]
async fn a_user_name_is_nobody_elses_address_either_way() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let named = |username: &str| json!({ "display_name": "Bo", "username": username });
    admin.post("/v1/staff", named("Ada@Harbour.example")).await.refused(409, "username_taken");
    admin.post("/v1/staff", named("bo@harbour.example")).await.expect(201);
    let mailed = json!({ "display_name": "Bo", "email": "BO@harbour.example" });
    admin.post("/v1/staff", mailed).await.refused(409, "email_taken");
    // One's own address may be one's own user name, and either may be given up for another.
    let own = json!({ "display_name": "Cy", "email": "cy@harbour.example",
        "username": "cy@harbour.example" });
    let id = admin.create_staff(own).await;
    admin.patch(&format!("/v1/staff/{id}"), json!({ "username": null })).await.expect(200);
    admin.post("/v1/staff", named("CY@harbour.example")).await.refused(409, "username_taken");
}
