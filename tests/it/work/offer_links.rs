//! Offers answered by the link in a mail: opening it changes nothing, a click does, and old links are
//! dead.

use crate::support::{
    Account, Answer, Site,
    assigned::case_with,
    mailbox::{Mailbox, post_fresh, secret},
    offers::{states, until},
};
use nearhand_mail::Kind;
use serde_json::{Value, json};

const GRACE: &str = "grace@harbour.example";

/// A person without a login who gets mails.
async fn grace(admin: &Account<'_>) -> String {
    let body = json!({ "display_name": "Grace", "email": GRACE,
        "home": { "lat": 38.71, "lng": -9.14 } });
    admin.create_staff(body).await
}

async fn start() -> (Site, Mailbox) {
    let mut site = Site::without_worker(|_| {}).await;
    let offers = site.offers();
    let mailbox = Mailbox::start_with(&mut site, |jobs| jobs.with_offers(offers)).await;
    (site, mailbox)
}

async fn offered(admin: &Account<'_>, staff: &str, fields: Value) -> String {
    let case = case_with(admin, json!({ "title": "Harbour watch" })).await;
    let mut body = fields;
    body["staff_ids"] = json!([staff]);
    let made = admin.post(&format!("/v1/cases/{case}/offers"), body).await.expect(201);
    format!("/v1/offers/{}", made.str("/id"))
}

async fn respond(site: &Site, token: &str, answer: &str) -> Answer {
    let body = json!({ "token": token, "answer": answer, "reason": "A reason" });
    post_fresh(site, "/v1/offer-links/answer", body).await
}

#[tokio::test]
async fn a_person_without_a_login_accepts_by_a_click() {
    let (site, mailbox) = start().await;
    let admin = site.set_up().await;
    let id = grace(&admin).await;
    let one = offered(&admin, &id, json!({ "message": "At the gate" })).await;
    let mail = mailbox.nth(GRACE, Kind::Offer, 1).await;
    for said in ["Harbour watch", "At the gate", "38.71000, -9.14000"] {
        assert!(mail.text.contains(said), "{said}: {}", mail.text);
    }
    let token = secret(&mail, "/offer");
    let show = async || {
        post_fresh(&site, "/v1/offer-links/show", json!({ "token": token })).await.expect(200)
    };
    for _ in 0..3 {
        let shown = show().await;
        assert_eq!((shown.str("/title"), shown.str("/state")), ("Harbour watch", "open"));
        assert!(shown.body["answer"].is_null(), "opening it answers nothing");
    }
    assert_eq!(states(&admin.get(&one).await.expect(200)), ["asked"]);
    let accepted = respond(&site, &token, "accept").await.expect(200);
    assert_eq!(accepted.str("/state"), "accepted");
    assert!(accepted.str("/starts_at") < accepted.str("/ends_at"));
    respond(&site, &token, "accept").await.expect(200);
    respond(&site, &token, "decline").await.refused(409, "offer_accepted");
    assert_eq!(show().await.str("/answer"), "accepted");
    let ended = admin.get(&one).await.expect(200);
    assert_eq!((ended.str("/state"), states(&ended)), ("filled", vec!["accepted"]));
    assert_eq!(ended.body["people"][0]["by_app"], false);
    assert_eq!(ended.body["people"][0]["by_mail"], true);
}

#[tokio::test]
async fn a_decline_by_link_keeps_its_reason() {
    let (site, mailbox) = start().await;
    let admin = site.set_up().await;
    let id = grace(&admin).await;
    let one = offered(&admin, &id, json!({})).await;
    let token = secret(&mailbox.nth(GRACE, Kind::Offer, 1).await, "/offer");
    assert_eq!(respond(&site, &token, "decline").await.expect(200).str("/state"), "declined");
    let declined = until(&admin, &one, &["declined"]).await;
    assert_eq!(declined.str("/people/0/decline_reason"), "A reason");
    respond(&site, &token, "accept").await.refused(409, "offer_declined");
}

#[tokio::test]
async fn links_that_do_not_work_say_so() {
    let (site, mailbox) = start().await;
    let admin = site.set_up().await;
    let id = grace(&admin).await;
    offered(&admin, &id, json!({})).await;
    let token = secret(&mailbox.nth(GRACE, Kind::Offer, 1).await, "/offer");
    let show = "/v1/offer-links/show";
    let mut wrong = token.clone();
    wrong.replace_range(token.len() - 4.., "AAAA");
    for bad in [wrong.as_str(), "nh_ofr_", "x", ""] {
        post_fresh(&site, show, json!({ "token": bad })).await.refused(410, "offer_link_invalid");
        respond(&site, bad, "accept").await.refused(410, "offer_link_invalid");
    }
    let refused = respond(&site, &token, "perhaps").await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/answer"]);
    // Somebody who leaves has no link any more.
    admin.patch(&format!("/v1/staff/{id}"), json!({ "active": false })).await.expect(200);
    respond(&site, &token, "accept").await.refused(410, "offer_link_invalid");
}
