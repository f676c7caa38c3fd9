//! A database per test, copied from a template that is migrated once per server.

use super::given;
use nearhand_migrations::{RolePasswords, bootstrap, latest_version, migrate};
use nearhand_runner::JobsConfig;
use nearhand_storage::{AppPool, PoolLimits, WorkerPool};
use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions};
use std::time::Duration;
use uuid::Uuid;

/// The roles' password on the tests' server, which listens on loopback for their length.
const PASSWORD: &str = "for-tests-only";

/// A database of one test.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    name: String,
    superuser: PgConnectOptions,
}

impl Database {
    /// A fresh one with today's schema.
    pub(crate) async fn create() -> Self {
        let superuser: PgConnectOptions =
            given("NEARHAND_TEST_DATABASE_URL").parse().expect("the superuser's URL");
        let template = format!("nearhand_template_{}", latest_version());
        let mut server = PgConnection::connect_with(&superuser).await.expect("PostgreSQL answers");
        ensure_template(&mut server, &superuser, &template).await;
        let name = format!("test_{}", Uuid::now_v7().simple());
        let create = format!("CREATE DATABASE {name} TEMPLATE {template} OWNER nearhand_owner");
        sqlx::query(AssertSqlSafe(create)).execute(&mut server).await.expect("a database");
        Self { name, superuser }
    }

    /// One made from a dump of `pg_dump`, and then brought up to today's schema.
    pub(crate) async fn upgraded(dump: &'static str) -> Self {
        let superuser: PgConnectOptions =
            given("NEARHAND_TEST_DATABASE_URL").parse().expect("the superuser's URL");
        let name = format!("test_{}", Uuid::now_v7().simple());
        bootstrap(&superuser, &name, &passwords()).await.expect("bootstrapping");
        let database = Self { name, superuser };
        // The dump sets what only this connection should have.
        let mut restoring = database.look().await;
        sqlx::raw_sql(dump).execute(&mut restoring).await.expect("the dump is restored");
        restoring.close().await.expect("closing");
        migrate(&database.options("nearhand_owner")).await.expect("migrating");
        database
    }

    /// How a role connects.
    pub(crate) fn options(&self, role: &str) -> PgConnectOptions {
        self.superuser.clone().database(&self.name).username(role).password(PASSWORD)
    }

    /// A connection that no policy binds, to look at what is there.
    pub(crate) async fn look(&self) -> PgConnection {
        PgConnection::connect_with(&self.superuser.clone().database(&self.name))
            .await
            .expect("a connection")
    }

    pub(crate) async fn app(&self) -> AppPool {
        AppPool::connect(self.options("nearhand_app"), limits()).await.expect("the app's pool")
    }

    pub(crate) async fn worker(&self) -> WorkerPool {
        WorkerPool::connect(self.options("nearhand_worker"), limits()).await.expect("the worker's")
    }

    /// What background jobs need, with pools of their own, as in a real process.
    pub(crate) async fn jobs(&self) -> JobsConfig {
        JobsConfig::new(self.worker().await, self.app().await)
    }
}

fn passwords() -> RolePasswords<'static> {
    RolePasswords { owner: PASSWORD, app: PASSWORD, worker: PASSWORD }
}

fn limits() -> PoolLimits {
    PoolLimits { max_connections: 6, acquire_timeout: Duration::from_secs(30) }
}

/// Of several test processes one makes the template; the others wait for its lock.
async fn ensure_template(server: &mut PgConnection, superuser: &PgConnectOptions, name: &str) {
    sqlx::query("SELECT pg_advisory_lock(hashtext('nearhand.tests.template'))")
        .execute(&mut *server)
        .await
        .expect("the template's lock");
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(name)
            .fetch_one(&mut *server)
            .await
            .expect("the list of databases");
    if !exists {
        let building = format!("{name}_building");
        bootstrap(superuser, &building, &passwords()).await.expect("bootstrapping");
        let owner = superuser.clone().database(&building).username("nearhand_owner");
        migrate(&owner.password(PASSWORD)).await.expect("migrating");
        let rename = format!("ALTER DATABASE {building} RENAME TO {name}");
        sqlx::query(AssertSqlSafe(rename)).execute(&mut *server).await.expect("renaming");
    }
    sqlx::query("SELECT pg_advisory_unlock(hashtext('nearhand.tests.template'))")
        .execute(&mut *server)
        .await
        .expect("the template's lock");
}
