//! The schema `apalis`: the queue of background jobs, as the crate `apalis-postgres` lays it out, and
//! who may do what there. It has no row security, so the application may only add to it.

use crate::{MigrationError, doing};
use apalis_postgres::PostgresStorage;
use sqlx::{AssertSqlSafe, PgConnection};

/// Rights on the queue. Repeating them is harmless, and a new version of the crate may bring new
/// functions, so that they are given after every migration.
const RIGHTS: &[&str] = &[
    "REVOKE ALL ON SCHEMA apalis FROM PUBLIC",
    // Everybody may execute a function unless told otherwise.
    "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA apalis FROM PUBLIC",
    "GRANT USAGE ON SCHEMA apalis TO nearhand_app, nearhand_worker",
    "GRANT INSERT ON apalis.jobs TO nearhand_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON apalis.jobs, apalis.workers TO nearhand_worker",
    "GRANT EXECUTE ON FUNCTION apalis.get_jobs TO nearhand_worker",
];

/// Brings the queue's schema up to date and gives the rights.
///
/// Its two extensions are trusted: the owner of a database may install them, where the server has
/// them.
pub(crate) async fn migrate(owner: &mut PgConnection) -> Result<(), MigrationError> {
    PostgresStorage::<()>::migrations().run(&mut *owner).await?;
    for statement in RIGHTS {
        sqlx::query(AssertSqlSafe(*statement))
            .execute(&mut *owner)
            .await
            .map_err(doing("giving rights on the queue of jobs"))?;
    }
    Ok(())
}
