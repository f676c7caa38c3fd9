//! The filters of the list of people, each alone and together.

use crate::support::{Account, Site};
use serde_json::{Value, json};

async fn found(admin: &Account<'_>, query: &str) -> Vec<String> {
    let answer = admin.get(&format!("/v1/staff?{query}")).await.expect(200);
    let items = answer.body["items"].as_array().unwrap().iter();
    items.map(|person| person["display_name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn conditions_count_together() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let department = admin.create_named("/v1/departments", "Lisbon").await;
    let group = admin.create_named("/v1/groups", "Divers").await;
    let tag = admin.create_named("/v1/tags", "Senior").await;
    let queue = admin.create_named("/v1/queues", "Fraud").await;
    let service = admin.create_named("/v1/services", "Surveillance").await;
    let role = json!({ "name": "Auditor", "permissions": ["audit:read"] });
    let role = admin.post("/v1/roles", role).await.expect(201).str("/id").to_owned();
    let area = json!({ "type": "Polygon",
        "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]] });
    let region = json!({ "name": "Old town", "area": area });
    let region = admin.post("/v1/regions", region).await.expect(201).str("/id").to_owned();
    let all = json!({ "display_name": "Ines Sousa", "departments": [department],
        "groups": [group], "tags": [tag], "queues": [queue], "roles": [role], "kind": "external" });
    let ines = admin.create_staff(all).await;
    let prefer = |level: &str| {
        json!({ "services": [{ "service_id": service, "preference": level }],
            "regions": [{ "region_id": region, "preference": level }] })
    };
    let preferences = |id: &str| format!("/v1/staff/{id}/work-preferences");
    admin.put(&preferences(&ines), prefer("preferred")).await.expect(200);
    // Somebody else, who has one thing of each kind and lacks the next.
    let one = async |name: &str, fields: Value| {
        let mut body = json!({ "display_name": name });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        admin.create_staff(body).await
    };
    one("Departed", json!({ "departments": [department] })).await;
    one("Grouped", json!({ "groups": [group] })).await;
    one("Tagged", json!({ "tags": [tag] })).await;
    one("Queued", json!({ "queues": [queue] })).await;
    one("Roled", json!({ "roles": [role] })).await;
    one("Sousa Outside", json!({ "kind": "external" })).await;
    let never = one("Never", json!({})).await;
    admin.put(&preferences(&never), prefer("never")).await.expect(200);
    let conditions = [
        (format!("department={department}"), vec!["Ines Sousa", "Departed"]),
        (format!("group={group}"), vec!["Ines Sousa", "Grouped"]),
        (format!("tag={tag}"), vec!["Ines Sousa", "Tagged"]),
        (format!("queue={queue}"), vec!["Ines Sousa", "Queued"]),
        (format!("role={role}"), vec!["Ines Sousa", "Roled"]),
        ("kind=external".to_owned(), vec!["Ines Sousa", "Sousa Outside"]),
        (format!("service={service}"), vec!["Ines Sousa"]),
        (format!("region={region}"), vec!["Ines Sousa"]),
        ("q=sou".to_owned(), vec!["Ines Sousa", "Sousa Outside"]),
    ];
    for (condition, names) in &conditions {
        assert_eq!(found(&admin, condition).await, *names, "{condition}");
    }
    let together: Vec<&str> = conditions.iter().map(|(one, _)| one.as_str()).collect();
    assert_eq!(found(&admin, &together.join("&")).await, ["Ines Sousa"]);
    let nowhere = uuid::Uuid::now_v7();
    let nothing = format!("{}&tag={nowhere}", together[..2].join("&"));
    assert_eq!(found(&admin, &nothing).await, Vec::<String>::new());
    assert_eq!(found(&admin, "role=account_admin").await, ["Ada Lovelace"]);
    for wrong in ["role=boss", "kind=both", "tag=x", "department=1"] {
        let refused = admin.get(&format!("/v1/staff?{wrong}")).await;
        refused.refused(400, "malformed_query");
    }
}

#[tokio::test]
async fn the_state_of_an_account_is_a_condition_too() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let one = async |name: &str, fields: Value| {
        let mut body = json!({ "display_name": name });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        admin.create_staff(body).await
    };
    let comes_in = |email: &str| json!({ "email": email, "access_level": "limited" });
    one("Asked", {
        let mut body = comes_in("asked@harbour.example");
        body["send_invite"] = json!(true);
        body
    })
    .await;
    one("Limited", comes_in("limited@harbour.example")).await;
    one("Idle", json!({ "active": false })).await;
    let gone = one("Gone", json!({})).await;
    admin.delete(&format!("/v1/staff/{gone}")).await.expect(204);
    for (condition, names) in [
        ("access_level=limited", vec!["Asked", "Limited"]),
        ("access_level=full", vec!["Ada Lovelace"]),
        ("active=false", vec!["Idle"]),
        ("active=true", vec!["Ada Lovelace", "Asked", "Limited"]),
        ("invitation=pending", vec!["Asked"]),
        ("invitation=none", vec!["Ada Lovelace", "Limited", "Idle"]),
        ("invitation=accepted", vec![]),
        ("deleted=only", vec!["Gone"]),
        ("deleted=with", vec!["Ada Lovelace", "Asked", "Limited", "Idle", "Gone"]),
    ] {
        assert_eq!(found(&admin, condition).await, names, "{condition}");
    }
    // Who is gone is for those who may bring them back.
    let scheduler = admin.create_account("scheduler", "full").await;
    scheduler.get("/v1/staff?deleted=only").await.refused(403, "forbidden");
    for wrong in ["deleted=yes", "invitation=lost", "access_level=some", "active=1"] {
        admin.get(&format!("/v1/staff?{wrong}")).await.refused(400, "malformed_query");
    }
}
