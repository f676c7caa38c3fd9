//! Departments: named, moved, made inactive, and there for as long as somebody belongs to them.

use crate::support::Site;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_department_is_made_changed_and_removed() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let base = json!({ "lat": 38.7071, "lng": -9.1355 });
    let body = json!({ "name": "Lisbon", "base": base });
    let made = admin.post("/v1/departments", body).await.expect(201);
    assert_eq!((made.header("etag"), &made.body["active"]), ("\"1\"", &json!(true)));
    assert_eq!(made.body["base"], base);
    let path = made.header("location").to_owned();
    admin.post("/v1/departments", json!({ "name": "LISBON" })).await.refused(409, "name_taken");
    let wrong = json!({ "name": " ", "base": { "lat": 91, "lng": 0 }, "active": null, "x": 1 });
    let wrong = admin.post("/v1/departments", wrong).await.refused(422, "invalid");
    assert_eq!(wrong.pointers(), ["/x", "/name", "/base", "/active"]);
    let change = |version: Option<&'static str>, body: Value| {
        admin.update(Method::PATCH, &path, version, body)
    };
    change(None, json!({})).await.refused(428, "precondition_required");
    let changed = change(Some("\"1\""), json!({ "base": null, "active": false })).await.expect(200);
    assert_eq!((&changed.body["base"], changed.str("/name")), (&Value::Null, "Lisbon"));
    change(Some("\"1\""), json!({})).await.refused(412, "precondition_failed");
    let read = admin.get(&path).await.expect(200);
    assert_eq!((read.header("etag"), &read.body), ("\"2\"", &changed.body));
    let listed = admin.get("/v1/departments").await.expect(200);
    assert_eq!(listed.body["items"], json!([changed.body]));
    admin.delete(&path).await.expect(204);
    admin.get(&path).await.refused(404, "not_found");
    admin.delete(&path).await.refused(404, "not_found");
    let mut db = site.database.look().await;
    let told: Vec<(String, Value)> = sqlx::query_as(
        "SELECT action, details FROM audit_log WHERE action LIKE 'department.%' ORDER BY id",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    let actions: Vec<&str> = told.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["department.create", "department.update", "department.delete"]);
    assert_eq!(told[1].1["active"], json!({ "before": true, "after": false }));
}

#[tokio::test]
async fn a_department_stays_while_somebody_belongs_to_it() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let department = admin.create_named("/v1/departments", "Lisbon").await;
    let path = format!("/v1/departments/{department}");
    let body = json!({ "display_name": "Grace", "departments": [department] });
    let grace = admin.create_staff(body).await;
    let held = admin.delete(&path).await.refused(409, "in_use");
    assert!(held.str("/detail").contains("`active`"), "{}", held.text);
    // A deleted person does not keep it.
    let mut db = site.database.look().await;
    let delete = "UPDATE staff SET deleted_at = now() WHERE id = $1::uuid";
    sqlx::query(delete).bind(&grace).execute(&mut db).await.unwrap();
    admin.delete(&path).await.expect(204);
}

#[tokio::test]
async fn nobody_is_newly_put_into_an_inactive_department() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let old = admin.create_named("/v1/departments", "Old").await;
    let new = admin.create_named("/v1/departments", "New").await;
    let body = json!({ "display_name": "Grace", "departments": [new, old] });
    let grace = admin.post("/v1/staff", body).await.expect(201);
    assert_eq!(grace.str("/primary_department"), new, "the first that was named");
    let grace = grace.header("location").to_owned();
    let path = format!("/v1/departments/{old}");
    admin.patch(&path, json!({ "active": false })).await.expect(200);
    let body = json!({ "display_name": "Ada", "departments": [new, old] });
    let refused = admin.post("/v1/staff", body).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/departments/1"]);
    assert_eq!(refused.body["errors"][0]["code"], "inactive");
    // Whoever belongs to it stays, through other changes too.
    let body = json!({ "departments": [old, new], "last_name": "Hopper" });
    let kept = admin.patch(&grace, body).await.expect(200);
    assert_eq!(kept.body["departments"].as_array().unwrap().len(), 2);
    admin.patch(&grace, json!({ "departments": [new] })).await.expect(200);
    admin.patch(&grace, json!({ "departments": [new, old] })).await.refused(422, "invalid");
}

#[tokio::test]
async fn a_base_that_moves_raises_those_whose_primary_department_it_is() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let one = admin.create_named("/v1/departments", "One").await;
    let two = admin.create_named("/v1/departments", "Two").await;
    let person = async |departments: Value, primary: &str| {
        let body = json!({ "display_name": "G", "departments": departments,
            "primary_department": primary });
        format!("/v1/staff/{}", admin.create_staff(body).await)
    };
    let in_one = person(json!([one, two]), &one).await;
    let in_two = person(json!([one, two]), &two).await;
    let version = async |path: &str| admin.get(path).await.expect(200).header("etag").to_owned();
    let path = format!("/v1/departments/{one}");
    admin.patch(&path, json!({ "name": "Uno" })).await.expect(200);
    assert_eq!(version(&in_one).await, "\"1\"", "a name is no fact of theirs");
    let mut db = site.database.look().await;
    sqlx::query("DELETE FROM outbox").execute(&mut db).await.unwrap();
    let base = json!({ "base": { "lat": 1, "lng": 1 } });
    admin.patch(&path, base.clone()).await.expect(200);
    assert_eq!((version(&in_one).await, version(&in_two).await), ("\"2\"".into(), "\"1\"".into()));
    let told: Vec<String> =
        sqlx::query_scalar("SELECT '/v1/staff/' || entity_id FROM outbox WHERE kind = 'staff'")
            .fetch_all(&mut db)
            .await
            .unwrap();
    assert_eq!(told, [in_one.as_str()]);
    admin.patch(&path, base).await.expect(200);
    assert_eq!(version(&in_one).await, "\"2\"", "the same base again moves nobody");
}

#[tokio::test]
async fn whoever_comes_while_it_is_removed_is_in_or_it_stays() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let grace = format!("/v1/staff/{grace}");
    for round in 0..5 {
        let department = admin.create_named("/v1/departments", &format!("D{round}")).await;
        let path = format!("/v1/departments/{department}");
        let join = json!({ "departments": [department] });
        let (removed, joined) = tokio::join!(admin.delete(&path), admin.patch(&grace, join));
        let both = (removed.status.as_u16(), joined.status.as_u16());
        assert!(matches!(both, (204, 422) | (409, 200)), "{both:?}");
        admin.patch(&grace, json!({ "departments": [] })).await.expect(200);
    }
}
