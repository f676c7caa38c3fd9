//! Fixes of one person at one instant: which of them is live does not depend on their order, in the
//! database and in the live index alike.

use crate::support::{
    Site,
    account::now,
    eventually,
    queued::{drained, person, stored},
};
use serde_json::{Value, json};

/// Fixes that tie, the live one last.
fn ties() -> [[Value; 2]; 4] {
    let fix = |lat: f64, lng: f64| json!({ "lat": lat, "lng": lng });
    let with = |mut fix: Value, name: &str, value: Value| {
        fix[name] = value;
        fix
    };
    [
        [fix(38.70, -9.10), fix(38.71, -9.12)],
        [fix(38.71, -9.12), fix(38.71, -9.11)],
        [
            with(fix(38.72, -9.10), "accuracy_m", json!(80)),
            with(fix(38.70, -9.10), "accuracy_m", json!(8)),
        ],
        [with(fix(38.72, -9.10), "mock", json!(true)), fix(38.70, -9.10)],
    ]
}

#[tokio::test]
async fn of_two_places_at_one_instant_the_same_is_live_whichever_came_first() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let mut db = site.database.look().await;
    let (mut sent, mut expected) = (0, Vec::new());
    for [loser, winner] in ties() {
        for order in [[&loser, &winner], [&winner, &loser]] {
            let (staff, phone) = person(&admin).await;
            let fix_at = now();
            for fix in order {
                let mut fix = fix.clone();
                fix["fix_at"] = json!(fix_at);
                phone.send(json!([fix])).await.expect(200);
                sent += 1;
                drained(&site).await;
            }
            expected.push((staff, winner["lat"].as_f64(), winner["lng"].as_f64()));
        }
    }
    assert_eq!(stored(&mut db).await, sent, "all are history");
    let mut rows: Vec<(String, Option<f64>, Option<f64>)> =
        sqlx::query_as("SELECT staff_id::text, ST_Y(position), ST_X(position) FROM positions")
            .fetch_all(&mut db)
            .await
            .unwrap();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(rows, expected);
    let live = || async {
        let answer = admin.get("/v1/positions?bbox=-10,38,-9,39").await.expect(200);
        let items = answer.body["items"].as_array().unwrap().iter();
        let mut seen: Vec<_> = items
            .map(|item| {
                let at = &item["position"];
                let staff = item["staff_id"].as_str().unwrap().to_owned();
                (staff, at["lat"].as_f64(), at["lng"].as_f64())
            })
            .collect();
        seen.sort_by(|a, b| a.0.cmp(&b.0));
        (seen == expected).then_some(())
    };
    eventually("the live index has the same", live).await;
}
