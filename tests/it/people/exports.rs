//! People exported to files: what the author may see, kept for them alone, and imported again
//! without a change.

use crate::support::{Account, Site, account::log_in, eventually};
use nearhand_runner::{ExportJobs, ImportJobs};
use serde_json::{Value, json};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

async fn site() -> Site {
    let mut site = Site::without_worker(|_| {}).await;
    site.start_worker_with(|jobs| jobs.with(ImportJobs).with(ExportJobs)).await;
    site
}

/// People with everything that could be lost on the way.
async fn fill(admin: &Account<'_>) {
    for body in [
        json!({ "first_name": "=SUM(A1)", "last_name": "-Hopper", "username": "grace",
            "email": "grace@harbour.example", "account_code": "+1", "birth_date": "1906-12-09",
            "access_level": "full", "admin_role": "scheduler", "language": "pt",
            "home": { "lat": 38.716_912_3, "lng": -9.139_9 }, "time_zone": "Europe/Lisbon",
            "max_travel_km": 120.25, "signature": "  Grace\r\n-- \n@harbour; \"x\"\t\n",
            "address": { "street": "Rua; Augusta", "country": "PT" },
            "working_hours": [{ "weekday": 1, "start_min": 480, "end_min": 990 },
                { "weekday": 5, "start_min": 1320, "end_min": 360 }],
            "skills": [{ "code": "a:b", "level": 4 }],
            "licences": [{ "code": "PI", "jurisdiction": "PT", "valid_to": "2030-12-31" }],
            "languages": [{ "language": "pt", "level": "native" }] }),
        json!({ "display_name": "'Quoted'", "working_hours": [], "kind": "external",
            "active": false }),
        json!({ "display_name": "(none)" }),
    ] {
        admin.create_staff(body).await;
    }
}

#[tokio::test]
async fn what_is_exported_comes_back_without_a_change() {
    let site = site().await;
    let admin = site.set_up().await;
    fill(&admin).await;
    for format in ["csv", "xlsx"] {
        let file = admin.export(json!({ "kind": "staff", "format": format })).await;
        if format == "csv" {
            let text = String::from_utf8(file.clone()).unwrap();
            assert!(text.contains("'=SUM(A1)") && text.contains("'-Hopper"), "{text}");
        }
        let import = admin.send("", "application/octet-stream", file).await.expect(201);
        let rows = admin.rows(import.str("/id"), "").await;
        let counts = json!({ "create": 0, "update": 0, "skip": 4, "error": 0 });
        assert_eq!(import.body["counts"], counts, "{format}: {rows:#?}");
    }
}

#[tokio::test]
async fn a_filter_narrows_an_export() {
    let site = site().await;
    let admin = site.set_up().await;
    fill(&admin).await;
    let body = json!({ "kind": "staff", "format": "csv", "filter": { "active": false } });
    let file = String::from_utf8(admin.export(body).await).unwrap();
    assert_eq!(file.lines().count(), 2, "{file}");
    // An order that changes while the file is made would lose people.
    let plain = json!({ "kind": "staff", "format": "csv" });
    let by_name = json!({ "kind": "staff", "format": "csv", "filter": { "sort": "-created" } });
    assert_eq!(admin.export(by_name).await, admin.export(plain).await);
    for (body, pointer) in [
        (json!({ "kind": "cases", "format": "csv" }), "/kind"),
        (json!({ "kind": "staff", "format": "pdf" }), "/format"),
        (json!({ "kind": "staff", "format": "csv", "filter": { "shoe": 1 } }), "/filter"),
        (json!({ "kind": "staff", "format": "csv", "filter": { "kind": "x" } }), "/filter"),
        (json!({ "kind": "staff", "format": "csv", "x": 1 }), "/x"),
    ] {
        let refused = admin.post("/v1/exports", body).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), [pointer]);
    }
}

#[tokio::test]
async fn a_file_is_its_authors_alone_and_goes() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let other = admin.create_account("account_admin", "full").await;
    let begun = admin.post("/v1/exports", json!({ "kind": "staff", "format": "csv" })).await;
    let begun = begun.expect(202);
    let path = format!("/v1/exports/{}", begun.str("/id"));
    let waiting = admin.get(&format!("{path}/file")).await.refused(409, "export_not_ready");
    assert_eq!(waiting.header("location"), format!("/v1/jobs/{}", begun.str("/job_id")));
    let made = admin.queue_file().await;
    let path = format!("/v1/exports/{made}");
    let file = admin.get(&format!("{path}/file")).await.expect(200);
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"staff-"));
    assert_eq!((file.header("cache-control"), file.text.as_str()), ("no-store", "id"));
    assert_eq!(admin.get(&path).await.expect(200).body["ready"], true);
    for path in [path.clone(), format!("{path}/file")] {
        other.get(&path).await.refused(404, "not_found");
    }
    let mut db = site.database.look().await;
    let downloads: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'export.download'")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!(downloads, 1);
    sqlx::query("UPDATE exports SET expires_at = now()").execute(&mut db).await.unwrap();
    admin.get(&format!("{path}/file")).await.refused(404, "not_found");
}

#[tokio::test]
async fn scope_and_rights_bind_what_a_file_holds() {
    let site = site().await;
    let admin = site.set_up().await;
    let (north, role) = (uuid::Uuid::now_v7(), uuid::Uuid::now_v7());
    let mut db = site.database.look().await;
    for (sql, id) in [
        (
            "INSERT INTO departments (organization_id, id, name) SELECT organization_id, $1, 'North' FROM organizations",
            north,
        ),
        (
            "INSERT INTO roles (organization_id, id, name, permissions) SELECT organization_id, $1, 'Clerk', '{staff:view,staff:edit,staff:manage}' FROM organizations",
            role,
        ),
    ] {
        sqlx::query(sql).bind(id).execute(&mut db).await.unwrap();
    }
    let clerk = admin.create_account("general", "full").await;
    let email = admin.get(&format!("/v1/staff/{}", clerk.id)).await.expect(200);
    admin
        .patch(
            &format!("/v1/staff/{}", clerk.id),
            json!({ "roles": [role],
            "departments": [north], "view_scope": "departments" }),
        )
        .await
        .expect(200);
    admin.create_staff(json!({ "display_name": "Near", "departments": [north] })).await;
    admin.create_staff(json!({ "display_name": "Far" })).await;
    let session = log_in(&site, email.str("/email"), "nine quiet harbour cranes").await.expect(201);
    let clerk = Account::from_session(&site, &session.body);
    let file = clerk.export(json!({ "kind": "staff", "format": "csv" })).await;
    let text = String::from_utf8(file.clone()).unwrap();
    assert!(text.contains("Near") && !text.contains("Far") && !text.contains("@"), "{text}");
    assert!(!text.contains("email") && !text.contains("home_lat"), "{text}");
    let import = clerk.send("", XLSX, file).await.expect(201);
    assert_eq!(import.body["counts"]["skip"], 2);
    assert_eq!(import.body["counts"]["error"], Value::from(0));
}

#[tokio::test]
async fn a_file_does_not_outlive_the_rights_it_was_made_under() {
    let site = site().await;
    let admin = site.set_up().await;
    let north = admin.create_named("/v1/departments", "North").await;
    let clerk = admin.create_account("user_admin", "full").await;
    let person = format!("/v1/staff/{}", clerk.id);
    let email = admin.get(&person).await.expect(200).str("/email").to_owned();
    let again = async || {
        let session = log_in(&site, &email, "nine quiet harbour cranes").await.expect(201);
        Account::from_session(&site, &session.body)
    };
    let body = json!({ "kind": "staff", "format": "csv" });
    let begun = clerk.post("/v1/exports", body.clone()).await.expect(202);
    let job = format!("/v1/jobs/{}", begun.str("/job_id"));
    eventually("the export has ended", async || {
        (clerk.get(&job).await.expect(200).str("/state") == "succeeded").then_some(())
    })
    .await;
    let file = format!("/v1/exports/{}/file", begun.str("/id"));
    clerk.get(&file).await.expect(200);
    // Of everybody, for somebody who sees a department.
    let scope = json!({ "departments": [north], "view_scope": "departments" });
    admin.patch(&person, scope).await.expect(200);
    let clerk = again().await;
    let refused = clerk.get(&file).await.refused(403, "forbidden");
    assert!(refused.str("/detail").contains("make a new export"), "{}", refused.text);
    clerk.export(body).await;
    // With personal values, for somebody who sees none.
    let permissions = json!(["staff:view", "staff:edit", "staff:manage"]);
    let role = json!({ "name": "Clerk", "permissions": permissions });
    let role = admin.post("/v1/roles", role).await.expect(201);
    let fields = json!({ "admin_role": "general", "roles": [role.str("/id")],
        "view_scope": "all" });
    admin.patch(&person, fields).await.expect(200);
    again().await.get(&file).await.refused(403, "forbidden");
    // The rights are back.
    admin.patch(&person, json!({ "admin_role": "user_admin" })).await.expect(200);
    again().await.get(&file).await.expect(200);
}

#[tokio::test]
async fn an_author_has_only_so_many_exports_and_removes_them() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let other = admin.create_account("account_admin", "full").await;
    let body = json!({ "kind": "staff", "format": "csv" });
    let begun =
        futures::future::join_all((0..7).map(|_| admin.post("/v1/exports", body.clone()))).await;
    let made: Vec<_> = begun.iter().filter(|answer| answer.status.as_u16() == 202).collect();
    assert_eq!(made.len(), 5);
    let refused = admin.post("/v1/exports", body.clone()).await.refused(409, "limit_reached");
    assert!(refused.str("/detail").contains("DELETE /v1/exports/{id}"), "{}", refused.text);
    let others = other.post("/v1/exports", body.clone()).await.expect(202);
    assert_eq!(listed(&other, "").await, [others.str("/id")]);
    let path = format!("/v1/exports/{}", made[0].str("/id"));
    other.delete(&path).await.refused(404, "not_found");
    admin.delete(&path).await.expect(204);
    admin.delete(&path).await.refused(404, "not_found");
    admin.get(&path).await.refused(404, "not_found");
    let job = admin.get(&format!("/v1/jobs/{}", made[0].str("/job_id"))).await.expect(200);
    assert_eq!(job.str("/state"), "cancelled");
    admin.post("/v1/exports", body.clone()).await.expect(202);
    admin.post("/v1/exports", body.clone()).await.refused(409, "limit_reached");
    // What was cancelled has no file.
    let cancel = format!("/v1/jobs/{}/cancel", made[1].str("/job_id"));
    admin.post(&cancel, json!({})).await.expect(200);
    admin.post("/v1/exports", body).await.expect(202);
    let removed: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'export.delete'")
            .fetch_one(&mut site.database.look().await)
            .await
            .unwrap();
    assert_eq!(removed, 1);
}

/// The ids of one's exports as they are listed.
async fn listed(who: &Account<'_>, query: &str) -> Vec<String> {
    let page = who.get(&format!("/v1/exports{query}")).await.expect(200);
    let exports = page.body["items"].as_array().unwrap();
    exports.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn ones_own_exports_are_listed_newest_first_until_they_expire() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let other = admin.create_account("user_admin", "full").await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.insert(0, admin.queue_file().await);
    }
    assert_eq!(listed(&admin, "").await, made);
    assert!(listed(&other, "").await.is_empty(), "they are their author's alone");
    let first = admin.get("/v1/exports?limit=2").await.expect(200);
    let one = admin.get(&format!("/v1/exports/{}", made[0])).await.expect(200);
    assert_eq!(first.body["items"][0], one.body);
    let rest = format!("?limit=2&cursor={}", first.str("/next_cursor"));
    assert_eq!(listed(&admin, &rest).await, made[2..]);
    let expire = sqlx::query("UPDATE exports SET expires_at = now() WHERE id = $1");
    let newest: uuid::Uuid = made[0].parse().unwrap();
    expire.bind(newest).execute(&mut site.database.look().await).await.unwrap();
    assert_eq!(listed(&admin, "").await, made[1..]);
    let general = admin.create_account("general", "full").await;
    general.get("/v1/exports").await.refused(403, "forbidden");
}

#[tokio::test]
async fn the_audit_trail_is_exported_to_those_who_may_read_it() {
    let site = site().await;
    let admin = site.set_up().await;
    let clerk = admin.create_account("user_admin", "full").await;
    let email = admin.get(&format!("/v1/staff/{}", clerk.id)).await.expect(200);
    let body = json!({ "kind": "audit", "format": "csv", "filter": { "action": "staff.create" } });
    clerk.post("/v1/exports", body.clone()).await.refused(403, "forbidden");
    let file = String::from_utf8(admin.export(body.clone()).await).unwrap();
    let lines: Vec<&str> = file.trim_start_matches('\u{feff}').lines().collect();
    assert!(lines[0].starts_with("id,at,actor_id,actor_kind,actor_name,action,"), "{file}");
    assert!(lines[0].ends_with(",details,before,after"), "{file}");
    assert!(lines.len() > 1 && lines[1..].iter().all(|line| line.contains(",staff.create,")));
    assert!(file.contains(email.str("/email")), "personal values are open: {file}");
    admin.export(json!({ "kind": "audit", "format": "xlsx" })).await;
    for filter in [json!({ "action": "staff.created" }), json!({ "active": true })] {
        let body = json!({ "kind": "audit", "format": "csv", "filter": filter });
        let refused = admin.post("/v1/exports", body).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), ["/filter"]);
    }
    // Without `staff.pii:read` there are no personal values, and without `staff:manage` no people.
    let role = json!({ "name": "Auditor", "permissions": ["audit:read"] });
    let role = admin.post("/v1/roles", role).await.expect(201);
    let fields = json!({ "roles": [role.str("/id")] });
    let auditor = admin.create_account_with("general", "full", fields).await;
    let text = String::from_utf8(auditor.export(body).await).unwrap();
    assert!(text.contains(",staff.create,") && !text.contains('@'), "{text}");
    assert!(!text.contains(",before"), "{text}");
    let people = json!({ "kind": "staff", "format": "csv" });
    auditor.post("/v1/exports", people).await.refused(403, "forbidden");
}
