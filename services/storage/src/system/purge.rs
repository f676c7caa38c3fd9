//! What the calendar takes: people deleted long ago, and what was kept only for a while. Bounded
//! batches; repeat each until nothing goes.

use crate::{StorageError, Tx};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{OrganizationId, PhotoId, StaffId};
use uuid::Uuid;

/// Most people forgotten in one transaction. Each takes everything that hangs on them along.
const PEOPLE_AT_ONCE: i32 = 500;
/// Most rows of a kind deleted in one transaction.
const ROWS_AT_ONCE: i32 = 10_000;

/// A person who was forgotten for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PurgedPerson {
    /// Tenant.
    pub organization: OrganizationId,
    /// Who.
    pub staff: StaffId,
    /// Their photo, whose files are still in the object store.
    pub photo: Option<PhotoId>,
}

/// Erases people of all tenants who were deleted before an instant, as `erasure` does, and records
/// each in the audit trail. Hand them on to the jobs for what is left in the same transaction.
///
/// # Errors
/// When the database fails.
pub async fn people(
    tx: &mut Tx,
    deleted_before: Timestamp,
) -> Result<Vec<PurgedPerson>, StorageError> {
    unhurried(tx).await?;
    let rows: Vec<(Uuid, Uuid, Option<Uuid>)> = sqlx::query_as("SELECT * FROM purge_staff($1, $2)")
        .bind(deleted_before.to_sqlx())
        .bind(PEOPLE_AT_ONCE)
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(organization, staff, photo)| PurgedPerson {
            organization: organization.into(),
            staff: staff.into(),
            photo: photo.map(Into::into),
        })
        .collect())
}

/// Deletes, of all tenants, exports and delete requests that expired before `now`; and addresses of
/// logins, password resets, changes of e-mail addresses and imports from before `kept_since`.
/// Returns how many rows went.
///
/// # Errors
/// When the database fails.
pub async fn leftovers(
    tx: &mut Tx,
    now: Timestamp,
    kept_since: Timestamp,
) -> Result<i64, StorageError> {
    unhurried(tx).await?;
    Ok(sqlx::query_scalar("SELECT purge_leftovers($1, $2, $3)")
        .bind(now.to_sqlx())
        .bind(kept_since.to_sqlx())
        .bind(ROWS_AT_ONCE)
        .fetch_one(&mut **tx)
        .await?)
}

/// Deletes imports of all tenants that were checked before an instant and never committed; returns
/// how many went.
///
/// # Errors
/// When the database fails.
pub async fn uncommitted_imports(
    tx: &mut Tx,
    checked_before: Timestamp,
) -> Result<i64, StorageError> {
    unhurried(tx).await?;
    Ok(sqlx::query_scalar("SELECT purge_imports($1)")
        .bind(checked_before.to_sqlx())
        .fetch_one(&mut **tx)
        .await?)
}

/// What goes by the calendar may take longer than other statements of the worker.
async fn unhurried(tx: &mut Tx) -> Result<(), StorageError> {
    sqlx::query("SET LOCAL statement_timeout = '10min'").execute(&mut **tx).await?;
    Ok(())
}
