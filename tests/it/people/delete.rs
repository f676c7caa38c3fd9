//! People leave, and come back within 30 days.

use crate::support::{Account, Site, account::log_in, eventually};
use serde_json::{Value, json};

const OWN: &str = "nine quiet harbour cranes";

async fn count(site: &Site, statement: &'static str, staff: &str) -> i64 {
    let mut db = site.database.look().await;
    sqlx::query_scalar(statement).bind(staff).fetch_one(&mut db).await.unwrap()
}

async fn email_of(admin: &Account<'_>, id: &str) -> String {
    let person = admin.get(&format!("/v1/staff/{id}?deleted=with")).await.expect(200);
    person.str("/email").to_owned()
}

#[tokio::test]
async fn whoever_is_deleted_is_out_at_once() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("scheduler", "full").await;
    let phone = admin.create_phone(&grace.id).await;
    phone.send_from(1.5, 1.5).await.expect(200);
    let path = format!("/v1/staff/{}", grace.id);
    let around = "/v1/positions?bbox=1,1,2,2";
    let shown = async |wanted: usize| {
        eventually("the map shows as many", async || {
            let seen = admin.get(around).await.expect(200);
            (seen.body["items"].as_array()?.len() == wanted).then_some(())
        })
        .await;
    };
    shown(1).await;
    let email = email_of(&admin, &grace.id).await;
    let fill = "INSERT INTO invitations (organization_id, id, staff_id, created_at, expires_at) \
        SELECT organization_id, gen_random_uuid(), id, now(), now() + interval '3 days' FROM staff \
        WHERE id = $1::uuid";
    let mut db = site.database.look().await;
    sqlx::query(fill).bind(&grace.id).execute(&mut db).await.unwrap();
    for table in [
        "INSERT INTO password_resets (organization_id, id, staff_id, created_at, expires_at) \
         SELECT organization_id, gen_random_uuid(), id, now(), now() + interval '30 min' FROM staff \
         WHERE id = $1::uuid",
        "INSERT INTO email_changes (organization_id, id, staff_id, new_email, created_by, \
         created_at, expires_at) SELECT organization_id, gen_random_uuid(), id, 'x@y.example', id, \
         now(), now() + interval '1 day' FROM staff WHERE id = $1::uuid",
    ] {
        sqlx::query(table).bind(&grace.id).execute(&mut db).await.unwrap();
    }
    admin.delete(&path).await.expect(204);
    grace.get("/v1/me").await.refused(401, "unauthorized");
    phone.send_from(38.7, -9.1).await.refused(401, "unauthorized");
    log_in(&site, &email, OWN).await.refused(401, "login_failed");
    let open = "SELECT (SELECT count(*) FROM invitations WHERE revoked_at IS NULL \
          AND staff_id = $1::uuid) \
        + (SELECT count(*) FROM password_resets WHERE expires_at > now() AND staff_id = $1::uuid) \
        + (SELECT count(*) FROM email_changes WHERE cancelled_at IS NULL AND staff_id = $1::uuid) \
        + (SELECT count(*) FROM positions WHERE staff_id = $1::uuid) \
        + (SELECT count(*) FROM login_names WHERE staff_id = $1::uuid) \
        + (SELECT count(*) FROM devices WHERE revoked_at IS NULL AND staff_id = $1::uuid)";
    assert_eq!(count(&site, open, &grace.id).await, 0);
    let noted = "SELECT count(*) FROM staff WHERE id = $1::uuid AND released = '[]' \
        AND deleted_by IS NOT NULL";
    assert_eq!(count(&site, noted, &grace.id).await, 1, "what was released is noted");
    shown(0).await;
    admin.get(&path).await.refused(404, "not_found");
    admin.patch(&path, json!({ "first_name": "X" })).await.refused(404, "not_found");
    admin.delete(&path).await.refused(404, "not_found");
    let told = "SELECT count(*) FROM audit_log WHERE action = 'staff.delete' \
        AND subject_id = $1::uuid";
    assert_eq!(count(&site, told, &grace.id).await, 1);
}

#[tokio::test]
async fn deleted_people_are_seen_by_those_who_manage_people() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let id = admin.create_staff(json!({ "first_name": "Grace", "last_name": "Hopper" })).await;
    let path = format!("/v1/staff/{id}");
    admin.delete(&path).await.expect(204);
    let deleted = admin.get(&format!("{path}?deleted=with")).await.expect(200);
    assert!(deleted.body["deleted_at"].is_string() && deleted.body["purged_at"].is_string());
    admin.get(&format!("{path}?deleted=yes")).await.refused(400, "malformed_query");
    admin.get(&format!("{path}?deletd=with")).await.refused(400, "malformed_query");
    scheduler.get(&format!("{path}?deleted=with")).await.refused(403, "forbidden");
    let found = admin.get("/v1/staff?q=hopp&deleted=only").await.expect(200);
    assert_eq!(found.body["items"][0]["id"], json!(id), "their words stay");
    let other = site.create_another_organization().await;
    other.get(&format!("{path}?deleted=with")).await.refused(404, "not_found");
    other.delete(&path).await.refused(404, "not_found");
    other.post(&format!("{path}/undelete"), json!({})).await.refused(404, "not_found");
}

#[tokio::test]
async fn nobody_deletes_themselves_or_more_than_they_are() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let people = admin.create_account("user_admin", "full").await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let path = |id: &str| format!("/v1/staff/{id}");
    admin.delete(&path(&admin.id)).await.refused(422, "own_account");
    people.delete(&path(&scheduler.id)).await.refused(403, "beyond_own_rights");
    people.delete(&path(&admin.id)).await.refused(403, "beyond_own_rights");
    scheduler.delete(&path(&people.id)).await.refused(403, "forbidden");
    admin.delete(&path(&scheduler.id)).await.expect(204);
    let undelete = format!("{}/undelete", path(&scheduler.id));
    people.post(&undelete, json!({})).await.refused(403, "beyond_own_rights");
}

#[tokio::test]
async fn two_account_admins_who_delete_each_other_leave_one() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let second = admin.create_account("account_admin", "full").await;
    let path = |id: &str| format!("/v1/staff/{id}");
    let (other, own) = (path(&second.id), path(&admin.id));
    let (one, two) = tokio::join!(admin.delete(&other), second.delete(&own));
    let (won, lost) = if one.status.is_success() { (one, two) } else { (two, one) };
    won.expect(204);
    // Told either by the rule or, as somebody who is gone, at the door.
    assert!(
        matches!((lost.status.as_u16(), lost.code()), (409, "last_account_admin") | (401, _)),
        "{}",
        lost.text
    );
    let left = "SELECT count(*) FROM staff WHERE admin_role = 'account_admin' \
        AND deleted_at IS NULL AND $1 <> ''";
    assert_eq!(count(&site, left, "x").await, 1);
}

#[tokio::test]
async fn the_last_account_admin_with_a_password_stays() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let second = admin.create_account("account_admin", "full").await;
    let mut db = site.database.look().await;
    let temporary = "UPDATE credentials SET temporary = true, \
        expires_at = now() + interval '1 hour' WHERE staff_id = $1::uuid";
    sqlx::query(temporary).bind(&second.id).execute(&mut db).await.unwrap();
    let refused = second.delete(&format!("/v1/staff/{}", admin.id)).await;
    refused.refused(409, "last_account_admin");
    let request = second.post("/v1/staff/delete-requests", json!({ "ids": [admin.id] })).await;
    let request = request.expect(201);
    assert_eq!(request.str("/left_out/0/code"), "last_account_admin");
}

#[tokio::test]
async fn a_login_beside_a_deletion_opens_nothing() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for _ in 0..3 {
        let grace = admin.create_account("general", "limited").await;
        let email = email_of(&admin, &grace.id).await;
        let path = format!("/v1/staff/{}", grace.id);
        let (login, deleted) = tokio::join!(log_in(&site, &email, OWN), admin.delete(&path));
        deleted.expect(204);
        if login.status.as_u16() == 201 {
            let late = Account::from_session(&site, &login.body);
            late.get("/v1/me").await.refused(401, "unauthorized");
        }
        admin.post(&format!("{path}/undelete"), json!({})).await.expect(200);
        grace.get("/v1/me").await.refused(401, "unauthorized");
    }
}

#[tokio::test]
async fn whoever_is_restored_is_as_they_were_and_logs_in_anew() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_account("scheduler", "full").await;
    let phone = admin.create_phone(&grace.id).await;
    let path = format!("/v1/staff/{}", grace.id);
    let change = json!({ "account_code": "GH-1", "username": "grace",
        "skills": [{ "code": "camera", "level": 3 }] });
    admin.patch(&path, change).await.expect(200);
    let mut db = site.database.look().await;
    for (table, member) in [("groups", "staff_groups"), ("tags", "staff_tags")] {
        let column = &table[..table.len() - 1];
        let fill = format!(
            "WITH made AS (INSERT INTO {table} (organization_id, id, name) \
             SELECT organization_id, gen_random_uuid(), 'night' FROM organizations \
             RETURNING organization_id, id) \
             INSERT INTO {member} (organization_id, staff_id, {column}_id) \
             SELECT organization_id, '{}', id FROM made",
            grace.id
        );
        sqlx::query(sqlx::AssertSqlSafe(fill)).execute(&mut db).await.unwrap();
    }
    let before = admin.get(&path).await.expect(200);
    let undelete = format!("{path}/undelete");
    admin.post(&undelete, json!({})).await.refused(404, "not_found");
    admin.delete(&path).await.expect(204);
    let key = json!({ "restore_assignments": true });
    let back = admin.post_once(&undelete, "once", key.clone()).await.expect(200);
    assert_eq!(back.body["restored_assignments"], json!([]));
    assert_eq!(back.header("etag"), format!("\"{}\"", back.body["staff"]["version"]));
    let again = admin.post_once(&undelete, "once", key).await.expect(200);
    assert_eq!(again.body, back.body);
    let comparable = |staff: &Value| {
        let mut staff = staff.clone();
        staff["version"] = Value::Null;
        staff
    };
    let after = admin.get(&path).await.expect(200);
    assert_eq!(comparable(&after.body), comparable(&before.body));
    assert_eq!(comparable(&back.body["staff"]), comparable(&before.body));
    grace.get("/v1/me").await.refused(401, "unauthorized");
    phone.send_from(38.7, -9.1).await.refused(401, "unauthorized");
    log_in(&site, "grace", OWN).await.expect(201);
    log_in(&site, before.str("/email"), OWN).await.expect(201);
    admin.post(&undelete, json!({})).await.refused(404, "not_found");
}

#[tokio::test]
async fn what_was_taken_meanwhile_is_told_and_can_be_replaced() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let path = format!("/v1/staff/{}", grace.id);
    let change = json!({ "username": "grace", "account_code": "GH-1" });
    admin.patch(&path, change).await.expect(200);
    let email = email_of(&admin, &grace.id).await;
    admin.delete(&path).await.expect(204);
    let taken = json!({ "display_name": "Other", "email": email.to_uppercase(),
        "username": "GRACE", "account_code": "GH-1" });
    let other = admin.create_staff(taken).await;
    let undelete = format!("{path}/undelete");
    let refused = admin.post(&undelete, json!({})).await.refused(409, "email_taken");
    assert!(refused.str("/detail").contains("`email`"), "{}", refused.text);
    assert!(!refused.text.contains("harbour.example"));
    let mut body = json!({ "email": "grace.b@harbour.example" });
    admin.post(&undelete, body.clone()).await.refused(409, "account_code_taken");
    body["account_code"] = json!("a|b");
    let wrong = admin.post(&undelete, body.clone()).await.refused(422, "invalid");
    assert_eq!(wrong.pointers(), ["/account_code"]);
    let without = admin.post(&undelete, json!({ "email": null })).await.refused(422, "invalid");
    assert_eq!(without.body["errors"][0]["code"], "email_required");
    body["account_code"] = Value::Null;
    admin.post(&undelete, body.clone()).await.refused(409, "username_taken");
    body["username"] = json!("grace.b");
    let back = admin.post(&undelete, body).await.expect(200);
    assert_eq!(back.str("/staff/username"), "grace.b");
    // Nobody has shown that the new address is hers.
    log_in(&site, "grace.b", OWN).await.refused(401, "login_failed");
    // Whoever took a login keeps it.
    let kept = admin.get(&format!("/v1/staff/{other}")).await.expect(200);
    assert_eq!(kept.str("/username"), "GRACE");
}

#[tokio::test]
async fn a_login_taken_by_another_name_is_taken_all_the_same() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id = admin.create_staff(json!({ "display_name": "G", "email": "g@harbour.example" })).await;
    admin.delete(&format!("/v1/staff/{id}")).await.expect(204);
    admin.create_staff(json!({ "display_name": "O", "username": "g@harbour.example" })).await;
    let back = admin.post(&format!("/v1/staff/{id}/undelete"), json!({})).await;
    back.refused(409, "email_taken");
}

#[tokio::test]
async fn after_thirty_days_nobody_comes_back() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let path = format!("/v1/staff/{id}");
    admin.delete(&path).await.expect(204);
    let age = "UPDATE staff SET deleted_at = now() - $2::interval WHERE id = $1::uuid";
    let mut db = site.database.look().await;
    sqlx::query(age).bind(&id).bind("30 days 1 minute").execute(&mut db).await.unwrap();
    admin.post(&format!("{path}/undelete"), json!({})).await.refused(404, "not_found");
    admin.get(&format!("{path}?deleted=with")).await.refused(404, "not_found");
    sqlx::query(age).bind(&id).bind("29 days").execute(&mut db).await.unwrap();
    admin.post(&format!("{path}/undelete"), json!({})).await.expect(200);
}
