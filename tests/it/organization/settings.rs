//! What an organisation sets for all its people.

use crate::support::{Site, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn the_first_language_is_that_of_new_people() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let path = "/v1/organization";
    let before = admin.get(path).await.expect(200);
    assert_eq!(before.body["languages"], json!(["en"]));
    assert_eq!(before.body["welcome_mail"], json!(false));
    let change = json!({ "languages": ["pt-PT", "en"], "welcome_mail": true });
    let after = admin.patch(path, change).await.expect(200);
    assert_eq!(after.body["languages"], json!(["pt-PT", "en"]));
    assert_eq!(after.body["welcome_mail"], json!(true));
    let language = async |body: Value| {
        let made = admin.post("/v1/staff", body).await.expect(201);
        made.str("/language").to_owned()
    };
    assert_eq!(language(json!({ "display_name": "Grace" })).await, "pt-PT");
    assert_eq!(language(json!({ "display_name": "Ada", "language": "de" })).await, "de");
    for (languages, pointer) in [
        (json!([]), "/languages"),
        (json!(null), "/languages"),
        (json!(["en", "x"]), "/languages/1"),
        (json!(["en", "EN"]), "/languages/1"),
        (json!(vec!["en"; 21]), "/languages"),
    ] {
        let refused = admin.patch(path, json!({ "languages": languages })).await;
        assert_eq!(refused.refused(422, "invalid").pointers(), [pointer]);
    }
    let wrong = json!({ "tracking_hours_margin_min": 721, "welcome_mail": null });
    let refused = admin.patch(path, wrong).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/welcome_mail", "/tracking_hours_margin_min"]);
}

#[tokio::test]
async fn the_margin_counts_for_those_without_one_of_their_own() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    // Working hours that are never now: none at all.
    let body = json!({ "display_name": "Grace", "working_hours": [] });
    let grace = admin.create_staff(body).await;
    let phone = admin.create_phone(&grace).await;
    phone.send_from(1.5, 1.5).await.expect(200);
    let seen = async |wanted: bool| {
        eventually("the map says so", async || {
            let seen = admin.get("/v1/positions?bbox=1,1,2,2").await.expect(200);
            let mut items = seen.body["items"].as_array()?.iter();
            (items.any(|item| item["staff_id"] == json!(grace)) == wanted).then_some(())
        })
        .await;
    };
    seen(true).await;
    let version = admin.get(&format!("/v1/staff/{grace}")).await.expect(200);
    let set = |margin: Option<i64>| {
        admin.patch("/v1/organization", json!({ "tracking_hours_margin_min": margin }))
    };
    let after = set(Some(30)).await.expect(200);
    assert_eq!(after.body["tracking_hours_margin_min"], 30);
    seen(false).await;
    let raised = admin.get(&format!("/v1/staff/{grace}")).await.expect(200);
    assert!(raised.body["version"].as_i64() > version.body["version"].as_i64());
    set(None).await.expect(200);
    seen(true).await;
}
