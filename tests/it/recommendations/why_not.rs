//! Why somebody is not recommended: rules with what would let them pass, gaps for the eligible, and
//! nothing that the caller may not know.

use crate::support::{
    Account, Answer, Site,
    departments::{department, scoped_account},
    eventually,
};
use serde_json::{Value, json};

async fn ask(who: &Account<'_>, case: &str, staff: &str, limit: usize) -> Answer {
    let body = json!({ "case_id": case, "staff_id": staff, "limit": limit });
    who.post("/v1/recommendations/why-not", body).await
}

/// A service, a case that asks for it and for a camera, and people: near, far, and unfit for two
/// reasons.
async fn scene(admin: &Account<'_>) -> (String, String, [String; 3]) {
    let service = admin.create_named("/v1/services", "Photos").await;
    let person = |name: &str, level: u8, lat: f64| {
        json!({ "display_name": name, "home": { "lat": lat, "lng": -9.14 },
            "skills": [{ "code": "camera", "level": level }] })
    };
    let near = admin.create_staff(person("Near", 4, 38.72)).await;
    let far = admin.create_staff(person("Far", 4, 38.95)).await;
    let unfit = admin.create_staff(person("Unfit", 1, 38.71)).await;
    let preferences = json!({ "services": [{ "service_id": service, "preference": "never" }],
        "regions": [] });
    admin.put(&format!("/v1/staff/{unfit}/work-preferences"), preferences).await.expect(200);
    let case = json!({ "title": "Shop front", "position": { "lat": 38.71, "lng": -9.14 },
        "services": [service], "skills": [{ "code": "camera", "required": 3 }] });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    eventually("all is in the index", async || {
        let answer = admin.post("/v1/recommendations", json!({ "case_id": case })).await;
        let listed = answer.body["result"]["candidates"].as_array()?.len();
        let unfit = ask(admin, &case, &unfit, 20).await;
        let failed = unfit.body["failed"].as_array()?.len();
        (listed == 2 && failed == 2).then_some(())
    })
    .await;
    (service, case, [near, far, unfit])
}

#[tokio::test]
async fn every_failed_rule_comes_with_what_would_let_it_pass() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (service, case, [_, _, unfit]) = scene(&admin).await;
    let answer = ask(&admin, &case, &unfit, 20).await.expect(200);
    assert_eq!((&answer.body["eligible"], &answer.body["standing"]), (&json!(false), &Value::Null));
    let failed = answer.body["failed"].as_array().unwrap();
    let rules: Vec<&str> = failed.iter().map(|rule| rule["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["service_never", "missing_skill"], "in table order");
    let never = &failed[0];
    assert_eq!(never["items"], json!([{ "of": service, "has": "never", "needs": "avoid" }]));
    let avoid = json!({ "change": "services", "services": [service], "to": "avoid" });
    assert_eq!(never["change"], avoid);
    let skill = &failed[1];
    assert_eq!(skill["items"], json!([{ "of": "camera", "has": 1.0, "needs": 3.0 }]));
    let lower = json!({ "change": "required_skills", "skills": [{ "skill": "camera", "to": 1 }] });
    assert_eq!(skill["change"], lower);
    assert!(skill["detail"].as_str().unwrap().contains("required level of skill camera to 1"));
}

#[tokio::test]
async fn the_eligible_learn_their_gaps_and_what_would_list_them() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (service, case, [near, far, _]) = scene(&admin).await;
    let listed = ask(&admin, &case, &near, 1).await.expect(200);
    let standing = &listed.body["standing"];
    assert_eq!((&standing["rank"], &standing["listed"]), (&json!(1), &json!(true)));
    assert_eq!(standing["smallest_change"], Value::Null);
    let answer = ask(&admin, &case, &far, 1).await.expect(200);
    let standing = &answer.body["standing"];
    assert_eq!((&standing["rank"], &standing["listed"]), (&json!(2), &json!(false)));
    assert_eq!(standing["last"]["staff_id"], near.as_str());
    let terms = standing["last"]["terms"].as_array().unwrap();
    let gaps: i64 = terms.iter().map(|term| term["gap_micropoints"].as_i64().unwrap()).sum();
    assert_eq!(standing["last"]["gap_micropoints"], gaps, "the gaps add up");
    assert!(gaps > 0);
    let smallest = &standing["smallest_change"];
    assert_eq!(smallest["change"]["change"], "eta_min", "{}", answer.text);
    assert!(smallest["detail"].as_str().unwrap().starts_with("ETA at most "));
    assert_eq!(smallest["rank"], 1);
    // The change is made: they move as near as that says.
    let home = json!({ "home": { "lat": 38.711, "lng": -9.14 } });
    admin.patch(&format!("/v1/staff/{far}"), home).await.expect(200);
    let preferences = json!({ "services": [{ "service_id": service, "preference": "preferred" }],
        "regions": [] });
    admin.put(&format!("/v1/staff/{far}/work-preferences"), preferences).await.expect(200);
    eventually("they are listed now", async || {
        let answer = ask(&admin, &case, &far, 1).await.expect(200);
        (answer.body["standing"]["listed"] == true).then_some(())
    })
    .await;
}

#[tokio::test]
async fn coarse_callers_learn_no_more_than_from_their_ranking() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (_, case, [near, far, _]) = scene(&admin).await;
    let coarse = admin.create_account("admin", "full").await;
    let exact_answer = ask(&admin, &case, &far, 1).await.expect(200);
    let answer = ask(&coarse, &case, &far, 1).await.expect(200);
    assert_eq!(exact_answer.body["disclosure"], "exact");
    assert_eq!(answer.body["disclosure"], "coarse");
    assert!(!answer.text.contains("\"lat\"") && !exact_answer.text.contains("\"lat\""));
    // The drive is that of their own ranking, from the cell's centre.
    let ranking = coarse.post("/v1/recommendations", json!({ "case_id": case })).await.expect(200);
    let listed = ranking.body["result"]["candidates"].as_array().unwrap();
    let own = listed.iter().find(|candidate| candidate["staff_id"] == far.as_str()).unwrap();
    let drive = |answer: &Answer| {
        let change = answer.body["standing"]["smallest_change"]["change"].clone();
        assert_eq!(change["change"], "eta_min", "{}", answer.text);
        change["has"].clone()
    };
    assert_eq!(drive(&answer), own["eta_min"]);
    assert_ne!(drive(&answer), drive(&exact_answer));
    let place = json!({ "position": { "lat": 38.7, "lng": -9.1 } });
    let by_place = json!({ "place": place, "staff_id": near });
    let route = "/v1/recommendations/why-not";
    coarse.post(route, by_place.clone()).await.refused(403, "forbidden");
    admin.post(route, by_place).await.expect(200);
    let reads = |actor: &str| {
        let statement = "SELECT count(*) FROM position_reads \
             WHERE actor_id = $1 AND $2 = ANY(people) AND route = '/v1/recommendations/why-not'";
        let person: uuid::Uuid = far.parse().unwrap();
        let actor: uuid::Uuid = actor.parse().unwrap();
        sqlx::query_scalar::<_, i64>(statement).bind(actor).bind(person)
    };
    let mut database = site.database.look().await;
    assert_eq!(reads(&admin.id).fetch_one(&mut database).await.unwrap(), 1);
    assert_eq!(reads(&coarse.id).fetch_one(&mut database).await.unwrap(), 0);
}

#[tokio::test]
async fn nobody_is_found_outside_the_scope_and_wrong_questions_say_so() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (_, case, [near, ..]) = scene(&admin).await;
    let north = department(&site, "North", None).await;
    let narrow = scoped_account(&admin, "scheduler", &[&north]).await;
    ask(&narrow, &case, &near, 20).await.refused(404, "not_found");
    let nobody = uuid::Uuid::now_v7().to_string();
    ask(&admin, &case, &nobody, 20).await.refused(404, "not_found");
    let wrong = json!({ "case_id": case, "limit": 0, "surplus": 1 });
    let refused = admin.post("/v1/recommendations/why-not", wrong).await.refused(422, "invalid");
    let mut pointers = refused.pointers();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/limit", "/staff_id", "/surplus"]);
    ask(&admin, &nobody, &near, 20).await.refused(404, "not_found");
}
