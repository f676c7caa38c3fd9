//! The funnel names the one change that helps most, and the change does what it says.

use crate::support::{Account, Answer, Site, eventually};
use serde_json::{Value, json};

async fn ask(who: &Account<'_>, case: &str, limit: usize) -> Answer {
    who.post("/v1/recommendations", json!({ "case_id": case, "limit": limit })).await.expect(200)
}

fn listed(answer: &Answer) -> usize {
    answer.body["result"]["candidates"].as_array().unwrap().len()
}

/// People with a camera at such levels, and a case that asks for the highest.
async fn scene(admin: &Account<'_>, levels: &[u8]) -> String {
    for level in levels {
        let body = json!({ "display_name": "P", "home": { "lat": 38.72, "lng": -9.14 },
            "skills": [{ "code": "camera", "level": level }] });
        admin.create_staff(body).await;
    }
    let case = json!({ "title": "Shop", "position": { "lat": 38.71, "lng": -9.14 },
        "skills": [{ "code": "camera", "required": 5 }] });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    eventually("all are in the index", async || {
        let answer = ask(admin, &case, 20).await;
        let considered = answer.body["result"]["considered"].as_u64()?;
        (considered == levels.len() as u64 + 1).then_some(())
    })
    .await;
    case
}

#[tokio::test]
async fn the_number_moves_just_far_enough_and_brings_back_as_many_as_promised() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let case = scene(&admin, &[5, 4, 3, 3, 3, 1]).await;
    let answer = ask(&admin, &case, 3).await;
    assert_eq!(listed(&answer), 1);
    let best = &answer.body["result"]["funnel"]["best_relaxation"];
    // Two are missing: level 4 brings back one, level 3 all of those with it.
    let to_3 = json!({ "change": "required_skills", "skills": [{ "skill": "camera", "to": 3 }] });
    assert_eq!(best["change"], to_3, "{}", answer.text);
    assert_eq!((&best["rule"], &best["brings_back"]), (&json!("missing_skill"), &json!(4)));
    assert_eq!(best["detail"], "required level of skill camera to 3");
    let lower = json!({ "skills": [{ "code": "camera", "required": 3 }] });
    admin.patch(&format!("/v1/cases/{case}"), lower).await.expect(200);
    let answer = ask(&admin, &case, 20).await;
    assert_eq!(listed(&answer), 1 + 4);
    assert_eq!(answer.body["result"]["funnel"], Value::Null, "five are enough");
}

#[tokio::test]
async fn a_funnel_comes_by_itself_and_what_is_left_out_is_always_said() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let case = scene(&admin, &[5, 5, 1]).await;
    let few = ask(&admin, &case, 3).await;
    assert_eq!(few.body["result"]["funnel"]["eligible"], 2, "{}", few.text);
    assert_eq!(few.body["result"]["truncated"], false);
    let enough = ask(&admin, &case, 2).await;
    assert_eq!(enough.body["result"]["funnel"], Value::Null, "{}", enough.text);
    assert_eq!(enough.body["result"]["truncated"], false, "there are no more");
    let one = ask(&admin, &case, 1).await;
    assert_eq!(listed(&one), 1);
    let result = &one.body["result"];
    assert_eq!((&result["truncated"], &result["not_geocoded"]), (&json!(true), &json!(false)));
    // The admin has no home.
    assert_eq!((&result["no_location"], &result["out_of_scope"]), (&json!(1), &Value::Null));
}

#[tokio::test]
async fn where_no_change_helps_none_is_named() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let case = json!({ "title": "Shop", "position": { "lat": 38.71, "lng": -9.14 },
        "skills": [{ "code": "camera", "required": 1 }],
        "licences": [{ "code": "PI", "jurisdiction": "PT" }] });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    let answer = eventually("the admin is in the index", async || {
        let answer = ask(&admin, &case, 5).await;
        (answer.body["result"]["considered"] == 1).then_some(answer)
    })
    .await;
    let funnel = &answer.body["result"]["funnel"];
    assert_eq!(funnel["eligible"], 0);
    assert_eq!(funnel["best_relaxation"], Value::Null, "two rules fail: {}", answer.text);
}
