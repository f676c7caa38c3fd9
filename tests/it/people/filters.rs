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

#[tokio::test]
async fn tracking_and_skills_are_conditions() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let one = async |name: &str, skill: &str| {
        let skills = json!([{ "code": skill, "level": 2 }]);
        admin.create_staff(json!({ "display_name": name, "skills": skills })).await
    };
    let ines = one("Ines", "Camera").await;
    one("Joao", "diving").await;
    let tracking = format!("/v1/staff/{ines}/tracking");
    admin.put(&tracking, json!({ "legal_basis": "contract" })).await.expect(200);
    for (condition, names) in [
        ("tracked=true", vec!["Ines"]),
        ("tracked=false", vec!["Ada Lovelace", "Joao"]),
        ("skill=Camera", vec!["Ines"]),
        ("skill=cAMERA", vec!["Ines"]),
        ("skill=cam", vec![]),
        ("skill=diving&tracked=true", vec![]),
        ("skill=diving&tracked=false", vec!["Joao"]),
    ] {
        assert_eq!(found(&admin, condition).await, names, "{condition}");
    }
    admin.delete(&tracking).await.expect(204);
    assert!(found(&admin, "tracked=true").await.is_empty(), "consent was withdrawn");
    admin.get("/v1/staff?tracked=maybe").await.refused(400, "malformed_query");
}

/// All pages of a list, a person at a time: what each is called, and who.
async fn paged(admin: &Account<'_>, query: &str) -> Vec<(String, String)> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/v1/staff?{query}&limit=1{cursor}")).await.expect(200);
        for one in page.body["items"].as_array().unwrap() {
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            all.push((text("display_name"), text("id")));
        }
        let Some(next) = page.body["next_cursor"].as_str() else { return all };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn people_are_sorted_by_name_and_by_creation() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let named = async |name: &str| admin.create_staff(json!({ "display_name": name })).await;
    let mut maria = Vec::new();
    for name in ["Zoe", "maria", "\u{c1}lvaro", "Maria", "MARIA", "bea"] {
        let id = named(name).await;
        if name.eq_ignore_ascii_case("maria") {
            maria.push(id);
        }
    }
    let names =
        |all: &[(String, String)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let by_name = paged(&admin, "sort=name").await;
    let expected = ["Ada Lovelace", "\u{c1}lvaro", "bea", "maria", "Maria", "MARIA", "Zoe"];
    assert_eq!(names(&by_name), expected);
    let equal: Vec<&str> = by_name[3..6].iter().map(|(_, id)| id.as_str()).collect();
    assert_eq!(equal, maria, "equal names in order of creation");
    let newest = paged(&admin, "sort=-created").await;
    let mut eldest = paged(&admin, "sort=created").await;
    assert_eq!(eldest, paged(&admin, "active=true").await, "the order unless given");
    eldest.reverse();
    assert_eq!(newest, eldest);
    assert_eq!(newest[0].0, "bea");
    assert_eq!(names(&paged(&admin, "sort=name&q=maria").await), ["maria", "Maria", "MARIA"]);
    admin.get("/v1/staff?sort=age").await.refused(400, "malformed_query");
}

#[tokio::test]
async fn a_list_by_name_goes_on_after_the_deleted_and_not_after_the_erased() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for name in ["Ana", "Bea", "Cai"] {
        admin.create_staff(json!({ "display_name": name })).await;
    }
    let first = admin.get("/v1/staff?sort=name&limit=3").await.expect(200);
    assert_eq!(first.str("/items/2/display_name"), "Bea");
    let bea = first.str("/items/2/id");
    let rest = format!("/v1/staff?sort=name&limit=3&cursor={}", first.str("/next_cursor"));
    admin.delete(&format!("/v1/staff/{bea}")).await.expect(204);
    let next = admin.get(&rest).await.expect(200);
    assert_eq!(next.str("/items/0/display_name"), "Cai");
    assert!(next.body["next_cursor"].is_null());
    let erase = sqlx::query("DELETE FROM staff WHERE id = $1");
    let id: uuid::Uuid = bea.parse().unwrap();
    erase.bind(id).execute(&mut site.database.look().await).await.unwrap();
    let refused = admin.get(&rest).await.refused(400, "invalid_cursor");
    assert!(refused.str("/detail").contains("begin the list anew"), "{}", refused.text);
}
