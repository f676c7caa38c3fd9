//! What others see of a person, and what an access level takes away.

use crate::support::Site;
use serde_json::json;

#[tokio::test]
async fn personal_details_are_for_those_who_may_read_them() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = json!({ "display_name": "Grace", "email": "grace@harbour.example",
        "birth_date": "1906-12-09", "address": { "city": "Lisbon", "country": "PT" },
        "home": { "lat": 38.7, "lng": -9.1 }, "signature": "Grace <b>H.</b>" });
    let id = admin.create_staff(grace).await;
    let path = format!("/v1/staff/{id}");
    let personal = ["email", "birth_date", "address", "home", "home_source", "geocode_status"];
    let full = admin.get(&path).await.expect(200);
    let scheduler = admin.create_account("scheduler", "full").await;
    let seen = scheduler.get(&path).await.expect(200);
    for name in personal {
        assert!(!full.body[name].is_null(), "{name} is shown: {}", full.text);
        assert!(seen.body[name].is_null(), "{name} is hidden: {}", seen.text);
    }
    // As it was written: what shows it sanitises it.
    assert_eq!(seen.body["signature"], "Grace <b>H.</b>");
    // Nor does a search by the address find her for them.
    let by_address = scheduler.get("/v1/staff?q=grace@harbour").await.expect(200);
    assert_eq!(by_address.body["items"], json!([]));
}

#[tokio::test]
async fn what_is_too_long_is_refused_at_its_field() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let body = json!({ "display_name": "Grace", "signature": "ä".repeat(2_049),
        "account_code": "x".repeat(33), "birth_date": "2190-01-01" });
    let refused = admin.post("/v1/staff", body).await.refused(422, "invalid");
    let mut pointers = refused.pointers();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/account_code", "/birth_date", "/signature"]);
    let fits = json!({ "display_name": "Grace", "signature": "ä".repeat(2_048),
        "account_code": "x".repeat(32) });
    admin.post("/v1/staff", fits).await.expect(201);
    let foreign = json!({ "display_name": "Joan", "account_code": "ÄB" });
    let refused = admin.post("/v1/staff", foreign).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/account_code"]);
}

#[tokio::test]
async fn access_that_is_disabled_ends_sessions_and_leaves_the_phone() {
    let mut site = Site::without_worker(|_| {}).await;
    site.start_worker().await;
    let admin = site.set_up().await;
    let account = admin.create_account("general", "full").await;
    let phone = admin.create_phone(&account.id).await;
    account.get("/v1/me").await.expect(200);
    let disabled = json!({ "access_level": "disabled" });
    admin.patch(&format!("/v1/staff/{}", account.id), disabled).await.expect(200);
    account.get("/v1/me").await.refused(401, "unauthorized");
    // They can be assigned, so that where they are still counts.
    phone.send_from(38.7, -9.1).await.expect(200);
    let inactive = json!({ "active": false });
    admin.patch(&format!("/v1/staff/{}", account.id), inactive).await.expect(200);
    phone.send_from(38.7, -9.1).await.refused(401, "unauthorized");
}
