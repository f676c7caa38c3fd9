//! What is only tried: a preset, settings, and rules relaxed as the funnel proposes. It ranks as a
//! change of the case or policy would, and stores nothing.

use crate::support::{Account, Answer, Site, eventually};
use serde_json::{Value, json};

async fn ask(who: &Account<'_>, body: Value) -> Answer {
    who.post("/v1/recommendations", body).await
}

fn listed(answer: &Answer) -> Vec<Value> {
    let candidates = answer.body["result"]["candidates"].as_array().expect("candidates");
    candidates.iter().map(|candidate| candidate["staff_id"].clone()).collect()
}

/// One person near by without the skill, one far away with it, and a case that asks for it.
async fn scene(admin: &Account<'_>) -> (String, String, String) {
    let near = json!({ "display_name": "Near", "home": { "lat": 38.711, "lng": -9.14 },
        "skills": [{ "code": "camera", "level": 2 }] });
    let far = json!({ "display_name": "Far", "home": { "lat": 38.90, "lng": -9.14 },
        "skills": [{ "code": "camera", "level": 5 }] });
    let (near, far) = (admin.create_staff(near).await, admin.create_staff(far).await);
    let case = json!({ "title": "Shop", "position": { "lat": 38.71, "lng": -9.14 },
        "skills": [{ "code": "camera", "required": 3 }] });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    eventually("both are in the index", async || {
        let answer = ask(admin, json!({ "case_id": case })).await.expect(200);
        (answer.body["result"]["considered"] == 3).then_some(())
    })
    .await;
    (case, near, far)
}

#[tokio::test]
async fn the_funnel_s_change_is_tried_as_it_is_written_and_nothing_is_kept() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (case, near, far) = scene(&admin).await;
    let before = ask(&admin, json!({ "case_id": case, "funnel": true })).await.expect(200);
    assert_eq!(listed(&before), [json!(far)], "{}", before.text);
    let best = before.body["result"]["funnel"]["best_relaxation"]["change"].clone();
    assert_eq!(best["change"], "required_skills");
    let body = json!({ "case_id": case, "relax": [best] });
    let tried = ask(&admin, body).await.expect(200);
    // The admin has no place, and comes last.
    assert_eq!(listed(&tried)[..2], [json!(near), json!(far)], "{}", tried.text);
    assert_eq!(tried.body["id"], Value::Null, "it is not kept");
    let named = json!({ "id": null, "version": 0, "name": "trial" });
    assert_eq!(tried.body["result"]["policy"], named);
    let digest = |answer: &Answer| answer.body["result"]["case_digest"].clone();
    assert_ne!(digest(&tried), digest(&before), "another case was ranked");
    // The case is as it was.
    let after = ask(&admin, json!({ "case_id": case })).await.expect(200);
    assert_eq!((listed(&after), digest(&after)), (vec![json!(far)], digest(&before)));
    // Why-not tries the same.
    let body = json!({ "case_id": case, "staff_id": near });
    let plain = admin.post("/v1/recommendations/why-not", body.clone()).await.expect(200);
    assert_eq!(plain.body["eligible"], false, "{}", plain.text);
    let mut with = body;
    with["relax"] =
        json!([{ "change": "required_skills", "skills": [{ "skill": "camera", "to": 0 }] }]);
    let tried = admin.post("/v1/recommendations/why-not", with).await.expect(200);
    assert_eq!(tried.body["eligible"], true, "{}", tried.text);
}

#[tokio::test]
async fn a_preset_and_settings_rank_the_case_without_a_stored_policy() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (case, near, far) = scene(&admin).await;
    let preset = ask(&admin, json!({ "case_id": case, "preset": "fair_share" })).await.expect(200);
    let policy = &preset.body["result"]["policy"];
    assert_eq!((&policy["name"], &policy["id"]), (&json!("fair_share"), &Value::Null));
    assert_eq!(preset.body["id"], Value::Null);
    let body = json!({ "case_id": case, "preset": "nearest", "settings": { "max_travel_km": 5, "require_location": true },
        "relax": [{ "change": "rule_off", "rule": "missing_skill" }] });
    let tried = ask(&admin, body).await.expect(200);
    assert_eq!(listed(&tried), [json!(near)], "{}", tried.text);
    assert_eq!(tried.body["result"]["policy"]["name"], "trial");
    let further = json!({ "case_id": case, "settings": { "max_travel_km": 5 },
        "relax": [{ "change": "max_travel_km", "to": 50 }] });
    let tried = ask(&admin, further).await.expect(200);
    assert_eq!(listed(&tried), [json!(far)], "{}", tried.text);
}

#[tokio::test]
async fn what_cannot_be_tried_is_refused_with_its_place() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (case, ..) = scene(&admin).await;
    let off = |rule: &str| json!({ "change": "rule_off", "rule": rule });
    for (body, pointers) in [
        (json!({ "relax": [off("time_off"), off("inactive")] }), vec!["/relax/1"]),
        (json!({ "relax": [{ "change": "on_panel" }, 7] }), vec!["/relax/0", "/relax/1"]),
        (json!({ "relax": [{ "change": "max_utilisation", "to": -1 }] }), vec!["/relax/0"]),
        (json!({ "relax": vec![off("time_off"); 11] }), vec!["/relax"]),
        (json!({ "relax": "all", "preset": "best" }), vec!["/preset", "/relax"]),
        (json!({ "settings": { "speed_kmh": 0 } }), vec!["/settings/speed_kmh"]),
        (json!({ "settings": { "speed": 1 } }), vec!["/settings/speed"]),
    ] {
        let mut asked = body.clone();
        asked["case_id"] = json!(case);
        let answer = ask(&admin, asked).await.refused(422, "invalid");
        let mut found = answer.pointers();
        found.sort_unstable();
        assert_eq!(found, pointers, "{body}: {}", answer.text);
    }
    // A scheduler who may not try policies may not try these either.
    let role = json!({ "name": "Asks", "permissions": ["recommendations:view"] });
    let role = admin.post("/v1/roles", role).await.expect(201).str("/id").to_owned();
    let asks = admin.create_account_with("general", "full", json!({ "roles": [role] })).await;
    ask(&asks, json!({ "case_id": case })).await.expect(200);
    let body = json!({ "case_id": case, "preset": "nearest" });
    ask(&asks, body).await.refused(403, "forbidden");
}
