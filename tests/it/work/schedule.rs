//! The schedule: working hours as instants, absences, and what speaks against what people hold.

use crate::support::{
    Account, Answer, Site,
    assigned::{assign, assign_with, case_at, give_client, path, person},
};
use serde_json::{Value, json};

/// A Friday.
const DAY: &str = "/v1/schedule?from=2100-01-01T00:00:00Z&to=2100-01-02T00:00:00Z";

async fn day(who: &Account<'_>) -> Answer {
    who.get(DAY).await.expect(200)
}

/// One person's entry.
fn of<'a>(answer: &'a Answer, name: &str) -> &'a Value {
    let items = answer.body["items"].as_array().unwrap();
    items.iter().find(|item| item["staff_name"] == name).expect(name)
}

/// What speaks against a person's assignments, each with its hour.
fn conflicts(answer: &Answer, name: &str) -> Vec<(String, Value)> {
    let work = of(answer, name)["assignments"].as_array().unwrap();
    let one = |held: &Value| {
        (held["starts_at"].as_str().unwrap()[11..13].to_owned(), held["conflicts"].clone())
    };
    work.iter().map(one).collect()
}

fn overridden() -> Value {
    json!({ "override": { "reason": "Nobody else can", "rules": ["overlap"] } })
}

#[tokio::test]
async fn hours_are_instants_of_each_persons_zone_cut_to_the_time() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let night = json!([{ "weekday": 5, "start_min": 1_320, "end_min": 360 }]);
    let day_shift = json!([{ "weekday": 5, "start_min": 540, "end_min": 1_020 }]);
    for (name, zone, hours) in [
        ("Ana", json!("America/New_York"), day_shift.clone()),
        ("Bea", json!("UTC"), night),
        ("Cai", json!("UTC"), Value::Null),
        ("Dora", json!("UTC"), json!([])),
    ] {
        let body = json!({ "display_name": name, "time_zone": zone, "working_hours": hours });
        admin.create_staff(body).await;
    }
    let seen = day(&admin).await;
    let names: Vec<&str> = seen.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["staff_name"].as_str().unwrap())
        .collect();
    assert!(names.is_sorted(), "by name: {names:?}");
    let hours = |name| of(&seen, name)["working_hours"].clone();
    let span = |from: &str, to: &str| json!([{ "starts_at": from, "ends_at": to }]);
    assert_eq!(hours("Ana"), span("2100-01-01T14:00:00Z", "2100-01-01T22:00:00Z"));
    assert_eq!(hours("Bea"), span("2100-01-01T22:00:00Z", "2100-01-02T00:00:00Z"));
    assert_eq!(hours("Cai"), Value::Null, "nothing is recorded");
    assert_eq!(hours("Dora"), json!([]), "they never work");
    let week = "/v1/schedule?from=2100-01-01T00:00:00Z&to=2100-01-08T00:00:00Z";
    let seen = admin.get(week).await.expect(200);
    assert_eq!(of(&seen, "Bea")["working_hours"][0]["ends_at"], "2100-01-02T06:00:00Z");
}

#[tokio::test]
async fn what_speaks_against_an_assignment_is_marked_while_it_is_open() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let hours = json!([{ "weekday": 5, "start_min": 420, "end_min": 900 }]);
    let body = json!({ "display_name": "Grace", "time_zone": "UTC", "working_hours": hours });
    let grace = admin.create_staff(body).await;
    let (first, other, late) =
        (case_at(&admin, 8, 2).await, case_at(&admin, 9, 2).await, case_at(&admin, 14, 2).await);
    let held = assign(&admin, &first, &grace).await.expect(201);
    assert_eq!(conflicts(&day(&admin).await, "Grace"), [("08".to_owned(), json!([]))]);
    let second = assign_with(&admin, &other, &grace, overridden()).await.expect(201);
    assign(&admin, &late, &grace).await.expect(201);
    let absence = json!({ "starts_at": "2100-01-01T10:30:00Z", "ends_at": "2100-01-01T12:00:00Z" });
    admin.post(&format!("/v1/staff/{grace}/time-off"), absence).await.expect(201);
    give_client(&site, &late, false, &[(&grace, "excluded")]).await;
    let seen = day(&admin).await;
    let expected = [
        ("08".to_owned(), json!(["double_booked"])),
        ("09".to_owned(), json!(["time_off", "double_booked"])),
        ("14".to_owned(), json!(["excluded_by_client", "outside_working_hours"])),
    ];
    assert_eq!(conflicts(&seen, "Grace"), expected);
    let work = &of(&seen, "Grace")["assignments"];
    assert_eq!(work[1]["override_reason"], "Nobody else can");
    assert_eq!((&work[0]["id"], &work[0]["version"]), (&held.body["id"], &json!(1)));
    assert_eq!((&work[0]["case_title"], &work[0]["state"]), (&json!("Watch"), &json!("assigned")));
    assert_eq!(of(&seen, "Grace")["time_off"][0]["ends_at"], "2100-01-01T12:00:00Z");
    // A conflict whose other half lies outside of the time that was asked for.
    let morning = "/v1/schedule?from=2100-01-01T07:00:00Z&to=2100-01-01T08:30:00Z";
    let seen = admin.get(morning).await.expect(200);
    assert_eq!(conflicts(&seen, "Grace"), [("08".to_owned(), json!(["double_booked"]))]);
    assert_eq!(of(&seen, "Grace")["time_off"], json!([]));
    // What has ended is shown, and nothing speaks against it.
    admin.patch(&path(&held), json!({ "state": "done" })).await.expect(200);
    let seen = day(&admin).await;
    let done = ("08".to_owned(), json!([]));
    let [_, _, late] = expected;
    let expected = [done, ("09".to_owned(), json!(["time_off"])), late];
    assert_eq!(conflicts(&seen, "Grace"), expected);
    // What was taken back is not there.
    admin.delete(&path(&second)).await.expect(204);
    assert_eq!(conflicts(&day(&admin).await, "Grace").len(), 2);
}

#[tokio::test]
async fn it_shows_the_people_in_scope_a_page_at_a_time() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let mine = admin.create_named("/v1/departments", "Mine").await;
    let other = admin.create_named("/v1/departments", "Other").await;
    let inside = json!({ "display_name": "Inside", "departments": [mine] });
    let inside = admin.create_staff(inside).await;
    admin.create_staff(json!({ "display_name": "Outside", "departments": [other] })).await;
    let gone = json!({ "display_name": "Gone", "active": false, "departments": [mine] });
    admin.create_staff(gone).await;
    let scope = json!({ "departments": [mine], "view_scope": "departments", "edit_scope": "none" });
    let scheduler = admin.create_account_with("scheduler", "full", scope).await;
    let names = |answer: &Answer| -> Vec<String> {
        let items = answer.body["items"].as_array().unwrap();
        items.iter().map(|item| item["staff_name"].as_str().unwrap().to_owned()).collect()
    };
    let seen = names(&day(&scheduler).await);
    assert!(seen.contains(&"Inside".to_owned()) && seen.len() == 2, "{seen:?}");
    let of_department = admin.get(&format!("{DAY}&department={other}")).await.expect(200);
    assert_eq!(names(&of_department), ["Outside"]);
    let one = admin.get(&format!("{DAY}&staff={inside}")).await.expect(200);
    assert_eq!(names(&one), ["Inside"]);
    let found = admin.get(&format!("{DAY}&q=out")).await.expect(200);
    assert_eq!(names(&found), ["Outside"]);
    let hidden = scheduler.get(&format!("{DAY}&q=out")).await.expect(200);
    assert!(names(&hidden).is_empty());
    let hidden = scheduler.get(&format!("{DAY}&department={other}")).await.expect(200);
    assert!(names(&hidden).is_empty());
    let mut all = names(&day(&admin).await);
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("{DAY}&limit=1{cursor}")).await.expect(200);
        walked.extend(names(&page));
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(walked, all);
    // Each page would begin at another instant.
    let page = admin.get("/v1/schedule?limit=1").await.expect(200);
    let next = format!("/v1/schedule?limit=1&cursor={}", page.str("/next_cursor"));
    let refused = admin.get(&next).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/from"]);
    all.retain(|name| name == "Gone");
    assert!(all.is_empty(), "only who is active");
}

#[tokio::test]
async fn without_cases_view_there_is_no_work_and_a_time_is_a_week_at_most() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = person(&admin, "Grace").await;
    assign(&admin, &case_at(&admin, 8, 2).await, &grace).await.expect(201);
    let modules = json!({ "name": "Roster", "permissions": ["staff:view"] });
    let account = admin.post("/v1/service-accounts", modules).await.expect(201);
    let keys = format!("/v1/service-accounts/{}/keys", account.str("/id"));
    let key = admin.post(&keys, json!({ "name": "k" })).await.expect(201);
    let seen = site.call(reqwest::Method::GET, DAY, Some(key.str("/key")), None).await.expect(200);
    assert_eq!(of(&seen, "Grace")["assignments"], Value::Null);
    let from = "/v1/schedule?from=2100-01-01T00:00:00Z";
    for to in ["2100-01-01T00:00:00Z", "2099-12-31T00:00:00Z", "2100-01-08T00:00:01Z"] {
        let refused = admin.get(&format!("{from}&to={to}")).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), ["/to"], "{to}");
    }
    admin.get("/v1/schedule?from=yesterday").await.refused(400, "malformed_query");
    admin.get("/v1/schedule?date=2100-01-01").await.refused(400, "malformed_query");
    admin.get("/v1/schedule?q=-").await.refused(400, "malformed_query");
    admin.get("/v1/schedule").await.expect(200);
}
