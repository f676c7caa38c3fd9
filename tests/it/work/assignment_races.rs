//! Two at once: the last slot, a case that is cancelled, a person who is deleted. One wins, and the
//! other is told the truth.

use crate::support::{
    Site,
    assigned::{assign, case_at, path, person},
};
use serde_json::json;

/// How often each race is run: both orders come up.
const ROUNDS: usize = 6;

#[tokio::test]
async fn of_two_on_the_last_slot_one_gets_it() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (grace, ada) = (person(&admin, "Grace").await, person(&admin, "Ada").await);
    for round in 0..ROUNDS {
        let case = case_at(&admin, u8::try_from(round).unwrap() * 2, 1).await;
        let (one, two) = tokio::join!(assign(&admin, &case, &grace), assign(&admin, &case, &ada));
        let won = [&one, &two].map(|answer| answer.status.as_u16() == 201);
        assert_ne!(won[0], won[1], "{} {}", one.text, two.text);
        let loser = if won[0] { two } else { one };
        let refused = loser.refused(409, "no_slot_free");
        assert!(refused.str("/detail").contains("slots"), "it says what to do");
        let held = admin.get(&format!("/v1/assignments?case={case}")).await.expect(200);
        assert_eq!(held.body["items"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn the_same_person_is_assigned_once() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = person(&admin, "Grace").await;
    for round in 0..ROUNDS {
        let hour = u8::try_from(round).unwrap() * 2;
        // Two cases at the same time: the second is an overlap. One case: it is held already.
        let (case, same_time) = (case_at(&admin, hour, 1).await, case_at(&admin, hour, 1).await);
        let (one, two) =
            tokio::join!(assign(&admin, &case, &grace), assign(&admin, &same_time, &grace));
        let loser = if one.status.as_u16() == 201 {
            two
        } else {
            two.expect(201);
            one
        };
        loser.refused(409, "overlap");
    }
}

#[tokio::test]
async fn a_case_cancelled_meanwhile_holds_nobody() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = person(&admin, "Grace").await;
    for round in 0..ROUNDS {
        let case = case_at(&admin, u8::try_from(round).unwrap() * 2, 1).await;
        let cancel = json!({ "status": "cancelled" });
        let one = format!("/v1/cases/{case}");
        let (assigned, cancelled) =
            tokio::join!(assign(&admin, &case, &grace), admin.patch(&one, cancel));
        cancelled.expect(200);
        if assigned.status.as_u16() == 201 {
            let held = admin.get(&path(&assigned)).await.expect(200);
            assert_eq!(held.str("/state"), "cancelled", "{}", held.text);
        } else {
            assigned.refused(409, "case_closed");
        }
        let open = admin.get(&format!("/v1/assignments?case={case}&open=true")).await;
        assert_eq!(open.expect(200).body["items"], json!([]));
    }
}

#[tokio::test]
async fn a_person_deleted_meanwhile_holds_nothing() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for round in 0..ROUNDS {
        let grace = person(&admin, &format!("Grace {round}")).await;
        let case = case_at(&admin, 8, 1).await;
        let path = format!("/v1/staff/{grace}");
        let (assigned, deleted) = tokio::join!(assign(&admin, &case, &grace), admin.delete(&path));
        deleted.expect(204);
        assert!(matches!(assigned.status.as_u16(), 201 | 422), "{}", assigned.text);
        let open = admin.get(&format!("/v1/assignments?case={case}&open=true")).await;
        assert_eq!(open.expect(200).body["items"], json!([]));
    }
}

#[tokio::test]
async fn done_and_cancelled_at_once_leave_one_of_them() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    for round in 0..ROUNDS {
        let case = case_at(&admin, u8::try_from(round).unwrap() * 2, 1).await;
        let made = assign(&admin, &case, &grace.id).await.expect(201);
        let own = format!("/v1/me/assignments/{}", made.str("/id"));
        let (one, two) = (path(&made), json!({ "state": "done" }));
        let (done, cancelled) = tokio::join!(grace.patch(&own, two), admin.delete(&one));
        let state = admin.get(&one).await.expect(200).str("/state").to_owned();
        match (done.status.as_u16(), cancelled.status.as_u16()) {
            (200, 409) => assert_eq!(state, "done"),
            (409, 204) => assert_eq!(state, "cancelled"),
            other => panic!("{other:?}: {} {}", done.text, cancelled.text),
        }
    }
}
