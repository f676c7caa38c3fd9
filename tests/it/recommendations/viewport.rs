//! Recommendations within a viewport: only people shown inside are listed, with the score they have
//! anyway.

use crate::support::{Account, Answer, Site, eventually};
use serde_json::{Value, json};

const HOME: (f64, f64) = (38.722_345, -9.139_876);
const NORTH: &str = "-9.20,38.71,-9.05,38.80";

fn place((lat, lng): (f64, f64)) -> Value {
    json!({ "lat": lat, "lng": lng })
}

async fn ask(who: &Account<'_>, bbox: Option<&str>) -> Answer {
    let mut body = json!({ "place": { "position": place((38.70, -9.14)) }, "funnel": true });
    if let Some(bbox) = bbox {
        body["bbox"] = json!(bbox);
    }
    who.post("/v1/recommendations", body).await
}

fn listed(answer: &Answer) -> Vec<(String, Value)> {
    let candidates = answer.body["result"]["candidates"].as_array().unwrap();
    let one = |c: &Value| (c["staff_id"].as_str().unwrap().to_owned(), c["score"].clone());
    candidates.iter().map(one).collect()
}

#[tokio::test]
async fn people_outside_are_left_out_and_counted() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let near = json!({ "display_name": "South", "home": place((38.70, -9.14)) });
    let near = admin.create_staff(near).await;
    let far = json!({ "display_name": "North", "home": place(HOME) });
    let far = admin.create_staff(far).await;
    // Lives in the south and is in the north: the place that counts is the last position.
    let moved = json!({ "display_name": "Moved", "home": place((38.70, -9.14)) });
    let moved = admin.create_staff(moved).await;
    admin.create_phone(&moved).await.send_from(38.75, -9.14).await.expect(200);
    let all = eventually("all are in the index", async || {
        let answer = ask(&admin, None).await.expect(200);
        let candidates = answer.body["result"]["candidates"].as_array()?;
        let live = candidates.iter().any(|c| c["location"]["source"] == "ping");
        (live && candidates.len() == 4).then_some(answer)
    })
    .await;
    assert!(all.body["result"]["outside_viewport"].is_null());
    let some = ask(&admin, Some(NORTH)).await.expect(200);
    let of = |id: &str| listed(&all).into_iter().find(|(staff, _)| staff == id).unwrap();
    let mut found = listed(&some);
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, [far.as_str(), moved.as_str()], "{near}");
    let result = &some.body["result"];
    // The admin has no place, and one lives outside.
    assert_eq!((&result["considered"], &result["outside_viewport"]), (&json!(2), &json!(2)));
    assert_eq!(
        (&result["funnel"]["considered"], &result["funnel"]["eligible"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(found[0].1, of(&far).1, "the same score as everywhere");
    let nobody = ask(&admin, Some("10,10,11,11")).await.expect(200);
    assert_eq!(listed(&nobody), []);
    assert_eq!(nobody.body["result"]["outside_viewport"], 4);
}

#[tokio::test]
async fn a_viewport_needs_exact_positions_and_does_not_locate_homes() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let coarse = admin.create_account("admin", "full").await;
    let id = admin.create_staff(json!({ "display_name": "Grace", "home": place(HOME) })).await;
    let case = json!({ "title": "Shop", "position": place((38.70, -9.14)) });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    let body = json!({ "case_id": case, "bbox": NORTH });
    let close = format!("{},{},{},{}", HOME.1 - 1e-4, HOME.0 - 1e-4, HOME.1 + 1e-4, HOME.0 + 1e-4);
    eventually("she is inside", async || {
        let answer = admin.post("/v1/recommendations", body.clone()).await.expect(200);
        listed(&answer).iter().any(|(staff, _)| *staff == id).then_some(())
    })
    .await;
    let refused = coarse.post("/v1/recommendations", body.clone()).await.refused(403, "forbidden");
    assert!(refused.str("/detail").contains("positions:read"), "{}", refused.text);
    assert_eq!(listed(&ask(&admin, Some(&close)).await.expect(200))[0].0, id);
    let by_cell = ask(&scheduler, Some(&close)).await.expect(200);
    assert_eq!(listed(&by_cell), [], "the edge would locate her home");
    let whole = ask(&scheduler, Some(NORTH)).await.expect(200);
    assert!(listed(&whole).iter().any(|(staff, _)| *staff == id), "{}", whole.text);
    for bad in ["1,2,3", "1,91,3,92", "x"] {
        let refused = ask(&admin, Some(bad)).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), ["/bbox"]);
    }
    let recorded: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM position_reads WHERE route = '/v1/recommendations' \
         AND actor_id = $1 AND $2 = ANY(people)",
    )
    .bind(admin.id.parse::<uuid::Uuid>().unwrap())
    .bind(id.parse::<uuid::Uuid>().unwrap())
    .fetch_one(&mut site.database.look().await)
    .await
    .unwrap();
    assert!(recorded >= 2);
}
