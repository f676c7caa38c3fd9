//! A backup, restored into servers that have nothing: every row, every right and every photo is there,
//! and the answers are the same.

use crate::support::{
    Answer,
    pictures::png,
    processes::{Service, Stack},
    wait::within,
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use std::{collections::BTreeMap, path::Path, process::Output, time::Duration};

const DEADLINE: Duration = Duration::from_secs(90);

/// Rows and digest of every table. What workers say of themselves goes on changing.
async fn digests(db: &mut PgConnection) -> BTreeMap<String, (i64, Option<String>)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables \
         WHERE table_schema IN ('public', 'apalis') AND table_type = 'BASE TABLE' \
         AND table_name NOT IN ('spatial_ref_sys', 'workers')",
    )
    .fetch_all(&mut *db)
    .await
    .unwrap();
    assert!(tables.len() > 60, "{tables:?}");
    let mut digests = BTreeMap::new();
    for table in tables {
        let sql = format!(
            "SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {table} AS t"
        );
        let row = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut *db).await.unwrap();
        digests.insert(table, row);
    }
    digests
}

/// Owners, rights and row security of all tables and functions, and the policies.
async fn rights(db: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT format('%s %s %s %s %s', c.oid::regclass, c.relowner::regrole, c.relrowsecurity, \
           c.relforcerowsecurity, ARRAY(SELECT unnest(COALESCE(c.relacl, \
             acldefault('r', c.relowner)))::text ORDER BY 1)) AS what \
         FROM pg_class AS c WHERE c.relkind IN ('r', 'p') \
         AND c.relnamespace IN ('public'::regnamespace, 'apalis'::regnamespace) \
         UNION SELECT format('%s %s %s %s', polrelid::regclass, polname, \
           pg_get_expr(polqual, polrelid), polroles::regrole[]) FROM pg_policy \
         UNION SELECT format('%s %s %s', p.oid::regprocedure, p.proowner::regrole, \
           ARRAY(SELECT unnest(COALESCE(p.proacl, acldefault('f', p.proowner)))::text ORDER BY 1)) \
         FROM pg_proc AS p WHERE p.proowner = 'nearhand_owner'::regrole ORDER BY 1",
    )
    .fetch_all(db)
    .await
    .unwrap()
}

/// People with phones, positions and work; returns a case and the id of a stored answer.
async fn fill(stack: &Stack) -> (String, String) {
    for (n, (_, phone)) in (0..).zip(stack.phones(3).await) {
        let fix = json!({ "fix_at": crate::support::account::now(), "lat": 38.7 + 0.01 * f64::from(n),
            "lng": -9.1, "accuracy_m": 5 });
        stack.post("/v1/pings", &phone, json!({ "pings": [fix] })).await.expect(200);
    }
    within(DEADLINE, "everybody is seen", async || {
        stack.positions().await.filter(|seen| seen.len() == 3)
    })
    .await;
    let case = json!({ "title": "Harbour", "position": { "lat": 38.7, "lng": -9.1 } });
    let case = stack.post("/v1/cases", stack.token(), case).await.expect(201);
    let case = case.str("/id").to_owned();
    let answer = ask(stack, &case).await;
    (case, answer.str("/id").to_owned())
}

async fn ask(stack: &Stack, case: &str) -> Answer {
    stack.post("/v1/recommendations", stack.token(), json!({ "case_id": case })).await.expect(200)
}

/// Whom an answer lists, in order.
fn listed(answer: &Answer) -> Vec<Value> {
    let items = answer.body.pointer("/result/candidates").or(answer.body.get("candidates"));
    let items = items.and_then(Value::as_array).unwrap_or_else(|| panic!("{}", answer.text));
    items.iter().map(|item| item["staff_id"].clone()).collect()
}

fn succeeded(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// Everything that a restore is told.
fn targets(stack: &mut Stack) {
    let superuser = stack.setting("NEARHAND_TEST_DATABASE_URL").to_owned();
    let url = |role: &str| {
        let mut url = reqwest::Url::parse(&superuser).unwrap();
        url.set_username(role).unwrap();
        url.set_password(Some("of-the-test")).unwrap();
        url.set_path("nearhand");
        url.to_string()
    };
    for (name, role) in [
        ("NEARHAND_DATABASE_URL", "nearhand_owner"),
        ("NEARHAND_APP_DATABASE_URL", "nearhand_app"),
        ("NEARHAND_WORKER_DATABASE_URL", "nearhand_worker"),
    ] {
        stack.set(name, url(role));
    }
    stack.set("NEARHAND_DATABASE_SUPERUSER_URL", superuser);
    stack.set("NEARHAND_REDIS_URL", stack.setting("NEARHAND_TEST_REDIS_URL").to_owned());
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_backup_comes_back_whole_on_empty_servers() {
    let folder = tempfile::tempdir().unwrap();
    let [photos, file, again] = ["photos", "b.zip", "again"].map(|name| folder.path().join(name));
    let mut stack = Stack::start().await;
    let token = stack.token().to_owned();
    stack.set("NEARHAND_OBJECTS", text(&photos).to_owned());
    for service in [Service::Api, Service::Worker] {
        stack.kill(service);
    }
    stack.serve(&token).await;
    let (case, stored) = fill(&stack).await;
    let staff = stack.get("/v1/staff?limit=1", &token).await.expect(200);
    let person = staff.str("/items/0/id").to_owned();
    let photo = stack.put_photo(&person, png(40, 30)).await;
    photo.expect(200);
    let then = within(DEADLINE, "all three and the admin are listed", async || {
        Some(listed(&ask(&stack, &case).await)).filter(|people| people.len() == 4)
    })
    .await;
    let kept = stack.get(&format!("/v1/recommendations/{stored}"), &token).await.expect(200);
    let superuser = stack.setting("NEARHAND_TEST_DATABASE_URL").to_owned();
    stack.set("NEARHAND_DATABASE_SUPERUSER_URL", superuser);
    // Nothing changes any more, so that two moments can be compared.
    for service in [Service::Api, Service::Worker] {
        stack.kill(service);
    }
    succeeded(&stack.run("backup", &[text(&file)]).await);
    let refused = stack.run("backup", &[text(&file)]).await;
    assert!(!refused.status.success(), "a backup is never replaced");
    let mut before = stack.look().await;

    let mut bare = Stack::bare().await;
    targets(&mut bare);
    bare.set("NEARHAND_OBJECTS", text(&again).to_owned());
    succeeded(&bare.run("restore", &[text(&file)]).await);
    let mut after = bare.look().await;
    assert_eq!(digests(&mut after).await, digests(&mut before).await);
    assert_eq!(rights(&mut after).await, rights(&mut before).await);
    let refused = bare.run("restore", &[text(&file)]).await;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("is not empty"), "{said}");
    bare.serve(&token).await;
    let same = bare.get(&format!("/v1/recommendations/{stored}"), &token).await.expect(200);
    assert_eq!(same.body, kept.body);
    let now = within(DEADLINE, "all three are listed again", async || {
        Some(listed(&ask(&bare, &case).await)).filter(|people| people.len() == 4)
    })
    .await;
    assert_eq!(now, then);
    let shown = bare.page_with(&format!("/v1/staff/{person}/photo"), &token).await;
    assert_eq!(shown, 200, "photos come back as well");
}
