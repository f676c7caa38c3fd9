//! What a ranking must not give away: where somebody was who is hidden by now, and homes.

use crate::support::{Site, account::seconds_from_now, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn an_answer_about_the_past_hides_who_has_paused_since() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "full").await;
    let phone = admin.create_phone(&grace.id).await;
    phone.send_from(38.72, -9.14).await.expect(200);
    let ask = |as_of: Option<String>| {
        let place = json!({ "position": { "lat": 38.72, "lng": -9.14 } });
        let mut body = json!({ "place": place });
        if let Some(as_of) = as_of {
            body["as_of"] = json!(as_of);
        }
        admin.post("/v1/recommendations", body)
    };
    let id = grace.id.clone();
    let source = |answer: &Value| {
        let candidates = answer["result"]["candidates"].as_array().unwrap();
        let own = candidates.iter().find(|candidate| candidate["staff_id"] == json!(id))?;
        own["location"]["source"].as_str().map(str::to_owned)
    };
    eventually("the position counts", || async {
        (source(&ask(None).await.body) == Some("ping".to_owned())).then_some(())
    })
    .await;
    let before = seconds_from_now(0);
    grace.post("/v1/me/tracking/pause", json!({ "minutes": 30 })).await.expect(200);
    eventually("the pause is known", || async {
        (source(&ask(None).await.body) == Some("none".to_owned())).then_some(())
    })
    .await;
    let past = ask(Some(before)).await.expect(200);
    assert_eq!(source(&past.body).as_deref(), Some("none"), "not at an earlier instant either");
    assert!(past.body["result"]["shown_at"].is_string());
}

#[tokio::test]
async fn homes_are_exact_only_for_those_who_may_read_personal_details() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let home = json!({ "lat": 38.722_345, "lng": -9.139_876 });
    let id = admin.create_staff(json!({ "display_name": "Grace", "home": home })).await;
    let body = json!({ "place": { "position": { "lat": 38.72, "lng": -9.14 } } });
    let place = |answer: &Value| {
        let candidates = answer["result"]["candidates"].as_array().unwrap();
        let own = candidates.iter().find(|candidate| candidate["staff_id"] == json!(id))?;
        Some(own["location"]["position"].clone())
    };
    let exact = eventually("she is in the index", || async {
        place(&admin.post("/v1/recommendations", body.clone()).await.body)
    })
    .await;
    assert_eq!(exact, home);
    let answer = scheduler.post("/v1/recommendations", body).await.expect(200);
    let shown = place(&answer.body).unwrap();
    assert!(shown.is_object() && shown != home, "{shown}");
}
