//! A scheduler assigns, changes, reassigns and takes back; what speaks against it is said.

use crate::support::{
    Answer, Site,
    account::seconds_from_now,
    assigned::{
        assign, assign_with, case_at, case_with, give_client, path, person, set_slots, work_version,
    },
    eventually,
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

fn at(answer: &Answer, pointer: &str) -> Timestamp {
    answer.str(pointer).parse().unwrap()
}

fn states(answer: &Answer) -> Vec<(&str, &str)> {
    let items = answer.body["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| (item["staff_name"].as_str().unwrap(), item["state"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn a_person_is_assigned_moved_on_and_done() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let grace = person(&admin, "Grace").await;
    let case = case_at(&admin, 8, 2).await;
    let made = assign(&scheduler, &case, &grace).await.expect(201);
    assert_eq!(made.header("location"), path(&made));
    assert_eq!((made.header("etag"), made.str("/state")), ("\"1\"", "assigned"));
    assert_eq!(made.str("/starts_at"), "2100-01-01T08:00:00Z");
    assert_eq!(made.str("/ends_at"), "2100-01-01T10:00:00Z");
    assert_eq!((made.str("/staff_name"), made.str("/case_title")), ("Grace", "Watch"));
    assert_eq!(made.str("/assigned_by"), scheduler.id);
    assert_eq!(work_version(&site, &grace).await, 1);
    let one = path(&made);
    let change = |version: Option<&'static str>, body: Value| {
        scheduler.update(Method::PATCH, &one, version, body)
    };
    let longer = json!({ "duration_min": 180 });
    change(None, longer.clone()).await.refused(428, "precondition_required");
    let changed = change(Some("\"1\""), longer.clone()).await.expect(200);
    assert_eq!(changed.str("/ends_at"), "2100-01-01T11:00:00Z");
    change(Some("\"1\""), longer).await.refused(412, "precondition_failed");
    let moved = json!({ "starts_at": "2100-01-01T09:00:00Z" });
    let moved = change(Some("\"2\""), moved).await.expect(200);
    assert_eq!(moved.str("/ends_at"), "2100-01-01T12:00:00Z", "the duration stays");
    let on_site = change(Some("*"), json!({ "state": "on_site" })).await.expect(200);
    assert!(on_site.body["en_route_at"].is_null() && on_site.body["on_site_at"].is_string());
    let again = change(Some("*"), json!({ "state": "on_site" })).await.expect(200);
    assert_eq!(again.body["version"], on_site.body["version"], "nothing has changed");
    change(Some("*"), json!({ "state": "en_route" })).await.refused(409, "no_way_back");
    let done = change(Some("*"), json!({ "state": "done" })).await.expect(200);
    assert_eq!(done.str("/ends_at"), done.str("/starts_at"), "done before it began");
    for after in [json!({ "state": "cancelled" }), json!({ "duration_min": 5 })] {
        change(Some("*"), after).await.refused(409, "assignment_ended");
    }
    scheduler.delete(&one).await.refused(409, "assignment_ended");
    assert_eq!(work_version(&site, &grace).await, 5);
    let trail = admin.get("/v1/audit?action=assignment.update").await.expect(200);
    assert_eq!(trail.body["items"].as_array().unwrap().len(), 4);
    let other = person(&admin, "Other").await;
    assign(&scheduler, &case, &other).await.refused(409, "no_slot_free");
}

#[tokio::test]
async fn as_soon_as_possible_holds_the_drive_and_the_work() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let blind = admin.create_account("admin", "full").await;
    let home = json!({ "lat": 38.71, "lng": -9.02 });
    let grace = admin.create_staff(json!({ "display_name": "Grace", "home": home })).await;
    let case = case_with(&admin, json!({ "duration_min": 30 })).await;
    set_slots(&site, &case, 5).await;
    let made = assign(&admin, &case, &grace).await.expect(201);
    // 10.41 km around the Earth, 1.3 times as far by road, at 40 km/h.
    let eta = made.body["eta_min"].as_f64().unwrap();
    assert!((20.0..21.0).contains(&eta), "{eta}");
    let held = at(&made, "/ends_at").duration_since(at(&made, "/starts_at"));
    assert!((held.as_secs_f64() - (eta + 30.0) * 60.0).abs() < 0.01, "{held}");
    assert_eq!(made.str("/starts_at"), made.str("/assigned_at"));
    let longer = admin.patch(&path(&made), json!({ "duration_min": 60 })).await.expect(200);
    let held = at(&longer, "/ends_at").duration_since(at(&longer, "/starts_at"));
    assert!((held.as_secs_f64() - (eta + 60.0) * 60.0).abs() < 0.01, "{held}");
    let seen = blind.get(&path(&made)).await.expect(200);
    assert!(seen.body["eta_min"].is_null(), "it tells where she was");
    // From where she is now, once the phone has been heard from.
    let ada = person(&admin, "Ada").await;
    let phone = admin.create_phone(&ada).await;
    phone.send_from(38.71, -9.14).await.expect(200);
    eventually("she is on the map", async || {
        let seen = admin.get("/v1/positions?bbox=-9.2,38.7,-9.1,38.8").await.expect(200);
        (!seen.body["items"].as_array()?.is_empty()).then_some(())
    })
    .await;
    let near = assign(&admin, &case, &ada).await.expect(201);
    assert!(near.body["eta_min"].as_f64().unwrap() < 0.1, "{}", near.text);
    let unknown = assign(&admin, &case, &person(&admin, "Somebody").await).await.expect(201);
    assert!(unknown.body["eta_min"].is_null(), "no place is known");
}

#[tokio::test]
async fn an_overlap_is_listed_and_overridden_only_with_a_reason() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = person(&admin, "Grace").await;
    let (first, second, after) =
        (case_at(&admin, 8, 2).await, case_at(&admin, 9, 2).await, case_at(&admin, 10, 1).await);
    let held = assign(&admin, &first, &grace).await.expect(201);
    let refused = assign(&admin, &second, &grace).await.refused(409, "overlap");
    assert_eq!(refused.pointers(), ["/starts_at"]);
    let detail = refused.str("/errors/0/detail");
    assert!(
        detail.contains(held.str("/id")) && detail.contains("2100-01-01T10:00:00Z"),
        "{detail}"
    );
    assign(&admin, &after, &grace).await.expect(201);
    let away = json!({ "starts_at": "2100-01-01T09:30:00Z", "ends_at": "2100-01-01T09:45:00Z" });
    let away = admin.post(&format!("/v1/staff/{grace}/time-off"), away).await.expect(201);
    let refused = assign(&admin, &second, &grace).await.refused(409, "overlap");
    assert_eq!(refused.pointers().len(), 3, "both assignments and the absence");
    assert!(refused.text.contains(away.str("/id")));
    for (bad, pointer) in [
        (json!({}), "/override/reason"),
        (json!({ "reason": " " }), "/override/reason"),
        (json!({ "reason": "x", "rules": ["inactive"] }), "/override/rules/0"),
        (json!({ "reason": "x", "why": 1 }), "/override/why"),
    ] {
        let answer = assign_with(&admin, &second, &grace, json!({ "override": bad })).await;
        assert_eq!(answer.refused(422, "invalid").pointers(), [pointer]);
    }
    let reason = json!({ "override": { "reason": "she asked for it" } });
    let made = assign_with(&admin, &second, &grace, reason).await.expect(201);
    assert_eq!(made.str("/override_reason"), "she asked for it");
    let trail = admin.get("/v1/audit?action=assignment.create").await.expect(200);
    let told = trail.body["items"].as_array().unwrap();
    let told: Vec<&Value> =
        told.iter().filter(|entry| entry["details"]["overridden"] == json!(["overlap"])).collect();
    assert_eq!(told.len(), 1, "{}", trail.text);
    // Moving one into another is an overlap, too.
    let onto = json!({ "starts_at": "2100-01-01T08:30:00Z" });
    admin.patch(&path(&made), onto).await.refused(409, "overlap");
}

#[tokio::test]
async fn who_is_on_site_too_long_is_busy_for_a_while_yet() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = person(&admin, "Grace").await;
    let start = json!({ "starts_at": seconds_from_now(-3_600), "duration_min": 30 });
    let over = case_with(&admin, start).await;
    let made = assign(&admin, &over, &grace).await.expect(201);
    let soon = json!({ "starts_at": seconds_from_now(60), "duration_min": 30 });
    let next = case_with(&admin, soon).await;
    let given = assign(&admin, &next, &grace).await.expect(201);
    admin.delete(&path(&given)).await.expect(204);
    admin.patch(&path(&made), json!({ "state": "on_site" })).await.expect(200);
    assign(&admin, &next, &grace).await.refused(409, "overlap");
    admin.patch(&path(&made), json!({ "state": "done" })).await.expect(200);
    assign(&admin, &next, &grace).await.expect(201);
}

#[tokio::test]
async fn a_client_and_a_state_speak_against_people() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (out, off, on) =
        (person(&admin, "Out").await, person(&admin, "Off").await, person(&admin, "On").await);
    let case = case_at(&admin, 8, 1).await;
    set_slots(&site, &case, 3).await;
    give_client(&site, &case, true, &[(&out, "excluded"), (&on, "panel")]).await;
    assign(&admin, &case, &out).await.refused(409, "excluded_by_client");
    assign(&admin, &case, &off).await.refused(409, "not_on_required_panel");
    let by_accident = json!({ "override": { "reason": "late" } });
    let refused = assign_with(&admin, &case, &out, by_accident).await;
    refused.refused(409, "excluded_by_client");
    let named = json!({ "override": { "reason": "agreed", "rules": ["excluded_by_client"] } });
    let made = assign_with(&admin, &case, &out, named).await.expect(201);
    assert_eq!(made.str("/override_reason"), "agreed");
    assign(&admin, &case, &on).await.expect(201);
    let again = assign(&admin, &case, &on).await.refused(409, "already_assigned");
    assert!(again.str("/detail").contains("change that one"));
    let idle = admin.create_staff(json!({ "display_name": "Idle", "active": false })).await;
    let all = json!({ "override": { "reason": "x",
        "rules": ["overlap", "excluded_by_client", "not_on_required_panel"] } });
    assign_with(&admin, &case, &idle, all).await.refused(409, "inactive");
    let disabled = json!({ "display_name": "No login", "access_level": "disabled" });
    let disabled = admin.create_staff(disabled).await;
    let open = case_at(&admin, 8, 1).await;
    assign(&admin, &open, &disabled).await.expect(201);
    admin.patch(&format!("/v1/cases/{open}"), json!({ "status": "done" })).await.expect(200);
    assign(&admin, &open, &on).await.refused(409, "case_closed");
}

#[tokio::test]
async fn an_assignment_goes_to_somebody_else_and_back_to_nobody() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (grace, ada) = (person(&admin, "Grace").await, person(&admin, "Ada").await);
    let case = case_at(&admin, 8, 1).await;
    let made = assign(&admin, &case, &grace).await.expect(201);
    let one = path(&made);
    admin.patch(&one, json!({ "state": "en_route" })).await.expect(200);
    let given = admin.patch(&one, json!({ "staff_id": ada })).await.expect(200);
    assert_eq!((given.str("/staff_id"), given.str("/state")), (ada.as_str(), "assigned"));
    assert!(given.body["en_route_at"].is_null());
    assert!(work_version(&site, &grace).await >= 3 && work_version(&site, &ada).await == 1);
    let busy = case_at(&admin, 8, 1).await;
    assign(&admin, &busy, &grace).await.expect(201);
    admin.patch(&one, json!({ "staff_id": grace })).await.refused(409, "overlap");
    let why = json!({ "state": "cancelled", "cancel_reason": "not needed" });
    let cancelled = admin.patch(&one, why).await.expect(200);
    assert_eq!(cancelled.str("/cancel_reason"), "not needed");
    // The slot is free, also for the same person.
    let again = assign(&admin, &case, &ada).await.expect(201);
    admin.delete(&format!("{}?reason=rain", path(&again))).await.expect(204);
    let gone = admin.get(&path(&again)).await.expect(200);
    assert_eq!((gone.str("/state"), gone.str("/cancel_reason")), ("cancelled", "rain"));
    let cancelled = admin.get("/v1/audit?action=assignment.cancel").await.expect(200);
    assert_eq!(cancelled.body["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn bad_input_is_named_field_by_field() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let case = case_at(&admin, 8, 1).await;
    let into = format!("/v1/cases/{case}/assignments");
    let nobody = uuid::Uuid::now_v7();
    let unknown = assign(&admin, &case, &nobody.to_string()).await.refused(422, "invalid");
    assert_eq!(unknown.pointers(), ["/staff_id"]);
    let wrong = json!({ "starts_at": "soon", "duration_min": 0, "extra": 1 });
    let wrong = admin.post(&into, wrong).await.refused(422, "invalid");
    assert_eq!(wrong.pointers(), ["/extra", "/staff_id", "/starts_at", "/duration_min"]);
    let grace = person(&admin, "Grace").await;
    let ghost = format!("/v1/cases/{nobody}/assignments");
    admin.post(&ghost, json!({ "staff_id": grace })).await.refused(404, "not_found");
    let made = assign(&admin, &case, &grace).await.expect(201);
    for (bad, pointers) in [
        (json!({ "state": "finished" }), vec!["/state"]),
        (json!({ "state": null, "starts_at": null }), vec!["/state", "/starts_at"]),
        (json!({ "cancel_reason": "x" }), vec!["/cancel_reason"]),
        (json!({ "staff_id": nobody }), vec!["/staff_id"]),
    ] {
        let answer = admin.patch(&path(&made), bad).await.refused(422, "invalid");
        assert_eq!(answer.pointers(), pointers);
    }
    for bad in [
        "state=x",
        "from=today",
        "open=1",
        "case=x",
        "from=2100-01-02T00:00:00Z&to=2100-01-01T00:00:00Z",
    ] {
        admin.get(&format!("/v1/assignments?{bad}")).await.refused(400, "malformed_query");
    }
    let long = format!("{}?reason={}", path(&made), "x".repeat(501));
    admin.delete(&long).await.refused(400, "malformed_query");
}

#[tokio::test]
async fn lists_are_filtered_and_scoped() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let mine = admin.create_named("/v1/departments", "Mine").await;
    let inside = json!({ "display_name": "Inside", "departments": [mine] });
    let (inside, outside) = (admin.create_staff(inside).await, person(&admin, "Outside").await);
    let (early, late) = (case_at(&admin, 8, 1).await, case_at(&admin, 12, 1).await);
    set_slots(&site, &early, 2).await;
    let first = assign(&admin, &early, &inside).await.expect(201);
    let second = assign(&admin, &late, &outside).await.expect(201);
    assign(&admin, &early, &outside).await.expect(201);
    admin.patch(&path(&second), json!({ "state": "done" })).await.expect(200);
    let list = async |query: &str| admin.get(&format!("/v1/assignments?{query}")).await.expect(200);
    let all = list("").await;
    let expected = [("Inside", "assigned"), ("Outside", "done"), ("Outside", "assigned")];
    assert_eq!(states(&all), expected);
    assert_eq!(states(&list(&format!("case={early}")).await).len(), 2);
    assert_eq!(states(&list(&format!("staff={inside}")).await), [("Inside", "assigned")]);
    assert_eq!(states(&list("state=done").await), [("Outside", "done")]);
    assert_eq!(states(&list("open=false").await), [("Outside", "done")]);
    assert_eq!(states(&list("open=true&to=2100-01-01T08:30:00Z").await).len(), 2);
    assert!(states(&list("from=2100-01-01T12:30:00Z").await).is_empty(), "done cuts it");
    let page = list("limit=1").await;
    let rest = list(&format!("limit=2&cursor={}", page.str("/next_cursor"))).await;
    assert_eq!(states(&rest), expected[1..]);
    let scoped = json!({ "departments": [mine], "view_scope": "departments",
        "edit_scope": "departments" });
    let scoped = admin.create_account_with("scheduler", "full", scoped).await;
    assert_eq!(states(&scoped.get("/v1/assignments").await.expect(200)), [expected[0]]);
    scoped.get(&path(&first)).await.expect(200);
    scoped.get(&path(&second)).await.refused(404, "not_found");
    scoped.patch(&path(&second), json!({})).await.refused(404, "not_found");
    let unseen = assign(&scoped, &late, &outside).await.refused(422, "invalid");
    assert_eq!(unseen.pointers(), ["/staff_id"]);
    let hands_off = json!({ "departments": [mine], "edit_scope": "departments" });
    let hands_off = admin.create_account_with("scheduler", "full", hands_off).await;
    let third = case_at(&admin, 15, 1).await;
    assign(&hands_off, &third, &outside).await.refused(403, "outside_scope");
    assign(&hands_off, &third, &inside).await.expect(201);
    let general = admin.create_account("general", "full").await;
    assign(&general, &third, &inside).await.refused(403, "forbidden");
    general.get(&path(&first)).await.expect(200);
    let other = site.create_another_organization().await;
    other.get(&path(&first)).await.refused(404, "not_found");
    other.delete(&path(&first)).await.refused(404, "not_found");
    assign(&other, &third, &inside).await.refused(404, "not_found");
    assert!(states(&other.get("/v1/assignments").await.expect(200)).is_empty());
}
