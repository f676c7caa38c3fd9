//! Invitations: sent with the person or later, by mail, accepted once, replaced, taken back.

use crate::support::{
    Account, Site,
    account::log_in,
    eventually,
    mailbox::{Link, Mailbox, accept, draw, post_from, said, secret, set},
};
use nearhand_mail::Kind;
use reqwest::Method;
use serde_json::{Value, json};

const OWN: &str = "nine quiet harbour cranes";

fn grace() -> Value {
    json!({ "first_name": "Grace", "last_name": "Hopper", "email": "grace@harbour.example",
        "access_level": "full", "admin_role": "scheduler", "language": "de", "send_invite": true })
}

/// A person with this address who can be invited.
async fn person(admin: &Account<'_>, email: &str) -> String {
    let body = json!({ "display_name": "Bo", "email": email, "access_level": "limited" });
    admin.create_staff(body).await
}

fn invitation(id: &str) -> String {
    format!("/v1/staff/{id}/invitation")
}

#[tokio::test]
async fn an_invited_person_sets_a_password_and_logs_in() {
    let mut site = Site::without_worker(|_| {}).await;
    let mailbox = Mailbox::start(&mut site).await;
    let admin = site.set_up().await;
    let created = admin.post("/v1/staff", grace()).await.expect(201);
    assert_eq!(created.str("/invitation"), "pending");
    let id = created.str("/id").to_owned();
    let mail = mailbox.nth("grace@harbour.example", Kind::Invitation, 1).await;
    assert_eq!(mail.language, "de");
    let token = secret(&mail, "/invite");
    let shown = eventually("its mail is said to be sent", async || {
        let shown = admin.get(&invitation(&id)).await.expect(200);
        (shown.str("/mail/state") == "sent").then_some(shown)
    })
    .await;
    assert_eq!((shown.str("/state"), &shown.body["mail"]["reason"]), ("pending", &Value::Null));
    assert!(shown.body["mail"]["sent_at"].is_string());
    assert!(!shown.text.contains(&token), "nobody is shown the secret");
    // Programs that scan mails open links.
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        for _ in 0..5 {
            site.call(method.clone(), "/invite", None, None).await;
            site.call(method.clone(), "/v1/invitations/accept", None, None).await;
        }
    }
    let joined = accept(&site, &token, OWN).await.expect(200);
    assert_eq!(joined.str("/login"), "grace@harbour.example");
    assert_eq!(joined.str("/organization"), "harbour-investigations");
    let session = log_in(&site, "grace@harbour.example", OWN).await.expect(201);
    assert_eq!(session.body["must_change_password"], json!(false));
    let used = accept(&site, &token, OWN).await.refused(410, "invitation_invalid");
    let unknown = accept(&site, "nh_inv_x", OWN).await.refused(410, "invitation_invalid");
    assert_eq!(said(&used), said(&unknown));
    let shown = admin.get(&invitation(&id)).await.expect(200);
    assert_eq!(shown.str("/state"), "accepted");
    admin.delete(&invitation(&id)).await.refused(404, "not_found");
    admin.post(&invitation(&id), json!({})).await.refused(409, "already_joined");
}

#[tokio::test]
async fn who_has_joined_is_greeted_where_the_organisation_wants_it() {
    let mut site = Site::without_worker(|_| {}).await;
    let mailbox = Mailbox::start(&mut site).await;
    let admin = site.set_up().await;
    let mut db = site.database.look().await;
    sqlx::query("UPDATE organizations SET welcome_mail = true").execute(&mut db).await.unwrap();
    admin.post("/v1/staff", grace()).await.expect(201);
    let mail = mailbox.nth("grace@harbour.example", Kind::Invitation, 1).await;
    accept(&site, &secret(&mail, "/invite"), OWN).await.expect(200);
    let welcome = mailbox.nth("grace@harbour.example", Kind::Welcome, 1).await;
    assert!(!welcome.text.contains(OWN) && !welcome.text.contains("nh_"));
}

#[tokio::test]
async fn who_cannot_be_invited_is_refused_with_the_reason() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let with = |changes: Value| {
        let mut body = grace();
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let codes = |answer: &crate::support::Answer| -> Vec<(String, String)> {
        let errors = answer.body["errors"].as_array().cloned().unwrap_or_default();
        let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
        errors.iter().map(|e| (text(e, "pointer"), text(e, "code"))).collect()
    };
    admin.post("/v1/staff", with(json!({ "active": false }))).await.refused(409, "inactive");
    let no_mail = admin.post("/v1/staff", with(json!({ "email": null }))).await;
    let email_required = ("/email".to_owned(), "email_required".to_owned());
    assert_eq!(codes(&no_mail.refused(422, "invalid")), std::slice::from_ref(&email_required));
    let disabled = json!({ "access_level": "disabled", "email": null });
    let disabled = admin.post("/v1/staff", with(disabled)).await.refused(422, "invalid");
    let access_disabled = ("/access_level".to_owned(), "access_disabled".to_owned());
    assert_eq!(codes(&disabled), [access_disabled.clone(), email_required]);
    let people = admin.get("/v1/staff").await.expect(200);
    assert_eq!(people.body["items"].as_array().unwrap().len(), 1, "nobody was created");

    let id = person(&admin, "bo@harbour.example").await;
    let later = admin.patch(&format!("/v1/staff/{id}"), json!({ "send_invite": true })).await;
    assert_eq!(later.refused(422, "invalid").pointers(), ["/send_invite"]);
    admin.post(&format!("{}/resend", invitation(&id)), json!({})).await.refused(404, "not_found");
    admin.get(&invitation(&id)).await.refused(404, "not_found");
    let set_to = async |change: Value| {
        admin.patch(&format!("/v1/staff/{id}"), change).await.expect(200);
        admin.post(&invitation(&id), json!({})).await
    };
    set_to(json!({ "active": false })).await.refused(409, "inactive");
    let disabled = set_to(json!({ "active": true, "access_level": "disabled" })).await;
    assert_eq!(codes(&disabled.refused(422, "invalid")), [access_disabled]);
    // Somebody with a temporary password has not joined yet.
    set_to(json!({ "access_level": "limited" })).await.expect(201);
    admin.post(&format!("/v1/staff/{id}/password"), json!({})).await.expect(201);
    admin.post(&invitation(&id), json!({})).await.expect(201);
}

#[tokio::test]
async fn links_that_do_not_work_all_answer_alike() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let mut bodies = Vec::new();
    let mut dead = async |token: &str, why: &str| {
        let answer = accept(&site, token, OWN).await;
        assert_eq!(answer.code(), "invitation_invalid", "{why}: {}", answer.text);
        bodies.push(said(&answer));
    };
    let invited = async |number: usize| {
        let id = person(&admin, &format!("bo-{number}@harbour.example")).await;
        admin.post(&invitation(&id), json!({})).await.expect(201);
        let token = draw(&site, Link::Invitation, &id).await;
        (id, token)
    };
    let (id, old) = invited(1).await;
    let again = admin.post(&format!("{}/resend", invitation(&id)), json!({})).await.expect(201);
    assert_eq!(again.str("/mail/state"), "queued");
    dead(&old, "replaced").await;
    let new = draw(&site, Link::Invitation, &id).await;
    dead(&new[..new.len() - 1], "cut short").await;
    dead(&new.replace("nh_inv_", "nh_rst_"), "another kind").await;
    let (_, other) = new.split_at("nh_inv_".len() + 32);
    dead(&format!("nh_inv_{}{other}", uuid::Uuid::now_v7().simple()), "another tenant").await;
    let weak = json!({ "token": new, "password": "harbour investigations" });
    let weak = post_from(&site, "192.0.2.1", "/v1/invitations/accept", weak).await;
    assert_eq!(weak.refused(422, "invalid").pointers(), ["/password"]);
    accept(&site, &new, OWN).await.expect(200);
    dead(&new, "used").await;

    let (id, token) = invited(2).await;
    admin.delete(&invitation(&id)).await.expect(204);
    assert_eq!(admin.get(&invitation(&id)).await.expect(200).str("/state"), "revoked");
    dead(&token, "revoked").await;

    let (id, token) = invited(3).await;
    set(&site, "UPDATE invitations SET expires_at = now() WHERE staff_id = $1", &id).await;
    assert_eq!(admin.get(&invitation(&id)).await.expect(200).str("/state"), "expired");
    dead(&token, "expired").await;

    for (number, change) in
        [json!({ "active": false }), json!({ "access_level": "disabled" })].into_iter().enumerate()
    {
        let (id, token) = invited(4 + number).await;
        let gone = admin.patch(&format!("/v1/staff/{id}"), change).await.expect(200);
        assert_eq!(gone.str("/invitation"), "revoked");
        dead(&token, "shut out").await;
    }
    let (id, token) = invited(6).await;
    set(&site, "UPDATE staff SET deleted_at = now() WHERE id = $1", &id).await;
    dead(&token, "deleted").await;

    // A password of one's own by another way ends the invitation.
    let (id, token) = invited(7).await;
    let given = admin.post(&format!("/v1/staff/{id}/password"), json!({})).await.expect(201);
    let temporary = given.str("/password").to_owned();
    let session = log_in(&site, "bo-7@harbour.example", &temporary).await.expect(201);
    let change = json!({ "current_password": temporary, "new_password": OWN });
    let bo = Account::from_session(&site, &session.body);
    bo.post("/v1/me/password", change).await.expect(204);
    dead(&token, "joined otherwise").await;
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test]
async fn a_mistyped_address_is_corrected_and_its_link_is_dead() {
    let mut site = Site::without_worker(|_| {}).await;
    let mailbox = Mailbox::start(&mut site).await;
    let admin = site.set_up().await;
    let id = admin.post("/v1/staff", grace()).await.expect(201).str("/id").to_owned();
    let first = mailbox.nth("grace@harbour.example", Kind::Invitation, 1).await;
    let corrected = json!({ "email": "grace.hopper@harbour.example" });
    let answer = admin.patch(&format!("/v1/staff/{id}"), corrected).await.expect(200);
    assert_eq!(answer.str("/invitation"), "revoked", "so that a new one is offered");
    let old = secret(&first, "/invite");
    accept(&site, &old, OWN).await.refused(410, "invitation_invalid");
    admin.post(&format!("{}/resend", invitation(&id)), json!({})).await.expect(201);
    let second = mailbox.nth("grace.hopper@harbour.example", Kind::Invitation, 1).await;
    accept(&site, &secret(&second, "/invite"), OWN).await.expect(200);
    accept(&site, &old, OWN).await.refused(410, "invitation_invalid");
}

#[tokio::test]
async fn many_are_invited_at_once_and_each_is_judged_alone() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let good = person(&admin, "bo@harbour.example").await;
    let mailless = admin.create_staff(json!({ "display_name": "Cy" })).await;
    let inactive = json!({ "display_name": "Di", "email": "di@harbour.example",
        "access_level": "full", "active": false });
    let inactive = admin.create_staff(inactive).await;
    let unknown = uuid::Uuid::now_v7().to_string();
    let ids = [&unknown, &good, &admin.id, &mailless, &inactive];
    let body = json!({ "ids": ids });
    let answer = admin.post_once("/v1/invitations/batch", "once", body.clone()).await.expect(207);
    let results = answer.body["results"].as_array().unwrap();
    let told: Vec<(&str, u64, &str)> = results
        .iter()
        .map(|result| {
            let id = result["staff_id"].as_str().unwrap();
            (id, result["status"].as_u64().unwrap(), result["code"].as_str().unwrap_or(""))
        })
        .collect();
    let wanted = [
        (unknown.as_str(), 404, "not_found"),
        (good.as_str(), 201, ""),
        (admin.id.as_str(), 409, "already_joined"),
        (mailless.as_str(), 422, "access_disabled"),
        (inactive.as_str(), 409, "inactive"),
    ];
    assert_eq!(told, wanted);
    let first = admin.get(&invitation(&good)).await.expect(200);
    assert_eq!(first.str("/id"), results[1]["invitation_id"].as_str().unwrap());
    // A repeat under the same key invites nobody twice.
    let again = admin.post_once("/v1/invitations/batch", "once", body).await.expect(207);
    assert_eq!(again.body, answer.body);
    assert_eq!(admin.get(&invitation(&good)).await.expect(200).str("/id"), first.str("/id"));
    for (ids, pointer) in [
        (json!([]), "/ids"),
        (json!([good, good]), "/ids/1"),
        (json!(vec![unknown.clone(); 501]), "/ids"),
        (json!("x"), "/ids"),
    ] {
        let refused = admin.post("/v1/invitations/batch", json!({ "ids": ids })).await;
        assert_eq!(refused.refused(422, "invalid").pointers(), [pointer]);
    }
    let mut db = site.database.look().await;
    let told: Vec<(String, Option<uuid::Uuid>)> = sqlx::query_as(
        "SELECT action, actor_id FROM audit_log WHERE action LIKE 'invitation.%' ORDER BY id",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    assert_eq!(told, [("invitation.send".to_owned(), Some(admin.id.parse().unwrap()))]);
}

#[tokio::test]
async fn invitations_are_listed_by_state_and_within_ones_departments() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let chief = admin.create_account("user_admin", "full").await;
    let mut ids = Vec::new();
    for number in 0..3 {
        let id = person(&admin, &format!("bo-{number}@harbour.example")).await;
        admin.post(&invitation(&id), json!({})).await.expect(201);
        ids.push(id);
    }
    set(&site, "UPDATE invitations SET expires_at = now() WHERE staff_id = $1", &ids[0]).await;
    admin.delete(&invitation(&ids[1])).await.expect(204);
    let listed = async |who: &Account<'_>, query: &str| -> Vec<String> {
        let page = who.get(&format!("/v1/invitations{query}")).await.expect(200);
        let items = page.body["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["staff_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed(&admin, "").await, ids);
    for (state, id) in [("expired", &ids[0]), ("revoked", &ids[1]), ("pending", &ids[2])] {
        assert_eq!(listed(&admin, &format!("?state={state}")).await, std::slice::from_ref(id));
        assert_eq!(listed_staff(&admin, state).await, std::slice::from_ref(id));
    }
    assert!(listed(&admin, "?state=accepted").await.is_empty());
    admin.get("/v1/invitations?state=lost").await.refused(400, "malformed_query");
    let page = admin.get("/v1/invitations?limit=2").await.expect(200);
    let cursor = page.str("/next_cursor");
    assert_eq!(listed(&admin, &format!("?limit=2&cursor={cursor}")).await, [ids[2].clone()]);

    // The chief is narrowed to a department that one of them shares.
    let mut db = site.database.look().await;
    sqlx::query(
        "WITH made AS (INSERT INTO departments (organization_id, id, name) \
           SELECT organization_id, gen_random_uuid(), 'Harbour' FROM organizations \
           RETURNING organization_id, id), \
         narrowed AS (UPDATE staff SET view_scope = 'departments', edit_scope = 'departments' \
           WHERE id = $1) \
         INSERT INTO staff_departments (organization_id, staff_id, department_id, is_primary) \
         SELECT organization_id, unnest(ARRAY[$1, $2]::uuid[]), id, true FROM made",
    )
    .bind(chief.id.parse::<uuid::Uuid>().unwrap())
    .bind(ids[2].parse::<uuid::Uuid>().unwrap())
    .execute(&mut db)
    .await
    .unwrap();
    let own = "nine quiet harbour cranes";
    let email = admin.get(&format!("/v1/staff/{}", chief.id)).await.expect(200);
    let session = log_in(&site, email.str("/email"), own).await.expect(201);
    let chief = Account::from_session(&site, &session.body);
    assert_eq!(listed(&chief, "").await, [ids[2].clone()]);
    chief.get(&invitation(&ids[0])).await.refused(404, "not_found");
    chief.post(&invitation(&ids[0]), json!({})).await.refused(404, "not_found");
    chief.post(&invitation(&ids[2]), json!({})).await.expect(201);
    let many = chief.post("/v1/invitations/batch", json!({ "ids": [ids[0]] })).await.expect(207);
    assert_eq!(many.str("/results/0/code"), "not_found");

    // With an edit scope alone they see the others, and cannot invite them.
    set(&site, "UPDATE staff SET view_scope = 'all' WHERE id = $1", &chief.id).await;
    let session = log_in(&site, email.str("/email"), own).await.expect(201);
    let chief = Account::from_session(&site, &session.body);
    let replaced = [ids[1].clone(), ids[2].clone()];
    assert_eq!(listed(&chief, "?state=revoked").await, replaced);
    chief.post(&invitation(&ids[0]), json!({})).await.refused(403, "outside_scope");
}

/// The people whose last invitation is in a state.
async fn listed_staff(admin: &Account<'_>, state: &str) -> Vec<String> {
    let page = admin.get(&format!("/v1/staff?invitation={state}")).await.expect(200);
    let items = page.body["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn nobody_invites_those_who_may_do_more() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let chief = admin.create_account("user_admin", "full").await;
    let boss = json!({ "display_name": "Eve", "email": "eve@harbour.example",
        "access_level": "full", "admin_role": "account_admin", "send_invite": true });
    chief.post("/v1/staff", boss.clone()).await.refused(403, "beyond_own_rights");
    let id = admin.create_staff(boss).await;
    chief.post(&invitation(&id), json!({})).await.refused(403, "beyond_own_rights");
    let resend = format!("{}/resend", invitation(&id));
    chief.post(&resend, json!({})).await.refused(403, "beyond_own_rights");
    chief.delete(&invitation(&id)).await.refused(403, "beyond_own_rights");
    chief.get(&invitation(&id)).await.expect(200);
    let many = chief.post("/v1/invitations/batch", json!({ "ids": [id] })).await.expect(207);
    assert_eq!(many.str("/results/0/code"), "beyond_own_rights");
    assert_eq!(many.body["results"][0]["status"], json!(403));
}

#[tokio::test]
async fn trying_many_secrets_is_slowed_down_and_right_ones_cost_nothing() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id = person(&admin, "bo@harbour.example").await;
    admin.post(&invitation(&id), json!({})).await.expect(201);
    let token = draw(&site, Link::Invitation, &id).await;
    let tried = async |address: &str, token: &str, password: &str| {
        let body = json!({ "token": token, "password": password });
        post_from(&site, address, "/v1/invitations/accept", body).await
    };
    // Weak passwords are no guesses of secrets.
    for _ in 0..8 {
        tried("192.0.2.7", &token, "too short").await.refused(422, "invalid");
    }
    for _ in 0..6 {
        tried("192.0.2.7", "nh_inv_x", OWN).await.refused(410, "invitation_invalid");
    }
    tried("192.0.2.7", &token, OWN).await.refused(429, "too_many_requests");
    tried("192.0.2.8", &token, OWN).await.expect(200);
}
