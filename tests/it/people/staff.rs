//! People: created, changed, listed; who may do it, and what must not happen.

use crate::support::{
    Answer, Site,
    account::{log_in, seconds_from_now},
};
use serde_json::{Value, json};

#[tokio::test]
async fn everything_wrong_with_a_person_is_said_at_once() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let answer = admin
        .post(
            "/v1/staff",
            json!({
                "email": "x", "birth_date": "2199-01-01", "account_code": "A|B",
                "home": { "lat": 0, "lng": 0 }, "max_travel_km": -1, "access_level": "some",
                "skills": [{ "code": "camera", "level": 6 }, { "code": "camera" }],
                "working_hours": [{ "weekday": 8, "start_min": 0, "end_min": 60 }],
                "languages": [{ "language": "pt", "level": "fluent" }], "nick": "G",
            }),
        )
        .await
        .refused(422, "invalid");
    for pointer in [
        "/nick",
        "/display_name",
        "/email",
        "/birth_date",
        "/account_code",
        "/home",
        "/max_travel_km",
        "/access_level",
        "/skills/0/level",
        "/skills/1/level",
        "/working_hours/0/weekday",
        "/languages/0/level",
    ] {
        assert!(answer.pointers().contains(&pointer), "{pointer} in {}", answer.text);
    }
    let answer =
        admin.post("/v1/staff", json!({ "display_name": "G", "access_level": "full" })).await;
    assert_eq!(answer.refused(422, "invalid").body["errors"][0]["code"], "email_required");
}

#[tokio::test]
async fn changes_need_the_version_they_change() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id = admin.create_staff(json!({ "first_name": "Grace", "last_name": "Hopper" })).await;
    let path = format!("{}/v1/staff/{id}", site.url);
    let change = |tag: Option<&'static str>, body: Value| {
        let mut request = site.http.patch(&path).bearer_auth(&admin.token).json(&body);
        if let Some(tag) = tag {
            request = request.header("if-match", tag);
        }
        async move { Answer::read(request.send().await.unwrap()).await }
    };
    change(None, json!({})).await.refused(428, "precondition_required");
    let changed = change(Some("\"1\""), json!({ "last_name": "Murray" })).await.expect(200);
    assert_eq!(changed.str("/display_name"), "Grace Murray", "the default name follows");
    assert_eq!(changed.header("etag"), "\"2\"");
    change(Some("\"1\""), json!({})).await.refused(412, "precondition_failed");
    let cleared =
        change(Some("\"2\""), json!({ "last_name": null, "skills": null })).await.expect(200);
    assert_eq!(cleared.body["last_name"], Value::Null);
}

#[tokio::test]
async fn a_repeated_post_does_nothing_twice() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let post = |key: &'static str, path: &str, body: Value| {
        let request = site.http.post(format!("{}{path}", site.url)).bearer_auth(&admin.token);
        let request = request.header("idempotency-key", key).json(&body);
        async move { Answer::read(request.send().await.unwrap()).await }
    };
    let grace = json!({ "display_name": "Grace" });
    let first = post("k1", "/v1/staff", grace.clone()).await.expect(201);
    let again = post("k1", "/v1/staff", grace.clone()).await.expect(201);
    assert_eq!(first.body, again.body);
    assert_eq!(first.header("location"), again.header("location"));
    let other = post("k1", "/v1/staff", json!({ "display_name": "Ada" })).await;
    other.refused(422, "idempotency_mismatch");
    let devices = format!("/v1/staff/{}/devices", first.str("/id"));
    post("k2", &devices, json!({ "name": "phone" })).await.expect(201);
    let secret = post("k2", &devices, json!({ "name": "phone" })).await;
    assert!(secret.header("location").starts_with(&devices));
    secret.refused(409, "idempotency_secret_shown");
    assert_eq!(admin.get(&devices).await.body["items"].as_array().unwrap().len(), 1);
    let general = admin.create_account("general", "limited").await;
    let reset = format!("/v1/staff/{}/password", general.id);
    let once = post("k3", &reset, json!({})).await.expect(201);
    post("k3", &reset, json!({})).await.refused(409, "idempotency_secret_shown");
    let login = admin.get(&format!("/v1/staff/{}", general.id)).await;
    log_in(&site, login.str("/email"), once.str("/password")).await.expect(201);
    let pause = "/v1/me/tracking/pause";
    let first = post("k4", pause, json!({ "minutes": 10 })).await.expect(200);
    let again = post("k4", pause, json!({ "minutes": 10 })).await.expect(200);
    assert_eq!(first.body, again.body);
}

#[tokio::test]
async fn unique_values_are_unique_among_those_who_are_there() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let person = |email: &str| json!({ "display_name": "G", "email": email, "username": email });
    admin.create_staff(person("grace@harbour.example")).await;
    let answer = admin.post("/v1/staff", person("GRACE@harbour.example")).await;
    answer.refused(409, "email_taken");
    let answer = admin
        .post("/v1/staff", json!({ "display_name": "G", "username": "GRACE@harbour.example" }));
    answer.await.refused(409, "username_taken");
    let coded = json!({ "display_name": "G", "account_code": "GH-1" });
    let first = admin.create_staff(coded.clone()).await;
    admin.post("/v1/staff", coded.clone()).await.refused(409, "account_code_taken");
    let other = admin.create_staff(json!({ "display_name": "Other" })).await;
    let change = admin.patch(&format!("/v1/staff/{other}"), coded.clone()).await;
    change.refused(409, "account_code_taken");
    // Unlike logins, these codes tell capitals apart.
    admin.patch(&format!("/v1/staff/{other}"), json!({ "account_code": "gh-1" })).await.expect(200);
    admin.patch(&format!("/v1/staff/{first}"), json!({ "account_code": null })).await.expect(200);
    admin.post("/v1/staff", coded).await.expect(201);
}

#[tokio::test]
async fn nobody_reaches_beyond_their_own_rights() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let people = admin.create_account("user_admin", "full").await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let body = json!({ "display_name": "New", "admin_role": "scheduler" });
    people.post("/v1/staff", body).await.refused(403, "beyond_own_rights");
    let path = format!("/v1/staff/{}", scheduler.id);
    people.patch(&path, json!({ "first_name": "X" })).await.refused(403, "beyond_own_rights");
    people.post(&format!("{path}/password"), json!({})).await.refused(403, "beyond_own_rights");
    people
        .post(&format!("{path}/devices"), json!({ "name": "p" }))
        .await
        .refused(403, "beyond_own_rights");
    scheduler.post("/v1/staff", json!({ "display_name": "N" })).await.refused(403, "forbidden");
    let seen = scheduler.get(&format!("/v1/staff/{}", people.id)).await.expect(200);
    assert_eq!(seen.body["email"], Value::Null, "personal details need staff.pii:read");
    let oneself = scheduler.get(&path).await.expect(200);
    assert!(oneself.body["email"].is_string());
}

#[tokio::test]
async fn a_user_admin_administers_general_people() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let people = admin.create_account("user_admin", "full").await;
    let general = people.create_account("general", "limited").await;
    let path = format!("/v1/staff/{}", general.id);
    people.patch(&path, json!({ "first_name": "Mary" })).await.expect(200);
    people.post(&format!("{path}/password"), json!({})).await.expect(201);
    people.patch(&path, json!({ "active": false })).await.expect(200);
}

#[tokio::test]
async fn the_last_account_admin_stays() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let path = format!("/v1/staff/{}", admin.id);
    let demote = json!({ "admin_role": "general" });
    admin.patch(&path, demote.clone()).await.refused(409, "last_account_admin");
    admin.patch(&path, json!({ "active": false })).await.refused(409, "last_account_admin");
    let second = admin.create_account("account_admin", "full").await;
    let other = format!("/v1/staff/{}", second.id);
    let (one, two) = tokio::join!(admin.patch(&other, demote.clone()), second.patch(&path, demote));
    let (won, lost) = if one.status.is_success() { (one, two) } else { (two, one) };
    won.expect(200);
    // Told either by the rule or, as somebody who is no admin any more, at the door.
    assert!(
        matches!((lost.status.as_u16(), lost.code()), (409, "last_account_admin") | (401 | 403, _)),
        "two demote each other: {}",
        lost.text
    );
}

#[tokio::test]
async fn dates_that_nothing_can_hold_are_refused() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for date in ["0000-01-01", "-005000-01-01", "9999-12-31"] {
        let licence = json!({ "code": "pi", "jurisdiction": "PT", "valid_from": date });
        let body = json!({ "display_name": "Grace", "birth_date": date, "licences": [licence] });
        let answer = admin.post("/v1/staff", body).await.refused(422, "invalid");
        assert_eq!(answer.pointers(), ["/birth_date", "/licences/0/valid_from"], "{date}");
    }
    let path = format!("/v1/staff/{}/time-off", admin.id);
    let body = json!({ "starts_at": "-005000-01-01T00:00:00Z", "ends_at": "9999-12-30T00:00:00Z" });
    let answer = admin.post(&path, body).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/starts_at", "/ends_at"]);
}

#[tokio::test]
async fn a_name_put_together_is_not_too_long() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let long = "x".repeat(120);
    let body = json!({ "first_name": long, "last_name": long });
    let answer = admin.post("/v1/staff", body).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/display_name"]);
    let id = admin.create_staff(json!({ "first_name": long, "last_name": "y" })).await;
    let path = format!("/v1/staff/{id}");
    let answer = admin.patch(&path, json!({ "last_name": long })).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/display_name"]);
    let body = json!({ "last_name": long, "display_name": "X" });
    admin.patch(&path, body).await.expect(200);
}

#[tokio::test]
async fn a_search_by_name_knows_neither_case_nor_patterns() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for name in ["Ärne", "arne", "ARNOLD", "a%b", "Bert"] {
        admin.create_staff(json!({ "display_name": name })).await;
    }
    for (q, wanted) in [
        ("ar", vec!["Ärne", "arne", "ARNOLD"]),
        ("AR", vec!["Ärne", "arne", "ARNOLD"]),
        ("%C3%84rn", vec!["Ärne", "arne", "ARNOLD"]),
        ("a%25b", vec!["a%b"]),
        ("b%25", vec!["a%b", "Bert"]),
        ("arnee", vec![]),
    ] {
        let seen = admin.get(&format!("/v1/staff?q={q}")).await.expect(200);
        let names: Vec<&str> = seen.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|person| person["display_name"].as_str().unwrap())
            .collect();
        assert_eq!(names, wanted, "{q}");
    }
}

#[tokio::test]
async fn absences_follow_the_rules_of_people() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let people = admin.create_account("user_admin", "full").await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let path = format!("/v1/staff/{}/time-off", scheduler.id);
    let away = |days: i64| {
        let at = |days: i64| seconds_from_now(days * 86_400);
        json!({ "starts_at": at(days), "ends_at": at(days + 1) })
    };
    people.post(&path, away(1)).await.refused(403, "beyond_own_rights");
    let own = scheduler.post(&path, away(1)).await.expect(201);
    let one = format!("{path}/{}", own.str("/id"));
    people.delete(&one).await.refused(403, "beyond_own_rights");
    for day in 2..4 {
        admin.post(&path, away(day)).await.expect(201);
    }
    let first = people.get(&format!("{path}?limit=2")).await.expect(200);
    let cursor = first.str("/next_cursor");
    let second = people.get(&format!("{path}?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!(first.body["items"][0]["id"], own.body["id"]);
    assert_eq!(second.body["items"].as_array().unwrap().len(), 1);
    people.get(&format!("{path}?surplus=1")).await.refused(400, "malformed_query");
    let devices = format!("/v1/staff/{}/devices", scheduler.id);
    people.get(&format!("{devices}?surplus=1")).await.refused(400, "malformed_query");
    people.get(&format!("{devices}?cursor={cursor}")).await.refused(400, "invalid_cursor");
    scheduler.delete(&one).await.expect(204);
    let fill = "INSERT INTO staff_time_off (organization_id, id, staff_id, starts_at, ends_at) \
        SELECT organization_id, gen_random_uuid(), id, now(), now() + interval '1 day' \
        FROM staff, generate_series(1, 498) WHERE id = $1::uuid";
    let mut db = site.database.look().await;
    sqlx::query(fill).bind(&scheduler.id).execute(&mut db).await.unwrap();
    scheduler.post(&path, away(1)).await.refused(409, "limit_reached");
}

#[tokio::test]
async fn nobody_fills_the_tables_with_devices_and_pauses() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let path = format!("/v1/staff/{}/devices", admin.id);
    let mut last = String::new();
    for _ in 0..50 {
        let answer = admin.post(&path, json!({ "name": "p" })).await.expect(201);
        last = answer.str("/device/id").to_owned();
    }
    admin.post(&path, json!({ "name": "p" })).await.refused(409, "limit_reached");
    admin.delete(&format!("{path}/{last}")).await.expect(204);
    admin.post(&path, json!({ "name": "p" })).await.expect(201);
    let mut db = site.database.look().await;
    let revoke = "UPDATE devices SET revoked_at = now() WHERE staff_id = $1::uuid";
    sqlx::query(revoke).bind(&admin.id).execute(&mut db).await.unwrap();
    let fill = "INSERT INTO devices (organization_id, id, staff_id, name, token_hash, revoked_at) \
        SELECT organization_id, gen_random_uuid(), id, 'p', sha256(n::text::bytea), now() \
        FROM staff, generate_series(1, 448) AS n WHERE id = $1::uuid";
    sqlx::query(fill).bind(&admin.id).execute(&mut db).await.unwrap();
    admin.post(&path, json!({ "name": "p" })).await.expect(201);
    let answer = admin.post(&path, json!({ "name": "p" })).await.refused(409, "limit_reached");
    assert!(answer.str("/detail").contains("revoked"), "{}", answer.text);
    let pause = "/v1/me/tracking/pause";
    for minutes in [30, 60, 10] {
        admin.post(pause, json!({ "minutes": minutes })).await.expect(200);
    }
    let count = "SELECT count(*) FROM tracking_pauses";
    let pauses: i64 = sqlx::query_scalar(count).fetch_one(&mut db).await.unwrap();
    assert_eq!(pauses, 1, "a running pause is moved");
    let fill = "INSERT INTO tracking_pauses (organization_id, id, staff_id, starts_at, ends_at) \
        SELECT organization_id, gen_random_uuid(), id, now() - ago, now() - ago \
        FROM staff, generate_series(1, 999), (SELECT $1::interval AS ago) AS past";
    sqlx::query(fill).bind("90 days").execute(&mut db).await.unwrap();
    admin.delete(pause).await.expect(204);
    admin.post(pause, json!({ "minutes": 10 })).await.expect(200);
    let pauses: i64 = sqlx::query_scalar(count).fetch_one(&mut db).await.unwrap();
    assert_eq!(pauses, 2, "what no fix can lie in is forgotten");
    sqlx::query(fill).bind("1 day").execute(&mut db).await.unwrap();
    admin.delete(pause).await.expect(204);
    admin.post(pause, json!({ "minutes": 10 })).await.refused(409, "limit_reached");
}

#[tokio::test]
async fn another_legal_basis_is_not_lost() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let path = format!("/v1/staff/{id}/tracking");
    let permit = |basis: &str, margin: i64| {
        let body = json!({ "legal_basis": basis, "hours_margin_min": margin });
        admin.put(&path, body)
    };
    permit("consent", 30).await.expect(200);
    permit("consent", 60).await.expect(200);
    permit("contract", 90).await.refused(409, "already_tracked");
    let seen = admin.get(&path).await.expect(200);
    assert_eq!(seen.body["hours_margin_min"], json!(60), "nothing of it was stored");
    let mut db = site.database.look().await;
    let told: Vec<(Value, bool)> = sqlx::query_as(
        "SELECT details, sealed IS NOT NULL FROM audit_log WHERE action = 'tracking.permit' ORDER BY id",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    let hours = json!({ "before": 30, "after": 60 });
    assert_eq!(told[1], (json!({ "granted": false, "hours_margin_min": hours }), true));
}

#[tokio::test]
async fn consent_is_shown_to_those_who_may_record_it() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let path = format!("/v1/staff/{}/tracking", grace.id);
    let consent = |answer: &Answer| {
        ["legal_basis", "permitted_at", "permitted_by", "paused_until"]
            .map(|field| answer.body.get(field).expect(field).clone())
    };
    let none = [Value::Null, Value::Null, Value::Null, Value::Null];
    assert_eq!(consent(&admin.get(&path).await.expect(200)), none, "there is no consent yet");
    let permitted = admin.put(&path, json!({ "legal_basis": "contract" })).await.expect(200);
    let pause = json!({ "minutes": 30 });
    let pause = grace.post("/v1/me/tracking/pause", pause).await.expect(200);
    let seen = admin.get(&path).await.expect(200);
    let [basis, at, by, until] = consent(&seen);
    assert_eq!((basis, by), (json!("contract"), json!(admin.id)));
    assert_eq!((&at, &until), (&permitted.body["permitted_at"], &pause.body["ends_at"]));
    let user_admin = admin.create_account("user_admin", "full").await;
    assert_eq!(user_admin.get(&path).await.expect(200).body, seen.body);
    let scheduler = admin.create_account("scheduler", "full").await;
    let told = scheduler.get(&path).await.expect(200);
    assert_eq!((&told.body["permitted"], consent(&told)), (&json!(true), none.clone()));
    grace.delete("/v1/me/tracking/pause").await.expect(204);
    assert_eq!(admin.get(&path).await.expect(200).body["paused_until"], Value::Null);
    grace.delete("/v1/me/tracking").await.expect(204);
    assert_eq!(consent(&admin.get(&path).await.expect(200)), none);
}

#[tokio::test]
async fn pages_follow_each_other_and_cursors_belong_to_their_list() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for i in 0..5 {
        admin.create_staff(json!({ "display_name": format!("Person {i}") })).await;
    }
    let first = admin.get("/v1/staff?limit=3&q=person").await.expect(200);
    let cursor = first.str("/next_cursor").to_owned();
    let second =
        admin.get(&format!("/v1/staff?limit=3&q=person&cursor={cursor}")).await.expect(200);
    let names = |a: &Answer| -> Vec<String> {
        let items = a.body["items"].as_array().unwrap();
        items.iter().map(|p| p["display_name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&first), ["Person 0", "Person 1", "Person 2"]);
    assert_eq!(names(&second), ["Person 3", "Person 4"]);
    assert_eq!(second.body["next_cursor"], Value::Null);
    admin.get(&format!("/v1/staff?cursor={cursor}")).await.refused(400, "invalid_cursor");
    admin.get("/v1/staff?surplus=1").await.refused(400, "malformed_query");
    admin.get("/v1/staff?limit=201").await.refused(400, "malformed_query");
    admin.get("/v1/staff/not-an-id").await.refused(404, "not_found");
}

#[tokio::test]
async fn the_audit_trail_says_what_was_before_and_whose_it_is() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    admin.patch("/v1/organization", json!({ "mock_policy": "accept" })).await.expect(200);
    let ring = json!([[[0, 0], [1, 0], [1, 1], [0, 0]]]);
    let area = json!({ "type": "Polygon", "coordinates": ring });
    let region = admin.post("/v1/regions", json!({ "name": "Old", "area": area })).await;
    let region = format!("/v1/regions/{}", region.expect(201).str("/id"));
    admin.patch(&region, json!({ "name": "New" })).await.expect(200);
    let own = format!("/v1/staff/{}", admin.id);
    let phone = admin.post(&format!("{own}/devices"), json!({ "name": "p" })).await.expect(201);
    admin.delete(&format!("{own}/devices/{}", phone.str("/device/id"))).await.expect(204);
    let span = json!({ "starts_at": seconds_from_now(60), "ends_at": seconds_from_now(120) });
    let absence = admin.post(&format!("{own}/time-off"), span).await.expect(201);
    admin.delete(&format!("{own}/time-off/{}", absence.str("/id"))).await.expect(204);
    let mut db = site.database.look().await;
    let told: Vec<(String, Value, Option<String>)> = sqlx::query_as(
        "SELECT action, details, sealed_for::text FROM audit_log \
         WHERE action ~ '^(organization.update|region|device|time_off)' ORDER BY id",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    let of = |action: &str| {
        let (_, details, whose) = told.iter().find(|(a, ..)| a == action).expect(action);
        (details, whose.as_deref())
    };
    let policy = json!({ "before": "penalise", "after": "accept" });
    assert_eq!(of("organization.update").0["mock_policy"], policy);
    assert_eq!(of("region.update").0["name"], json!({ "before": "Old", "after": "New" }));
    assert_eq!(of("region.update").0["area_sha256"], Value::Null, "the area is the same");
    for action in ["device.enrol", "device.revoke"] {
        assert_eq!(of(action), (&json!({ "staff_id": admin.id }), Some(admin.id.as_str())));
    }
    for action in ["time_off.create", "time_off.delete"] {
        let details = json!({ "time_off_id": absence.body["id"] });
        assert_eq!(of(action), (&details, Some(admin.id.as_str())));
    }
}
