//! What a person sees of their own work, and does with it.

use crate::support::{
    Account, Site,
    account::seconds_from_now,
    assigned::{assign, case_at, case_with, path, person},
};
use reqwest::Method;
use serde_json::json;

fn own(id: &str) -> String {
    format!("/v1/me/assignments/{id}")
}

async fn states(who: &Account<'_>, query: &str) -> Vec<String> {
    let list = who.get(&format!("/v1/me/assignments?{query}")).await.expect(200);
    let items = list.body["items"].as_array().unwrap();
    items.iter().map(|item| item["state"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_limited_person_sees_and_moves_only_their_own() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let other = person(&admin, "Other").await;
    let begun = json!({ "starts_at": seconds_from_now(-600), "duration_min": 60 });
    let case = case_with(&admin, begun).await;
    let mine = assign(&admin, &case, &grace.id).await.expect(201);
    let theirs = assign(&admin, &case_at(&admin, 8, 1).await, &other).await.expect(201);
    assert_eq!(states(&grace, "").await, ["assigned"]);
    grace.get(&path(&mine)).await.expect(200);
    grace.get(&path(&theirs)).await.refused(404, "not_found");
    let listed = grace.get("/v1/assignments").await.expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
    grace.patch(&path(&mine), json!({ "state": "done" })).await.refused(403, "forbidden");
    let one = own(mine.str("/id"));
    let say = |version: Option<&'static str>, state: &str| {
        grace.update(Method::PATCH, &one, version, json!({ "state": state }))
    };
    say(None, "en_route").await.refused(428, "precondition_required");
    let on_the_way = say(Some("\"1\""), "en_route").await.expect(200);
    assert_eq!(on_the_way.header("etag"), "\"2\"");
    say(Some("\"1\""), "on_site").await.refused(412, "precondition_failed");
    let repeated = say(Some("*"), "en_route").await.expect(200);
    assert_eq!(repeated.str("/en_route_at"), on_the_way.str("/en_route_at"));
    for foreign in ["cancelled", "assigned", "lost"] {
        let refused = say(Some("*"), foreign).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), ["/state"]);
    }
    let surplus = json!({ "state": "on_site", "starts_at": "2100-01-01T08:00:00Z" });
    let surplus = grace.patch(&one, surplus).await.refused(422, "invalid");
    assert_eq!(surplus.pointers(), ["/starts_at"]);
    say(Some("*"), "on_site").await.expect(200);
    say(Some("*"), "en_route").await.refused(409, "no_way_back");
    let done = say(Some("*"), "done").await.expect(200);
    assert_eq!(done.str("/ends_at"), done.str("/done_at"), "what is left of the time is free");
    say(Some("*"), "on_site").await.refused(409, "assignment_ended");
    assert!(states(&grace, "open=true").await.is_empty());
    assert_eq!(states(&grace, "open=false").await, ["done"]);
    grace
        .patch(&own(theirs.str("/id")), json!({ "state": "done" }))
        .await
        .refused(404, "not_found");
    grace.get("/v1/me/assignments?case=x").await.refused(400, "malformed_query");
    let trail = admin.get("/v1/audit?action=assignment.update").await.expect(200);
    let entries = trail.body["items"].as_array().unwrap();
    assert_eq!(entries.len(), 3, "a repetition is no change");
}

#[tokio::test]
async fn a_limited_scheduler_works_on_the_cases_they_made() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let limited = admin.create_account("scheduler", "limited").await;
    let other = person(&admin, "Other").await;
    let (own, foreign) = (case_at(&limited, 8, 1).await, case_at(&admin, 8, 1).await);
    assign(&limited, &foreign, &limited.id).await.refused(404, "not_found");
    let unknown = assign(&limited, &own, &other).await.refused(422, "invalid");
    assert_eq!(unknown.pointers(), ["/staff_id"], "they see nobody else");
    let made = assign(&limited, &own, &limited.id).await.expect(201);
    limited.delete(&path(&made)).await.expect(204);
    let given = assign(&admin, &own, &other).await.expect(201);
    limited.get(&path(&given)).await.expect(200);
    // What they were given to do they cannot give away.
    let theirs = assign(&admin, &foreign, &limited.id).await.expect(201);
    limited.delete(&path(&theirs)).await.refused(404, "not_found");
}
