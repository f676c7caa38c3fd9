//! One change to many people: each has a result, and what is refused for one stops nobody else.

use crate::support::{Answer, Site};
use serde_json::{Value, json};

fn statuses(answer: &Answer) -> Vec<u64> {
    let results = answer.body["results"].as_array().unwrap();
    results.iter().map(|result| result["status"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn many_people_are_changed_at_once() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let old = admin.create_named("/v1/tags", "Old").await;
    let new = admin.create_named("/v1/tags", "New").await;
    let group = admin.create_named("/v1/groups", "Divers").await;
    let department = admin.create_named("/v1/departments", "Lisbon").await;
    let one = admin.create_staff(json!({ "display_name": "One", "tags": [old] })).await;
    let two = admin.create_staff(json!({ "display_name": "Two" })).await;
    let nobody = uuid::Uuid::now_v7().to_string();
    let set = json!({ "active": false, "tags": { "add": [new], "remove": [old] },
        "groups": { "add": [group] }, "departments": { "add": [department] } });
    let body = json!({ "ids": [two, nobody, one, two], "set": set });
    let done = admin.post("/v1/staff/batch", body.clone()).await.expect(207);
    assert_eq!(statuses(&done), [200, 404, 200], "in their order, each once");
    let results = &done.body["results"];
    assert_eq!((&results[0]["id"], &results[0]["version"]), (&json!(two), &json!(2)));
    assert_eq!((&results[1]["code"], &results[1]["version"]), (&json!("not_found"), &Value::Null));
    for id in [&one, &two] {
        let person = admin.get(&format!("/v1/staff/{id}")).await.expect(200).body;
        assert_eq!((&person["active"], &person["tags"]), (&json!(false), &json!([new])));
        assert_eq!((&person["groups"], &person["version"]), (&json!([group]), &json!(2)));
        assert_eq!(person["primary_department"], json!(department));
    }
    let mut db = site.database.look().await;
    let count = "SELECT count(*) FROM audit_log WHERE action = 'staff.batch'";
    let told: i64 = sqlx::query_scalar(count).fetch_one(&mut db).await.unwrap();
    assert_eq!(told, 2, "an entry for each person");
    // Once more there is nothing to do, and nothing is written.
    let again = admin.post("/v1/staff/batch", body).await.expect(207);
    assert_eq!(statuses(&again), [200, 404, 200]);
    assert_eq!(again.body["results"][0]["version"], 2);
    let told: i64 = sqlx::query_scalar(count).fetch_one(&mut db).await.unwrap();
    assert_eq!(told, 2);
}

#[tokio::test]
async fn everything_wrong_with_a_batch_is_said_at_once() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let tag = admin.create_named("/v1/tags", "Tag").await;
    let both = json!({ "add": [tag], "remove": [tag] });
    let body = json!({ "ids": [], "set": { "active": null, "tags": both, "roles": 1 } });
    let refused = admin.post("/v1/staff/batch", body).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/ids", "/set/roles", "/set/active", "/set/tags/add/0"]);
    let ids: Vec<uuid::Uuid> = (0..501).map(|_| uuid::Uuid::now_v7()).collect();
    let body = json!({ "ids": ids, "set": {} });
    let refused = admin.post("/v1/staff/batch", body).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/ids", "/set"]);
    let add = json!({ "add": [tag, uuid::Uuid::now_v7()] });
    let body = json!({ "ids": [admin.id], "set": { "tags": add } });
    let refused = admin.post("/v1/staff/batch", body).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/set/tags/add/1"]);
}

#[tokio::test]
async fn each_person_is_judged_alone() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let people = admin.create_account("user_admin", "full").await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let general = admin.create_account("general", "full").await;
    let off = |ids: Value| json!({ "ids": ids, "set": { "active": false } });
    let ids = json!([scheduler.id, general.id]);
    let done = people.post("/v1/staff/batch", off(ids)).await.expect(207);
    assert_eq!(statuses(&done), [403, 200]);
    assert_eq!(done.body["results"][0]["code"], "beyond_own_rights");
    scheduler.get("/v1/me").await.expect(200);
    general.get("/v1/me").await.refused(401, "unauthorized");
    // Two account admins: one of them must stay.
    let second = admin.create_account("account_admin", "full").await;
    let ids = json!([second.id, admin.id, scheduler.id]);
    let done = admin.post("/v1/staff/batch", off(ids)).await.expect(207);
    assert_eq!(statuses(&done), [200, 409, 200]);
    assert_eq!(done.body["results"][1]["code"], "last_account_admin");
    let kept = admin.get(&format!("/v1/staff/{}", admin.id)).await.expect(200);
    assert_eq!(kept.body["active"], json!(true), "what was refused left no trace");
}

#[tokio::test]
async fn five_hundred_people_are_changed_in_one_request() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let tag = admin.create_named("/v1/tags", "Tag").await;
    let mut db = site.database.look().await;
    let fill = "WITH made AS (INSERT INTO staff (organization_id, id, display_name, kind, active, \
          access_level, admin_role, language, version) SELECT organization_id, gen_random_uuid(), \
          'P', 'employee', true, 'disabled', 'general', 'en', 1 FROM staff, \
          generate_series(1, 500) WHERE id = $1::uuid RETURNING organization_id, id), \
        keys AS (INSERT INTO person_keys (organization_id, staff_id, key) \
          SELECT organization_id, id, sha256(id::text::bytea) FROM made) \
        SELECT id::text FROM made";
    let ids: Vec<String> =
        sqlx::query_scalar(fill).bind(&admin.id).fetch_all(&mut db).await.unwrap();
    let body = json!({ "ids": ids, "set": { "tags": { "add": [tag] } } });
    // The other way round, to meet it.
    let back: Vec<&String> = ids.iter().rev().collect();
    let other = json!({ "ids": back, "set": { "active": false } });
    let both = tokio::join!(
        admin.post_once("/v1/staff/batch", "one", body.clone()),
        admin.post_once("/v1/staff/batch", "two", other)
    );
    let (one, two) = (both.0.expect(207), both.1.expect(207));
    assert!(statuses(&one).into_iter().chain(statuses(&two)).all(|status| status == 200));
    let again = admin.post_once("/v1/staff/batch", "one", body).await.expect(207);
    assert_eq!(again.body, one.body, "the first answer again");
    let changed: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM staff JOIN staff_tags ON staff_id = id WHERE NOT active AND version = 3",
    )
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert_eq!(changed, 500);
}
