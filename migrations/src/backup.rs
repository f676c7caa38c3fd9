//! What a backup must know of a database, and a restore of its target. Reads only, as a superuser: row
//! security hides tenants from everybody else.

use crate::{MigrationError, doing};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

/// A database as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// The newest migration that was run.
    pub schema_version: i64,
    /// Organisation and name of every photo in the object store.
    pub photos: Vec<(Uuid, Uuid)>,
}

/// The server's major version.
///
/// # Errors
/// When connecting fails.
pub async fn server_major(superuser: &PgConnectOptions) -> Result<u32, MigrationError> {
    let mut connection = connect(superuser).await?;
    let number: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::integer")
        .fetch_one(&mut connection)
        .await
        .map_err(doing("reading the server's version"))?;
    Ok(u32::try_from(number / 10_000).unwrap_or(0))
}

/// Whether a database of this name has nothing of Nearhand's yet, or is not there.
///
/// # Errors
/// When connecting fails.
pub async fn is_empty(
    superuser: &PgConnectOptions,
    database: &str,
) -> Result<bool, MigrationError> {
    let mut server = connect(superuser).await?;
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(database)
            .fetch_one(&mut server)
            .await
            .map_err(doing("looking for the database"))?;
    if !exists {
        return Ok(true);
    }
    let mut connection = connect(&superuser.clone().database(database)).await?;
    sqlx::query_scalar(
        "SELECT NOT EXISTS (SELECT FROM pg_class AS c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') \
         AND c.relnamespace IN (SELECT oid FROM pg_namespace \
           WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')) \
         AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass \
           AND d.objid = c.oid AND d.deptype = 'e'))",
    )
    .fetch_one(&mut connection)
    .await
    .map_err(doing("looking whether the database is empty"))
}

/// What there is to be backed up; `None` where nothing was migrated.
///
/// # Errors
/// When connecting fails.
pub async fn inventory(
    superuser: &PgConnectOptions,
    database: &str,
) -> Result<Option<Inventory>, MigrationError> {
    let mut connection = connect(&superuser.clone().database(database)).await?;
    let migrated: bool =
        sqlx::query_scalar("SELECT to_regclass('public._sqlx_migrations') IS NOT NULL")
            .fetch_one(&mut connection)
            .await
            .map_err(doing("looking for the schema"))?;
    if !migrated {
        return Ok(None);
    }
    let schema_version =
        sqlx::query_scalar("SELECT max(version) FROM public._sqlx_migrations WHERE success")
            .fetch_one(&mut connection)
            .await
            .map_err(doing("reading the schema's version"))?;
    let photos = sqlx::query_as(
        "SELECT organization_id, photo FROM public.staff WHERE photo IS NOT NULL ORDER BY 1, 2",
    )
    .fetch_all(&mut connection)
    .await
    .map_err(doing("listing photos"))?;
    Ok(Some(Inventory { schema_version, photos }))
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, MigrationError> {
    PgConnection::connect_with(options).await.map_err(doing("connecting as superuser"))
}
