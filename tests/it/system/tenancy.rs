//! Tenants are kept apart by the database itself: looked up in its catalogue, and tried.

use crate::support::{Site, database::Database};
use nearhand_domain::OrganizationId;
use sqlx::{PgConnection, Row};
use std::collections::BTreeSet;

/// All tables that belong to no tenant.
const WITHOUT_TENANT: &[&str] =
    &["_sqlx_migrations", "installation", "organization_slugs", "spatial_ref_sys"];

/// All tables on which the worker sees past the tenants' policy.
const WORKER_SEES: &[&str] = &[
    "arrival_checks",
    "assignments",
    "cases",
    "departments",
    "devices",
    "erased_people",
    "offers",
    "organizations",
    "outbox",
    "pings",
    "positions",
    "regions",
    "staff",
    "staff_departments",
    "staff_languages",
    "staff_licences",
    "staff_regions",
    "staff_services",
    "staff_skills",
    "staff_time_off",
    "staff_working_hours",
    "tracking_pauses",
    "tracking_permissions",
];

async fn names(db: &mut PgConnection, sql: &'static str) -> BTreeSet<String> {
    let rows = sqlx::query(sql).fetch_all(db).await.expect("the catalogue");
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn every_table_of_a_tenant_is_closed() {
    let database = Database::create().await;
    let mut db = database.look().await;
    let open = names(
        &mut db,
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace \
         AND relkind IN ('r', 'p') AND NOT (relrowsecurity AND relforcerowsecurity)",
    )
    .await;
    assert_eq!(open, set(WITHOUT_TENANT), "tables without row security, or without it forced");
    let loose = names(
        &mut db,
        "SELECT c.relname::text FROM pg_class AS c WHERE relnamespace = 'public'::regnamespace \
         AND relkind IN ('r', 'p') AND relrowsecurity AND NOT EXISTS (SELECT FROM pg_policy AS p \
         WHERE p.polrelid = c.oid AND p.polname = 'tenant' AND p.polroles = '{0}' \
         AND pg_get_expr(p.polqual, c.oid) LIKE '%NULLIF%app.organization_id%' \
         AND pg_get_expr(p.polwithcheck, c.oid) LIKE '%NULLIF%app.organization_id%')",
    )
    .await;
    assert_eq!(loose, BTreeSet::new(), "tables whose tenant policy is missing or different");
    let plain_keys = names(
        &mut db,
        "SELECT conrelid::regclass || '.' || conname FROM pg_constraint AS k \
         WHERE contype = 'f' AND connamespace = 'public'::regnamespace \
         AND confrelid NOT IN ('organizations'::regclass, 'organization_slugs'::regclass) \
         AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = k.conrelid \
           AND a.attnum = ANY(k.conkey) AND a.attname = 'organization_id')",
    )
    .await;
    assert_eq!(plain_keys, BTreeSet::new(), "foreign keys that reach across tenants");
}

#[tokio::test]
async fn roles_are_weak_and_the_worker_sees_only_its_tables() {
    let database = Database::create().await;
    let mut db = database.look().await;
    let strong = names(
        &mut db,
        "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'nearhand\\_%' AND rolcanlogin \
         AND rolname <> current_user AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)",
    )
    .await;
    assert_eq!(strong, BTreeSet::new());
    let seen = names(
        &mut db,
        "SELECT DISTINCT polrelid::regclass::text FROM pg_policy \
         WHERE 'nearhand_worker'::regrole::oid = ANY(polroles)",
    )
    .await;
    assert_eq!(seen, set(WORKER_SEES));
    let touched = names(
        &mut db,
        "SELECT DISTINCT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace \
         AND relkind IN ('r', 'p') AND relname <> 'spatial_ref_sys' \
         AND has_any_column_privilege('nearhand_worker', oid, 'SELECT, INSERT, UPDATE')",
    )
    .await;
    assert_eq!(touched, set(WORKER_SEES), "grants and policies of the worker differ");
    let kept: Vec<String> = sqlx::query_scalar(
        "SELECT privilege_type::text FROM information_schema.role_table_grants \
         WHERE grantee = 'nearhand_app' AND table_name = 'audit_log' ORDER BY 1",
    )
    .fetch_all(&mut db)
    .await
    .expect("the grants");
    assert_eq!(kept, ["INSERT", "SELECT"], "what was recorded cannot be changed");
}

#[tokio::test]
async fn no_temporary_table_stands_before_one_that_a_function_means() {
    // A copy of a template has none of its privileges: this one is made as an installation is.
    let database = Database::upgraded("SELECT 1").await;
    let mut db = database.look().await;
    let own = "FROM pg_proc AS p WHERE prosecdef AND pronamespace = 'public'::regnamespace \
         AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass \
         AND d.objid = p.oid AND d.deptype = 'e')";
    let all: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) {own}")))
        .fetch_one(&mut db)
        .await
        .expect("a count");
    assert!(all >= 10, "{all} functions act as their owner");
    let loose: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
        "SELECT p.oid::regprocedure::text {own} AND NOT EXISTS (SELECT FROM unnest(proconfig) \
         AS c WHERE c LIKE 'search\\_path=%, pg\\_temp')"
    )))
    .fetch_all(&mut db)
    .await
    .expect("the catalogue");
    assert_eq!(loose, Vec::<String>::new(), "functions that search pg_temp first");
    let make = names(
        &mut db,
        "SELECT role FROM unnest(ARRAY['nearhand_app', 'nearhand_worker', 'public']) AS role \
         WHERE has_database_privilege(role, current_database(), 'TEMPORARY')",
    )
    .await;
    assert_eq!(make, BTreeSet::new(), "roles that may make temporary tables");
}

#[tokio::test]
async fn the_application_may_only_add_to_the_queue_of_jobs() {
    let database = Database::create().await;
    let mut db = database.look().await;
    let rights = names(
        &mut db,
        "SELECT role || ' ' || privilege || ' ' || relname \
         FROM pg_class, unnest(ARRAY['nearhand_app', 'nearhand_worker', 'public']) AS role, \
         unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) \
         AS privilege WHERE relnamespace = 'apalis'::regnamespace AND relkind = 'r' \
         AND has_table_privilege(role, oid, privilege)",
    )
    .await;
    let wanted = [
        "nearhand_app INSERT jobs",
        "nearhand_worker DELETE jobs",
        "nearhand_worker DELETE workers",
        "nearhand_worker INSERT jobs",
        "nearhand_worker INSERT workers",
        "nearhand_worker SELECT jobs",
        "nearhand_worker SELECT workers",
        "nearhand_worker UPDATE jobs",
        "nearhand_worker UPDATE workers",
    ];
    assert_eq!(rights, set(&wanted));
    let executed = names(
        &mut db,
        "SELECT role || ' ' || proname FROM pg_proc, \
         unnest(ARRAY['nearhand_app', 'nearhand_worker']) AS role \
         WHERE pronamespace = 'apalis'::regnamespace AND has_function_privilege(role, oid, 'EXECUTE')",
    )
    .await;
    assert_eq!(executed, set(&["nearhand_worker get_jobs"]));
    let entered = names(
        &mut db,
        "SELECT role FROM unnest(ARRAY['nearhand_app', 'nearhand_worker', 'public']) AS role \
         WHERE has_schema_privilege(role, 'apalis', 'USAGE')",
    )
    .await;
    assert_eq!(entered, set(&["nearhand_app", "nearhand_worker"]));
}

#[tokio::test]
async fn nobody_sees_without_a_tenant_or_with_another() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    admin.create_staff(serde_json::json!({ "display_name": "Grace" })).await;
    let app = site.database.app().await;
    let count = "SELECT count(*) FROM staff";
    let mut tx = app.tenantless().await.expect("a transaction");
    let none: i64 = sqlx::query_scalar(count).fetch_one(&mut *tx).await.expect("a count");
    drop(tx);
    let mut tx = app.tenant(OrganizationId::generate()).await.expect("a transaction");
    let other: i64 = sqlx::query_scalar(count).fetch_one(&mut *tx).await.expect("a count");
    let forged = sqlx::query(
        "INSERT INTO services (organization_id, id, name) \
         SELECT gen_random_uuid(), gen_random_uuid(), 'x'",
    )
    .execute(&mut *tx)
    .await;
    assert_eq!((none, other), (0, 0));
    assert!(forged.unwrap_err().to_string().contains("row-level security"));
}

#[tokio::test]
async fn people_are_found_by_an_index_under_row_security() {
    let site = Site::without_worker(|_| {}).await;
    site.set_up().await;
    let mut db = site.database.look().await;
    let organization = sqlx::query_scalar("SELECT organization_id FROM organizations")
        .fetch_one(&mut db)
        .await
        .expect("an organisation");
    for statement in [
        "INSERT INTO staff (organization_id, id, display_name, username, email) \
         SELECT organization_id, gen_random_uuid(), 'Person ' || n, 'p' || n, n || '@x.example' \
         FROM organizations, generate_series(1, 3000) AS n",
        "INSERT INTO login_names (organization_id, key, staff_id) \
         SELECT organization_id, email, id FROM staff WHERE email LIKE '%@x.example'",
        "INSERT INTO staff_words (organization_id, staff_id, word, personal) \
         SELECT organization_id, id, word, false FROM staff, \
         regexp_split_to_table(lower(display_name), ' ') AS word \
         WHERE email LIKE '%@x.example'",
        "ANALYZE staff",
        "ANALYZE login_names",
        "ANALYZE staff_words",
    ] {
        sqlx::query(statement).execute(&mut db).await.expect("many people");
    }
    let app = site.database.app().await;
    let mut tx = app.tenant(OrganizationId(organization)).await.expect("a transaction");
    for (statement, condition) in [
        ("EXPLAIN SELECT staff_id FROM login_names WHERE key = 'a'", "(key ="),
        (
            "EXPLAIN SELECT staff_id FROM staff_words WHERE word >= '77' AND word <= '78'",
            "(word >=",
        ),
    ] {
        let plan: Vec<String> =
            sqlx::query_scalar(statement).fetch_all(&mut *tx).await.expect("a plan");
        let searched =
            plan.iter().any(|line| line.contains("Index Cond") && line.contains(condition));
        assert!(searched, "{statement}: {plan:#?}");
    }
}

#[tokio::test]
async fn a_service_refuses_to_run_as_anything_stronger() {
    use nearhand_storage::{AppPool, PoolLimits, StorageError};
    let database = Database::create().await;
    let limits =
        PoolLimits { max_connections: 1, acquire_timeout: std::time::Duration::from_secs(5) };
    for role in ["nearhand_owner", "nearhand_worker"] {
        let refused = AppPool::connect(database.options(role), limits).await;
        assert!(matches!(refused, Err(StorageError::WrongRole { .. })), "{role}");
    }
}
