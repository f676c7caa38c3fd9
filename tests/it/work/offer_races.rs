//! Many at once: who accepts the last slot, against a time-out, a cancelled case, a person who
//! leaves. Never more winners than slots, and exactly as many where so many accept in time.

use crate::support::{
    Account, Site,
    assigned::{assign, case_with, person, set_slots},
    offers::{accept, offer, people, states, until},
};
use futures::future::join_all;
use serde_json::json;

/// How often each race is run: both orders come up.
const ROUNDS: usize = 5;

/// How many hold a case.
async fn held(admin: &Account<'_>, case: &str) -> usize {
    let held = admin.get(&format!("/v1/assignments?case={case}")).await.expect(200);
    let items = held.body["items"].as_array().unwrap();
    items.iter().filter(|item| item["state"] != "cancelled").count()
}

/// Cases on different days, so that nobody is busy.
async fn case(admin: &Account<'_>, round: usize) -> String {
    let start = format!("2100-01-{:02}T08:00:00Z", round + 1);
    case_with(admin, json!({ "starts_at": start })).await
}

#[tokio::test]
async fn as_many_win_as_there_are_slots() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let all: [Account<'_>; 5] = people(&admin).await;
    for round in 0..ROUNDS {
        let case = case(&admin, round).await;
        let slots = 1 + round % 3;
        set_slots(&site, &case, i16::try_from(slots).unwrap()).await;
        let everybody: Vec<&Account<'_>> = all.iter().collect();
        let made = offer(&admin, &case, &everybody, json!({ "mode": "broadcast" })).await;
        until(&admin, &made, &["asked"; 5]).await;
        let answers = join_all(all.iter().map(|who| accept(who, &made))).await;
        let won = answers.iter().filter(|answer| answer.status.as_u16() == 200).count();
        assert_eq!(won, slots, "exactly as many as there are slots");
        for late in answers.into_iter().filter(|answer| answer.status.as_u16() != 200) {
            late.refused(409, "offer_taken");
        }
        assert_eq!(held(&admin, &case).await, slots);
        assert_eq!(admin.get(&made).await.expect(200).str("/state"), "filled");
    }
}

#[tokio::test]
async fn a_scheduler_and_an_acceptance_do_not_both_take_the_last_slot() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [near] = people(&admin).await;
    let other = person(&admin, "Other").await;
    for round in 0..ROUNDS {
        let case = case(&admin, round).await;
        let made = offer(&admin, &case, &[&near], json!({})).await;
        until(&admin, &made, &["asked"]).await;
        let (accepted, assigned) =
            tokio::join!(accept(&near, &made), assign(&admin, &case, &other));
        match (accepted.status.as_u16(), assigned.status.as_u16()) {
            (200, 409) => drop(assigned.refused(409, "no_slot_free")),
            (409, 201) => drop(accepted.refused(409, "offer_taken")),
            both => panic!("{both:?}: {} {}", accepted.text, assigned.text),
        }
        assert_eq!(held(&admin, &case).await, 1);
    }
}

#[tokio::test]
async fn an_answer_and_a_time_out_at_once_have_one_outcome() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [near] = people(&admin).await;
    for round in 0..ROUNDS {
        let case = case(&admin, round).await;
        let made = offer(&admin, &case, &[&near], json!({ "answer_within_s": 1 })).await;
        // Answers come one upon the other until one counts, or the time is over.
        let answer = loop {
            let answer = accept(&near, &made).await;
            let asked = answer.status.as_u16() != 404;
            if asked && (round % 2 == 0 || answer.code() == "offer_too_late") {
                break answer;
            }
            if answer.status.as_u16() == 200 {
                break answer;
            }
        };
        let won = usize::from(answer.status.as_u16() == 200);
        assert_eq!(held(&admin, &case).await, won);
        let state = if won == 1 { "accepted" } else { "timed_out" };
        until(&admin, &made, &[state]).await;
    }
}

#[tokio::test]
async fn a_case_cancelled_under_an_acceptance_holds_nobody() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [near] = people(&admin).await;
    for round in 0..ROUNDS {
        let case = case(&admin, round).await;
        let made = offer(&admin, &case, &[&near], json!({})).await;
        until(&admin, &made, &["asked"]).await;
        let path = format!("/v1/cases/{case}");
        let cancel = json!({ "status": "cancelled" });
        let (accepted, cancelled) = tokio::join!(accept(&near, &made), admin.patch(&path, cancel));
        cancelled.expect(200);
        if accepted.status.as_u16() != 200 {
            accepted.refused(409, "offer_ended");
        }
        assert_eq!(held(&admin, &case).await, 0);
    }
}

#[tokio::test]
async fn somebody_who_leaves_while_they_accept_holds_nothing() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    for round in 0..3 {
        let [near] = people(&admin).await;
        let case = case(&admin, round).await;
        let made = offer(&admin, &case, &[&near], json!({})).await;
        until(&admin, &made, &["asked"]).await;
        let path = format!("/v1/staff/{}", near.id);
        let (accepted, deleted) = tokio::join!(accept(&near, &made), admin.delete(&path));
        deleted.expect(204);
        let status = accepted.status.as_u16();
        assert!([200, 401, 404, 409].contains(&status), "{}", accepted.text);
        assert_eq!(held(&admin, &case).await, 0);
    }
}

#[tokio::test]
async fn two_offers_of_one_case_at_once_are_one() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [near] = people(&admin).await;
    for round in 0..ROUNDS {
        let case = case(&admin, round).await;
        let path = format!("/v1/cases/{case}/offers");
        let body = json!({ "staff_ids": [near.id] });
        let (one, two) =
            tokio::join!(admin.post(&path, body.clone()), admin.post(&path, body.clone()));
        let (won, lost) = if one.status.as_u16() == 201 { (one, two) } else { (two, one) };
        lost.refused(409, "offer_open");
        let made = format!("/v1/offers/{}", won.expect(201).str("/id"));
        let asked = until(&admin, &made, &["asked"]).await;
        assert_eq!(states(&asked).len(), 1);
    }
}
