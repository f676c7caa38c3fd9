//! A lost password is set anew by a mailed link, and nobody learns whether there is such an account.

use crate::support::{
    Account, Answer, Site,
    account::log_in,
    eventually,
    mailbox::{Link, Mailbox, draw, post_fresh, post_from, said, secret, set},
    site::PASSWORD,
};
use nearhand_mail::Kind;
use serde_json::{Value, json};

const OWN: &str = "ten loud market barrows";

async fn ask(site: &Site, body: Value) -> Answer {
    post_fresh(site, "/v1/password-resets", body).await
}

async fn confirm(site: &Site, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "password": password });
    post_fresh(site, "/v1/password-resets/confirm", body).await
}

/// Asks for a link to a person's account, and draws its secret.
async fn link(site: &Site, login: &str, staff: &str) -> String {
    let before = resets(site).await;
    ask(site, json!({ "login": login })).await.expect(202);
    eventually("it is recorded", async || (resets(site).await > before).then_some(())).await;
    draw(site, Link::Reset, staff).await
}

async fn resets(site: &Site) -> i64 {
    let mut db = site.database.look().await;
    let many = sqlx::query_scalar("SELECT count(*) FROM password_resets");
    many.fetch_one(&mut db).await.unwrap()
}

#[tokio::test]
async fn a_mailed_link_sets_the_password_once_and_ends_all_sessions() {
    let mut site = Site::without_worker(|_| {}).await;
    let mailbox = Mailbox::start(&mut site).await;
    let admin = site.set_up().await;
    ask(&site, json!({ "login": "ADA@harbour.example" })).await.expect(202);
    let mail = mailbox.nth("ada@harbour.example", Kind::Recovery, 1).await;
    let token = secret(&mail, "/reset");
    for path in ["/reset", "/v1/password-resets/confirm"] {
        for method in [reqwest::Method::GET, reqwest::Method::HEAD, reqwest::Method::OPTIONS] {
            site.call(method, path, None, None).await;
        }
    }
    let weak = confirm(&site, &token, "ada lovelace 1815").await.refused(422, "invalid");
    assert_eq!(weak.pointers(), ["/password"]);
    confirm(&site, &token, OWN).await.expect(204);
    admin.get("/v1/me").await.refused(401, "unauthorized");
    log_in(&site, "ada@harbour.example", PASSWORD).await.refused(401, "login_failed");
    log_in(&site, "ada@harbour.example", OWN).await.expect(201);
    confirm(&site, &token, OWN).await.refused(410, "reset_invalid");
}

#[tokio::test]
async fn the_answer_is_the_same_whether_or_not_there_is_an_account() {
    let mut site = Site::without_worker(|_| {}).await;
    let mailbox = Mailbox::start(&mut site).await;
    let admin = site.set_up().await;
    let body = |email: Option<&str>, level: &str| {
        json!({ "display_name": "Bo", "username": email.map_or("bo".to_owned(), |e| e.replace('@', ".")),
            "email": email, "access_level": level })
    };
    // Without a password, without an address, shut out.
    admin.create_staff(body(Some("new@harbour.example"), "full")).await;
    admin.create_staff(body(None, "disabled")).await;
    let out = admin.create_account("scheduler", "full").await;
    let shown = admin.get(&format!("/v1/staff/{}", out.id)).await.expect(200);
    let out_email = shown.str("/email").to_owned();
    admin.patch(&format!("/v1/staff/{}", out.id), json!({ "active": false })).await.expect(200);
    let mut bodies = Vec::new();
    for asked in [
        json!({ "login": "ada@harbour.example" }),
        json!({ "login": "ada@harbour.example", "organization": "HARBOUR-investigations" }),
        json!({ "login": "ada@harbour.example", "organization": "nowhere" }),
        json!({ "login": "nobody@harbour.example" }),
        json!({ "login": "new@harbour.example" }),
        json!({ "login": "bo" }),
        json!({ "login": out_email }),
        json!({ "login": "a\u{0}b" }),
        json!({ "login": "" }),
    ] {
        bodies.push(ask(&site, asked).await.expect(202).text);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    mailbox.nth("ada@harbour.example", Kind::Recovery, 2).await;
    for other in ["new@harbour.example", out_email.as_str()] {
        assert!(mailbox.mails(other, Kind::Recovery).await.is_empty(), "{other}");
    }
    assert_eq!(resets(&site).await, 2);
    let missing = ask(&site, json!({})).await.refused(422, "invalid");
    assert_eq!(missing.pointers(), ["/login"]);
}

#[tokio::test]
async fn links_that_do_not_work_all_answer_alike() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("scheduler", "full").await;
    let shown = admin.get(&format!("/v1/staff/{}", grace.id)).await.expect(200);
    let email = shown.str("/email").to_owned();
    let mut bodies = Vec::new();
    let mut dead = async |token: &str| {
        let answer = confirm(&site, token, OWN).await.refused(410, "reset_invalid");
        bodies.push(said(&answer));
    };
    let first = link(&site, &email, &grace.id).await;
    let second = link(&site, &email, &grace.id).await;
    dead(&first.replace("nh_rst_", "nh_inv_")).await;
    confirm(&site, &second, OWN).await.expect(204);
    dead(&second).await;
    dead(&first).await;
    let expired = link(&site, &email, &grace.id).await;
    set(&site, "UPDATE password_resets SET expires_at = now() WHERE staff_id = $1", &grace.id)
        .await;
    dead(&expired).await;
    let shut_out = link(&site, &email, &grace.id).await;
    admin.patch(&format!("/v1/staff/{}", grace.id), json!({ "active": false })).await.expect(200);
    dead(&shut_out).await;
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test]
async fn a_temporary_password_is_replaced_and_of_two_at_once_one_wins() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = json!({ "display_name": "Grace", "email": "grace@harbour.example",
        "access_level": "full", "admin_role": "scheduler" });
    let id = admin.create_staff(grace).await;
    let given = admin.post(&format!("/v1/staff/{id}/password"), json!({})).await.expect(201);
    let token = link(&site, "grace@harbour.example", &id).await;
    let (one, two) = tokio::join!(confirm(&site, &token, OWN), confirm(&site, &token, OWN));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 410], "{} {}", one.text, two.text);
    let old = log_in(&site, "grace@harbour.example", given.str("/password")).await;
    old.refused(401, "login_failed");
    let session = log_in(&site, "grace@harbour.example", OWN).await.expect(201);
    assert_eq!(session.body["must_change_password"], json!(false));
    Account::from_session(&site, &session.body).get("/v1/cases").await.expect(200);
}

#[tokio::test]
async fn requests_for_one_account_are_slowed_down_wherever_they_come_from() {
    let site = Site::without_worker(|_| {}).await;
    site.set_up().await;
    for login in ["ada@harbour.example", "nobody@harbour.example"] {
        for _ in 0..6 {
            ask(&site, json!({ "login": login })).await.expect(202);
        }
        let slowed = ask(&site, json!({ "login": login })).await;
        slowed.refused(429, "too_many_requests");
    }
    log_in(&site, "ada@harbour.example", PASSWORD).await.expect(201);
    // An address may ask for many accounts, but not for any number.
    let from = async |number: usize| {
        let body = json!({ "login": format!("person-{number}@harbour.example") });
        post_from(&site, "192.0.2.9", "/v1/password-resets", body).await
    };
    for number in 0..100 {
        from(number).await.expect(202);
    }
    from(100).await.refused(429, "too_many_requests");
}
