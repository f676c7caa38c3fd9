//! What cannot be offered, and who may not: each refusal says what to do.

use crate::support::{
    Site,
    assigned::{assign, case_at, case_with, person},
    offers::{accept, offer, people, until},
};
use serde_json::json;

#[tokio::test]
async fn everything_wrong_with_an_offer_is_said_at_once() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let case = case_at(&admin, 8, 1).await;
    let path = format!("/v1/cases/{case}/offers");
    let wrong = json!({
        "mode": "auction", "staff_ids": [], "max_people": 201, "answer_within_s": 0,
        "deadline_at": "2020-01-01T00:00:00Z", "when_unanswered": "shout",
        "message": "x".repeat(1_001), "policy_id": 7, "price": 1,
    });
    let refused = admin.post(&path, wrong).await.refused(422, "invalid");
    let mut pointers = refused.pointers();
    pointers.sort_unstable();
    let expected = [
        "/answer_within_s",
        "/deadline_at",
        "/max_people",
        "/message",
        "/mode",
        "/policy_id",
        "/price",
        "/staff_ids",
        "/when_unanswered",
    ];
    assert_eq!(pointers, expected);
    let unknown = uuid::Uuid::now_v7();
    let nobody = admin.post(&path, json!({ "staff_ids": [unknown] })).await;
    assert_eq!(nobody.refused(422, "invalid").pointers(), ["/staff_ids/0"]);
    let policy = admin.post(&path, json!({ "policy_id": unknown })).await;
    assert_eq!(policy.refused(422, "invalid").pointers(), ["/policy_id"]);
    admin.post(&path, json!({})).await.expect(201);
}

#[tokio::test]
async fn a_case_must_need_somebody_and_be_offered_once() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let offer_of =
        async |case: &str| admin.post(&format!("/v1/cases/{case}/offers"), json!({})).await;
    let case = case_at(&admin, 8, 1).await;
    let first = offer_of(&case).await.expect(201);
    assert_eq!(first.header("location"), format!("/v1/offers/{}", first.str("/id")));
    offer_of(&case).await.refused(409, "offer_open");
    admin.delete(&format!("/v1/offers/{}", first.str("/id"))).await.expect(204);
    assign(&admin, &case, &person(&admin, "Grace").await).await.expect(201);
    offer_of(&case).await.refused(409, "no_slot_free");
    let closed = case_at(&admin, 8, 1).await;
    let path = format!("/v1/cases/{closed}");
    admin.patch(&path, json!({ "status": "done" })).await.expect(200);
    offer_of(&closed).await.refused(409, "case_closed");
    let address = json!({ "position": null, "address": { "city": "Nowhere at all" } });
    let sought = case_with(&admin, address).await;
    offer_of(&sought).await.refused(409, "not_geocoded");
    offer_of("0192f3a1-7c5e-7d2b-8f00-3c1d5e9a4b10").await.refused(404, "not_found");
    let listed = admin.get(&format!("/v1/offers?case={case}&open=false")).await.expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
    let none = admin.get(&format!("/v1/offers?case={case}&open=true")).await.expect(200);
    assert_eq!(none.body["items"], json!([]));
    admin.get("/v1/offers?state=open").await.refused(400, "malformed_query");
}

#[tokio::test]
async fn offers_are_their_organisations_and_answers_their_persons() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [near, far] = people(&admin).await;
    let case = case_with(&admin, json!({})).await;
    let one = offer(&admin, &case, &[&near], json!({})).await;
    until(&admin, &one, &["asked"]).await;
    let limited = admin.create_account("scheduler", "limited").await;
    let outsider = admin.create_account_with("scheduler", "full", json!({ "edit_scope": "none" }));
    let outsider = outsider.await;
    let stranger = site.create_another_organization().await;
    stranger.get(&one).await.refused(404, "not_found");
    stranger.delete(&one).await.refused(404, "not_found");
    let path = format!("/v1/cases/{case}/offers");
    stranger.post(&path, json!({})).await.refused(404, "not_found");
    accept(&stranger, &one).await.refused(404, "not_found");
    accept(&far, &one).await.refused(404, "not_found");
    near.post(&path, json!({})).await.refused(403, "forbidden");
    near.delete(&one).await.refused(403, "forbidden");
    far.get(&one).await.refused(404, "not_found");
    let own = case_with(&limited, json!({})).await;
    limited.post(&format!("/v1/cases/{own}/offers"), json!({})).await.refused(403, "forbidden");
    outsider.post(&path, json!({})).await.refused(403, "outside_scope");
    outsider.delete(&one).await.refused(403, "outside_scope");
    let choose = json!({ "staff_ids": [near.id] });
    outsider.post(&format!("{one}/choose"), choose).await.refused(403, "outside_scope");
}

#[tokio::test]
async fn people_who_are_asked_see_nobody_else_who_is() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [near, far] = people(&admin).await;
    let case = case_with(&admin, json!({})).await;
    let one = offer(&admin, &case, &[&near, &far], json!({ "mode": "broadcast" })).await;
    until(&admin, &one, &["asked", "asked"]).await;
    let seen = near.get(&one).await.expect(200);
    assert_eq!(seen.body["people"].as_array().unwrap().len(), 1);
    assert_eq!(
        (seen.str("/people/0/staff_id"), &seen.body["people_out_of_scope"]),
        (near.id.as_str(), &json!(1))
    );
    assert_eq!(seen.body["staff_ids"], json!([near.id]));
}
