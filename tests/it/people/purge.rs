//! People deleted long ago are forgotten for good, and so is what was kept only for a while.

use crate::support::{Account, Site};
use nearhand_domain::{StaffId, clock};
use nearhand_runner::{RetentionConfig, prepare};
use serde_json::json;
use sqlx::PgConnection;

async fn maintain(site: &Site) {
    let pool = site.database.worker().await;
    prepare(&pool, RetentionConfig::default(), clock::now()).await.expect("maintenance");
}

async fn delete_long_ago(db: &mut PgConnection, admin: &Account<'_>, days: i32) -> String {
    let id = admin
        .create_staff(json!({ "display_name": "Grace", "email": format!("d{days}@x.example") }))
        .await;
    admin.delete(&format!("/v1/staff/{id}")).await.expect(204);
    let age = "UPDATE staff SET deleted_at = now() - $2 * interval '1 day', \
        photo = gen_random_uuid(), photo_type = 'image/png' WHERE id = $1::uuid";
    sqlx::query(age).bind(&id).bind(days).execute(&mut *db).await.unwrap();
    id
}

async fn count(db: &mut PgConnection, statement: &'static str, id: &str) -> i64 {
    sqlx::query_scalar(statement).bind(id).fetch_one(db).await.unwrap()
}

#[tokio::test]
async fn people_deleted_more_than_thirty_days_ago_are_forgotten() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let other = site.create_another_organization().await;
    let mut db = site.database.look().await;
    let old = delete_long_ago(&mut db, &admin, 31).await;
    let theirs = delete_long_ago(&mut db, &other, 40).await;
    let young = delete_long_ago(&mut db, &admin, 29).await;
    let present = admin.create_staff(json!({ "display_name": "Ada" })).await;
    // A position that was written in the very moment of the deletion.
    let late = "INSERT INTO positions (organization_id, staff_id, device_id, fix_at, received_at, \
        position, mock) SELECT organization_id, id, id, now(), now(), \
        ST_SetSRID(ST_MakePoint(1, 1), 4326), false FROM staff WHERE id = $1::uuid";
    sqlx::query(late).bind(&old).execute(&mut db).await.unwrap();
    maintain(&site).await;
    let traces = "SELECT (SELECT count(*) FROM staff WHERE id = $1::uuid) \
        + (SELECT count(*) FROM person_keys WHERE staff_id = $1::uuid) \
        + (SELECT count(*) FROM staff_words WHERE staff_id = $1::uuid) \
        + (SELECT count(*) FROM positions WHERE staff_id = $1::uuid)";
    for id in [&old, &theirs] {
        assert_eq!(count(&mut db, traces, id).await, 0);
    }
    for id in [&young, &present] {
        assert!(count(&mut db, traces, id).await > 0);
    }
    let told = "SELECT count(*) FROM audit_log WHERE action = 'staff.purge' \
        AND subject_id = $1::uuid AND actor_id IS NULL AND substr(id::text, 15, 1) = '7' \
        AND id > '01900000-0000-7000-8000-000000000000' \
        AND organization_id = (SELECT organization_id FROM audit_log \
          WHERE action = 'staff.create' AND subject_id = $1::uuid)";
    assert_eq!(count(&mut db, told, &old).await, 1);
    assert_eq!(count(&mut db, told, &theirs).await, 1);
    let sealed = "SELECT count(*) FROM audit_log WHERE sealed_for = $1::uuid";
    assert!(count(&mut db, sealed, &old).await > 0, "what is sealed stays, and nobody can read it");
    let jobs: Vec<String> = sqlx::query_scalar(
        "SELECT convert_from(job, 'UTF8')::jsonb->>'staff' FROM apalis.jobs \
         WHERE job_type = 'photo' ORDER BY 1",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    assert_eq!(jobs, [old.clone(), theirs.clone()], "the files of their photos are left to jobs");
    admin.get(&format!("/v1/staff/{old}?deleted=with")).await.refused(404, "not_found");
    admin.post(&format!("/v1/staff/{young}/undelete"), json!({})).await.expect(200);
}

#[tokio::test]
async fn more_than_one_batch_is_forgotten_at_once() {
    let site = Site::without_worker(|_| {}).await;
    site.set_up().await;
    let mut db = site.database.look().await;
    let fill = "INSERT INTO staff (organization_id, id, display_name, deleted_at) \
        SELECT organization_id, gen_random_uuid(), 'gone', now() - interval '31 days' \
        FROM organizations, generate_series(1, 1200)";
    sqlx::query(fill).execute(&mut db).await.unwrap();
    maintain(&site).await;
    let left = "SELECT count(*) FROM staff WHERE $1 <> ''";
    assert_eq!(count(&mut db, left, "x").await, 1);
    let told = "SELECT count(DISTINCT id) FROM audit_log WHERE action = 'staff.purge' AND $1 <> ''";
    assert_eq!(count(&mut db, told, "x").await, 1_200);
}

#[tokio::test]
async fn what_was_kept_for_a_while_goes_by_age() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id: StaffId = admin.id.parse().unwrap();
    let mut db = site.database.look().await;
    sqlx::query("DELETE FROM login_addresses").execute(&mut db).await.unwrap();
    let fill = format!(
        "INSERT INTO login_addresses (organization_id, staff_id, address_hash, seen_at) \
           SELECT organization_id, '{id}', sha256(d::text::bytea), now() - d * interval '1 day' \
           FROM organizations, unnest(ARRAY[29, 31]) AS d; \
         INSERT INTO password_resets (organization_id, id, staff_id, created_at, expires_at) \
           SELECT organization_id, gen_random_uuid(), '{id}', now() - d * interval '1 day', now() \
           FROM organizations, unnest(ARRAY[29, 31]) AS d; \
         INSERT INTO email_changes (organization_id, id, staff_id, new_email, created_by, \
           created_at, expires_at, cancelled_at) SELECT organization_id, gen_random_uuid(), \
           '{id}', 'x@y.example', '{id}', now() - d * interval '1 day', now(), now() \
           FROM organizations, unnest(ARRAY[29, 31]) AS d; \
         INSERT INTO delete_requests (organization_id, id, actor_id, number, people, created_at, \
           expires_at) SELECT organization_id, gen_random_uuid(), '{id}', 1234, '{{}}', now(), \
           now() - d * interval '1 day' FROM organizations, unnest(ARRAY[0, 2]) AS d; \
         INSERT INTO imports (organization_id, id, created_by, created_at, file_name, file_hash, \
           state, counts) SELECT organization_id, gen_random_uuid(), '{id}', \
           now() - d * interval '1 day', 'x.csv', sha256('x'), state, '{{}}' \
           FROM organizations, (VALUES (29, 'done'), (31, 'done'), (4, 'checked')) \
           AS v (d, state); \
         INSERT INTO import_rows (organization_id, import_id, line, action) \
           SELECT organization_id, id, 1, 'skip' FROM imports; \
         INSERT INTO exports (organization_id, id, created_by, created_at, kind, format, request, \
           expires_at) SELECT organization_id, gen_random_uuid(), '{id}', now(), 'staff', 'csv', \
           '{{}}', now() + d * interval '1 hour' FROM organizations, unnest(ARRAY[1, -1]) AS d"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(fill)).execute(&mut db).await.unwrap();
    maintain(&site).await;
    for left in [
        "SELECT count(*) FROM login_addresses WHERE $1 <> ''",
        "SELECT count(*) FROM password_resets WHERE $1 <> ''",
        "SELECT count(*) FROM email_changes WHERE $1 <> ''",
        "SELECT count(*) FROM delete_requests WHERE $1 <> ''",
        "SELECT count(*) FROM imports WHERE $1 <> ''",
        "SELECT count(*) FROM import_rows WHERE $1 <> ''",
        "SELECT count(*) FROM exports WHERE $1 <> ''",
    ] {
        assert_eq!(count(&mut db, left, "x").await, 1, "{left}");
    }
}
