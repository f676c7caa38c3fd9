//! Watching people move: a snapshot, then changes, each exact sight recorded before it is sent; a
//! stream that was cut off goes on, and one that may no longer be watched ends.

use crate::support::{
    Account, Answer, Site,
    account::now,
    events::{self, Event, Events},
    eventually,
};
use serde_json::{Value, json};

const ROUTE: &str = "/v1/positions/stream";

async fn ask(who: &Account<'_>, query: &str, last: Option<&str>) -> reqwest::Response {
    events::ask(who, &format!("{ROUTE}{query}"), last).await
}

async fn open(who: &Account<'_>, last: Option<&str>) -> Events {
    Events::open(who, ROUTE, last).await
}

/// Whether the event shows this person there.
fn shows(event: &Event, staff: &str, lat: f64) -> bool {
    let near = |lat_shown: &Value| (lat_shown.as_f64().unwrap() - lat).abs() < 1e-9;
    event.name == "position"
        && event.data["staff_id"] == staff
        && near(&event.data["position"]["lat"])
}

fn is_gone(event: &Event, staff: &str) -> bool {
    event.name == "gone" && event.data["staff_id"] == staff
}

/// How often it was recorded that somebody saw this person exactly on a stream.
async fn sights(site: &Site, staff: &str) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM position_reads WHERE $1 = ANY(people) AND route = $2")
        .bind(staff.parse::<uuid::Uuid>().unwrap())
        .bind(ROUTE)
        .fetch_one(&mut site.database.look().await)
        .await
        .unwrap()
}

/// Waits until so many people are on the map.
async fn visible(admin: &Account<'_>, people: usize) {
    eventually("they are on the map", || async {
        let answer = admin.get("/v1/positions?bbox=-10,38,-9,39").await.expect(200);
        (answer.body["items"].as_array().unwrap().len() == people).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_comes_first_then_changes_and_every_exact_sight_is_recorded_before() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&grace).await;
    let late = admin.create_staff(json!({ "display_name": "Late" })).await;
    let other = admin.create_phone(&late).await;
    phone.send_from(38.7, -9.1).await.expect(200);
    visible(&admin, 1).await;
    let mut events = open(&admin, None).await;
    let first = events.next().await.unwrap();
    assert_eq!(first.name, "snapshot");
    let items = first.data["items"].as_array().unwrap();
    assert_eq!((items.len(), items[0]["staff_id"].as_str()), (1, Some(grace.as_str())));
    assert_eq!(sights(&site, &grace).await, 1, "before it was sent");
    phone.send_from(38.71, -9.1).await.expect(200);
    events.until(|event| shows(event, &grace, 38.71)).await;
    other.send_from(38.72, -9.1).await.expect(200);
    events.until(|event| shows(event, &late, 38.72)).await;
    assert_eq!(sights(&site, &late).await, 1, "before it was sent");
    assert_eq!(sights(&site, &grace).await, 1, "once a stream");
}

#[tokio::test]
async fn without_exact_positions_one_is_told_of_another_cell_and_of_work() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let coarse = admin.create_account("admin", "full").await;
    let grace = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&grace).await;
    phone.send_from(38.7, -9.1).await.expect(200);
    visible(&admin, 1).await;
    let mut events = open(&coarse, None).await;
    let first = events.next().await.unwrap();
    assert_eq!(first.data["items"][0]["busy"], false);
    let mut exact = open(&admin, None).await;
    // Within the cell they move unseen.
    phone.send_from(38.7001, -9.1).await.expect(200);
    exact.until(|event| shows(event, &grace, 38.7001)).await;
    let case = json!({ "title": "Now", "position": { "lat": 38.7, "lng": -9.1 } });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    let body = json!({ "staff_id": grace, "starts_at": now() });
    admin.post(&format!("/v1/cases/{case}/assignments"), body).await.expect(201);
    let next = events.next().await.unwrap();
    assert_eq!((next.name.as_str(), &next.data["busy"]), ("position", &json!(true)));
    assert_eq!(next.data["position"], first.data["items"][0]["position"], "the same cell");
}

#[tokio::test]
async fn who_comes_back_is_told_where_people_are_and_nothing_of_those_who_hid() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "full").await;
    let hiding = admin.create_phone(&grace.id).await;
    let bob = admin.create_staff(json!({ "display_name": "Bob" })).await;
    let moving = admin.create_phone(&bob).await;
    for phone in [&hiding, &moving] {
        phone.send_from(38.7, -9.1).await.expect(200);
    }
    visible(&admin, 2).await;
    let mut cut_off = open(&admin, None).await;
    let last = cut_off.next().await.unwrap().id;
    // Another reader tells when the server has seen each step.
    let mut watcher = open(&admin, Some(&last)).await;
    drop(cut_off);
    for lat in [38.71, 38.72] {
        hiding.send_from(lat, -9.1).await.expect(200);
        watcher.until(|event| shows(event, &grace.id, lat)).await;
        moving.send_from(lat, -9.1).await.expect(200);
        watcher.until(|event| shows(event, &bob, lat)).await;
    }
    grace.post("/v1/me/tracking/pause", json!({ "minutes": 30 })).await.expect(200);
    watcher.until(|event| is_gone(event, &grace.id)).await;
    let mut back = open(&admin, Some(&last)).await;
    let told = [back.next().await.unwrap(), back.next().await.unwrap()];
    assert!(told.iter().any(|event| shows(event, &bob, 38.72)), "{told:?}");
    assert!(told.iter().any(|event| is_gone(event, &grace.id)), "{told:?}");
    // And no more of what was: the next event is a new one.
    moving.send_from(38.73, -9.1).await.expect(200);
    let next = back.next().await.unwrap();
    assert!(shows(&next, &bob, 38.73), "{next:?}");
}

#[tokio::test]
async fn a_ticket_opens_one_stream() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let ticket = admin.post("/v1/positions/stream-tickets", json!({})).await.expect(201);
    let query = format!("?ticket={}", ticket.str("/ticket"));
    let response = ask(&admin, &query, None).await;
    assert_eq!(response.status().as_u16(), 200);
    let mut events = Events::of(response);
    assert_eq!(events.next().await.unwrap().name, "snapshot");
    let again = ask(&admin, &query, None).await;
    assert_eq!(again.status().as_u16(), 401);
    Answer::read(again).await.refused(401, "unauthorized");
    Answer::read(ask(&admin, "?ticket=nonsense", None).await).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn a_repeated_request_for_a_ticket_makes_no_second_one() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let ask = || async {
        let request = site.http.post(format!("{}/v1/positions/stream-tickets", site.url));
        let request = request.bearer_auth(&admin.token).header("idempotency-key", "once");
        Answer::read(request.json(&json!({})).send().await.unwrap()).await
    };
    let first = ask().await.expect(201);
    assert_eq!(first.header("cache-control"), "no-store");
    let repeat = ask().await.refused(409, "idempotency_secret_shown");
    assert!(!repeat.text.contains(first.str("/ticket")));
    let mut db = site.database.look().await;
    let tickets: i64 =
        sqlx::query_scalar("SELECT count(*) FROM stream_tickets").fetch_one(&mut db).await.unwrap();
    assert_eq!(tickets, 1);
    let kept: bool = sqlx::query_scalar("SELECT bool_and(body IS NULL) FROM idempotency_keys")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert!(kept, "a secret is not kept");
}

#[tokio::test]
async fn a_session_has_eight_streams_and_gets_another_when_one_ends() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(open(&admin, None).await);
    }
    let refused = ask(&admin, "", None).await;
    let refused = Answer::read(refused).await;
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    refused.refused(429, "too_many_requests");
    drop(streams.pop());
    eventually("another is let in", || async {
        (ask(&admin, "", None).await.status().as_u16() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let mut events = open(&scheduler, None).await;
    assert_eq!(events.next().await.unwrap().name, "snapshot");
    // Others' changes are none of its business.
    admin.create_staff(json!({ "display_name": now() })).await;
    let path = format!("/v1/staff/{}", scheduler.id);
    admin.patch(&path, json!({ "access_level": "disabled" })).await.expect(200);
    events.end().await;
}

#[tokio::test]
async fn a_stream_ends_at_shutdown() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let mut events = open(&admin, None).await;
    assert_eq!(events.next().await.unwrap().name, "snapshot");
    site.stop();
    events.end().await;
}
