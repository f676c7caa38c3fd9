//! A worker is killed in the middle of erasing a long history: another goes on, and nothing stays.

use crate::support::{
    processes::{Service, Stack},
    wait::within,
};
use serde_json::json;
use sqlx::Connection;
use std::time::Duration;

/// Enough for several steps.
const PINGS: i64 = 100_000;

#[tokio::test]
async fn a_killed_workers_erasure_is_finished() {
    let mut stack = Stack::start().await;
    let phones = stack.phones(1).await;
    let staff = &phones[0].0;
    let mut db = stack.look().await;
    sqlx::query(
        "INSERT INTO pings (organization_id, device_id, fix_at, key, staff_id, received_at, \
         position, mock, source) SELECT d.organization_id, d.id, now() - n * interval '1 second', \
         gen_random_uuid(), d.staff_id, now(), ST_SetSRID(ST_MakePoint(1, 1), 4326), false, \
         'native' FROM devices AS d, generate_series(1, $1) AS n",
    )
    .bind(PINGS)
    .execute(&mut db)
    .await
    .unwrap();
    // Whoever deletes the newest fix waits until the worker is dead.
    let mut newest = db.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM pings WHERE fix_at = (SELECT max(fix_at) FROM pings) FOR UPDATE")
        .execute(&mut *newest)
        .await
        .unwrap();
    let body = json!({ "confirm": "Person 0" });
    let token = stack.token().to_owned();
    stack.post(&format!("/v1/staff/{staff}/erase"), &token, body).await.expect(202);
    let left = "SELECT count(*) FROM pings";
    within(Duration::from_secs(90), "some of the history is gone", async || {
        (stack.count(left).await? < PINGS).then_some(())
    })
    .await;
    stack.kill(Service::Worker);
    newest.rollback().await.unwrap();
    assert!(stack.count(left).await.unwrap() > 0, "it was killed before its end");
    stack.spawn(Service::Worker);
    within(Duration::from_secs(120), "all of the history is gone", async || {
        (stack.count(left).await? == 0).then_some(())
    })
    .await;
    within(Duration::from_secs(60), "nothing is left", async || {
        let ended = "SELECT count(*) FROM erased_people WHERE remains IS NULL";
        (stack.count(ended).await? == 1).then_some(())
    })
    .await;
}
