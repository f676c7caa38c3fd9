//! Ranking by a policy: the one a request names, else the organisation's default, else the built-in
//! one. A version that was used stays as it was.

use crate::support::{Account, Answer, Site, eventually};
use serde_json::{Value, json};

/// A case, somebody next to it, and somebody 20 km away who prefers its service.
pub(super) async fn scene(admin: &Account<'_>) -> (String, [String; 2]) {
    let service = admin.create_named("/v1/services", "Photos").await;
    let person = async |name: &str, lat: f64| {
        admin
            .create_staff(json!({ "display_name": name, "home": { "lat": lat, "lng": -9.14 },
                "skills": [{ "code": "camera", "level": 3 }] }))
            .await
    };
    let (near, keen) = (person("Near", 38.71).await, person("Keen", 38.89).await);
    let prefers = json!({ "services": [{ "service_id": service, "preference": "preferred" }],
        "regions": [] });
    admin.put(&format!("/v1/staff/{keen}/work-preferences"), prefers).await.expect(200);
    let case = json!({ "title": "Shop front", "position": { "lat": 38.71, "lng": -9.14 },
        "services": [service], "skills": [{ "code": "camera", "required": 2 }] });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    eventually("both are in the index, with what they prefer", async || {
        let answer =
            admin.post("/v1/recommendations", json!({ "case_id": case })).await.expect(200);
        let candidates = answer.body["result"]["candidates"].as_array().unwrap();
        let in_full = |term: &Value| term["term"] == "service" && term["u_millionths"] == 1_000_000;
        let prefers = |one: &Value| {
            one["staff_id"] == keen.as_str() && one["terms"].as_array().unwrap().iter().any(in_full)
        };
        (candidates.len() == 2 && candidates.iter().any(prefers)).then_some(())
    })
    .await;
    (case, [near, keen])
}

pub(super) fn listed(answer: &Answer) -> Vec<String> {
    let candidates = answer.body["result"]["candidates"].as_array().unwrap();
    candidates.iter().map(|c| c["staff_id"].as_str().unwrap().to_owned()).collect()
}

fn asked(case: &str, policy: &str) -> Value {
    json!({ "case_id": case, "policy_id": policy })
}

#[tokio::test]
async fn a_policy_changes_the_order_and_its_versions_stay() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (case, [near, keen]) = scene(&admin).await;
    let ask = |body: Value| admin.post("/v1/recommendations", body);
    let usual = ask(json!({ "case_id": case })).await.expect(200);
    assert_eq!(listed(&usual), [near.as_str(), keen.as_str()]);
    let built_in = json!({ "id": null, "version": 0, "name": "balanced" });
    assert_eq!(usual.body["result"]["policy"], built_in);
    let body = json!({ "name": "Wishes", "preset": "preference_first" });
    let policy = admin.post("/v1/policies", body).await.expect(201).str("/id").to_owned();
    let wishes = ask(asked(&case, &policy)).await.expect(200);
    assert_eq!(listed(&wishes), [keen.as_str(), near.as_str()]);
    let named = json!({ "id": policy, "version": 1, "name": "Wishes" });
    assert_eq!(wishes.body["result"]["policy"], named);
    let default = json!({ "default_policy_id": policy });
    admin.patch("/v1/organization", default).await.expect(200);
    let by_default = ask(json!({ "case_id": case })).await.expect(200);
    assert_eq!(by_default.body["result"]["policy"], named);
    assert_eq!(listed(&by_default), listed(&wishes));
    // The next version counts at once; the earlier one can still be asked for, and is the same.
    let path = format!("/v1/policies/{policy}");
    let change = json!({ "name": "Speed", "preset": "nearest" });
    admin.patch(&path, change).await.expect(200);
    // Trying other settings in its place is no use of it.
    ask(json!({ "case_id": case, "preset": "balanced" })).await.expect(200);
    let newest = admin.get(&format!("{path}/versions?limit=1")).await.expect(200);
    assert_eq!(newest.body["items"][0]["version"], 2);
    assert_eq!(newest.body["items"][0]["used_at"], Value::Null);
    let after = ask(json!({ "case_id": case })).await.expect(200);
    assert_eq!(after.body["result"]["policy"]["version"], 2);
    assert_eq!(listed(&after), [near.as_str(), keen.as_str()]);
    let earlier = json!({ "case_id": case, "policy_id": policy, "policy_version": 1 });
    let earlier = ask(earlier).await.expect(200);
    assert_eq!(earlier.body["result"]["policy"], named);
    assert_eq!(earlier.body["result"]["candidates"], wishes.body["result"]["candidates"]);
    let versions = admin.get(&format!("{path}/versions")).await.expect(200);
    for version in versions.body["items"].as_array().unwrap() {
        assert!(version["used_at"].is_string(), "{version}");
    }
    // Not even the service itself may change one.
    let id: uuid::Uuid = sqlx::query_scalar("SELECT organization_id FROM organizations")
        .fetch_one(&mut site.database.look().await)
        .await
        .expect("an organisation");
    for change in [
        "UPDATE policy_versions SET settings = '{}'",
        "UPDATE policy_versions SET version = 9",
        "DELETE FROM policy_versions",
    ] {
        let app = site.database.app().await;
        let mut tx = app.tenant(nearhand_domain::OrganizationId(id)).await.expect("a transaction");
        let refused = sqlx::query(change).execute(&mut *tx).await;
        assert!(refused.unwrap_err().to_string().contains("permission denied"), "{change}");
    }
}

#[tokio::test]
async fn wrong_policies_say_what_is_wrong() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (case, _) = scene(&admin).await;
    let body = json!({ "name": "Wishes" });
    let policy = admin.post("/v1/policies", body).await.expect(201).str("/id").to_owned();
    let unknown = uuid::Uuid::now_v7();
    for (body, pointers) in [
        (json!({ "case_id": case, "policy_id": unknown }), vec!["/policy_id"]),
        (json!({ "case_id": case, "policy_id": "best" }), vec!["/policy_id"]),
        (json!({ "case_id": case, "policy_version": 1 }), vec!["/policy_version"]),
        (
            json!({ "case_id": case, "policy_id": policy, "policy_version": 2 }),
            vec!["/policy_version"],
        ),
        (
            json!({ "case_id": case, "policy_id": policy, "policy_version": 0 }),
            vec!["/policy_version"],
        ),
    ] {
        let refused = admin.post("/v1/recommendations", body).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), pointers, "{}", refused.text);
    }
    // Whoever may only ask does not choose.
    let role = json!({ "name": "Asks", "permissions": ["recommendations:view"] });
    let role = admin.post("/v1/roles", role).await.expect(201).str("/id").to_owned();
    let fields = json!({ "roles": [role] });
    let asks = admin.create_account_with("general", "full", fields).await;
    asks.post("/v1/recommendations", json!({ "case_id": case })).await.expect(200);
    asks.post("/v1/recommendations", asked(&case, &policy)).await.refused(403, "forbidden");
    admin.delete(&format!("/v1/policies/{policy}")).await.expect(204);
    let refused = admin.post("/v1/recommendations", asked(&case, &policy)).await;
    assert_eq!(refused.refused(422, "invalid").pointers(), ["/policy_id"]);
    // Of another organisation there is none.
    let elsewhere = site.create_another_organization().await;
    let place = json!({ "position": { "lat": 1, "lng": 2 } });
    let theirs = json!({ "place": place, "policy_id": policy });
    elsewhere.post("/v1/recommendations", theirs).await.refused(422, "invalid");
}
