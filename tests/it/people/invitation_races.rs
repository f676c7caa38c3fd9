//! Two at once upon one invitation: one wins, and what the other is told is true.

use crate::support::{
    Account, Site,
    account::log_in,
    mailbox::{Link, accept, draw, post_fresh},
};
use serde_json::json;

/// How often each race is run: both orders come up.
const ROUNDS: usize = 6;

/// An invited person's id, e-mail address and secret.
async fn invited(site: &Site, admin: &Account<'_>, round: usize) -> (String, String, String) {
    let email = format!("bo-{round}@harbour.example");
    let body = json!({ "display_name": "Bo", "email": email, "access_level": "full",
        "send_invite": true });
    let id = admin.create_staff(body).await;
    let token = draw(site, Link::Invitation, &id).await;
    (id, email, token)
}

#[tokio::test]
async fn of_two_who_accept_at_once_one_wins() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for round in 0..ROUNDS {
        let (_, email, token) = invited(&site, &admin, round).await;
        let passwords = ["nine quiet harbour cranes", "ten loud market barrows"];
        let (one, two) =
            tokio::join!(accept(&site, &token, passwords[0]), accept(&site, &token, passwords[1]));
        let won = [&one, &two].map(|answer| answer.status.as_u16() == 200);
        assert_ne!(won[0], won[1], "{} {}", one.text, two.text);
        let loser = if won[0] { two } else { one };
        loser.refused(410, "invitation_invalid");
        for (password, won) in passwords.into_iter().zip(won) {
            // From an address of its own: the loser's password is a failed login.
            let body = json!({ "login": email, "password": password });
            let status = post_fresh(&site, "/v1/sessions", body).await.status.as_u16();
            assert_eq!(status == 201, won, "only the winner's password counts");
        }
    }
}

#[tokio::test]
async fn of_a_resend_and_an_acceptance_at_once_one_wins() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for round in 0..ROUNDS {
        let (id, email, token) = invited(&site, &admin, round).await;
        let own = "nine quiet harbour cranes";
        let resend = format!("/v1/staff/{id}/invitation/resend");
        let (accepted, sent) =
            tokio::join!(accept(&site, &token, own), admin.post(&resend, json!({})));
        let state = admin.get(&format!("/v1/staff/{id}/invitation")).await.expect(200);
        match (accepted.status.as_u16(), sent.status.as_u16()) {
            (200, 409) => {
                sent.refused(409, "already_joined");
                assert_eq!(state.str("/state"), "accepted");
                log_in(&site, &email, own).await.expect(201);
            }
            (410, 201) => {
                assert_eq!(state.str("/state"), "pending");
                let fresh = draw(&site, Link::Invitation, &id).await;
                accept(&site, &fresh, own).await.expect(200);
            }
            other => panic!("{other:?}: {} {}", accepted.text, sent.text),
        }
    }
}

#[tokio::test]
async fn who_is_shut_out_while_accepting_stays_out() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for round in 0..ROUNDS {
        let (id, email, token) = invited(&site, &admin, round).await;
        let own = "nine quiet harbour cranes";
        let path = format!("/v1/staff/{id}");
        let (accepted, shut) = tokio::join!(
            accept(&site, &token, own),
            admin.patch(&path, json!({ "active": false }))
        );
        shut.expect(200);
        assert!(matches!(accepted.status.as_u16(), 200 | 410), "{}", accepted.text);
        let body = json!({ "login": email, "password": own });
        post_fresh(&site, "/v1/sessions", body).await.refused(401, "login_failed");
    }
}
