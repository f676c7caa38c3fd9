//! Recommendations narrowed to tags, groups and departments: the others are counted under the last
//! rule, and a view scope stays as it is.

use crate::support::{
    Account, Answer, Site,
    departments::{department, scoped_account},
    eventually,
};
use serde_json::{Value, json};

/// A case by its id.
async fn case(admin: &Account<'_>) -> String {
    let case = json!({ "title": "Shop", "position": { "lat": 38.71, "lng": -9.14 },
        "skills": [{ "code": "camera", "required": 1 }] });
    admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned()
}

/// A person with a camera and such memberships.
async fn person(admin: &Account<'_>, name: &str, mut memberships: Value) -> String {
    memberships["display_name"] = json!(name);
    memberships["home"] = json!({ "lat": 38.72, "lng": -9.14 });
    memberships["skills"] = json!([{ "code": "camera", "level": 3 }]);
    admin.create_staff(memberships).await
}

async fn ask(who: &Account<'_>, case: &str, only: Value) -> Answer {
    let body = json!({ "case_id": case, "only": only, "funnel": true });
    who.post("/v1/recommendations", body).await
}

fn listed(answer: &Answer) -> Vec<String> {
    let candidates = answer.body["result"]["candidates"].as_array().unwrap();
    let mut ids: Vec<String> =
        candidates.iter().map(|c| c["staff_id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

fn removed(answer: &Answer, rule: &str) -> Value {
    let removed = answer.body["result"]["funnel"]["removed"].as_array().unwrap();
    let found = removed.iter().find(|removed| removed["rule"] == rule);
    found.map_or(json!(0), |found| found["people"].clone())
}

#[tokio::test]
async fn only_members_are_candidates_and_the_others_are_counted() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let tag = admin.create_named("/v1/tags", "Night").await;
    let group = admin.create_named("/v1/groups", "Divers").await;
    let south = department(&site, "South", None).await;
    let tagged = person(&admin, "Tagged", json!({ "tags": [tag] })).await;
    let diver = person(&admin, "Diver", json!({ "groups": [group] })).await;
    let southern = person(&admin, "Southern", json!({ "departments": [south] })).await;
    person(&admin, "Nobody", json!({})).await;
    let case = case(&admin).await;
    eventually("all are in the index", async || {
        let answer = admin.post("/v1/recommendations", json!({ "case_id": case })).await;
        (listed(&answer.expect(200)).len() == 4).then_some(())
    })
    .await;
    let of_tag = ask(&admin, &case, json!({ "tags": [tag] })).await.expect(200);
    assert_eq!(listed(&of_tag), [tagged.as_str()]);
    // The admin and three others.
    assert_eq!(removed(&of_tag, "not_in_group"), 4);
    let relaxed = &of_tag.body["result"]["funnel"]["best_relaxation"];
    assert_eq!(relaxed["change"], json!({ "change": "rule_off", "rule": "not_in_group" }));
    assert_eq!((&relaxed["rule"], &relaxed["brings_back"]), (&json!("not_in_group"), &json!(3)));
    let any = json!({ "tags": [tag], "groups": [group], "departments": [south] });
    let mut three = [tagged, diver.clone(), southern];
    three.sort();
    assert_eq!(listed(&ask(&admin, &case, any).await.expect(200)), three);
    let why_not = json!({ "case_id": case, "only": { "tags": [tag] }, "staff_id": diver });
    let answer = admin.post("/v1/recommendations/why-not", why_not).await.expect(200);
    assert_eq!(answer.body["failed"][0]["rule"], "not_in_group", "{}", answer.text);
    let none = admin.create_named("/v1/tags", "Nobody has it").await;
    let empty = ask(&admin, &case, json!({ "tags": [none] })).await.expect(200);
    assert!(listed(&empty).is_empty());
    assert_eq!(removed(&empty, "not_in_group"), 5);
}

#[tokio::test]
async fn what_is_not_there_is_pointed_at() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let tag = admin.create_named("/v1/tags", "Night").await;
    let case = case(&admin).await;
    let stranger = uuid::Uuid::now_v7();
    let unknown =
        json!({ "tags": [tag, stranger], "groups": [stranger], "departments": [stranger] });
    let refused = ask(&admin, &case, unknown).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/only/tags/1", "/only/groups/0", "/only/departments/0"]);
    for (wrong, pointer) in [
        (json!({}), "/only"),
        (json!({ "tags": [] }), "/only"),
        (json!({ "tags": [tag, tag] }), "/only/tags/1"),
        (json!({ "tags": [tag], "queues": [] }), "/only/queues"),
    ] {
        let refused = ask(&admin, &case, wrong).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), [pointer]);
    }
}

#[tokio::test]
async fn groups_widen_no_view_scope() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let north = department(&site, "North", None).await;
    let south = department(&site, "South", None).await;
    let group = admin.create_named("/v1/groups", "Divers").await;
    let both = |department: &str| json!({ "departments": [department], "groups": [group] });
    let seen = person(&admin, "Seen", both(&north)).await;
    person(&admin, "Unseen", both(&south)).await;
    let narrow = scoped_account(&admin, "scheduler", &[&north]).await;
    let case = case(&admin).await;
    let only = json!({ "groups": [group] });
    eventually("both are in the index", async || {
        let answer = ask(&admin, &case, only.clone()).await.expect(200);
        (listed(&answer).len() == 2).then_some(())
    })
    .await;
    let answer = ask(&narrow, &case, only).await.expect(200);
    assert_eq!(listed(&answer), [seen]);
    assert_eq!(answer.body["result"]["out_of_scope"], 2, "{}", answer.text);
}
