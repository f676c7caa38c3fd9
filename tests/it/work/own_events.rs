//! Hearing of one's own work as it happens: what one has, then what comes, changes and goes, and
//! nothing of anybody else's; a stream that was cut off continues by what its reader knows.

use crate::support::{
    Account, Answer, Site,
    account::seconds_from_now,
    assigned::{assign, case_at, case_with, path, person, set_slots},
    events::{self, Event, Events},
    eventually, offers,
};
use reqwest::Method;
use serde_json::{Value, json};

const ROUTE: &str = "/v1/me/events";

async fn open(who: &Account<'_>, last: Option<&str>) -> Events {
    Events::open(who, ROUTE, last).await
}

/// The next event, which must have this name.
async fn next(events: &mut Events, name: &str) -> Event {
    let event = events.next().await.expect("the stream goes on");
    assert_eq!(event.name, name, "{event:?}");
    event
}

/// The ids of the assignments in a snapshot.
fn ids(snapshot: &Event) -> Vec<&str> {
    let assignments = snapshot.data["assignments"].as_array().expect("assignments");
    assignments.iter().map(|one| one["id"].as_str().expect("an id")).collect()
}

/// The assignment as its holder reads it.
async fn own(who: &Account<'_>, assigned: &Answer) -> Value {
    let list = who.get("/v1/me/assignments").await.expect(200);
    let items = list.body["items"].as_array().expect("items");
    items.iter().find(|item| item["id"] == assigned.body["id"]).expect("the assignment").clone()
}

#[tokio::test]
async fn what_one_has_comes_first_then_what_comes_changes_and_goes() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let grace = admin.create_account("general", "limited").await;
    let first = assign(&scheduler, &case_at(&admin, 8, 1).await, &grace.id).await.expect(201);
    let mut events = open(&grace, None).await;
    let snapshot = next(&mut events, "snapshot").await;
    assert_eq!(snapshot.data["truncated"], false);
    assert_eq!(snapshot.data["assignments"], json!([own(&grace, &first).await]));
    let second = assign(&scheduler, &case_at(&admin, 10, 1).await, &grace.id).await.expect(201);
    let assigned = next(&mut events, "assigned").await;
    assert_eq!(assigned.data, own(&grace, &second).await);
    let later = json!({ "starts_at": "2100-01-01T12:00:00Z" });
    scheduler.patch(&path(&second), later).await.expect(200);
    let changed = next(&mut events, "changed").await;
    assert_eq!(changed.data, own(&grace, &second).await);
    assert_eq!(changed.data["starts_at"], "2100-01-01T12:00:00Z");
    let reason = json!({ "state": "cancelled", "cancel_reason": "called off" });
    scheduler.patch(&path(&second), reason).await.expect(200);
    let withdrawn = next(&mut events, "withdrawn").await;
    assert_eq!(withdrawn.data, json!({ "id": second.str("/id"), "cancel_reason": "called off" }));
}

#[tokio::test]
async fn a_case_that_moves_or_is_given_up_is_heard_by_its_holder() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let case = case_at(&admin, 8, 1).await;
    let held = assign(&admin, &case, &grace.id).await.expect(201);
    let mut events = open(&grace, None).await;
    next(&mut events, "snapshot").await;
    let elsewhere = json!({ "position": { "lat": 38.75, "lng": -9.2 } });
    admin.patch(&format!("/v1/cases/{case}"), elsewhere).await.expect(200);
    let moved = next(&mut events, "changed").await;
    assert_eq!(moved.data["position"], json!({ "lat": 38.75, "lng": -9.2 }));
    assert_eq!(moved.data["version"], held.body["version"], "the assignment is the same");
    admin.patch(&format!("/v1/cases/{case}"), json!({ "status": "cancelled" })).await.expect(200);
    let withdrawn = next(&mut events, "withdrawn").await;
    assert_eq!(withdrawn.data["id"], held.body["id"]);
}

#[tokio::test]
async fn ones_own_steps_are_told_to_ones_other_screens_until_the_work_is_done() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let begun = json!({ "starts_at": seconds_from_now(-600), "duration_min": 60 });
    let held = assign(&admin, &case_with(&admin, begun).await, &grace.id).await.expect(201);
    let mut events = open(&grace, None).await;
    next(&mut events, "snapshot").await;
    let one = format!("/v1/me/assignments/{}", held.str("/id"));
    for state in ["en_route", "on_site", "done"] {
        grace.update(Method::PATCH, &one, Some("*"), json!({ "state": state })).await.expect(200);
        let changed = next(&mut events, "changed").await;
        assert_eq!(
            (&changed.data["id"], changed.data["state"].as_str()),
            (&held.body["id"], Some(state))
        );
    }
    let mut again = open(&grace, None).await;
    assert!(ids(&next(&mut again, "snapshot").await).is_empty(), "what is done is not open");
}

#[tokio::test]
async fn what_one_is_asked_comes_and_goes_beside_what_one_has() {
    let site = Site::with_offers().await;
    let admin = site.set_up().await;
    let [near, far] = offers::people(&admin).await;
    let mut heard = open(&near, None).await;
    assert_eq!(next(&mut heard, "snapshot").await.data["offers"], json!([]));
    let case = case_with(&admin, json!({})).await;
    let made = offers::offer(&admin, &case, &[&near, &far], json!({ "message": "Hurry" })).await;
    let offered = next(&mut heard, "offered").await;
    assert_eq!(
        (&offered.data["message"], &offered.data["state"]),
        (&json!("Hurry"), &json!("asked"))
    );
    offers::decline(&near, &made, "busy").await.expect(200);
    let ended = next(&mut heard, "offer_ended").await;
    assert_eq!(
        (&ended.data["id"], &ended.data["state"]),
        (&offered.data["id"], &json!("declined"))
    );
    offers::until(&admin, &made, &["declined", "asked"]).await;
    let mut other = open(&far, None).await;
    let snapshot = next(&mut other, "snapshot").await;
    assert_eq!(snapshot.data["offers"][0]["id"], offered.data["id"]);
    offers::accept(&far, &made).await.expect(200);
    assert_eq!(next(&mut other, "offer_ended").await.data["state"], "accepted");
    assert_eq!(next(&mut other, "assigned").await.data["case_id"], json!(case));
}

#[tokio::test]
async fn others_work_is_never_heard() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "full").await;
    let other = person(&admin, "Other").await;
    let case = case_at(&admin, 8, 1).await;
    set_slots(&site, &case, 3).await;
    let theirs = assign(&admin, &case, &other).await.expect(201);
    let mut events = open(&grace, None).await;
    assert!(ids(&next(&mut events, "snapshot").await).is_empty());
    let later = json!({ "starts_at": "2100-01-01T09:00:00Z" });
    admin.patch(&path(&theirs), later).await.expect(200);
    assign(&admin, &case_at(&admin, 12, 1).await, &other).await.expect(201);
    // The feed keeps the order: this comes after all of that.
    let mine = assign(&admin, &case, &grace.id).await.expect(201);
    assert_eq!(next(&mut events, "assigned").await.data["id"], mine.body["id"]);
    // Given to somebody else, it is no longer theirs to read.
    let third = person(&admin, "Third").await;
    admin.patch(&path(&mine), json!({ "staff_id": third })).await.expect(200);
    let withdrawn = next(&mut events, "withdrawn").await;
    assert_eq!(withdrawn.data, json!({ "id": mine.str("/id"), "cancel_reason": null }));
}

#[tokio::test]
async fn who_comes_back_hears_what_happened_meanwhile_and_nothing_twice() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let [kept, moved, gone, next_one] = [
        case_at(&admin, 8, 1).await,
        case_at(&admin, 10, 1).await,
        case_at(&admin, 12, 1).await,
        case_at(&admin, 14, 1).await,
    ];
    assign(&admin, &kept, &grace.id).await.expect(201);
    let moved = assign(&admin, &moved, &grace.id).await.expect(201);
    let mut events = open(&grace, None).await;
    let snapshot = next(&mut events, "snapshot").await;
    let gone = assign(&admin, &gone, &grace.id).await.expect(201);
    let last = next(&mut events, "assigned").await.id;
    drop(events);
    let later = json!({ "starts_at": "2100-01-01T16:00:00Z" });
    admin.patch(&path(&moved), later).await.expect(200);
    admin.delete(&path(&gone)).await.expect(204);
    let new = assign(&admin, &next_one, &grace.id).await.expect(201);
    let missed = [("withdrawn", &gone), ("changed", &moved), ("assigned", &new)];
    let mut back = open(&grace, Some(&last)).await;
    let mut ids = Vec::new();
    for (name, assigned) in missed {
        let event = next(&mut back, name).await;
        assert_eq!(event.data["id"], assigned.body["id"]);
        ids.push(event.id);
    }
    // Cut off in the middle, the rest comes; the one who knows all hears nothing but news.
    let mut middle = open(&grace, Some(&ids[0])).await;
    assert_eq!(next(&mut middle, "changed").await.data["id"], moved.body["id"]);
    let mut end = open(&grace, Some(&ids[2])).await;
    admin.delete(&path(&new)).await.expect(204);
    assert_eq!(next(&mut end, "withdrawn").await.data["id"], new.body["id"]);
    // From the snapshot's point of view the one that came and went never was.
    let mut early = open(&grace, Some(&snapshot.id)).await;
    assert_eq!(next(&mut early, "changed").await.data["id"], moved.body["id"]);
}

#[tokio::test]
async fn an_id_that_says_nothing_of_what_its_reader_knows_brings_a_snapshot() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let other = admin.create_account("general", "limited").await;
    let held = assign(&admin, &case_at(&admin, 8, 1).await, &grace.id).await.expect(201);
    let foreign = next(&mut open(&other, None).await, "snapshot").await.id;
    let old_form = format!("0{}", &foreign[1..]);
    for id in ["17", "abc-0f0f-17", foreign.as_str(), old_form.as_str()] {
        let snapshot = next(&mut open(&grace, Some(id)).await, "snapshot").await;
        assert_eq!(ids(&snapshot), [held.str("/id")], "{id}");
    }
}

/// Gives the holder of an assignment so many more like it.
async fn multiply(site: &Site, assigned: &Answer, many: i32) {
    let mut db = site.database.look().await;
    for statement in [
        "INSERT INTO cases SELECT (jsonb_populate_record(c, jsonb_build_object(\
           'id', gen_random_uuid(), 'number', 'more ' || n))).* \
         FROM assignments AS a JOIN cases AS c ON c.id = a.case_id \
         CROSS JOIN generate_series(1, $2) AS n WHERE a.id = $1",
        "INSERT INTO assignments SELECT (jsonb_populate_record(a, jsonb_build_object(\
           'id', gen_random_uuid(), 'case_id', c.id))).* FROM assignments AS a \
         JOIN cases AS c ON c.organization_id = a.organization_id AND c.number LIKE 'more %' \
         WHERE a.id = $1 LIMIT $2",
    ] {
        let id: uuid::Uuid = assigned.str("/id").parse().expect("an id");
        sqlx::query(statement).bind(id).bind(many).execute(&mut db).await.expect("more work");
    }
}

#[tokio::test]
async fn who_has_very_much_to_do_hears_of_it_piece_by_piece() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let held = assign(&admin, &case_at(&admin, 8, 1).await, &grace.id).await.expect(201);
    multiply(&site, &held, 500).await;
    let mut events = open(&grace, None).await;
    let snapshot = next(&mut events, "snapshot").await;
    assert_eq!(snapshot.data["truncated"], true);
    let shown: Vec<String> = ids(&snapshot).into_iter().map(str::to_owned).collect();
    assert_eq!(shown.len(), 500);
    // Too much for an id: who comes back begins anew.
    assert!(snapshot.id.len() < 32, "{}", snapshot.id);
    next(&mut open(&grace, Some(&snapshot.id)).await, "snapshot").await;
    admin.delete(&format!("/v1/assignments/{}", shown[0])).await.expect(204);
    assert_eq!(next(&mut events, "withdrawn").await.data["id"], json!(shown[0]));
    let left_out = next(&mut events, "assigned").await;
    assert!(!shown.iter().any(|id| left_out.data["id"] == json!(id)), "{left_out:?}");
}

#[tokio::test]
async fn a_change_made_through_one_process_is_heard_at_another() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let second = site.beside().await;
    let there = Account { site: &second, ..grace.clone() };
    let mut here = open(&grace, None).await;
    let mut events = open(&there, None).await;
    let known = next(&mut events, "snapshot").await.id;
    next(&mut here, "snapshot").await;
    let held = assign(&admin, &case_at(&admin, 8, 1).await, &grace.id).await.expect(201);
    let heard = next(&mut events, "assigned").await;
    assert_eq!(heard.data["id"], held.body["id"]);
    assert_eq!(next(&mut here, "assigned").await.id, heard.id, "ids mean the same everywhere");
    // A reader of the one continues at the other.
    let mut moved = open(&grace, Some(&known)).await;
    assert_eq!(next(&mut moved, "assigned").await.data["id"], held.body["id"]);
}

#[tokio::test]
async fn a_token_or_one_ticket_opens_it_and_nothing_else() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let stranger = Account { token: "nonsense".to_owned(), ..grace.clone() };
    let refused = Answer::read(events::ask(&stranger, ROUTE, None).await).await;
    refused.refused(401, "unauthorized");
    let ticket = grace.post("/v1/me/event-tickets", json!({})).await.expect(201);
    let query = format!("{ROUTE}?ticket={}", ticket.str("/ticket"));
    next(&mut Events::open(&grace, &query, None).await, "snapshot").await;
    for used_or_none in [query.as_str(), "/v1/me/events?ticket=nonsense"] {
        let again = Answer::read(events::ask(&grace, used_or_none, None).await).await;
        again.refused(401, "unauthorized");
    }
    // The session's ticket gives no right that the session has not.
    let ticket = grace.post("/v1/me/event-tickets", json!({})).await.expect(201);
    let positions = format!("/v1/positions/stream?ticket={}", ticket.str("/ticket"));
    let positions = Answer::read(events::ask(&grace, &positions, None).await).await;
    positions.refused(403, "forbidden");
    Answer::read(events::ask(&grace, "/v1/me/events?bbox=1,1,2,2", None).await)
        .await
        .refused(400, "malformed_query");
}

#[tokio::test]
async fn a_session_has_eight_streams_of_all_kinds() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let mut streams = Vec::new();
    for nth in 0..8 {
        let route = if nth % 2 == 0 { ROUTE } else { "/v1/positions/stream" };
        streams.push(Events::open(&admin, route, None).await);
    }
    let refused = Answer::read(events::ask(&admin, ROUTE, None).await).await;
    refused.refused(429, "too_many_requests");
    drop(streams.pop());
    eventually("another is let in", || async {
        (events::ask(&admin, ROUTE, None).await.status().as_u16() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let mut events = open(&grace, None).await;
    next(&mut events, "snapshot").await;
    grace.delete("/v1/sessions/current").await.expect(204);
    events.end().await;
}

#[tokio::test]
async fn a_stream_ends_at_shutdown() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let mut events = open(&admin, None).await;
    next(&mut events, "snapshot").await;
    site.stop();
    events.end().await;
}
