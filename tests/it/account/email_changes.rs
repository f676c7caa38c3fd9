//! A login moves to a new e-mail address once that has confirmed, and the old one is told.

use crate::support::{
    Account, Answer, Site,
    account::log_in,
    eventually,
    mailbox::{Link, Mailbox, accept, draw, post_fresh, said, secret, set},
    site::PASSWORD,
};
use nearhand_mail::Kind;
use serde_json::{Value, json};

const OWN: &str = "nine quiet harbour cranes";

async fn confirm(site: &Site, token: &str) -> Answer {
    post_fresh(site, "/v1/email-changes/confirm", json!({ "token": token })).await
}

fn change_of(id: &str) -> String {
    format!("/v1/staff/{id}/email-change")
}

fn to(email: &str) -> Value {
    json!({ "email": email })
}

/// A scheduler with a password, and their address.
async fn grace<'a>(admin: &Account<'a>) -> (Account<'a>, String) {
    let grace = admin.create_account("scheduler", "full").await;
    let shown = admin.get(&format!("/v1/staff/{}", grace.id)).await.expect(200);
    (grace, shown.str("/email").to_owned())
}

#[tokio::test]
async fn a_login_moves_when_the_new_address_confirms() {
    let mut site = Site::without_worker(|_| {}).await;
    let mailbox = Mailbox::start(&mut site).await;
    let admin = site.set_up().await;
    let (grace, old) = grace(&admin).await;
    let path = format!("/v1/staff/{}", grace.id);
    let patched = admin.patch(&path, to("new@harbour.example")).await.refused(422, "invalid");
    assert_eq!(patched.body["errors"][0]["code"], "immutable_field");
    let made = admin.post(&change_of(&grace.id), to("New@Harbour.example")).await.expect(201);
    assert_eq!(made.str("/new_email"), "new@harbour.example");
    let mail = mailbox.nth("new@harbour.example", Kind::EmailChange, 1).await;
    log_in(&site, &old, OWN).await.expect(201);
    log_in(&site, "new@harbour.example", OWN).await.refused(401, "login_failed");
    let token = secret(&mail, "/confirm-email");
    for path in ["/confirm-email", "/v1/email-changes/confirm"] {
        for method in [reqwest::Method::GET, reqwest::Method::HEAD, reqwest::Method::OPTIONS] {
            site.call(method, path, None, None).await;
        }
    }
    confirm(&site, &token).await.expect(204);
    grace.get("/v1/me").await.refused(401, "unauthorized");
    log_in(&site, &old, OWN).await.refused(401, "login_failed");
    let session = log_in(&site, "new@harbour.example", OWN).await.expect(201);
    let grace = Account::from_session(&site, &session.body);
    assert_eq!(grace.get("/v1/me").await.expect(200).str("/staff/email"), "new@harbour.example");
    let told = mailbox.nth(&old, Kind::EmailChanged, 1).await;
    assert!(!told.text.contains("new@harbour.example"), "the new address is masked");
    confirm(&site, &token).await.refused(410, "email_change_invalid");
    admin.get(&change_of(&grace.id)).await.refused(404, "not_found");
    // The old address is free, and people are found by the new one.
    let found = admin.get("/v1/staff?q=new%40harbour").await.expect(200);
    assert_eq!(found.str("/items/0/id"), grace.id);
    admin.create_staff(json!({ "display_name": "Bo", "email": old })).await;
}

#[tokio::test]
async fn taken_addresses_are_refused_when_asked_and_when_confirmed() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (grace, email) = grace(&admin).await;
    let path = change_of(&grace.id);
    admin.post(&path, to("ADA@harbour.example")).await.refused(409, "email_taken");
    let same = admin.post(&path, to(&email.to_uppercase())).await.refused(422, "invalid");
    assert_eq!(same.body["errors"][0]["code"], "unchanged");
    assert_eq!(admin.post(&path, to("grace")).await.refused(422, "invalid").pointers(), ["/email"]);
    admin.post(&path, to("new@harbour.example")).await.expect(201);
    let token = draw(&site, Link::EmailChange, &grace.id).await;
    let other = json!({ "display_name": "Bo", "email": "new@harbour.example" });
    let other = admin.create_staff(other).await;
    confirm(&site, &token).await.refused(409, "email_taken");
    log_in(&site, &email, OWN).await.expect(201);
    // Once it is free again, the link works.
    admin.patch(&format!("/v1/staff/{other}"), json!({ "email": null })).await.expect(200);
    confirm(&site, &token).await.expect(204);
}

#[tokio::test]
async fn one_request_is_open_and_dead_links_all_answer_alike() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (grace, email) = grace(&admin).await;
    let path = change_of(&grace.id);
    let mut bodies = Vec::new();
    let mut dead = async |token: &str| {
        let answer = confirm(&site, token).await.refused(410, "email_change_invalid");
        bodies.push(said(&answer));
    };
    let asked = async |email: &str| {
        admin.post(&path, to(email)).await.expect(201);
        draw(&site, Link::EmailChange, &grace.id).await
    };
    let first = asked("one@harbour.example").await;
    let second = asked("two@harbour.example").await;
    dead(&first).await;
    dead("nh_eml_x").await;
    assert_eq!(admin.get(&path).await.expect(200).str("/new_email"), "two@harbour.example");
    admin.delete(&path).await.expect(204);
    admin.delete(&path).await.refused(404, "not_found");
    dead(&second).await;
    let third = asked("three@harbour.example").await;
    set(&site, "UPDATE email_changes SET expires_at = now() WHERE staff_id = $1", &grace.id).await;
    admin.get(&path).await.refused(404, "not_found");
    dead(&third).await;
    let fourth = asked("four@harbour.example").await;
    admin.patch(&format!("/v1/staff/{}", grace.id), json!({ "active": false })).await.expect(200);
    dead(&fourth).await;
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    let fifth = asked("five@harbour.example").await;
    let (one, two) = tokio::join!(confirm(&site, &fifth), confirm(&site, &fifth));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 410], "{} {}", one.text, two.text);
    assert_ne!(email, "five@harbour.example");
}

#[tokio::test]
async fn ones_own_login_moves_only_with_ones_password() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let by_id = admin.post(&change_of(&admin.id), to("new@harbour.example")).await;
    assert_eq!(by_id.refused(422, "invalid").body["errors"][0]["code"], "own_email");
    let own =
        |password: &str| json!({ "email": "new@harbour.example", "current_password": password });
    let wrong = admin.post("/v1/me/email-change", own("not her password")).await;
    assert_eq!(wrong.refused(422, "invalid").pointers(), ["/current_password"]);
    admin.post("/v1/me/email-change", own(PASSWORD)).await.expect(201);
    let token = draw(&site, Link::EmailChange, &admin.id).await;
    // Links that were mailed to the old address die with it.
    let asked = json!({ "login": "ada@harbour.example" });
    post_fresh(&site, "/v1/password-resets", asked).await.expect(202);
    confirm(&site, &token).await.expect(204);
    log_in(&site, "new@harbour.example", PASSWORD).await.expect(201);
    // A general user has no right over others, and may still move their own.
    let session = log_in(&site, "new@harbour.example", PASSWORD).await.expect(201);
    let admin = Account::from_session(&site, &session.body);
    let bo = admin.create_account("general", "limited").await;
    bo.post(&change_of(&admin.id), to("x@harbour.example")).await.refused(403, "forbidden");
    let mine = json!({ "email": "bo@harbour.example", "current_password": OWN });
    bo.post("/v1/me/email-change", mine).await.expect(201);
}

#[tokio::test]
async fn nobody_moves_the_login_of_those_who_may_do_more() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let chief = admin.create_account("user_admin", "full").await;
    let path = change_of(&admin.id);
    chief.post(&path, to("mine@harbour.example")).await.refused(403, "beyond_own_rights");
    let mine = json!({ "email": "ada.l@harbour.example", "current_password": PASSWORD });
    admin.post("/v1/me/email-change", mine).await.expect(201);
    chief.delete(&path).await.refused(403, "beyond_own_rights");
}

#[tokio::test]
async fn an_open_move_ends_when_access_moves() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let role = json!({ "name": "Small", "permissions": ["staff:view"] });
    let role = admin.post("/v1/roles", role).await.expect(201).str("/id").to_owned();
    let grace = admin.create_account_with("general", "full", json!({ "roles": [role] })).await;
    let (person, role) = (format!("/v1/staff/{}", grace.id), format!("/v1/roles/{role}"));
    for (path, change) in [
        (&person, json!({ "admin_role": "scheduler" })),
        (&person, json!({ "modules": { "settings": "manage" } })),
        (&role, json!({ "permissions": ["audit:read"] })),
    ] {
        admin.post(&change_of(&grace.id), to("new@harbour.example")).await.expect(201);
        let token = draw(&site, Link::EmailChange, &grace.id).await;
        admin.patch(path, change.clone()).await.expect(200);
        let refused = confirm(&site, &token).await;
        assert_eq!(refused.refused(410, "email_change_invalid").status, 410, "{change}");
    }
    // What moves no access leaves it open.
    admin.post(&change_of(&grace.id), to("new@harbour.example")).await.expect(201);
    let token = draw(&site, Link::EmailChange, &grace.id).await;
    admin.patch(&person, json!({ "last_name": "Hopper" })).await.expect(200);
    confirm(&site, &token).await.expect(204);
}

#[tokio::test]
async fn a_move_is_judged_again_by_who_asked_for_it() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for lost in [
        Some(json!({ "admin_role": "general" })),
        Some(json!({ "active": false })),
        Some(json!({ "edit_scope": "none" })),
        Some(json!({ "access_level": "limited" })),
        None,
    ] {
        let chief = admin.create_account("user_admin", "full").await;
        let bo = admin.create_account("general", "full").await;
        chief.post(&change_of(&bo.id), to("bo@harbour.example")).await.expect(201);
        let token = draw(&site, Link::EmailChange, &bo.id).await;
        let path = format!("/v1/staff/{}", chief.id);
        match &lost {
            Some(change) => admin.patch(&path, change.clone()).await.expect(200),
            None => admin.delete(&path).await.expect(204),
        };
        let refused = confirm(&site, &token).await;
        assert_eq!(refused.refused(410, "email_change_invalid").status, 410, "{lost:?}");
    }
    let chief = admin.create_account("user_admin", "full").await;
    let bo = admin.create_account("general", "full").await;
    chief.post(&change_of(&bo.id), to("bo@harbour.example")).await.expect(201);
    let token = draw(&site, Link::EmailChange, &bo.id).await;
    confirm(&site, &token).await.expect(204);
}

#[tokio::test]
async fn a_new_password_ends_an_open_move() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let dead = async |token: &str| {
        confirm(&site, token).await.refused(410, "email_change_invalid");
    };
    let asked = async |id: &str| {
        admin.post(&change_of(id), to("new@harbour.example")).await.expect(201);
        draw(&site, Link::EmailChange, id).await
    };
    let (grace, email) = grace(&admin).await;
    let token = asked(&grace.id).await;
    let own = json!({ "current_password": OWN, "new_password": "seven green river stones" });
    grace.post("/v1/me/password", own).await.expect(204);
    dead(&token).await;
    let token = asked(&grace.id).await;
    post_fresh(&site, "/v1/password-resets", json!({ "login": email })).await.expect(202);
    eventually("the link is recorded", async || {
        let id: uuid::Uuid = grace.id.parse().ok()?;
        let there = "SELECT EXISTS (SELECT FROM password_resets WHERE staff_id = $1)";
        let mut db = site.database.look().await;
        let there: bool = sqlx::query_scalar(there).bind(id).fetch_one(&mut db).await.ok()?;
        there.then_some(())
    })
    .await;
    let reset = draw(&site, Link::Reset, &grace.id).await;
    let body = json!({ "token": reset, "password": "three quiet amber lamps" });
    post_fresh(&site, "/v1/password-resets/confirm", body).await.expect(204);
    dead(&token).await;
    // One that an admin sets ends every link.
    let token = asked(&grace.id).await;
    admin.post(&format!("/v1/staff/{}/password", grace.id), json!({})).await.expect(201);
    dead(&token).await;
    let bo = json!({ "display_name": "Bo", "email": "bo@harbour.example", "access_level": "full",
        "send_invite": true });
    let bo = admin.create_staff(bo).await;
    let invited = draw(&site, Link::Invitation, &bo).await;
    admin.post(&format!("/v1/staff/{bo}/password"), json!({})).await.expect(201);
    accept(&site, &invited, OWN).await.refused(410, "invitation_invalid");
    admin.post(&format!("/v1/staff/{bo}/invitation"), json!({})).await.expect(201);
    let invited = draw(&site, Link::Invitation, &bo).await;
    let token = asked(&bo).await;
    accept(&site, &invited, OWN).await.expect(200);
    dead(&token).await;
}

#[tokio::test]
async fn ones_own_move_tells_nobody_who_has_a_login_and_has_a_limit() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (grace, _) = grace(&admin).await;
    let own = |email: &str| json!({ "email": email, "current_password": OWN });
    let mails = async || -> i64 {
        let count = "SELECT count(*) FROM mails WHERE kind = 'email_change'";
        sqlx::query_scalar(count).fetch_one(&mut site.database.look().await).await.unwrap()
    };
    let free = grace.post("/v1/me/email-change", own("new@harbour.example")).await.expect(201);
    assert_eq!(mails().await, 1);
    let taken = grace.post("/v1/me/email-change", own("ada@harbour.example")).await.expect(201);
    assert_eq!(mails().await, 1, "nobody is written to");
    let same = |answer: &Answer| {
        let mut body = answer.body.clone();
        for differs in ["id", "new_email", "created_at", "expires_at"] {
            assert!(body[differs].is_string());
            body[differs] = Value::Null;
        }
        body
    };
    assert_eq!(same(&free), same(&taken));
    let token = draw(&site, Link::EmailChange, &grace.id).await;
    confirm(&site, &token).await.refused(409, "email_taken");
    for _ in 0..3 {
        grace.post("/v1/me/email-change", own("new@harbour.example")).await.expect(201);
    }
    let refused = grace.post("/v1/me/email-change", own("new@harbour.example")).await;
    let wait: u64 =
        refused.refused(429, "too_many_requests").header("retry-after").parse().unwrap();
    assert!((600..=720).contains(&wait), "{wait}");
    // Nobody else waits.
    let mine = json!({ "email": "ada.l@harbour.example", "current_password": PASSWORD });
    admin.post("/v1/me/email-change", mine).await.expect(201);
}
