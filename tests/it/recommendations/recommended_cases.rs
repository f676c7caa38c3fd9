//! The open cases that fit a person best: judged as recommendations judge, within what the caller
//! may see, and for oneself without any permission.

use crate::support::{
    Account, Answer, Site,
    account::seconds_from_now,
    departments::{change, department, scoped_account},
    eventually,
};
use serde_json::{Value, json};
use uuid::Uuid;

const HOME: (f64, f64) = (38.722_345, -9.139_876);

fn place(lat: f64) -> Value {
    json!({ "lat": lat, "lng": -9.14 })
}

async fn create_case(admin: &Account<'_>, title: &str, lat: f64, fields: Value) -> String {
    let mut body = json!({ "title": title, "position": place(lat) });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    admin.post("/v1/cases", body).await.expect(201).str("/id").to_owned()
}

async fn fitting(who: &Account<'_>, staff: &str) -> Answer {
    who.get(&format!("/v1/staff/{staff}/recommended-cases")).await
}

fn cases(answer: &Answer) -> Vec<&str> {
    let items = answer.body["items"].as_array().unwrap();
    items.iter().map(|item| item["case"]["id"].as_str().unwrap()).collect()
}

/// Somebody with a home and a camera, once they are in the index.
async fn grace(admin: &Account<'_>, fields: Value) -> String {
    let mut body = json!({ "display_name": "Grace",
        "home": { "lat": HOME.0, "lng": HOME.1 }, "skills": [{ "code": "camera", "level": 3 }] });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    let id = admin.create_staff(body).await;
    known(admin, &id).await;
    id
}

async fn known(admin: &Account<'_>, id: &str) {
    let body = json!({ "place": { "position": place(38.72) }, "limit": 200 });
    eventually("they are in the index", async || {
        let answer = admin.post("/v1/recommendations", body.clone()).await.expect(200);
        answer.text.contains(id).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_best_cases_come_first_with_what_recommendations_say() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let id = grace(&admin, json!({})).await;
    let far = create_case(&admin, "Far", 38.95, json!({})).await;
    let near = create_case(&admin, "Near", 38.723, json!({})).await;
    let skills = json!({ "skills": [{ "code": "welding", "required": 1 }] });
    create_case(&admin, "Welding", 38.723, skills).await;
    let done = create_case(&admin, "Done", 38.723, json!({})).await;
    admin.patch(&format!("/v1/cases/{done}"), json!({ "status": "done" })).await.expect(200);
    let answer = fitting(&admin, &id).await.expect(200);
    assert_eq!(cases(&answer), [near.as_str(), far.as_str()]);
    assert_eq!((&answer.body["considered"], &answer.body["truncated"]), (&json!(3), &json!(false)));
    assert_eq!(answer.body["removed"], json!([{ "rule": "missing_skill", "cases": 1 }]));
    assert_eq!(answer.body["disclosure"], "exact");
    for (item, rank) in answer.body["items"].as_array().unwrap().iter().zip(1..) {
        let ask = json!({ "case_id": item["case"]["id"], "limit": 200 });
        let ranked = admin.post("/v1/recommendations", ask).await.expect(200);
        let candidates = ranked.body["result"]["candidates"].as_array().unwrap();
        let same = candidates.iter().find(|c| c["staff_id"] == json!(id)).unwrap();
        assert_eq!(item["fit"]["terms"], same["terms"], "as a recommendation says");
        assert_eq!(item["fit"]["score_micropoints"], same["score_micropoints"]);
        assert_eq!(item["fit"]["rank"], rank);
        assert!(item["case"]["number"].is_string() && item["case"]["title"].is_string());
    }
    let path = format!("/v1/staff/{id}/recommended-cases");
    assert_eq!(cases(&admin.get(&format!("{path}?limit=1")).await.expect(200)), [near.as_str()]);
    for bad in ["limit=0", "limit=51", "surplus=1"] {
        admin.get(&format!("{path}?{bad}")).await.refused(400, "malformed_query");
    }
    fitting(&admin, &Uuid::now_v7().to_string()).await.refused(404, "not_found");
}

#[tokio::test]
async fn places_are_shown_and_recorded_as_far_as_the_caller_may_see_them() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let coarse = admin.create_account("admin", "full").await;
    let id = grace(&admin, json!({})).await;
    create_case(&admin, "Near", 38.723, json!({})).await;
    let position = |answer: &Answer| answer.body["items"][0]["fit"]["location"]["position"].clone();
    let home = json!({ "lat": HOME.0, "lng": HOME.1 });
    assert_eq!(position(&fitting(&admin, &id).await.expect(200)), home);
    let cell = position(&fitting(&scheduler, &id).await.expect(200));
    assert!(cell.is_object() && cell != home);
    let answer = fitting(&coarse, &id).await.expect(200);
    assert_eq!((&answer.body["disclosure"], position(&answer)), (&json!("coarse"), Value::Null));
    let readers: Vec<String> = sqlx::query_scalar(
        "SELECT actor_id::text FROM position_reads \
         WHERE route = '/v1/staff/{id}/recommended-cases' AND people = ARRAY[$1] ORDER BY at",
    )
    .bind(id.parse::<Uuid>().unwrap())
    .fetch_all(&mut site.database.look().await)
    .await
    .unwrap();
    assert_eq!(readers, [admin.id.clone(), scheduler.id.clone()]);
}

#[tokio::test]
async fn oneself_needs_the_full_level_and_nothing_else() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let fields = json!({ "home": { "lat": HOME.0, "lng": HOME.1 } });
    let full = admin.create_account_with("general", "full", fields).await;
    let limited = admin.create_account("scheduler", "limited").await;
    let other = grace(&admin, json!({})).await;
    known(&admin, &full.id).await;
    let case = create_case(&admin, "Near", 38.723, json!({})).await;
    let own = full.get("/v1/me/recommended-cases").await.expect(200);
    assert_eq!((cases(&own), own.str("/staff_id")), (vec![case.as_str()], full.id.as_str()));
    let home = &own.body["items"][0]["fit"]["location"]["position"];
    assert_eq!(*home, json!({ "lat": HOME.0, "lng": HOME.1 }), "one's own places are exact");
    assert_eq!(cases(&fitting(&full, &full.id).await.expect(200)), [case.as_str()]);
    fitting(&full, &other).await.refused(403, "forbidden");
    limited.get("/v1/me/recommended-cases").await.refused(403, "forbidden");
    fitting(&limited, &limited.id).await.refused(403, "forbidden");
    let reads: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM position_reads WHERE route LIKE '%recommended-cases'",
    )
    .fetch_one(&mut site.database.look().await)
    .await
    .unwrap();
    assert_eq!(reads, 0, "nobody looked at anybody else");
}

#[tokio::test]
async fn only_cases_and_people_within_reach_count() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let north = department(&site, "North", None).await;
    let south = department(&site, "South", None).await;
    let id = grace(&admin, json!({ "departments": [north] })).await;
    let hidden = grace(&admin, json!({ "departments": [south] })).await;
    let queue = admin.create_named("/v1/queues", "Night").await;
    let narrow = scoped_account(&admin, "scheduler", &[&north]).await;
    let open = create_case(&admin, "Anybody's", 38.723, json!({})).await;
    let theirs = create_case(&admin, "South's", 38.723, json!({})).await;
    let queued = create_case(&admin, "Night's", 38.724, json!({})).await;
    let held = create_case(&admin, "Held", 38.723, json!({})).await;
    let declined = create_case(&admin, "Declined", 38.723, json!({})).await;
    let uuid = |id: &str| id.parse::<Uuid>().unwrap();
    let mut db = site.database.look().await;
    for (sql, one, other) in [
        ("UPDATE cases SET department_id = $2 WHERE id = $1", &theirs, &south),
        ("UPDATE cases SET queue_id = $2 WHERE id = $1", &queued, &queue),
        (
            "INSERT INTO assignments (organization_id, id, case_id, staff_id, starts_at, ends_at, \
             assigned_at, assigned_by) SELECT organization_id, gen_random_uuid(), $1, $2, now(), \
             now(), now(), $2 FROM cases WHERE id = $1",
            &held,
            &admin.id,
        ),
        (
            "INSERT INTO case_declines (organization_id, case_id, staff_id) \
             SELECT organization_id, $1, $2 FROM cases WHERE id = $1",
            &declined,
            &id,
        ),
    ] {
        sqlx::query(sql).bind(uuid(one)).bind(uuid(other)).execute(&mut db).await.unwrap();
    }
    let all = fitting(&admin, &id).await.expect(200);
    let mut found = cases(&all);
    found.sort_unstable();
    assert_eq!(found, [open.as_str(), theirs.as_str(), queued.as_str()], "{}", all.text);
    let some = fitting(&narrow, &id).await.expect(200);
    let mut found = cases(&some);
    found.sort_unstable();
    assert_eq!(found, [open.as_str(), queued.as_str()], "not another department's");
    fitting(&narrow, &hidden).await.refused(404, "not_found");
    // Somebody with queues reaches those, and cases without one.
    let day = admin.create_named("/v1/queues", "Day").await;
    change(&admin, &narrow.id, json!({ "queues": [day] })).await;
    let narrow = crate::support::departments::again(&admin, &narrow.id).await;
    assert_eq!(cases(&fitting(&narrow, &id).await.expect(200)), [open.as_str()]);
}

#[tokio::test]
async fn the_client_s_panel_and_exclusions_count() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let id = grace(&admin, json!({})).await;
    let other = grace(&admin, json!({})).await;
    let case = create_case(&admin, "Near", 38.723, json!({})).await;
    let mut db = site.database.look().await;
    let uuid = |id: &str| id.parse::<Uuid>().unwrap();
    let client = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO clients (organization_id, id, name, panel_required) \
         SELECT organization_id, $1, 'Harbour', true FROM cases LIMIT 1",
    )
    .bind(client)
    .execute(&mut db)
    .await
    .unwrap();
    sqlx::query("UPDATE cases SET client_id = $1").bind(client).execute(&mut db).await.unwrap();
    let stand = "INSERT INTO client_staff SELECT organization_id, id, $1, $2 FROM clients";
    for (staff, standing) in [(&id, "panel"), (&other, "excluded")] {
        sqlx::query(stand).bind(uuid(staff)).bind(standing).execute(&mut db).await.unwrap();
    }
    let answer = fitting(&admin, &id).await.expect(200);
    assert_eq!(cases(&answer), [case.as_str()]);
    let terms = answer.body["items"][0]["fit"]["terms"].as_array().unwrap().clone();
    let panel = terms.iter().find(|term| term["term"] == "panel").unwrap();
    assert_eq!(panel["u_millionths"], 1_000_000);
    let refused = fitting(&admin, &other).await.expect(200);
    let rules = json!([{ "rule": "excluded_by_client", "cases": 1 },
        { "rule": "not_on_required_panel", "cases": 1 }]);
    assert_eq!((&refused.body["items"], &refused.body["removed"]), (&json!([]), &rules));
}

#[tokio::test]
async fn more_open_cases_than_are_judged_are_said() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let id = grace(&admin, json!({})).await;
    let tomorrow = json!({ "starts_at": seconds_from_now(86_400) });
    let later = create_case(&admin, "Later", 38.722, tomorrow).await;
    let now = create_case(&admin, "Now", 38.95, json!({})).await;
    sqlx::query(
        "INSERT INTO cases (organization_id, id, title, status, position, duration_min, urgent, \
         requirements, created_by, created_at, number) \
         SELECT c.organization_id, gen_random_uuid(), c.title, 'open', c.position, c.duration_min, \
         c.urgent, c.requirements, c.created_by, c.created_at, 'more-' || n \
         FROM cases AS c, generate_series(1, 499) AS n WHERE c.id = $1",
    )
    .bind(now.parse::<Uuid>().unwrap())
    .execute(&mut site.database.look().await)
    .await
    .unwrap();
    let path = format!("/v1/staff/{id}/recommended-cases?limit=50");
    let answer = admin.get(&path).await.expect(200);
    assert_eq!(
        (&answer.body["considered"], &answer.body["truncated"]),
        (&json!(500), &json!(true))
    );
    assert_eq!(cases(&answer).len(), 50);
    assert!(!cases(&answer).contains(&later.as_str()), "what could begin now comes first");
}
