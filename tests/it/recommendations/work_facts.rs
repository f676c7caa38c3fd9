//! A person's work reaches the ranking: bookings, load, the last job, visits, and the people of a
//! case.

use crate::support::{Account, Site, eventually};
use nearhand_domain::{OrganizationId, StaffId};
use nearhand_storage::{Tx, facts::work};
use serde_json::{Value, json};
use uuid::Uuid;

fn id(text: &str) -> Uuid {
    text.parse().expect("an id")
}

/// A transaction of the site's one organisation, as the API has them.
async fn tenant(site: &Site) -> (Tx, OrganizationId) {
    let organization: Uuid = sqlx::query_scalar("SELECT organization_id FROM organization_slugs")
        .fetch_one(&mut site.database.look().await)
        .await
        .expect("the organisation");
    let organization = OrganizationId(organization);
    (site.database.app().await.tenant(organization).await.expect("a transaction"), organization)
}

/// Gives a case to a person, from and to so many minutes from now.
async fn assign(site: &Site, case: &str, staff: &str, state: &str, (from, to): (i32, i32)) -> Uuid {
    let (mut tx, organization) = tenant(site).await;
    let assignment = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO assignments (organization_id, id, case_id, staff_id, state, starts_at, \
         ends_at, assigned_at, assigned_by, done_at) SELECT $1, $2, $3, $4, $5, starts_at, \
         ends_at, now(), $4, CASE WHEN $5 = 'done' THEN ends_at END FROM (SELECT \
         now() + make_interval(mins => $6) AS starts_at, \
         now() + make_interval(mins => $7) AS ends_at) AS held",
    )
    .bind(organization.0)
    .bind(assignment)
    .bind(id(case))
    .bind(id(staff))
    .bind(state)
    .bind(from)
    .bind(to)
    .execute(&mut *tx)
    .await
    .expect("an assignment");
    work::touch(&mut tx, organization, &[StaffId(id(staff))]).await.expect("touched");
    tx.commit().await.expect("a commit");
    assignment
}

/// Moves an assignment on.
async fn move_on(site: &Site, assignment: Uuid, state: &str) {
    let (mut tx, organization) = tenant(site).await;
    let staff: Uuid = sqlx::query_scalar(
        "UPDATE assignments SET state = $2, done_at = CASE WHEN $2 = 'done' THEN now() END \
         WHERE id = $1 RETURNING staff_id",
    )
    .bind(assignment)
    .bind(state)
    .fetch_one(&mut *tx)
    .await
    .expect("an assignment");
    work::touch(&mut tx, organization, &[StaffId(staff)]).await.expect("touched");
    tx.commit().await.expect("a commit");
}

/// A client, with the standing of people.
async fn create_client(site: &Site, required: bool, people: &[(&str, &str)]) -> Uuid {
    let (mut tx, organization) = tenant(site).await;
    let client = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO clients (organization_id, id, name, panel_required) VALUES ($1, $2, $3, $4)",
    )
    .bind(organization.0)
    .bind(client)
    .bind(client.to_string())
    .bind(required)
    .execute(&mut *tx)
    .await
    .expect("a client");
    for (staff, standing) in people {
        sqlx::query(
            "INSERT INTO client_staff (organization_id, client_id, staff_id, standing) \
             VALUES ($1, $2, $3, $4)",
        )
        .bind(organization.0)
        .bind(client)
        .bind(id(staff))
        .bind(*standing)
        .execute(&mut *tx)
        .await
        .expect("a standing");
    }
    tx.commit().await.expect("a commit");
    client
}

/// A case from so many minutes from now, as soon as possible without; at this latitude.
async fn create_case(
    admin: &Account<'_>,
    lat: f64,
    minutes: Option<i64>,
    client: Option<Uuid>,
) -> String {
    let mut body = json!({ "title": "Photos", "position": { "lat": lat, "lng": -9.14 } });
    if let Some(minutes) = minutes {
        body["starts_at"] = crate::support::account::seconds_from_now(minutes * 60).into();
    }
    let case = admin.post("/v1/cases", body).await.expect(201).str("/id").to_owned();
    if let Some(client) = client {
        let (mut tx, _) = tenant(admin.site).await;
        sqlx::query("UPDATE cases SET client_id = $2 WHERE id = $1")
            .bind(id(&case))
            .bind(client)
            .execute(&mut *tx)
            .await
            .expect("a client");
        tx.commit().await.expect("a commit");
    }
    case
}

async fn create_person(admin: &Account<'_>, name: &str) -> String {
    let home = json!({ "lat": 38.72, "lng": -9.14 });
    admin.create_staff(json!({ "display_name": name, "home": home })).await
}

/// The ranking of a case, with its funnel.
async fn rank(admin: &Account<'_>, case: &str) -> Value {
    let body = json!({ "case_id": case, "funnel": true });
    admin.post("/v1/recommendations", body).await.expect(200).body["result"].clone()
}

/// How many people a rule removes.
fn removed(result: &Value, rule: &str) -> u64 {
    let rules = result["funnel"]["removed"].as_array().expect("a funnel");
    rules.iter().find(|r| r["rule"] == rule).map_or(0, |r| r["people"].as_u64().unwrap())
}

/// A candidate, if the person is one.
fn candidate<'v>(result: &'v Value, staff: &str) -> Option<&'v Value> {
    result["candidates"].as_array()?.iter().find(|c| c["staff_id"] == staff)
}

/// A term of a candidate.
fn term<'v>(candidate: &'v Value, term: &str) -> Option<&'v Value> {
    candidate["terms"].as_array()?.iter().find(|t| t["term"] == term)
}

fn committed(result: &Value, staff: &str) -> Option<u64> {
    term(candidate(result, staff)?, "workload")?["inputs"]["committed_min"].as_u64()
}

#[tokio::test]
async fn a_booking_takes_its_time_and_counts_as_load_until_it_is_cancelled() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = create_person(&admin, "Grace").await;
    let [asked, later] = [120, 600].map(|minutes| create_case(&admin, 38.71, Some(minutes), None));
    let (asked, later) = (asked.await, later.await);
    let other = create_case(&admin, 38.75, Some(130), None).await;
    let booking = assign(&site, &other, &grace, "assigned", (130, 190)).await;
    let result = eventually("she is booked", async || {
        let result = rank(&admin, &asked).await;
        (removed(&result, "double_booked") == 1).then_some(result)
    })
    .await;
    assert!(candidate(&result, &grace).is_none(), "{result}");
    let result = rank(&admin, &later).await;
    assert_eq!(committed(&result, &grace), Some(60), "{result}");
    assert_eq!(committed(&result, &admin.id), Some(0));
    // She goes from there to a case soon after.
    let soon = create_case(&admin, 38.71, Some(240), None).await;
    let result = rank(&admin, &soon).await;
    assert_eq!(candidate(&result, &grace).unwrap()["location"]["source"], "booking", "{result}");
    // The case is moved, and so is she.
    let moved = json!({ "position": { "lat": 38.78, "lng": -9.14 } });
    admin.patch(&format!("/v1/cases/{other}"), moved).await.expect(200);
    eventually("she comes from where the case is now", async || {
        let result = rank(&admin, &soon).await;
        let lat = candidate(&result, &grace)?["location"]["position"]["lat"].as_f64()?;
        ((lat - 38.78).abs() < 1e-6).then_some(())
    })
    .await;
    // A booking for the very case is no conflict; it is the case that she holds.
    let result = rank(&admin, &other).await;
    let conflicts = ["already_assigned", "double_booked"].map(|rule| removed(&result, rule));
    assert_eq!(conflicts, [1, 0], "{result}");
    move_on(&site, booking, "cancelled").await;
    eventually("she is free, also for the case she held", async || {
        let load = committed(&rank(&admin, &asked).await, &grace)?;
        let result = rank(&admin, &other).await;
        (load == 0 && candidate(&result, &grace).is_some()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn whoever_is_on_site_past_the_end_is_busy_until_it_is_done_and_seen_there_afterwards() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = create_person(&admin, "Grace").await;
    let client = create_client(&site, false, &[]).await;
    let asked = create_case(&admin, 38.71, None, Some(client)).await;
    let result = eventually("she is in the index", async || {
        let result = rank(&admin, &asked).await;
        candidate(&result, &grace).is_some().then_some(result)
    })
    .await;
    let before = candidate(&result, &grace).unwrap();
    assert_eq!(before["location"]["source"], "home");
    assert_eq!(term(before, "continuity").unwrap()["micropoints"], 0);
    let other = create_case(&admin, 38.75, None, Some(client)).await;
    let visit = assign(&site, &other, &grace, "en_route", (-70, -10)).await;
    move_on(&site, visit, "on_site").await;
    eventually("she is busy", async || {
        (removed(&rank(&admin, &asked).await, "double_booked") == 1).then_some(())
    })
    .await;
    move_on(&site, visit, "done").await;
    let result = eventually("she is free", async || {
        let result = rank(&admin, &asked).await;
        candidate(&result, &grace).is_some().then_some(result)
    })
    .await;
    let after = candidate(&result, &grace).unwrap();
    assert_eq!(after["location"]["source"], "last_job", "{after}");
    assert!((after["location"]["position"]["lat"].as_f64().unwrap() - 38.75).abs() < 1e-6);
    let continuity = term(after, "continuity").unwrap();
    assert_eq!(continuity["inputs"]["visits"], 1, "{after}");
    assert!(continuity["u_millionths"].as_u64().unwrap() > 499_000, "{after}");
}

#[tokio::test]
async fn the_people_of_a_case_and_of_its_client_are_judged_by_it() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let mut people = Vec::new();
    for name in ["Holder", "Decliner", "Unwanted", "Trusted", "Other"] {
        people.push(create_person(&admin, name).await);
    }
    let [holder, decliner, unwanted, trusted, other] = &people[..] else { panic!("five") };
    let standing = [(unwanted.as_str(), "excluded"), (trusted.as_str(), "panel")];
    let client = create_client(&site, false, &standing).await;
    let case = create_case(&admin, 38.71, None, Some(client)).await;
    assign(&site, &case, holder, "assigned", (0, 60)).await;
    let (mut tx, organization) = tenant(&site).await;
    sqlx::query(
        "INSERT INTO case_declines (organization_id, case_id, staff_id) VALUES ($1, $2, $3)",
    )
    .bind(organization.0)
    .bind(id(&case))
    .bind(id(decliner))
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let result = eventually("all six are in the index", async || {
        let result = rank(&admin, &case).await;
        (result["considered"] == 6 && candidate(&result, other).is_some()).then_some(result)
    })
    .await;
    for rule in ["already_assigned", "already_declined", "excluded_by_client"] {
        assert_eq!(removed(&result, rule), 1, "{rule}: {result}");
    }
    for person in [holder, decliner, unwanted] {
        assert!(candidate(&result, person).is_none(), "{result}");
    }
    let panel = |staff: &str| &term(candidate(&result, staff).unwrap(), "panel").unwrap()["inputs"];
    assert_eq!(panel(trusted)["on_panel"], true);
    assert_eq!(panel(other)["on_panel"], false);
    assert_eq!(result["candidates"][0]["staff_id"], trusted.as_str(), "{result}");
    let strict = create_client(&site, true, &standing[1..]).await;
    let case = create_case(&admin, 38.71, None, Some(strict)).await;
    let result = rank(&admin, &case).await;
    assert_eq!(removed(&result, "not_on_required_panel"), 5, "{result}");
    assert_eq!(result["candidates"].as_array().unwrap().len(), 1);
    // Another organisation sees none of it.
    let stranger = site.create_another_organization().await;
    stranger
        .post("/v1/recommendations", json!({ "case_id": case }))
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn an_index_built_from_a_snapshot_ranks_the_same() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (grace, alan) = (create_person(&admin, "Grace").await, create_person(&admin, "Alan").await);
    let client = create_client(&site, false, &[(&grace, "panel")]).await;
    let done = create_case(&admin, 38.75, None, Some(client)).await;
    for staff in [&grace, &alan] {
        assign(&site, &done, staff, "done", (-200, -100)).await;
    }
    let next = create_case(&admin, 38.73, Some(300), None).await;
    assign(&site, &next, &grace, "assigned", (300, 390)).await;
    let asked = create_case(&admin, 38.71, Some(60), Some(client)).await;
    let result = eventually("all is told", async || {
        let result = rank(&admin, &asked).await;
        let visited = |staff| term(candidate(&result, staff)?, "continuity").cloned();
        let visits = |staff| visited(staff)?["inputs"]["visits"].as_u64();
        let told = visits(&grace) == Some(1) && visits(&alan) == Some(1);
        (told && committed(&result, &grace) == Some(90)).then(|| result.clone())
    })
    .await;
    let second = Site::of(site.database.clone(), |_| {}).await;
    let admin = Account { site: &second, ..admin };
    let body = json!({ "case_id": asked, "funnel": true, "as_of": result["as_of"] });
    let again = admin.post("/v1/recommendations", body).await.expect(200);
    for part in ["index_version", "candidates", "funnel", "considered"] {
        assert_eq!(again.body["result"][part], result[part], "{part}");
    }
}

#[tokio::test]
async fn two_changes_at_once_raise_the_version_twice_and_never_wait_for_each_other() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (grace, alan) = (create_person(&admin, "Grace").await, create_person(&admin, "Alan").await);
    let people = [&grace, &alan].map(|staff| StaffId(id(staff)));
    let change = async |people: [StaffId; 2]| {
        for _ in 0..20 {
            let (mut tx, organization) = tenant(&site).await;
            work::touch(&mut tx, organization, &people).await.expect("no deadlock");
            tx.commit().await.expect("a commit");
        }
    };
    let [one, two] = people;
    tokio::join!(change([one, two]), change([two, one]));
    let mut worker = site.database.worker().await.begin().await.unwrap();
    let facts = work::of(&mut worker, &people).await.unwrap();
    let versions: Vec<i64> = facts.iter().map(|facts| facts.version).collect();
    assert_eq!(versions, [40, 40]);
    let told: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE kind = 'work'")
        .fetch_one(&mut site.database.look().await)
        .await
        .unwrap();
    assert_eq!(told, 80);
    let version: i64 = sqlx::query_scalar("SELECT version FROM staff WHERE id = $1")
        .bind(one.0)
        .fetch_one(&mut site.database.look().await)
        .await
        .unwrap();
    assert_eq!(version, 1, "the person is the same");
}

#[tokio::test]
async fn only_what_may_still_matter_is_told() {
    const DAY: i32 = 1_440;
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = create_person(&admin, "Grace").await;
    let client = create_client(&site, false, &[]).await;
    let told = async || {
        let mut tx = site.database.worker().await.begin().await.unwrap();
        work::of(&mut tx, &[StaffId(id(&grace))]).await.unwrap().pop()
    };
    assert_eq!(told().await, None, "nobody has work from the start");
    // The state and the time of each, and whether it is told as a booking, as the last job, as a
    // visit.
    let all = [
        ("assigned", (60, 120), [true, false, false]),
        ("assigned", (-9 * DAY, -8 * DAY - 1), [false; 3]),
        ("en_route", (-8 * DAY, -8 * DAY + 5), [true, false, false]),
        ("on_site", (-20 * DAY, -19 * DAY), [true, false, false]),
        ("cancelled", (60, 120), [false; 3]),
        ("done", (-7 * DAY, -7 * DAY + 60), [true, true, true]),
        ("done", (-9 * DAY, -8 * DAY - 1), [false, false, true]),
        ("done", (-730 * DAY, -730 * DAY + 60), [false, false, true]),
        ("done", (-740 * DAY, -735 * DAY), [false; 3]),
    ];
    let mut bookings = Vec::new();
    for (state, minutes, [booked, ..]) in all {
        let case = create_case(&admin, 38.75, None, Some(client)).await;
        let assignment = assign(&site, &case, &grace, state, minutes).await;
        bookings.extend(booked.then_some((assignment, state == "on_site")));
    }
    // One at a place that is not known yet, done last, and before its time.
    let case = create_case(&admin, 38.75, None, None).await;
    let early = assign(&site, &case, &grace, "assigned", (30, 90)).await;
    let unplaced = "UPDATE cases SET position = NULL, address = '{}' WHERE id = $1";
    sqlx::query(unplaced).bind(id(&case)).execute(&mut site.database.look().await).await.unwrap();
    let before = told().await.unwrap();
    let placed = |id: Uuid| before.bookings.iter().find(|b| b.id.0 == id).unwrap().position;
    assert!(placed(early).is_none() && placed(bookings[0].0).is_some());
    move_on(&site, early, "done").await;
    let facts = told().await.unwrap();
    let mut found: Vec<_> = facts.bookings.iter().map(|b| (b.id.0, b.open_ended)).collect();
    found.sort_unstable();
    assert_eq!(found, bookings, "{facts:?}");
    let many = |kind: usize| all.iter().filter(|(.., told)| told[kind]).count();
    let shown = (usize::from(facts.last_job.is_some()), facts.visits.len());
    assert_eq!(shown, (many(1), many(2)), "{facts:?}");
    assert_eq!(facts.version, i64::try_from(all.len()).unwrap() + 2);
}
