//! A scheduler asks what speaks against an assignment before making it: the answer is that of
//! assigning, all of it at once, and nothing is changed.

use crate::support::{
    Account, Answer, Site,
    assigned::{
        assign, assign_with, case_at, case_with, give_client, path, person, set_slots, work_version,
    },
    eventually,
};
use serde_json::{Value, json};

const CHECK: &str = "/v1/assignments/check";

async fn check(who: &Account<'_>, case: &str, staff: &str, fields: Value) -> Answer {
    let mut body = fields;
    body["case_id"] = json!(case);
    body["staff_id"] = json!(staff);
    who.post(CHECK, body).await
}

/// What speaks against it: code, and the rule to be named in an override.
fn against(answer: &Answer) -> Vec<(&str, Option<&str>)> {
    let all = answer.body["against"].as_array().unwrap();
    all.iter().map(|one| (one["code"].as_str().unwrap(), one["override_rule"].as_str())).collect()
}

#[tokio::test]
async fn everything_that_speaks_against_it_is_said_at_once() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let fridays = json!([{ "weekday": 5, "start_min": 540, "end_min": 600 }]);
    let grace = json!({ "display_name": "Grace", "time_zone": "UTC", "working_hours": fridays });
    let grace = admin.create_staff(grace).await;
    let (busy, case) = (case_at(&admin, 8, 2).await, case_at(&admin, 9, 2).await);
    let fits = check(&admin, &case, &grace, json!({ "duration_min": 60 })).await.expect(200);
    assert_eq!(fits.body["against"], json!([]));
    assert_eq!(fits.str("/starts_at"), "2100-01-01T09:00:00Z");
    assert_eq!(fits.str("/ends_at"), "2100-01-01T10:00:00Z");
    let held = assign(&admin, &busy, &grace).await.expect(201);
    let away = json!({ "starts_at": "2100-01-01T09:30:00Z", "ends_at": "2100-01-01T09:45:00Z" });
    let away = admin.post(&format!("/v1/staff/{grace}/time-off"), away).await.expect(201);
    give_client(&site, &case, false, &[(&grace, "excluded")]).await;
    let other = person(&admin, "Other").await;
    assign(&admin, &case, &other).await.expect(201);
    let refused = check(&admin, &case, &grace, json!({})).await.expect(200);
    let expected = [
        ("no_slot_free", None),
        ("excluded_by_client", Some("excluded_by_client")),
        ("double_booked", Some("overlap")),
        ("time_off", Some("overlap")),
        ("outside_working_hours", None),
    ];
    assert_eq!(against(&refused), expected);
    let overridable = |answer: &Answer| {
        let all = answer.body["against"].as_array().unwrap();
        all.iter().map(|one| one["overridable"].as_bool().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(overridable(&refused), [false, true, true, true, true]);
    assert_eq!(refused.str("/against/2/meets/id"), held.str("/id"));
    assert_eq!(refused.str("/against/2/meets/case_id"), busy);
    assert_eq!(refused.str("/against/2/meets/case_title"), "Watch");
    assert_eq!(refused.str("/against/3/meets/id"), away.str("/id"));
    assert_eq!(refused.str("/against/3/meets/ends_at"), "2100-01-01T09:45:00Z");
    assert!(refused.str("/against/3/detail").contains(away.str("/id")));
    // Assigning says the same, one after the other.
    let full = assign(&admin, &case, &grace).await.refused(409, "no_slot_free");
    assert_eq!(full.str("/detail"), refused.str("/against/0/detail"));
    set_slots(&site, &case, 2).await;
    assign(&admin, &case, &grace).await.refused(409, "excluded_by_client");
    let rules: Vec<&str> = expected.iter().filter_map(|(_, rule)| *rule).collect();
    let named = json!({ "override": { "reason": "agreed", "rules": &rules[..2] } });
    assign_with(&admin, &case, &grace, named).await.expect(201);
    let twice = check(&admin, &case, &grace, json!({})).await.expect(200);
    assert!(against(&twice).contains(&("already_assigned", None)), "{}", twice.text);
    let idle = admin.create_staff(json!({ "display_name": "Idle", "active": false })).await;
    admin.patch(&format!("/v1/cases/{case}"), json!({ "status": "done" })).await.expect(200);
    let closed = check(&admin, &case, &idle, json!({})).await.expect(200);
    // Closing the case has freed its slots.
    assert_eq!(against(&closed), [("case_closed", None), ("inactive", None)]);
}

#[tokio::test]
async fn a_change_is_judged_without_what_it_replaces() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (grace, ada) = (person(&admin, "Grace").await, person(&admin, "Ada").await);
    let (case, busy) = (case_at(&admin, 8, 1).await, case_at(&admin, 10, 1).await);
    let made = assign(&admin, &case, &grace).await.expect(201);
    assign(&admin, &busy, &ada).await.expect(201);
    let change = json!({ "assignment_id": made.str("/id") });
    let given = check(&admin, &case, &ada, change.clone()).await.expect(200);
    assert_eq!((against(&given), given.str("/ends_at")), (vec![], "2100-01-01T09:00:00Z"));
    let longer = json!({ "assignment_id": made.str("/id"), "duration_min": 180 });
    let own = check(&admin, &case, &grace, longer.clone()).await.expect(200);
    assert_eq!((against(&own), own.str("/ends_at")), (vec![], "2100-01-01T11:00:00Z"));
    let onto = check(&admin, &case, &ada, longer).await.expect(200);
    assert_eq!(against(&onto), [("double_booked", Some("overlap"))]);
    // As it is, it is judged as well.
    let later = case_at(&admin, 10, 1).await;
    let held = assign(&admin, &later, &grace).await.expect(201);
    let widened = json!({ "duration_min": 180, "override": { "reason": "agreed" } });
    admin.patch(&path(&made), widened).await.expect(200);
    let standing = json!({ "assignment_id": held.str("/id") });
    let standing = check(&admin, &later, &grace, standing).await.expect(200);
    assert_eq!(against(&standing), [("double_booked", Some("overlap"))]);
    admin.patch(&path(&made), json!({ "duration_min": 60 })).await.expect(200);
    let made = admin.get(&path(&made)).await.expect(200);
    let versions = (work_version(&site, &grace).await, work_version(&site, &ada).await);
    check(&admin, &case, &grace, json!({ "assignment_id": made.str("/id") })).await.expect(200);
    // Nothing was changed.
    let same = admin.get(&path(&made)).await.expect(200);
    assert_eq!(same.body, made.body);
    assert_eq!(versions, (work_version(&site, &grace).await, work_version(&site, &ada).await));
    let elsewhere = check(&admin, &busy, &ada, change.clone()).await.refused(422, "invalid");
    assert_eq!(elsewhere.pointers(), ["/case_id"]);
    admin.patch(&path(&made), json!({ "state": "done" })).await.expect(200);
    // Nothing else matters then, not even hours.
    let never = json!({ "working_hours": [] });
    for person in [&grace, &ada] {
        admin.patch(&format!("/v1/staff/{person}"), never.clone()).await.expect(200);
        let ended = check(&admin, &case, person, change.clone()).await.expect(200);
        assert_eq!(against(&ended), [("assignment_ended", None)]);
    }
}

#[tokio::test]
async fn the_drive_is_shown_with_positions_and_the_look_is_recorded() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let blind = admin.create_account("admin", "full").await;
    let ada = person(&admin, "Ada").await;
    admin.create_phone(&ada).await.send_from(38.71, -9.02).await.expect(200);
    eventually("she is on the map", async || {
        let seen = admin.get("/v1/positions?bbox=-9.1,38.7,-9.0,38.8").await.expect(200);
        (!seen.body["items"].as_array()?.is_empty()).then_some(())
    })
    .await;
    let case = case_with(&admin, json!({ "duration_min": 30 })).await;
    let seen = check(&scheduler, &case, &ada, json!({})).await.expect(200);
    let eta = seen.body["eta_min"].as_f64().unwrap();
    assert!((20.0..21.0).contains(&eta), "{eta}");
    let unseen = check(&blind, &case, &ada, json!({})).await.expect(200);
    assert!(unseen.body["eta_min"].is_null(), "it tells where she is");
    let reads = "SELECT actor_id::text, people::text[] FROM position_reads WHERE route = $1";
    let reads: Vec<(String, Vec<String>)> =
        sqlx::query_as(reads).bind(CHECK).fetch_all(&mut site.database.look().await).await.unwrap();
    assert_eq!(reads, [(scheduler.id.clone(), vec![ada])]);
}

#[tokio::test]
async fn it_asks_of_its_caller_what_assigning_asks() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let mine = admin.create_named("/v1/departments", "Mine").await;
    let inside = json!({ "display_name": "Inside", "departments": [mine] });
    let (inside, outside) = (admin.create_staff(inside).await, person(&admin, "Outside").await);
    let case = case_at(&admin, 8, 1).await;
    set_slots(&site, &case, 2).await;
    let made = assign(&admin, &case, &outside).await.expect(201);
    let scoped = json!({ "departments": [mine], "view_scope": "departments",
        "edit_scope": "departments" });
    let scoped = admin.create_account_with("scheduler", "full", scoped).await;
    check(&scoped, &case, &inside, json!({})).await.expect(200);
    let unseen = check(&scoped, &case, &outside, json!({})).await.refused(422, "invalid");
    assert_eq!(unseen.pointers(), ["/staff_id"]);
    let theirs = json!({ "assignment_id": made.str("/id") });
    let theirs = check(&scoped, &case, &inside, theirs).await.refused(422, "invalid");
    assert_eq!(theirs.pointers(), ["/assignment_id"]);
    let hands_off = json!({ "departments": [mine], "edit_scope": "departments" });
    let hands_off = admin.create_account_with("scheduler", "full", hands_off).await;
    check(&hands_off, &case, &outside, json!({})).await.refused(403, "outside_scope");
    let general = admin.create_account("general", "full").await;
    check(&general, &case, &inside, json!({})).await.refused(403, "forbidden");
    let other = site.create_another_organization().await;
    let unknown = check(&other, &case, &other.id, json!({})).await.refused(422, "invalid");
    assert_eq!(unknown.pointers(), ["/case_id"]);
    let wrong = json!({ "starts_at": "soon", "duration_min": 0, "override": {} });
    let wrong = admin.post(CHECK, wrong).await.refused(422, "invalid");
    let pointers = ["/override", "/case_id", "/staff_id", "/starts_at", "/duration_min"];
    assert_eq!(wrong.pointers(), pointers);
}
