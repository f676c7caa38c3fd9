//! Lists of cases: every filter, together with pages.

use super::held::hold;
use crate::support::{Account, Answer, Site};
use serde_json::{Value, json};

async fn create(admin: &Account<'_>, title: &str, at: (f64, f64), more: Value) -> String {
    let mut case = json!({ "title": title, "position": { "lat": at.0, "lng": at.1 } });
    for (name, value) in more.as_object().unwrap() {
        case[name] = value.clone();
    }
    admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned()
}

fn titles(answer: &Answer) -> Vec<&str> {
    let items = answer.body["items"].as_array().unwrap();
    items.iter().map(|item| item["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_filter_narrows_and_all_must_hold() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let mut ids = Vec::new();
    for what in ["clients", "queues", "groups", "departments", "services"] {
        ids.push(admin.create_named(&format!("/v1/{what}"), "One").await);
    }
    let [client, queue, group, department, service] = ids.try_into().unwrap();
    let grace = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let (here, start) = ((1.5, 1.5), "2030-05-01T08:00:00Z");
    create(&admin, "A", here, json!({ "client_id": client, "urgent": true })).await;
    create(&admin, "B", here, json!({ "queue_id": queue, "client_id": client })).await;
    create(&admin, "C", here, json!({ "group_id": group, "starts_at": start })).await;
    create(&admin, "D", here, json!({ "department_id": department, "number": "D-100" })).await;
    let held = create(&admin, "E", here, json!({ "services": [service], "number": "d-200" })).await;
    hold(&site, &held, &grace, "on_site").await;
    let list = async |query: String| admin.get(&format!("/v1/cases?{query}")).await;
    for (query, wanted) in [
        (format!("client_id={client}"), vec!["A", "B"]),
        (format!("queue_id={queue}"), vec!["B"]),
        (format!("group_id={group}"), vec!["C"]),
        (format!("department_id={department}"), vec!["D"]),
        (format!("service_id={service}"), vec!["E"]),
        (format!("client_id={client}&urgent=false"), vec!["B"]),
        ("urgent=true".to_owned(), vec!["A"]),
        ("number=D-".to_owned(), vec!["D", "E"]),
        ("number=d-1".to_owned(), vec!["D"]),
        ("number=%25".to_owned(), vec![]),
        ("q=b".to_owned(), vec!["B"]),
        ("q=D-&sort=-created".to_owned(), vec!["E", "D"]),
        ("q=d+1".to_owned(), vec![]),
        ("q=D+d-1".to_owned(), vec!["D"]),
        ("q=%25".to_owned(), vec![]),
        ("q=a+a+a+a+a+a+a+a+z".to_owned(), vec!["A"]),
        ("q=+".to_owned(), vec!["A", "B", "C", "D", "E"]),
        ("sort=-created&state=open".to_owned(), vec!["D", "C", "B", "A"]),
        ("state=in_progress".to_owned(), vec!["E"]),
        ("state=open&status=open".to_owned(), vec!["A", "B", "C", "D"]),
        (format!("from={start}&to=2030-05-01T08:00:01Z"), vec!["C"]),
        (format!("to={start}"), vec![]),
        ("from=2030-05-01T08:00:01Z".to_owned(), vec![]),
        (format!("client_id={queue}"), vec![]),
    ] {
        assert_eq!(titles(&list(query.clone()).await.expect(200)), wanted, "{query}");
    }
    for wrong in [
        "state=shut",
        "status=assigned",
        "client_id=x",
        "from=monday",
        "to=x",
        "number=",
        "number=%00",
        "bbox=1,1,2",
        "bbox=1,2,1,1",
        "urgent=1",
        "q=%00",
        "sort=title",
    ] {
        list(wrong.to_owned()).await.refused(400, "malformed_query");
    }
}

#[tokio::test]
async fn a_viewport_keeps_its_pages_full_and_crosses_the_antimeridian() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    // Every second one lies within.
    for n in 0..10 {
        let lng = if n % 2 == 0 { 10.0 } else { 50.0 };
        create(&admin, &format!("{n}"), (5.0, lng), json!({})).await;
    }
    let (mut path, mut seen) = ("/v1/cases?bbox=9,4,10,5&limit=2".to_owned(), Vec::new());
    loop {
        let page = admin.get(&path).await.expect(200);
        let found = titles(&page);
        assert!(found.len() == 2 || page.body["next_cursor"].is_null(), "{}", page.text);
        seen.extend(found.into_iter().map(str::to_owned));
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        path = format!("/v1/cases?bbox=9,4,10,5&limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["0", "2", "4", "6", "8"], "edges included");
    for (title, lng) in [("west", -179.5), ("east", 179.5), ("line", -180.0), ("far", -170.0)] {
        create(&admin, title, (-17.0, lng), json!({})).await;
    }
    let within = async |bbox: &str| {
        let page = admin.get(&format!("/v1/cases?bbox={bbox}")).await.expect(200);
        titles(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(within("179,-18,-179,-16").await, ["west", "east", "line"]);
    assert_eq!(within("179,-18,180,-16").await, ["east", "line"], "both are one meridian");
    assert_eq!(within("-180,-18,-169,-16").await, ["west", "line", "far"]);
    assert_eq!(within("-180,-90,180,90").await.len(), 14);
}
