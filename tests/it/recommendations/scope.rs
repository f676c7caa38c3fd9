//! Recommendations within a view scope: people outside are left out and counted, and nobody's
//! score depends on it.

use crate::support::{
    Account, Answer, Site,
    departments::{change, department, scoped_account},
    eventually,
};
use serde_json::{Value, json};

async fn recommend(who: &Account<'_>, case: &str) -> Answer {
    let body = json!({ "case_id": case, "funnel": true });
    who.post("/v1/recommendations", body).await.expect(200)
}

fn listed(answer: &Answer) -> Vec<(String, Value)> {
    let candidates = answer.body["result"]["candidates"].as_array().unwrap();
    let one = |c: &Value| (c["staff_id"].as_str().unwrap().to_owned(), c["score"].clone());
    candidates.iter().map(one).collect()
}

#[tokio::test]
async fn people_outside_the_scope_are_left_out_and_counted() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let north = department(&site, "North", None).await;
    let south = department(&site, "South", None).await;
    let person = async |lat: f64, department: &str| {
        let body = json!({ "display_name": "P", "home": { "lat": lat, "lng": -9.14 },
            "departments": [department], "skills": [{ "code": "camera", "level": 3 }] });
        admin.create_staff(body).await
    };
    let (near, far) = (person(38.71, &south).await, person(38.80, &north).await);
    let narrow = scoped_account(&admin, "scheduler", &[&north]).await;
    let case = json!({ "title": "Shop", "position": { "lat": 38.71, "lng": -9.14 },
        "skills": [{ "code": "camera", "required": 1 }] });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    let all = eventually("both are in the index", async || {
        let answer = recommend(&admin, &case).await;
        (listed(&answer).len() == 2 && answer.body["result"]["considered"] == 4).then_some(answer)
    })
    .await;
    assert_eq!(listed(&all)[0].0, near);
    assert!(all.body["result"]["out_of_scope"].is_null(), "{}", all.text);
    let some = recommend(&narrow, &case).await;
    assert_eq!(listed(&some), listed(&all)[1..], "the same score as for everybody");
    assert_eq!(listed(&some)[0].0, far);
    let result = &some.body["result"];
    // Themselves and the one of their department; the admin and the other are out of scope.
    assert_eq!((&result["considered"], &result["out_of_scope"]), (&json!(2), &json!(2)));
    let funnel = &result["funnel"];
    assert_eq!((&funnel["considered"], &funnel["out_of_scope"]), (&json!(2), &json!(2)));
    assert_eq!(funnel["eligible"], 1);
    change(&admin, &near, json!({ "departments": [south, north] })).await;
    let both = recommend(&narrow, &case).await;
    assert_eq!(listed(&both).len(), 2, "memberships count from the next request on");
    assert_eq!(both.body["result"]["out_of_scope"], 1);
}
