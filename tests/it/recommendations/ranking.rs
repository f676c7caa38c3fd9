//! Asking who should go: ranked, explained, never an empty list, and coarse for those who may not
//! see exact positions.

use crate::support::{Account, Answer, Site, eventually};
use serde_json::{Value, json};

async fn recommend(who: &Account<'_>, case: &str) -> Answer {
    who.post("/v1/recommendations", json!({ "case_id": case })).await
}

/// A case, a person close by with a camera, one without, and one who never does it.
async fn scene<'a>(admin: &Account<'a>) -> (String, [String; 3]) {
    let service = admin.post("/v1/services", json!({ "name": "Photos" })).await.expect(201);
    let service = service.str("/id").to_owned();
    let person = |name: &str, level: u8, lat: f64| {
        json!({ "display_name": name, "home": { "lat": lat, "lng": -9.14 },
            "skills": [{ "code": "camera", "level": level }] })
    };
    let near = admin.create_staff(person("Near", 4, 38.71)).await;
    let far = admin.create_staff(person("Far", 4, 38.95)).await;
    let never = admin.create_staff(person("Never", 4, 38.71)).await;
    let unskilled = admin.create_staff(json!({ "display_name": "Unskilled" })).await;
    let preferences = json!({ "services": [{ "service_id": service, "preference": "never" }],
        "regions": [] });
    admin.put(&format!("/v1/staff/{never}/work-preferences"), preferences).await.expect(200);
    let case = json!({ "title": "Shop front", "position": { "lat": 38.71, "lng": -9.14 },
        "services": [service], "skills": [{ "code": "camera", "required": 2 }] });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    drop(unskilled);
    (case, [near, far, never])
}

#[tokio::test]
async fn the_answer_is_ranked_explained_and_says_who_was_left_out() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (case, [near, far, _]) = scene(&admin).await;
    let answer = eventually("all is in the index", async || {
        let answer = recommend(&admin, &case).await.expect(200);
        let funnel = &answer.body["result"]["funnel"];
        // The preference is the last that is told.
        let complete = funnel["considered"] == 5 && funnel.to_string().contains("service_never");
        complete.then_some(answer)
    })
    .await;
    let result = &answer.body["result"];
    let listed: Vec<&Value> = result["candidates"].as_array().unwrap().iter().collect();
    let ids: Vec<&str> = listed.iter().map(|c| c["staff_id"].as_str().unwrap()).collect();
    assert_eq!(ids, [near.as_str(), far.as_str()], "{}", answer.text);
    for candidate in listed {
        let terms = candidate["terms"].as_array().unwrap();
        let sum: i64 = terms.iter().map(|t| t["micropoints"].as_i64().unwrap()).sum();
        assert_eq!(sum, candidate["score_micropoints"].as_i64().unwrap(), "the parts add up");
    }
    assert_eq!(result["candidates"][0]["location"]["source"], "home");
    let funnel = result["funnel"].to_string();
    assert!(funnel.contains("service_never") && funnel.contains("missing_skill"), "{funnel}");
}

#[tokio::test]
async fn equal_questions_of_an_equal_index_get_equal_bytes() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (case, _) = scene(&admin).await;
    let body = json!({ "case_id": case, "as_of": crate::support::account::now() });
    let ask = || admin.post("/v1/recommendations", body.clone());
    eventually("two candidates, twice from one index", async || {
        let (one, two) = (ask().await.expect(200), ask().await.expect(200));
        // Asked in one second, of one index.
        let moment =
            |a: &Answer| ["shown_at", "index_version"].map(|field| a.body["result"][field].clone());
        let candidates = one.body["result"]["candidates"].as_array()?;
        if moment(&one) != moment(&two) || candidates.len() != 2 {
            return None;
        }
        let result = |a: &Answer| a.text.split("\"result\":").nth(1).unwrap().to_owned();
        assert_eq!(result(&one), result(&two));
        assert_ne!(one.str("/id"), two.str("/id"));
        Some(())
    })
    .await;
}

#[tokio::test]
async fn those_without_exact_positions_get_none() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (case, _) = scene(&admin).await;
    let settings = admin.create_account("admin", "full").await;
    let answer = eventually("somebody is listed", async || {
        let answer = recommend(&settings, &case).await.expect(200);
        let listed = answer.body["result"]["candidates"].as_array()?.len();
        (listed == 2).then_some(answer)
    })
    .await;
    assert_eq!(answer.body["result"]["disclosure"], "coarse");
    assert!(!answer.text.contains("\"lat\""), "no position at all: {}", answer.text);
    let place = json!({ "place": { "position": { "lat": 38.7, "lng": -9.1 } } });
    settings.post("/v1/recommendations", place.clone()).await.refused(403, "forbidden");
    admin.post("/v1/recommendations", place).await.expect(200);
}

#[tokio::test]
async fn wrong_questions_say_what_is_wrong() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let ask = async |body: Value| admin.post("/v1/recommendations", body).await;
    ask(json!({})).await.refused(422, "invalid");
    ask(json!({ "case_id": uuid::Uuid::now_v7() })).await.refused(404, "not_found");
    let (case, _) = scene(&admin).await;
    let late = crate::support::account::seconds_from_now(301 + 5);
    ask(json!({ "case_id": case, "as_of": late })).await.refused(422, "invalid");
    ask(json!({ "case_id": case, "limit": 201 })).await.refused(422, "invalid");
    ask(json!({ "case_id": case, "limit": 0 })).await.refused(422, "invalid");
    ask(json!({ "case_id": case, "surplus": 1 })).await.refused(422, "invalid");
}
