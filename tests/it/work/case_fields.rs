//! What can be said of a case: its number, what it refers to, its slots, and the state that its
//! assignments bring it to.

use super::held::{hold, work};
use crate::support::{Account, Answer, Site};
use serde_json::{Value, json};
use uuid::Uuid;

fn case(more: Value) -> Value {
    let mut case = json!({ "title": "Watch", "position": { "lat": 38.71, "lng": -9.14 } });
    let Value::Object(more) = more else { panic!("an object") };
    for (name, value) in more {
        case[name] = value;
    }
    case
}

async fn create(who: &Account<'_>, more: Value) -> Answer {
    who.post("/v1/cases", case(more)).await.expect(201)
}

fn path(made: &Answer) -> String {
    format!("/v1/cases/{}", made.str("/id"))
}

#[tokio::test]
async fn numbers_count_and_skip_those_that_were_given() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let number = async |more: Value| create(&admin, more).await.str("/number").to_owned();
    assert_eq!(number(json!({})).await, "1");
    // Given numbers do not move the counter; one that is taken is skipped.
    assert_eq!(number(json!({ "number": " 2026-A " })).await, "2026-A");
    for given in ["2", "3", "5"] {
        assert_eq!(number(json!({ "number": given })).await, given);
    }
    assert_eq!(number(json!({ "number": null })).await, "4");
    assert_eq!(number(json!({})).await, "6");
    let taken = case(json!({ "number": "2026-a" }));
    admin.post("/v1/cases", taken).await.refused(409, "number_taken");
    let made = create(&admin, json!({})).await;
    assert_eq!(made.str("/number"), "7", "what was refused took no number");
    admin.patch(&path(&made), json!({ "number": "2026-A" })).await.refused(409, "number_taken");
    let renamed = admin.patch(&path(&made), json!({ "number": "B-7" })).await.expect(200);
    assert_eq!(renamed.str("/number"), "B-7");
    admin.patch(&path(&made), json!({ "number": "b-7" })).await.expect(200);
    for wrong in [json!(""), json!("x".repeat(41)), json!("a\nb"), json!(7)] {
        let refused = admin.post("/v1/cases", case(json!({ "number": wrong }))).await;
        assert_eq!(refused.refused(422, "invalid").pointers(), ["/number"], "{wrong}");
    }
    let cleared = admin.patch(&path(&made), json!({ "number": null })).await;
    assert_eq!(cleared.refused(422, "invalid").pointers(), ["/number"]);
    let elsewhere = site.create_another_organization().await;
    assert_eq!(create(&elsewhere, json!({})).await.str("/number"), "1", "per organisation");
}

#[tokio::test]
async fn many_at_once_get_numbers_without_gaps_and_one_given_number_is_taken_once() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let made = futures::future::join_all((0..8).map(|_| create(&admin, json!({})))).await;
    let mut numbers: Vec<u32> =
        made.iter().map(|made| made.str("/number").parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    let same = || admin.post("/v1/cases", case(json!({ "number": "X" })));
    let answers = futures::future::join_all([same(), same(), same()]).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let taken = answers.iter().filter(|answer| answer.code() == "number_taken").count();
    assert_eq!((made, taken), (1, 2));
}

#[tokio::test]
async fn what_a_case_refers_to_must_be_there() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let nothing = Uuid::now_v7();
    let wrong = case(json!({ "client_id": nothing, "queue_id": nothing, "group_id": nothing,
        "department_id": nothing, "services": [nothing], "slots": 51, "notes": "x".repeat(4_001) }));
    let refused = admin.post("/v1/cases", wrong).await.refused(422, "invalid");
    let mut pointers = refused.pointers();
    pointers.sort_unstable();
    let wanted = [
        "/client_id",
        "/department_id",
        "/group_id",
        "/notes",
        "/queue_id",
        "/services/0",
        "/slots",
    ];
    assert_eq!(pointers, wanted);
    let named = async |path: &str| admin.create_named(path, "One").await;
    let body = json!({ "client_id": named("/v1/clients").await,
        "queue_id": named("/v1/queues").await, "group_id": named("/v1/groups").await,
        "department_id": named("/v1/departments").await,
        "services": [named("/v1/services").await, admin.create_named("/v1/services", "Two").await],
        "slots": 50, "notes": "Ring twice.\nThen wait." });
    let made = create(&admin, body.clone()).await;
    let read = admin.get(&path(&made)).await.expect(200);
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&read.body[name], value, "{name}");
    }
    // Another organisation's are not there.
    let elsewhere = site.create_another_organization().await;
    let stolen = case(json!({ "client_id": body["client_id"] }));
    let stolen = elsewhere.post("/v1/cases", stolen).await.refused(422, "invalid");
    assert_eq!(stolen.pointers(), ["/client_id"]);
    let cleared = json!({ "client_id": null, "queue_id": null, "group_id": null,
        "department_id": null, "slots": null, "notes": null, "services": null });
    let cleared = admin.patch(&path(&made), cleared).await.expect(200);
    assert_eq!((&cleared.body["client_id"], &cleared.body["slots"]), (&Value::Null, &json!(1)));
    // What is removed leaves the case behind.
    let group = body["group_id"].as_str().unwrap();
    admin.patch(&path(&made), json!({ "group_id": group })).await.expect(200);
    admin.delete(&format!("/v1/groups/{group}")).await.expect(204);
    assert_eq!(admin.get(&path(&made)).await.expect(200).body["group_id"], Value::Null);
    let refused = admin.patch(&path(&made), json!({ "client_id": nothing })).await;
    assert_eq!(refused.refused(422, "invalid").pointers(), ["/client_id"]);
}

#[tokio::test]
async fn the_state_follows_the_assignments_and_the_status() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let alan = admin.create_staff(json!({ "display_name": "Alan" })).await;
    let made = create(&admin, json!({ "slots": 2 })).await;
    let id = made.str("/id").to_owned();
    let state = async || {
        let read = admin.get(&path(&made)).await.expect(200);
        let listed = admin.get(&format!("/v1/cases?state={}", read.str("/state"))).await;
        assert_eq!(listed.expect(200).str("/items/0/id"), id, "{}", read.text);
        (read.str("/state").to_owned(), read.body["slots_filled"].as_i64().unwrap())
    };
    assert_eq!(state().await, ("open".to_owned(), 0));
    hold(&site, &id, &grace, "assigned").await;
    assert_eq!(state().await, ("open".to_owned(), 1));
    hold(&site, &id, &alan, "assigned").await;
    assert_eq!(state().await, ("assigned".to_owned(), 2));
    let wider = admin.patch(&path(&made), json!({ "slots": 3 })).await.expect(200);
    assert_eq!(wider.str("/state"), "open");
    for working in ["en_route", "on_site"] {
        work(&site, &id, working).await;
        assert_eq!(state().await, ("in_progress".to_owned(), 2));
    }
    work(&site, &id, "done").await;
    assert_eq!(state().await, ("done".to_owned(), 2));
    work(&site, &id, "cancelled").await;
    assert_eq!(state().await, ("open".to_owned(), 0), "cancelled assignments hold nothing");
    let done = admin.patch(&path(&made), json!({ "status": "done" })).await.expect(200);
    assert!(done.body["done_at"].is_string() && done.body["cancelled_at"].is_null());
    assert_eq!(state().await.0, "done");
    let given_up = admin.patch(&path(&made), json!({ "status": "cancelled" })).await.expect(200);
    assert!(given_up.body["done_at"].is_null() && given_up.body["cancelled_at"].is_string());
    assert_eq!(state().await.0, "cancelled");
    let open = admin.patch(&path(&made), json!({ "status": "open" })).await.expect(200);
    assert!(open.body["done_at"].is_null() && open.body["cancelled_at"].is_null());
}

#[tokio::test]
async fn the_regions_of_a_case_are_those_that_contain_it() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let square = |west: f64, east: f64| {
        json!({ "type": "Polygon", "coordinates":
            [[[west, 38.7], [east, 38.7], [east, 38.8], [west, 38.8], [west, 38.7]]] })
    };
    let region = async |name: &str, area: Value| {
        let body = json!({ "name": name, "area": area });
        admin.post("/v1/regions", body).await.expect(201).str("/id").to_owned()
    };
    let near = region("Near", square(-9.2, -9.1)).await;
    let edge = region("Edge", square(-9.14, -9.0)).await;
    region("Far", square(-8.0, -7.0)).await;
    let made = create(&admin, json!({})).await;
    let read = admin.get(&path(&made)).await.expect(200);
    assert_eq!(read.body["regions"], json!([near, edge]), "the boundary counts");
    admin.delete(&format!("/v1/regions/{edge}")).await.expect(204);
    assert_eq!(admin.get(&path(&made)).await.expect(200).body["regions"], json!([near]));
}
