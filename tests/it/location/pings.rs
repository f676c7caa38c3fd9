//! From a phone to the live view: what is taken, what is not, and that it arrives exactly once.

use crate::support::{
    Site,
    account::{now, seconds_from_now},
    eventually,
};
use serde_json::{Value, json};
use sqlx::PgConnection;

async fn count(db: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM pings").fetch_one(db).await.expect("a count")
}

#[tokio::test]
async fn every_fix_of_a_batch_is_accounted_for() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&staff).await;
    let fix_at = now();
    let answer = phone
        .send(json!([
            { "fix_at": fix_at, "lat": 38.7, "lng": -9.1, "accuracy_m": 5 },
            { "fix_at": fix_at, "lat": 38.7, "lng": -9.1, "accuracy_m": 5 },
            { "fix_at": fix_at, "lat": 91, "lng": 0 },
            { "fix_at": fix_at, "lat": 0, "lng": 0 },
            { "fix_at": seconds_from_now(90_000), "lat": 38.7, "lng": -9.1 },
            { "fix_at": seconds_from_now(-61 * 86_400), "lat": 38.7, "lng": -9.1 },
            { "fix_at": seconds_from_now(-3_600), "lat": 38.7, "lng": -9.1 },
            { "fix_at": "yesterday", "lat": 38.7, "lng": -9.1 },
        ]))
        .await
        .expect(200);
    assert_eq!(answer.body["accepted"], 1, "{}", answer.text);
    assert_eq!(answer.body["duplicates"], 1);
    let discarded: i64 =
        answer.body["discarded"].as_object().unwrap().values().map(|n| n.as_i64().unwrap()).sum();
    assert_eq!(discarded, 2, "too old, and from before tracking was permitted: {}", answer.text);
    let rejected: Vec<i64> = answer.body["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["index"].as_i64().unwrap())
        .collect();
    assert_eq!(rejected, [2, 3, 4, 7]);
    let mut db = site.database.look().await;
    eventually("the one fix is stored", async || (count(&mut db).await == 1).then_some(())).await;
}

#[tokio::test]
async fn a_fix_becomes_visible_and_only_the_newest_counts() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&staff).await;
    // Ahead by less than two minutes is live; before the consent nothing would be taken.
    let (newer, older) = (seconds_from_now(60), now());
    phone
        .send(json!([{ "fix_at": newer, "lat": 38.7, "lng": -9.1, "accuracy_m": 5 }]))
        .await
        .expect(200);
    phone.send(json!([{ "fix_at": older, "lat": 38.8, "lng": -9.2, "accuracy_m": 5 }])).await;
    let seen = || async {
        let answer = admin.get("/v1/positions?bbox=-10,38,-9,39").await.expect(200);
        answer.body["items"].as_array().unwrap().first().cloned()
    };
    let item = eventually("Grace is on the map", seen).await;
    assert_eq!(item["display_name"], "Grace");
    assert!((item["position"]["lat"].as_f64().unwrap() - 38.7).abs() < 1e-9, "{item}");
    let mut db = site.database.look().await;
    let reads: i64 =
        sqlx::query_scalar("SELECT count(*) FROM position_reads WHERE $1 = ANY(people)")
            .bind(staff.parse::<uuid::Uuid>().unwrap())
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert!(reads >= 1, "reading an exact position is logged");
}

#[tokio::test]
async fn without_consent_nothing_is_kept_and_a_pause_hides() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "full").await;
    let path = format!("/v1/staff/{}/devices", grace.id);
    let token =
        admin.post(&path, json!({ "name": "phone" })).await.expect(201).str("/token").to_owned();
    let send = || async {
        let body =
            json!({ "pings": [{ "fix_at": now(), "lat": 38.7, "lng": -9.1, "accuracy_m": 5 }] });
        site.call(reqwest::Method::POST, "/v1/pings", Some(&token), Some(body))
            .await
            .expect(200)
            .body
    };
    assert_eq!(send().await["accepted"], 0);
    let basis = json!({ "legal_basis": "contract" });
    admin.put(&format!("/v1/staff/{}/tracking", grace.id), basis).await.expect(200);
    assert_eq!(send().await["accepted"], 1);
    let visible = || async {
        let answer = admin.get("/v1/positions?bbox=-10,38,-9,39").await.expect(200);
        !answer.body["items"].as_array().unwrap().is_empty()
    };
    eventually("she is visible", || async { visible().await.then_some(()) }).await;
    grace.post("/v1/me/tracking/pause", json!({ "minutes": 721 })).await.refused(422, "invalid");
    grace.post("/v1/me/tracking/pause", json!({ "minutes": 30 })).await.expect(200);
    assert_eq!(send().await["accepted"], 0, "paused");
    eventually("she is hidden", || async { (!visible().await).then_some(()) }).await;
    grace.delete("/v1/me/tracking/pause").await.expect(204);
    // The second in which a pause ends still belongs to it.
    eventually("she is heard again", async || (send().await["accepted"] == 1).then_some(())).await;
    grace.delete("/v1/me/tracking").await.expect(204);
    assert_eq!(send().await["accepted"], 0, "withdrawn");
    grace.delete("/v1/me/tracking").await.refused(409, "not_tracked");
    let of_grace = format!("/v1/staff/{}/tracking", grace.id);
    admin.delete(&of_grace).await.refused(409, "not_tracked");
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let site = Site::without_worker(|config| config.limits.live = 1).await;
    let admin = site.set_up().await;
    // No relay runs: the device is new to the cache, so that it is read from the database.
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&staff).await;
    phone.send_from(38.7, -9.1).await.expect(200);
    let answer = eventually("the depth is seen", || async {
        let answer = phone.send_from(38.7, -9.1).await;
        (answer.status.as_u16() == 503).then_some(answer)
    })
    .await;
    assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    answer.refused(503, "queue_full");
}

#[tokio::test]
async fn a_redis_that_holds_as_much_as_it_may_takes_nothing_more() {
    let site = Site::without_worker(|config| config.limits.memory_bytes = Some(1)).await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&staff).await;
    let answer = eventually("the memory is seen", || async {
        let answer = phone.send_from(38.7, -9.1).await;
        (answer.status.as_u16() == 503).then_some(answer)
    })
    .await;
    assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    answer.refused(503, "queue_full");
    let memory = site.queue.depth().await.unwrap().memory();
    assert!(memory.used > 1 && memory.limit == Some(1), "{memory:?}");
}

#[tokio::test]
async fn bodies_that_are_too_much_or_too_broken_are_refused_whole() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&staff).await;
    let fix = json!({ "fix_at": now(), "lat": 38.7, "lng": -9.1 });
    phone.send(Value::from(vec![fix; 1_001])).await.refused(413, "too_large");
    let raw = |body: Vec<u8>, gzip: bool| {
        let mut request =
            site.http.post(format!("{}/v1/pings", site.url)).bearer_auth(&phone.token);
        if gzip {
            request = request.header("content-encoding", "gzip");
        }
        let request = request.header("content-type", "application/json").body(body);
        async move { crate::support::Answer::read(request.send().await.unwrap()).await }
    };
    raw(vec![b' '; 1_100_000], false).await.refused(413, "too_large");
    raw(b"{\"pings\":[{".to_vec(), false).await.refused(400, "malformed_body");
    raw(vec![0xff; 100], false).await.refused(400, "malformed_body");
    raw(b"not gzip at all".to_vec(), true).await.refused(400, "malformed_body");
    site.call(reqwest::Method::POST, "/v1/pings", None, Some(json!({ "pings": [] })))
        .await
        .refused(401, "unauthorized");
}

#[tokio::test]
async fn a_revoked_phone_is_silent_at_once() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&staff).await;
    phone.send_from(38.7, -9.1).await.expect(200);
    let path = format!("/v1/staff/{staff}/devices/{}", phone.id);
    admin.delete(&path).await.expect(204);
    phone.send_from(38.7, -9.1).await.refused(401, "unauthorized");
    admin.delete(&path).await.expect(204);
    let recorded: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'device.revoke'")
            .fetch_one(&mut site.database.look().await)
            .await
            .unwrap();
    assert_eq!(recorded, 1, "the second time changes nothing");
}

#[tokio::test]
async fn a_new_time_zone_moves_the_hours_of_those_without_their_own() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    // Four hours around now, every day, in the organisation's zone.
    let minute = nearhand_domain::clock::now().as_second().rem_euclid(86_400) / 60;
    let (start, end) = ((minute - 120).rem_euclid(1_440), (minute + 120).rem_euclid(1_440));
    let shift = |day: u8| json!({ "weekday": day, "start_min": start, "end_min": end });
    let hours = Value::from((1..=7).map(shift).collect::<Vec<_>>());
    let staff =
        admin.create_staff(json!({ "display_name": "Grace", "working_hours": hours })).await;
    let phone = admin.create_phone(&staff).await;
    let basis = json!({ "legal_basis": "written consent", "hours_margin_min": 0 });
    admin.put(&format!("/v1/staff/{staff}/tracking"), basis).await.expect(200);
    let accepted = || async { phone.send_from(38.7, -9.1).await.expect(200).body["accepted"] == 1 };
    eventually("within her hours", || async { accepted().await.then_some(()) }).await;
    let live = || async {
        let answer = admin.get("/v1/positions?bbox=-10,38,-9,39").await.expect(200);
        !answer.body["items"].as_array().unwrap().is_empty()
    };
    eventually("she is visible", || async { live().await.then_some(()) }).await;
    for (zone, on_duty) in [("Pacific/Auckland", false), ("UTC", true)] {
        admin.patch("/v1/organization", json!({ "time_zone": zone })).await.expect(200);
        let heard = || async { (accepted().await == on_duty).then_some(()) };
        eventually(&format!("her phone follows {zone}"), heard).await;
        let shown = || async { (live().await == on_duty).then_some(()) };
        eventually(&format!("the index follows {zone}"), shown).await;
    }
}
