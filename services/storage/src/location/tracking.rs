//! Consent to tracking, and pauses of it. Each change raises the person's version, so that every
//! live index and credential cache learns of it.

use crate::{StorageError, Tx, announce::raise_staff};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{OrganizationId, StaffId};
use uuid::Uuid;

/// Most pauses of a person that may matter to a late fix.
const MAX_PAUSES: i64 = 1_000;

/// A consent that counts at present.
#[derive(Clone, Debug)]
pub struct Consent {
    /// Why tracking is lawful.
    pub legal_basis: String,
    /// When it was recorded.
    pub granted_at: Timestamp,
    /// Who recorded it.
    pub granted_by: Option<StaffId>,
}

/// The consent by which a person is tracked at present, if they are.
///
/// # Errors
/// When the database fails.
pub async fn consent(tx: &mut Tx, staff: StaffId) -> Result<Option<Consent>, StorageError> {
    let row: Option<(String, jiff_sqlx::Timestamp, Option<Uuid>)> = sqlx::query_as(
        "SELECT legal_basis, granted_at, granted_by FROM tracking_permissions \
         WHERE staff_id = $1 AND withdrawn_at IS NULL",
    )
    .bind(staff.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(legal_basis, granted_at, granted_by)| Consent {
        legal_basis,
        granted_at: granted_at.to_jiff(),
        granted_by: granted_by.map(StaffId),
    }))
}

/// When the pause of a person ends that runs now.
///
/// # Errors
/// When the database fails.
pub async fn paused_until(
    tx: &mut Tx,
    staff: StaffId,
    now: Timestamp,
) -> Result<Option<Timestamp>, StorageError> {
    let ends: Option<jiff_sqlx::Timestamp> = sqlx::query_scalar(
        "SELECT max(ends_at) FROM tracking_pauses \
         WHERE staff_id = $1 AND starts_at <= $2 AND ends_at > $2",
    )
    .bind(staff.0)
    .bind(now.to_sqlx())
    .fetch_one(&mut **tx)
    .await?;
    Ok(ends.map(jiff_sqlx::Timestamp::to_jiff))
}

/// Records that a person may be tracked from now on; false when they already may.
///
/// # Errors
/// When the database fails.
pub async fn permit(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    legal_basis: &str,
    by: StaffId,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let done = sqlx::query(
        "INSERT INTO tracking_permissions (organization_id, id, staff_id, legal_basis, \
         granted_at, granted_by) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (staff_id) WHERE withdrawn_at IS NULL DO NOTHING",
    )
    .bind(organization.0)
    .bind(Uuid::now_v7())
    .bind(staff.0)
    .bind(legal_basis)
    .bind(now.to_sqlx())
    .bind(by.0)
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if done > 0 {
        raise_staff(tx, organization, staff).await?;
    }
    Ok(done > 0)
}

/// Ends the permission; false when there was none.
///
/// # Errors
/// When the database fails.
pub async fn withdraw(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    by: StaffId,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let done = sqlx::query(
        "UPDATE tracking_permissions SET withdrawn_at = GREATEST($2, granted_at), \
         withdrawn_by = $3 WHERE staff_id = $1 AND withdrawn_at IS NULL",
    )
    .bind(staff.0)
    .bind(now.to_sqlx())
    .bind(by.0)
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if done > 0 {
        raise_staff(tx, organization, staff).await?;
    }
    Ok(done > 0)
}

/// Begins a pause from the first to the second instant, or lets a running one end then. Forgets
/// those that ended before `kept_since`, to whose time no fix is taken any more. False when there
/// are too many.
///
/// # Errors
/// When the database fails.
pub async fn pause(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    (now, until): (Timestamp, Timestamp),
    kept_since: Timestamp,
) -> Result<bool, StorageError> {
    // First, because it locks the person: of two pauses at once the later sees the earlier.
    raise_staff(tx, organization, staff).await?;
    let running = sqlx::query(
        "UPDATE tracking_pauses SET ends_at = $3 \
         WHERE staff_id = $1 AND ends_at > $2 AND starts_at <= $2",
    )
    .bind(staff.0)
    .bind(now.to_sqlx())
    .bind(until.to_sqlx())
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if running > 0 {
        return Ok(true);
    }
    sqlx::query("DELETE FROM tracking_pauses WHERE staff_id = $1 AND ends_at < $2")
        .bind(staff.0)
        .bind(kept_since.to_sqlx())
        .execute(&mut **tx)
        .await?;
    let done = sqlx::query(
        "INSERT INTO tracking_pauses (organization_id, id, staff_id, starts_at, ends_at) \
         SELECT $1, $2, $3, $4, $5 \
         WHERE (SELECT count(*) FROM tracking_pauses WHERE staff_id = $3) < $6",
    )
    .bind(organization.0)
    .bind(Uuid::now_v7())
    .bind(staff.0)
    .bind(now.to_sqlx())
    .bind(until.to_sqlx())
    .bind(MAX_PAUSES)
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(done > 0)
}

/// Ends a running pause; false when there was none.
///
/// # Errors
/// When the database fails.
pub async fn resume(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let ended = end_pauses(tx, staff, now).await?;
    if ended {
        raise_staff(tx, organization, staff).await?;
    }
    Ok(ended)
}

async fn end_pauses(tx: &mut Tx, staff: StaffId, now: Timestamp) -> Result<bool, StorageError> {
    let done = sqlx::query(
        "UPDATE tracking_pauses SET ends_at = GREATEST($2, starts_at) \
         WHERE staff_id = $1 AND ends_at > $2",
    )
    .bind(staff.0)
    .bind(now.to_sqlx())
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(done > 0)
}
