//! A ranking follows the phones: from a ping to another order, through every part of the program.

use crate::support::{Account, Site, Wire, eventually};
use serde_json::{Value, json};

/// A case at this latitude that needs a camera.
async fn case(admin: &Account<'_>, lat: f64) -> String {
    let body = json!({ "title": "Photos", "position": { "lat": lat, "lng": -9.14 },
        "skills": [{ "code": "camera", "required": 1 }] });
    admin.post("/v1/cases", body).await.expect(201).str("/id").to_owned()
}

/// Candidates, best first.
async fn candidates(admin: &Account<'_>, case: &str) -> Vec<Value> {
    let answer = admin.post("/v1/recommendations", json!({ "case_id": case })).await.expect(200);
    answer.body["result"]["candidates"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_ping_reorders_the_ranking() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let person = |name: &str, lat: f64| {
        json!({ "display_name": name, "home": { "lat": lat, "lng": -9.14 },
            "skills": [{ "code": "camera", "level": 3 }] })
    };
    // Far enough that a fix at the case stays worth more while it grows older.
    let near = admin.create_staff(person("Near", 38.80)).await;
    let far = admin.create_staff(person("Far", 39.2)).await;
    let phone = admin.create_phone(&far).await;
    let case = case(&admin, 38.71).await;
    // Each with the source and the place they count from.
    let ranking = async |what: &str, wanted: [(&str, &str); 2]| {
        eventually(what, async || {
            let found = candidates(&admin, &case).await;
            let shown = found.iter().map(|candidate| {
                let id = candidate["staff_id"].as_str().unwrap();
                (id, candidate["location"]["source"].as_str().unwrap())
            });
            shown.eq(wanted).then_some(found.clone())
        })
        .await
    };
    let before = ranking("by home", [(near.as_str(), "home"), (far.as_str(), "home")]).await;
    phone.send_from(38.7105, -9.14).await.expect(200);
    let after = ranking("by ping", [(far.as_str(), "ping"), (near.as_str(), "home")]).await;
    let score = |candidate: &Value| candidate["score_micropoints"].as_u64().unwrap();
    assert!(score(&after[0]) > score(&before[1]), "nearer is worth more: {before:?} {after:?}");
    assert_eq!(score(&after[1]), score(&before[0]), "the other score stays");
    let at = after[0]["location"]["position"]["lat"].as_f64().unwrap();
    assert!((at - 38.7105).abs() < 1e-6, "{}", after[0]);
    // A person who is no longer tracked counts from home again.
    admin.delete(&format!("/v1/staff/{far}/tracking")).await.expect(204);
    ranking("by home again", [(near.as_str(), "home"), (far.as_str(), "home")]).await;
}

#[tokio::test]
async fn an_index_that_falls_behind_ranks_nobody_until_it_has_caught_up() {
    let wire = Wire::new().await;
    let url = wire.url.clone();
    let site = Site::without_worker(|config| config.url = url).await;
    let admin = site.set_up().await;
    let case = case(&admin, 38.71).await;
    // The feed is no longer read.
    wire.hold("XREAD");
    let answer = eventually("the index is behind", async || {
        let answer = admin.post("/v1/recommendations", json!({ "case_id": case })).await;
        (answer.status.as_u16() != 200).then_some(answer)
    })
    .await;
    assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    answer.refused(503, "not_ready");
    admin.get("/v1/positions?bbox=1,1,2,2").await.refused(503, "not_ready");
    // What needs no index goes on.
    admin.get("/v1/cases").await.expect(200);
    wire.open();
    eventually("it has caught up", async || {
        let answer = admin.post("/v1/recommendations", json!({ "case_id": case })).await;
        (answer.status.as_u16() == 200).then_some(())
    })
    .await;
}
