//! The database's schema, as numbered SQL, and how it is brought up to date.
//!
//! Two steps: [`bootstrap`] needs a superuser once (roles, database, extensions); [`migrate`]
//! runs as the owner ever after. Forward only; a merged file never changes, and `./dev lint` compares
//! each with its sum in `merged.sha256`.

pub mod backup;
mod derive;
mod queue;

use sqlx::{
    AssertSqlSafe, Connection, PgConnection,
    migrate::{MigrateError, Migrator},
    postgres::PgConnectOptions,
};

/// Every migration, in order.
static MIGRATOR: Migrator = sqlx::migrate!("./sql");

/// Owns the schema and runs migrations; never used by a running service.
pub const OWNER_ROLE: &str = "nearhand_owner";
/// Serves requests under one tenant's policy.
pub const APP_ROLE: &str = "nearhand_app";
/// Ingests, relays and takes snapshots, with policies of its own on those tables alone.
pub const WORKER_ROLE: &str = "nearhand_worker";

/// Passwords of the three roles.
pub struct RolePasswords<'a> {
    /// Of [`OWNER_ROLE`].
    pub owner: &'a str,
    /// Of [`APP_ROLE`].
    pub app: &'a str,
    /// Of [`WORKER_ROLE`].
    pub worker: &'a str,
}

/// Why the database could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The server refused or vanished.
    #[error("{doing}: {source}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What the server said.
        source: sqlx::Error,
    },
    /// A migration failed, or the database holds one this program does not know.
    #[error("the schema could not be brought up to date: {0}")]
    Migrate(#[from] MigrateError),
    /// The connection is not allowed to do this.
    #[error("`{0}` is no superuser; bootstrapping makes roles and extensions and needs one")]
    NotSuperuser(String),
    /// The connection is allowed too much or is another role.
    #[error("migrations run as `nearhand_owner`, not as `{0}`; give that role's URL")]
    NotOwner(String),
}

fn doing(what: &'static str) -> impl FnOnce(sqlx::Error) -> MigrationError {
    move |source| MigrationError::Database { doing: what, source }
}

/// Makes roles, database and extensions where they are missing; harmless to repeat.
///
/// `superuser` may name any existing database of the server.
///
/// # Errors
/// When the connection fails or is no superuser.
pub async fn bootstrap(
    superuser: &PgConnectOptions,
    database: &str,
    passwords: &RolePasswords<'_>,
) -> Result<(), MigrationError> {
    let mut server =
        PgConnection::connect_with(superuser).await.map_err(doing("connecting as superuser"))?;
    let (name, is_superuser): (String, bool) = sqlx::query_as(
        "SELECT current_user::text, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)",
    )
    .fetch_one(&mut server)
    .await
    .map_err(doing("reading the current role"))?;
    if !is_superuser {
        return Err(MigrationError::NotSuperuser(name));
    }
    ensure_roles(&mut server, passwords).await?;
    ensure_database(&mut server, database).await?;
    server.close().await.map_err(doing("closing the connection"))?;
    ensure_extensions(superuser, database).await
}

/// Holds a lock while making the roles: two processes may bootstrap one server.
async fn ensure_roles(
    server: &mut PgConnection,
    passwords: &RolePasswords<'_>,
) -> Result<(), MigrationError> {
    let mut tx = server.begin().await.map_err(doing("making roles"))?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('nearhand.bootstrap'))")
        .execute(&mut *tx)
        .await
        .map_err(doing("making roles"))?;
    for (role, password) in
        [(OWNER_ROLE, passwords.owner), (APP_ROLE, passwords.app), (WORKER_ROLE, passwords.worker)]
    {
        let exists: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
                .bind(role)
                .fetch_one(&mut *tx)
                .await
                .map_err(doing("making roles"))?;
        let verb = if exists { "ALTER" } else { "CREATE" };
        // The server quotes the password itself; role names are ours.
        let statement: String = sqlx::query_scalar(
            "SELECT format('%s ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE \
             NOREPLICATION PASSWORD %L', $1::text, $2::text, $3::text)",
        )
        .bind(verb)
        .bind(role)
        .bind(password)
        .fetch_one(&mut *tx)
        .await
        .map_err(doing("making roles"))?;
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut *tx)
            .await
            .map_err(doing("making roles"))?;
    }
    tx.commit().await.map_err(doing("making roles"))
}

async fn ensure_database(server: &mut PgConnection, database: &str) -> Result<(), MigrationError> {
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(database)
            .fetch_one(&mut *server)
            .await
            .map_err(doing("looking for the database"))?;
    let statement: String = sqlx::query_scalar(if exists {
        "SELECT format('ALTER DATABASE %I OWNER TO nearhand_owner', $1::text)"
    } else {
        "SELECT format('CREATE DATABASE %I OWNER nearhand_owner ENCODING ''UTF8'' TEMPLATE template0', $1::text)"
    })
    .bind(database)
    .fetch_one(&mut *server)
    .await
    .map_err(doing("naming the database"))?;
    sqlx::query(AssertSqlSafe(statement))
        .execute(&mut *server)
        .await
        .map_err(doing("making the database"))?;
    Ok(())
}

async fn ensure_extensions(
    superuser: &PgConnectOptions,
    database: &str,
) -> Result<(), MigrationError> {
    let mut connection = PgConnection::connect_with(&superuser.clone().database(database))
        .await
        .map_err(doing("connecting to the database as superuser"))?;
    for statement in [
        "CREATE EXTENSION IF NOT EXISTS postgis",
        // For the queue of jobs.
        "CREATE EXTENSION IF NOT EXISTS hstore",
        "CREATE EXTENSION IF NOT EXISTS pgcrypto",
        "ALTER SCHEMA public OWNER TO nearhand_owner",
        "REVOKE ALL ON spatial_ref_sys FROM PUBLIC",
        "GRANT SELECT ON spatial_ref_sys TO PUBLIC",
        // A temporary table could stand before one that a function of the owner's means.
        "DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', \
         current_database()); END $$",
    ] {
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .map_err(doing("installing extensions"))?;
    }
    connection.close().await.map_err(doing("closing the connection"))
}

/// Brings the schema up to date, as the owner. Two at once wait for each other.
///
/// # Errors
/// When connecting or a migration fails, or the role is not the owner.
pub async fn migrate(owner: &PgConnectOptions) -> Result<(), MigrationError> {
    let mut connection =
        PgConnection::connect_with(owner).await.map_err(doing("connecting as owner"))?;
    let role: String = sqlx::query_scalar("SELECT current_user::text")
        .fetch_one(&mut connection)
        .await
        .map_err(doing("reading the current role"))?;
    if role != OWNER_ROLE {
        return Err(MigrationError::NotOwner(role));
    }
    MIGRATOR.run(&mut connection).await?;
    queue::migrate(&mut connection).await?;
    derive::derive(&mut connection).await?;
    connection.close().await.map_err(doing("closing the connection"))
}

/// The number of the newest migration this program knows.
#[must_use]
pub fn latest_version() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0)
}
