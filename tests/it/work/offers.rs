//! A case is offered: in sequence, to many at once, as a question who could. What the people asked
//! say decides, and the ranking knows it at once.

use crate::support::{
    Account, Site,
    assigned::{assign, case_with, person, set_slots},
    eventually,
    offers::{accept, decline, offer, people, person_at, states, until, until_it_is},
};
use jiff::SignedDuration;
use nearhand_domain::clock;
use nearhand_storage::offers::requeue_late;
use serde_json::{Value, json};

const NEVER: i64 = 600_000;

/// A case that starts as soon as possible.
async fn case(admin: &Account<'_>) -> String {
    case_with(admin, json!({})).await
}

/// What those listed for a case are called, and why the others are not.
async fn listed(admin: &Account<'_>, case: &str) -> Vec<String> {
    let answer = admin.post("/v1/recommendations", json!({ "case_id": case })).await.expect(200);
    let all = answer.body["result"]["candidates"].as_array().expect("candidates").clone();
    all.iter().map(|one| one["staff_id"].as_str().expect("an id").to_owned()).collect()
}

/// How many mails the authors of offers have got.
async fn mails_to_author(site: &Site) -> i64 {
    let mails = "SELECT count(*) FROM mails WHERE kind = 'offer_unanswered'";
    sqlx::query_scalar(mails).fetch_one(&mut site.database.look().await).await.unwrap()
}

#[tokio::test]
async fn the_next_is_asked_after_a_decline_and_after_a_time_out() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [near, middle, far] = people(&admin).await;
    let case = case(&admin).await;
    let all = [&far, &near, &middle];
    let one =
        offer(&admin, &case, &all, json!({ "message": "At the gate", "answer_within_s": NEVER }))
            .await;
    let asked = until(&admin, &one, &["asked"]).await;
    assert_eq!(asked.body["people"][0]["staff_id"], json!(near.id), "the best is asked first");
    assert_eq!(asked.body["people"][0]["by_app"], true);
    assert!(middle.get("/v1/me/offers").await.expect(200).body["items"] == json!([]));
    let own = near.get("/v1/me/offers?open=true").await.expect(200);
    assert_eq!(own.str("/items/0/message"), "At the gate");
    assert_eq!(own.str("/items/0/case_id"), case);
    near.get(&format!("/v1/cases/{case}")).await.expect(200);
    middle.get(&format!("/v1/cases/{case}")).await.refused(404, "not_found");
    accept(&middle, &one).await.refused(404, "not_found");
    let declined = decline(&near, &one, "My car is in the garage").await.expect(200);
    assert_eq!(declined.str("/offer/state"), "declined");
    assert!(declined.body["assignment"].is_null());
    decline(&near, &one, "again").await.expect(200);
    accept(&near, &one).await.refused(409, "offer_declined");
    let asked = until(&admin, &one, &["declined", "asked"]).await;
    assert_eq!(asked.str("/people/0/decline_reason"), "My car is in the garage");
    assert_eq!(asked.body["people"][1]["staff_id"], json!(middle.id));
    near.get(&format!("/v1/cases/{case}")).await.refused(404, "not_found");
    let won = accept(&middle, &one).await.expect(200);
    assert_eq!((won.str("/offer/state"), won.str("/assignment/state")), ("accepted", "assigned"));
    let again = accept(&middle, &one).await.expect(200);
    assert_eq!(again.str("/assignment/id"), won.str("/assignment/id"), "a repeat changes nothing");
    decline(&middle, &one, "after all").await.refused(409, "offer_accepted");
    let ended = admin.get(&one).await.expect(200);
    assert_eq!((ended.str("/state"), states(&ended)), ("filled", vec!["declined", "accepted"]));
    assert_eq!(ended.body["people"][1]["assignment_id"], won.body["assignment"]["id"]);
    let stored = admin.get(&format!("/v1/cases/{case}")).await.expect(200);
    assert_eq!((stored.str("/state"), &stored.body["slots_filled"]), ("assigned", &json!(1)));
    let held = admin.get(&format!("/v1/assignments?case={case}")).await.expect(200);
    assert_eq!(held.str("/items/0/assigned_by"), admin.id, "who offered it has assigned it");
    let why = json!({ "case_id": case, "staff_id": near.id });
    let why = admin.post("/v1/recommendations/why-not", why).await.expect(200);
    assert_eq!(why.str("/failed/0/rule"), "already_declined");
    let trail = admin.get("/v1/audit?limit=200").await.expect(200);
    for action in ["offer.create", "offer.decline", "offer.accept"] {
        let of = |entry: &&Value| entry["action"] == action;
        let count = trail.body["items"].as_array().unwrap().iter().filter(of).count();
        assert_eq!(count, 1, "{action}");
    }
}

#[tokio::test]
async fn somebody_who_does_not_answer_is_passed_over_and_not_asked_again() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [near, far] = people(&admin).await;
    let case = case(&admin).await;
    let one = offer(&admin, &case, &[&near, &far], json!({ "answer_within_s": 1 })).await;
    let ended = until_it_is(&admin, &one, "unanswered").await;
    assert_eq!(states(&ended), ["timed_out", "timed_out"]);
    accept(&near, &one).await.refused(409, "offer_too_late");
    decline(&far, &one, "late").await.refused(409, "offer_too_late");
    // A time-out is no decline.
    assert!(listed(&admin, &case).await.contains(&near.id));
    let again = offer(&admin, &case, &[&near], json!({ "answer_within_s": NEVER })).await;
    until(&admin, &again, &["asked"]).await;
}

#[tokio::test]
async fn of_many_at_once_the_first_get_the_slots() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [one, two, three] = people(&admin).await;
    let case = case(&admin).await;
    set_slots(&site, &case, 2).await;
    let all = [&one, &two, &three];
    let made = offer(&admin, &case, &all, json!({ "mode": "broadcast" })).await;
    until(&admin, &made, &["asked", "asked", "asked"]).await;
    accept(&three, &made).await.expect(200);
    assert_eq!(admin.get(&made).await.expect(200).str("/state"), "open");
    accept(&one, &made).await.expect(200);
    accept(&two, &made).await.refused(409, "offer_taken");
    let ended = admin.get(&made).await.expect(200);
    let expected = vec!["accepted", "withdrawn", "accepted"];
    assert_eq!((ended.str("/state"), states(&ended)), ("filled", expected));
}

#[tokio::test]
async fn the_scheduler_chooses_among_those_who_could() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [one, two, three] = people(&admin).await;
    let case = case(&admin).await;
    let all = [&one, &two, &three];
    let made = offer(&admin, &case, &all, json!({ "mode": "availability" })).await;
    until(&admin, &made, &["asked", "asked", "asked"]).await;
    let yes = accept(&two, &made).await.expect(200);
    assert_eq!((yes.str("/offer/state"), yes.body["assignment"].is_null()), ("available", true));
    decline(&one, &made, "").await.expect(200);
    let choose = format!("{made}/choose");
    let body = |ids: &[&str]| json!({ "staff_ids": ids });
    let wrong = admin.post(&choose, body(&[&three.id])).await.refused(422, "invalid");
    assert_eq!(wrong.pointers(), ["/staff_ids"]);
    assert_eq!(mails_to_author(&site).await, 0, "answers are still to come");
    accept(&three, &made).await.expect(200);
    until_it_is(&admin, &made, "deciding").await;
    assert_eq!(mails_to_author(&site).await, 1, "its author is to choose");
    let too_many = admin.post(&choose, body(&[&two.id, &three.id])).await;
    too_many.refused(409, "no_slot_free");
    let chosen = admin.post(&choose, body(&[&three.id])).await.expect(200);
    let expected = vec!["declined", "withdrawn", "accepted"];
    assert_eq!((chosen.str("/state"), states(&chosen)), ("filled", expected));
    let held = three.get("/v1/me/assignments").await.expect(200);
    assert_eq!(held.body["items"].as_array().unwrap().len(), 1);
    admin.post(&choose, body(&[&two.id])).await.refused(409, "offer_ended");
}

#[tokio::test]
async fn the_best_of_everybody_are_asked_and_those_nothing_reaches_are_skipped() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let home = json!({ "display_name": "Nobody", "home": { "lat": 38.71, "lng": -9.14 } });
    let nobody = admin.create_staff(home).await;
    let near = person_at(&admin, 1).await;
    let case = case(&admin).await;
    let path = format!("/v1/cases/{case}/offers");
    let made = admin.post(&path, json!({ "max_people": 1 })).await.expect(201);
    assert_eq!((made.str("/mode"), &made.body["answer_within_s"]), ("sequential", &json!(600)));
    let one = format!("/v1/offers/{}", made.str("/id"));
    let asked = until(&admin, &one, &["unreachable", "asked"]).await;
    assert_eq!(asked.str("/people/0/staff_id"), nobody);
    assert_eq!(asked.str("/people/1/staff_id"), near.id);
    // No more than one is asked.
    decline(&near, &one, "").await.expect(200);
    let ended = until_it_is(&admin, &one, "unanswered").await;
    assert_eq!(states(&ended), ["unreachable", "declined"]);
}

#[tokio::test]
async fn an_offer_without_an_answer_makes_its_case_urgent_if_it_says_so() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [near] = people(&admin).await;
    let case = case(&admin).await;
    let fields = json!({ "when_unanswered": "mark_urgent", "answer_within_s": NEVER });
    let one = offer(&admin, &case, &[&near], fields).await;
    until(&admin, &one, &["asked"]).await;
    decline(&near, &one, "no").await.expect(200);
    until_it_is(&admin, &one, "unanswered").await;
    let stored = admin.get(&format!("/v1/cases/{case}")).await.expect(200);
    assert_eq!((&stored.body["urgent"], &stored.body["version"]), (&json!(true), &json!(2)));
    assert_eq!(mails_to_author(&site).await, 1, "its author hears of it");
}

#[tokio::test]
async fn an_offer_ends_with_its_case_its_slots_and_its_people() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [one, two] = people(&admin).await;
    // A case that is cancelled.
    let first = case(&admin).await;
    let made = offer(&admin, &first, &[&one], json!({ "answer_within_s": NEVER })).await;
    until(&admin, &made, &["asked"]).await;
    let path = format!("/v1/cases/{first}");
    admin.patch(&path, json!({ "status": "cancelled" })).await.expect(200);
    accept(&one, &made).await.refused(409, "offer_ended");
    let ended = until_it_is(&admin, &made, "cancelled").await;
    assert_eq!(states(&ended), ["withdrawn"]);
    // A slot that is taken by hand.
    let second = case(&admin).await;
    let made = offer(&admin, &second, &[&one], json!({ "answer_within_s": NEVER })).await;
    until(&admin, &made, &["asked"]).await;
    let other = person(&admin, "Other").await;
    assign(&admin, &second, &other).await.expect(201);
    accept(&one, &made).await.refused(409, "offer_taken");
    until_it_is(&admin, &made, "filled").await;
    // A person who is no longer active: the next is asked.
    let third = case(&admin).await;
    let made = offer(&admin, &third, &[&one, &two], json!({ "answer_within_s": NEVER })).await;
    until(&admin, &made, &["asked"]).await;
    let person = format!("/v1/staff/{}", one.id);
    admin.patch(&person, json!({ "active": false })).await.expect(200);
    until(&admin, &made, &["withdrawn", "asked"]).await;
    // The offer itself is taken back.
    admin.delete(&format!("{made}?reason=Found%20somebody")).await.expect(204);
    let ended = admin.get(&made).await.expect(200);
    assert_eq!(ended.str("/cancel_reason"), "Found somebody");
    assert_eq!((ended.str("/state"), states(&ended)), ("cancelled", vec!["withdrawn"; 2]));
    accept(&two, &made).await.refused(409, "offer_ended");
    admin.delete(&made).await.refused(409, "offer_ended");
}

#[tokio::test]
async fn offers_hold_nothing_and_what_overlaps_by_now_is_refused() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [near] = people(&admin).await;
    let (first, second) = (case(&admin).await, case(&admin).await);
    let fields = json!({ "answer_within_s": NEVER });
    let one = offer(&admin, &first, &[&near], fields.clone()).await;
    let two = offer(&admin, &second, &[&near], fields).await;
    until(&admin, &one, &["asked"]).await;
    until(&admin, &two, &["asked"]).await;
    accept(&near, &one).await.expect(200);
    let refused = accept(&near, &two).await.refused(409, "overlap");
    assert!(refused.str("/detail").contains("decline it"), "{}", refused.text);
    assert_eq!(refused.pointers(), ["/starts_at"], "it says with what");
    assert_eq!(states(&admin.get(&two).await.expect(200)), ["asked"], "nothing was accepted");
    decline(&near, &two, "busy").await.expect(200);
}

#[tokio::test]
async fn nobody_accepts_another_time_than_they_were_shown() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [near] = people(&admin).await;
    let case = case(&admin).await;
    let one = offer(&admin, &case, &[&near], json!({ "answer_within_s": NEVER })).await;
    until(&admin, &one, &["asked"]).await;
    let path = format!("/v1/cases/{case}");
    admin.patch(&path, json!({ "title": "Another word for it" })).await.expect(200);
    assert_eq!(states(&admin.get(&one).await.expect(200)), ["asked"]);
    let later = json!({ "starts_at": "2100-01-01T08:00:00Z" });
    admin.patch(&path, later).await.expect(200);
    let ended = admin.get(&one).await.expect(200);
    assert_eq!((ended.str("/state"), states(&ended)), ("cancelled", vec!["withdrawn"]));
    assert!(ended.str("/cancel_reason").contains("changed"), "it says why");
    accept(&near, &one).await.refused(409, "offer_ended");
}

#[tokio::test]
async fn what_was_accepted_and_is_somebody_elses_now_is_not_shown_again() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [near] = people(&admin).await;
    let case = case(&admin).await;
    let one = offer(&admin, &case, &[&near], json!({})).await;
    until(&admin, &one, &["asked"]).await;
    let won = accept(&near, &one).await.expect(200);
    let other = person(&admin, "Other").await;
    let held = format!("/v1/assignments/{}", won.str("/assignment/id"));
    admin.patch(&held, json!({ "staff_id": other })).await.expect(200);
    let again = accept(&near, &one).await.expect(200);
    assert!(again.body["assignment"].is_null(), "{}", again.text);
}

#[tokio::test]
async fn an_accepted_offer_changes_the_next_ranking() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [near] = people(&admin).await;
    let (first, next) = (case(&admin).await, case(&admin).await);
    assert!(listed(&admin, &next).await.contains(&near.id));
    let one = offer(&admin, &first, &[&near], json!({})).await;
    until(&admin, &one, &["asked"]).await;
    accept(&near, &one).await.expect(200);
    eventually("they are busy", async || {
        (!listed(&admin, &next).await.contains(&near.id)).then_some(())
    })
    .await;
    let why = json!({ "case_id": next, "staff_id": near.id });
    let why = admin.post("/v1/recommendations/why-not", why).await.expect(200);
    assert_eq!(why.str("/failed/0/rule"), "double_booked");
}

#[tokio::test]
async fn only_people_within_the_authors_departments_are_asked() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let department = admin.create_named("/v1/departments", "North").await;
    let [outside] = people(&admin).await;
    let fields = json!({ "departments": [department], "home": { "lat": 38.9, "lng": -9.14 } });
    let inside = admin.create_account_with("general", "limited", fields).await;
    let narrow = json!({ "departments": [department], "view_scope": "departments" });
    let scheduler = admin.create_account_with("scheduler", "full", narrow).await;
    let case = case(&scheduler).await;
    let path = format!("/v1/cases/{case}/offers");
    let named = scheduler.post(&path, json!({ "staff_ids": [outside.id] })).await;
    assert_eq!(named.refused(422, "invalid").pointers(), ["/staff_ids/0"]);
    let made = scheduler.post(&path, json!({ "mode": "broadcast" })).await.expect(201);
    let one = format!("/v1/offers/{}", made.str("/id"));
    let asked = eventually("people are asked", async || {
        let offer = scheduler.get(&one).await.expect(200);
        (!states(&offer).is_empty()).then_some(offer)
    })
    .await;
    let ids: Vec<&str> = asked.body["people"]
        .as_array()
        .unwrap()
        .iter()
        .map(|person| person["staff_id"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&inside.id.as_str()) && !ids.contains(&outside.id.as_str()), "{ids:?}");
}

#[tokio::test]
async fn a_step_whose_job_was_lost_is_queued_anew_once() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (case, [near]) = (case(&admin).await, people(&admin).await);
    offer(&admin, &case, &[&near], json!({})).await;
    let mut look = site.database.look().await;
    let lose = "DELETE FROM apalis.jobs WHERE job_type = 'offer'";
    let lost = sqlx::query(lose).execute(&mut look).await.unwrap().rows_affected();
    assert_eq!(lost, 1, "the first step");
    let worker = site.database.worker().await;
    let now = clock::now();
    for (due_before, found) in [(now - SignedDuration::from_hours(1), 0), (now, 1), (now, 0)] {
        let mut tx = worker.begin().await.unwrap();
        let later = now + SignedDuration::from_secs(1);
        assert_eq!(requeue_late(&mut tx, due_before, later).await.unwrap(), found);
        tx.commit().await.unwrap();
    }
    let queued = "SELECT count(*) FROM apalis.jobs WHERE job_type = 'offer'";
    let queued: i64 = sqlx::query_scalar(queued).fetch_one(&mut look).await.unwrap();
    assert_eq!(queued, 1);
}
