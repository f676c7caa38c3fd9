//! Arrivals at a case's site, computed from fixes that come late and in any order.

use crate::support::{
    Account, Site,
    account::seconds_from_now,
    assigned::{assign, case_with, path},
    eventually,
    queued::drained,
};
use nearhand_runner::ArrivalJobs;
use serde_json::{Value, json};

/// A fix so many metres north of the case.
fn fix(at: &str, metres: f64) -> Value {
    json!({ "fix_at": at, "lat": 38.71 + metres / 111_200.0, "lng": -9.14, "accuracy_m": 10 })
}

/// When they arrived and left, once that is so.
async fn until(who: &Account<'_>, path: &str, times: [Option<&str>; 2]) {
    eventually("the times of the visit", async || {
        let shown = who.get(path).await.expect(200);
        let same = |name: &str, wanted: Option<&str>| {
            let shown = shown.body[name].as_str().map(|at| at.parse::<jiff::Timestamp>().unwrap());
            let wanted = wanted.map(|at| at.parse::<jiff::Timestamp>().unwrap());
            let millisecond = |at: jiff::Timestamp| at.as_millisecond();
            shown.map(millisecond) == wanted.map(millisecond)
        };
        (same("arrived_at", times[0]) && same("left_at", times[1])).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_offline_visit_shows_when_its_backlog_comes() {
    let mut site = Site::without_worker(|_| {}).await;
    site.start_worker_with(|jobs| jobs.with(ArrivalJobs)).await;
    let admin = site.set_up_with_jumps().await;
    let grace = admin.create_account("general", "limited").await;
    let phone = admin.create_phone(&grace.id).await;
    let case = case_with(&admin, json!({})).await;
    let shown = admin.get(&format!("/v1/cases/{case}")).await.expect(200);
    assert_eq!(shown.body["arrival_radius_m"], 150);
    let assigned = assign(&admin, &case, &grace.id).await.expect(201);
    let path = path(&assigned);
    // Ahead by less than two minutes: fixes count from the assignment on.
    let at: Vec<String> = (1..=6).map(|n| seconds_from_now(n * 15)).collect();
    // The newest come first, as from a phone that was offline.
    phone.send(json!([fix(&at[4], 600.0), fix(&at[5], 900.0)])).await.expect(200);
    drained(&site).await;
    until(&admin, &path, [None, None]).await;
    phone.send(json!([fix(&at[2], 40.0), fix(&at[1], 20.0)])).await.expect(200);
    until(&admin, &path, [Some(&at[1]), Some(&at[4])]).await;
    // Later fixes may correct it: they were there until a quarter of a minute before.
    phone.send(json!([fix(&at[3], 300.0), fix(&at[0], 140.0)])).await.expect(200);
    until(&admin, &path, [Some(&at[0]), Some(&at[3])]).await;
    let own = grace.get("/v1/me/assignments").await.expect(200);
    assert!(own.body["items"][0]["left_at"].is_string(), "{}", own.text);
    let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM arrival_checks")
        .fetch_one(&mut site.database.look().await)
        .await
        .unwrap();
    assert_eq!(waiting, 0, "each job removes its mark");
}

#[tokio::test]
async fn the_radius_is_the_cases_and_jumps_do_not_arrive() {
    let mut site = Site::without_worker(|_| {}).await;
    site.start_worker_with(|jobs| jobs.with(ArrivalJobs)).await;
    let admin = site.set_up_with_jumps().await;
    for wrong in [json!(19), json!(5_001), json!("wide")] {
        let body = json!({ "title": "Watch", "position": { "lat": 38.71, "lng": -9.14 },
            "arrival_radius_m": wrong });
        let refused = admin.post("/v1/cases", body).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), ["/arrival_radius_m"]);
    }
    let case = case_with(&admin, json!({ "arrival_radius_m": 1_000 })).await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&staff).await;
    let path = path(&assign(&admin, &case, &staff).await.expect(201));
    let at: Vec<String> = (1..=4).map(|n| seconds_from_now(n * 20)).collect();
    // Half the way around the Earth is no way for twenty seconds.
    let away = json!({ "fix_at": at[0], "lat": -38.0, "lng": 170.0, "accuracy_m": 10 });
    phone.send(json!([away, fix(&at[1], 5.0), fix(&at[2], 5.0)])).await.expect(200);
    drained(&site).await;
    until(&admin, &path, [None, None]).await;
    // The third that agrees shows that they are there.
    phone.send(json!([fix(&at[3], 900.0)])).await.expect(200);
    until(&admin, &path, [Some(&at[1]), None]).await;
}
