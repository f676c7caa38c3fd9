//! Tags and groups of a person, replaced as a whole, and external people who become employees.

use crate::support::Site;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn tags_and_groups_are_replaced_as_a_whole() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = format!("/v1/staff/{}", admin.create_staff(json!({ "display_name": "G" })).await);
    let mut version = 1;
    for kind in ["tags", "groups"] {
        let one = admin.create_named(&format!("/v1/{kind}"), "One").await;
        let two = admin.create_named(&format!("/v1/{kind}"), "Two").await;
        let path = format!("{grace}/{kind}");
        let put = |version: Option<String>, ids: Value| {
            let (admin, path) = (&admin, &path);
            async move {
                let body = json!({ kind: ids });
                admin.update(Method::PUT, path, version.as_deref(), body).await
            }
        };
        let tag = |version: i64| Some(format!("\"{version}\""));
        put(None, json!([])).await.refused(428, "precondition_required");
        let both = put(tag(version), json!([two, one, two])).await.expect(200);
        assert_eq!(both.body[kind], json!([one, two]));
        assert_eq!(both.header("etag"), format!("\"{}\"", version + 1));
        put(tag(version), json!([])).await.refused(412, "precondition_failed");
        let unknown = put(tag(version + 1), json!([one, uuid::Uuid::now_v7()])).await;
        assert_eq!(unknown.refused(422, "invalid").pointers(), [format!("/{kind}/1")]);
        for wrong in [json!(null), json!("one")] {
            let refused = put(tag(version + 1), wrong).await.refused(422, "invalid");
            assert_eq!(refused.pointers(), [format!("/{kind}")]);
        }
        let left = put(tag(version + 1), json!([two])).await.expect(200);
        assert_eq!(left.body[kind], json!([two]));
        version += 2;
    }
    let mut db = site.database.look().await;
    let told: Vec<(String, Value)> = sqlx::query_as(
        "SELECT action, details FROM audit_log WHERE action ~ '^staff.(tags|groups)' ORDER BY id",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    let tags = ("staff.tags".to_owned(), json!({ "fields": ["tags"] }));
    let groups = ("staff.groups".to_owned(), json!({ "fields": ["groups"] }));
    assert_eq!(told, [tags.clone(), tags, groups.clone(), groups]);
}

#[tokio::test]
async fn tags_follow_the_rules_of_people() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let people = admin.create_account("user_admin", "full").await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let own = format!("/v1/staff/{}/tags", scheduler.id);
    people.put(&own, json!({ "tags": [] })).await.refused(403, "beyond_own_rights");
    scheduler.put(&own, json!({ "tags": [] })).await.refused(403, "forbidden");
}

#[tokio::test]
async fn an_external_person_becomes_an_employee_once() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let body = json!({ "display_name": "Grace", "kind": "external" });
    let path = format!("/v1/staff/{}", admin.create_staff(body).await);
    let promote = format!("{path}/promote");
    let promoted = admin.post(&promote, json!({})).await.expect(200);
    assert_eq!((promoted.str("/kind"), promoted.header("etag")), ("employee", "\"2\""));
    admin.post(&promote, json!({})).await.refused(409, "not_external");
    assert_eq!(admin.get(&path).await.expect(200).body, promoted.body);
    let mut db = site.database.look().await;
    let told: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'staff.promote'")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!(told, 1);
}
