//! What another policy would change, before anybody uses it.

use super::policy_use::{listed, scene};
use crate::support::{Account, Answer, Site};
use serde_json::{Value, json};

async fn preview(who: &Account<'_>, body: Value) -> Answer {
    who.post("/v1/policies/preview", body).await
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

#[tokio::test]
async fn it_says_who_moves_and_by_which_terms() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (case, [near, keen]) = scene(&admin).await;
    let answer = preview(&admin, json!({ "preset": "preference_first" })).await.expect(200);
    let body = &answer.body;
    assert_eq!(
        body["summary"],
        json!({ "cases": 1, "ranked": 1, "order_changed": 1, "new_first": 1 })
    );
    assert_eq!((&body["before"]["name"], &body["after"]), (&json!("balanced"), &Value::Null));
    let shown = &body["cases"][0];
    assert_eq!(
        (shown["case_id"].as_str(), &shown["not_ranked"]),
        (Some(case.as_str()), &Value::Null)
    );
    assert_eq!((&shown["entered"], &shown["left"]), (&json!([]), &json!([])));
    let changed = shown["changed"].as_array().unwrap();
    let order: Vec<&str> = changed.iter().map(|of| of["staff_id"].as_str().unwrap()).collect();
    assert_eq!(order, [keen.as_str(), near.as_str()]);
    assert_eq!((&changed[0]["rank_before"], &changed[0]["rank_after"]), (&json!(2), &json!(1)));
    assert_eq!(changed[0]["display_name"], "Keen");
    for person in changed {
        let number = |name: &str| person[name].as_f64().unwrap();
        assert!(close(number("score_after") - number("score_before"), number("score_change")));
        let terms = person["terms"].as_array().unwrap();
        let sum: f64 = terms.iter().map(|term| term["points_change"].as_f64().unwrap()).sum();
        assert!(close(sum, number("score_change")), "the terms explain the change: {person}");
    }
    // What was said comes true once the policy is used.
    let policy = json!({ "name": "Wishes", "preset": "preference_first" });
    let policy = admin.post("/v1/policies", policy).await.expect(201).str("/id").to_owned();
    let tried = preview(&admin, json!({ "policy_id": policy })).await.expect(200);
    let again = tried.body["cases"][0]["changed"].as_array().unwrap();
    for (one, other) in changed.iter().zip(again) {
        assert_eq!(
            (&one["staff_id"], &one["rank_after"]),
            (&other["staff_id"], &other["rank_after"])
        );
    }
    assert_eq!(tried.body["after"], json!({ "id": policy, "version": 1, "name": "Wishes" }));
    let versions = admin.get(&format!("/v1/policies/{policy}/versions")).await.expect(200);
    assert_eq!(versions.body["items"][0]["used_at"], Value::Null, "a preview is no use");
    let ask = json!({ "case_id": case, "policy_id": policy });
    let used = admin.post("/v1/recommendations", ask).await.expect(200);
    assert_eq!(listed(&used), order);
    // Against itself nothing changes.
    admin.patch("/v1/organization", json!({ "default_policy_id": policy })).await.expect(200);
    let same = preview(&admin, json!({ "policy_id": policy })).await.expect(200);
    assert_eq!(same.body["cases"][0]["changed"], json!([]));
    assert_eq!(same.body["cases"][0]["unchanged"], 2);
}

#[tokio::test]
async fn it_says_who_enters_and_leaves_and_which_rule_decides() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (case, [near, keen]) = scene(&admin).await;
    let body = json!({ "settings": { "max_travel_km": 5 }, "case_ids": [case] });
    let answer = preview(&admin, body).await.expect(200);
    let shown = &answer.body["cases"][0];
    assert_eq!(shown["unchanged"], 1, "{near} stays: {}", answer.text);
    assert_eq!(shown["left"][0]["staff_id"], json!(keen));
    assert_eq!(shown["left"][0]["failed_after"], json!(["beyond_max_travel"]));
    assert_eq!(shown["left"][0]["rank_after"], Value::Null);
    let strict = json!({ "name": "Close", "settings": { "max_travel_km": 5 } });
    let strict = admin.post("/v1/policies", strict).await.expect(201).str("/id").to_owned();
    admin.patch("/v1/organization", json!({ "default_policy_id": strict })).await.expect(200);
    // Settings count over those of the policy that is named.
    let wider = json!({ "policy_id": strict, "settings": { "max_travel_km": null } });
    let answer = preview(&admin, wider).await.expect(200);
    let shown = &answer.body["cases"][0];
    assert_eq!(shown["entered"][0]["staff_id"], json!(keen), "{}", answer.text);
    assert_eq!(shown["entered"][0]["failed_before"], json!(["beyond_max_travel"]));
    assert_eq!(answer.body["after"], Value::Null);
    assert_eq!(answer.body["before"]["id"], json!(strict));
}

#[tokio::test]
async fn cases_that_cannot_be_ranked_are_said() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (case, _) = scene(&admin).await;
    let more = async |title: &str| {
        let body = json!({ "title": title, "position": { "lat": 38.71, "lng": -9.14 } });
        admin.post("/v1/cases", body).await.expect(201).str("/id").to_owned()
    };
    let (done, lost) = (more("Done").await, more("Somewhere").await);
    admin.patch(&format!("/v1/cases/{done}"), json!({ "status": "done" })).await.expect(200);
    sqlx::query("UPDATE cases SET position = NULL, address = '{}' WHERE id = $1")
        .bind(lost.parse::<uuid::Uuid>().unwrap())
        .execute(&mut site.database.look().await)
        .await
        .expect("a case without a position");
    let codes = |answer: &Answer| {
        let cases = answer.body["cases"].as_array().unwrap();
        let code = |case: &Value| {
            (case["case_id"].as_str().unwrap().to_owned(), case["not_ranked"]["code"].clone())
        };
        cases.iter().map(code).collect::<Vec<_>>()
    };
    // By themselves only open ones are looked at, the newest first.
    let open = preview(&admin, json!({ "preset": "nearest" })).await.expect(200);
    let place = json!("not_geocoded");
    assert_eq!(codes(&open), [(lost.clone(), place.clone()), (case.clone(), Value::Null)]);
    assert_eq!(open.body["summary"]["ranked"], 1);
    let named = json!({ "preset": "nearest", "case_ids": [case, done, lost] });
    let named = preview(&admin, named).await.expect(200);
    let closed = json!("case_closed");
    assert_eq!(codes(&named), [(case.clone(), Value::Null), (done, closed), (lost, place)]);
    let unknown = uuid::Uuid::now_v7();
    for (body, pointers) in [
        (json!({}), vec!["/settings"]),
        (json!({ "preset": "nearest", "case_ids": [case, unknown] }), vec!["/case_ids/1"]),
        (json!({ "preset": "nearest", "case_ids": [case, case] }), vec!["/case_ids/1"]),
        (json!({ "preset": "nearest", "case_ids": vec![unknown; 51] }), vec!["/case_ids"]),
        (json!({ "settings": { "speed_kmh": 0 } }), vec!["/settings/speed_kmh"]),
        (json!({ "policy_id": unknown }), vec!["/policy_id"]),
        (json!({ "policy_id": unknown, "preset": "nearest" }), vec!["/preset"]),
        (json!({ "preset": "best" }), vec!["/preset"]),
    ] {
        let refused = preview(&admin, body).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), pointers, "{}", refused.text);
    }
}

#[tokio::test]
async fn an_exact_preview_is_a_recorded_read_and_a_coarse_one_is_none() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (_, people) = scene(&admin).await;
    let coarse = admin.create_account("admin", "full").await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let reads = async |who: &Account<'_>| -> Vec<Vec<uuid::Uuid>> {
        let query = "SELECT people FROM position_reads \
            WHERE route = '/v1/policies/preview' AND actor_id = $1";
        let of = sqlx::query_scalar(query).bind(who.id.parse::<uuid::Uuid>().unwrap());
        of.fetch_all(&mut site.database.look().await).await.expect("the reads")
    };
    let body = || json!({ "preset": "preference_first" });
    let answer = preview(&coarse, body()).await.expect(200);
    assert_eq!(answer.body["disclosure"], "coarse");
    assert!(reads(&coarse).await.is_empty());
    let answer = preview(&scheduler, body()).await.expect(200);
    assert_eq!(answer.body["disclosure"], "exact");
    let mut wanted: Vec<uuid::Uuid> = people.iter().map(|id| id.parse().unwrap()).collect();
    wanted.sort_unstable();
    assert_eq!(reads(&scheduler).await, [wanted]);
}
