//! Absences of a person.

use crate::{StorageError, Tx, announce::raise_staff};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{OrganizationId, StaffId, TimeOffId};
use uuid::Uuid;

/// An absence.
#[derive(Clone, Copy, Debug)]
pub struct TimeOffRecord {
    /// Which.
    pub id: TimeOffId,
    /// First instant away.
    pub starts_at: Timestamp,
    /// First instant back.
    pub ends_at: Timestamp,
}

/// Records an absence.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    absence: TimeOffRecord,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO staff_time_off (organization_id, id, staff_id, starts_at, ends_at) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(organization.0)
    .bind(absence.id.0)
    .bind(staff.0)
    .bind(absence.starts_at.to_sqlx())
    .bind(absence.ends_at.to_sqlx())
    .execute(&mut **tx)
    .await?;
    raise_staff(tx, organization, staff).await?;
    Ok(())
}

/// A person's absences that have not ended at `since`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    staff: StaffId,
    since: Timestamp,
) -> Result<Vec<TimeOffRecord>, StorageError> {
    let rows: Vec<(Uuid, jiff_sqlx::Timestamp, jiff_sqlx::Timestamp)> = sqlx::query_as(
        "SELECT id, starts_at, ends_at FROM staff_time_off \
         WHERE staff_id = $1 AND ends_at > $2 ORDER BY starts_at LIMIT 1000",
    )
    .bind(staff.0)
    .bind(since.to_sqlx())
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, starts_at, ends_at)| TimeOffRecord {
            id: TimeOffId(id),
            starts_at: starts_at.to_jiff(),
            ends_at: ends_at.to_jiff(),
        })
        .collect())
}

/// Removes an absence; says whether there was such a one.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    id: TimeOffId,
) -> Result<bool, StorageError> {
    let done = sqlx::query("DELETE FROM staff_time_off WHERE id = $1 AND staff_id = $2")
        .bind(id.0)
        .bind(staff.0)
        .execute(&mut **tx)
        .await?
        .rows_affected();
    if done > 0 {
        raise_staff(tx, organization, staff).await?;
    }
    Ok(done > 0)
}
