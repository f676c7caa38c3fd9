//! Passwords to be set anew by a mailed link. Draws no secret: the mail's job does.

use crate::{StorageError, Tx};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    OrganizationId, PasswordResetId, StaffId, link::RESET_TTL, token::TokenHash,
};
use uuid::Uuid;

/// How long the record of a request is kept once its link is dead.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Records a request, and forgets this person's old ones.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    at: Timestamp,
) -> Result<PasswordResetId, StorageError> {
    sqlx::query("DELETE FROM password_resets WHERE staff_id = $1 AND expires_at < $2")
        .bind(staff.0)
        .bind((at - KEPT).to_sqlx())
        .execute(&mut **tx)
        .await?;
    let id = PasswordResetId::generate();
    sqlx::query(
        "INSERT INTO password_resets (organization_id, id, staff_id, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(organization.0)
    .bind(id.0)
    .bind(staff.0)
    .bind(at.to_sqlx())
    .bind((at + RESET_TTL).to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

/// Whose password may be set with this secret at `now`.
///
/// # Errors
/// When the database fails.
pub async fn whose(
    tx: &mut Tx,
    secret: TokenHash,
    now: Timestamp,
) -> Result<Option<StaffId>, StorageError> {
    let staff: Option<Uuid> = sqlx::query_scalar(
        "SELECT staff_id FROM password_resets \
         WHERE secret_hash = $1 AND used_at IS NULL AND expires_at > $2",
    )
    .bind(secret.0.as_slice())
    .bind(now.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(staff.map(StaffId))
}

/// Uses the link up. False: somebody was faster, or it has ended.
///
/// # Errors
/// When the database fails.
pub async fn take(tx: &mut Tx, secret: TokenHash, at: Timestamp) -> Result<bool, StorageError> {
    let used = sqlx::query(
        "UPDATE password_resets SET used_at = $2 \
         WHERE secret_hash = $1 AND used_at IS NULL AND expires_at > $2",
    )
    .bind(secret.0.as_slice())
    .bind(at.to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(used.rows_affected() == 1)
}

/// Ends all links of a person that still work or are still to be mailed.
///
/// # Errors
/// When the database fails.
pub async fn end_open(tx: &mut Tx, staff: StaffId, at: Timestamp) -> Result<(), StorageError> {
    sqlx::query("UPDATE password_resets SET used_at = $2 WHERE staff_id = $1 AND used_at IS NULL")
        .bind(staff.0)
        .bind(at.to_sqlx())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
