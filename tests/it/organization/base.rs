//! The organisation's base: where everybody without a home starts from.

use crate::support::{Account, Site, eventually};
use reqwest::Method;
use serde_json::{Value, json};

/// The one camera person of a recommendation for this case.
async fn candidate(admin: &Account<'_>, case: &str) -> Option<Value> {
    let answer = admin.post("/v1/recommendations", json!({ "case_id": case })).await.expect(200);
    answer.body["result"]["candidates"].get(0).cloned()
}

#[tokio::test]
async fn moving_the_base_moves_everybody_without_a_home() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let skills = json!([{ "code": "camera", "level": 3 }]);
    let body = json!({ "display_name": "No home", "skills": skills });
    admin.create_staff(body).await;
    let body = json!({ "display_name": "At home", "skills": [{ "code": "sound", "level": 3 }],
        "home": { "lat": 38.71, "lng": -9.14 } });
    admin.create_staff(body).await;
    let case_for = async |skill: &str| {
        let body = json!({ "title": skill, "position": { "lat": 38.71, "lng": -9.14 },
            "skills": [{ "code": skill, "required": 1 }] });
        admin.post("/v1/cases", body).await.expect(201).str("/id").to_owned()
    };
    let (camera, sound) = (case_for("camera").await, case_for("sound").await);
    let starts = async |case: &str, what: &str, fits: &dyn Fn(&Value) -> bool| {
        eventually(what, async || candidate(&admin, case).await.filter(|found| fits(found))).await
    };
    let nowhere = |found: &Value| found["location"]["source"] == "none";
    starts(&camera, "nothing is known without a base", &nowhere).await;
    let at = |lat: f64| json!({ "base": { "lat": lat, "lng": -9.14 } });
    admin.patch("/v1/organization", at(38.72)).await.expect(200);
    let from_base = |least: f64, most: f64| {
        move |found: &Value| {
            let far = found["distance_km"].as_f64().unwrap_or(f64::NAN);
            found["location"]["source"] == "base" && (least..most).contains(&far)
        }
    };
    let near = starts(&camera, "the base is near", &from_base(1.0, 1.3)).await;
    let version = admin.get("/v1/organization").await.expect(200).header("etag").to_owned();
    let path = "/v1/organization";
    admin.update(Method::PATCH, path, None, at(39.1)).await.refused(428, "precondition_required");
    admin.update(Method::PATCH, path, Some(&version), at(39.1)).await.expect(200);
    let stale = admin.update(Method::PATCH, path, Some(&version), at(39.2)).await;
    stale.refused(412, "precondition_failed");
    let far = starts(&camera, "the base is far", &from_base(43.0, 44.0)).await;
    let score = |found: &Value| found["score_micropoints"].as_u64().unwrap();
    assert!(score(&far) < score(&near), "a longer drive scores less: {near} {far}");
    let home = |found: &Value| found["location"]["source"] == "home";
    starts(&sound, "a home comes before the base", &home).await;
    admin.patch("/v1/organization", json!({ "base": null })).await.expect(200);
    starts(&camera, "the base is gone", &nowhere).await;
}
