//! Whether people without working hours are on duty.

use crate::{StorageError, Tx, announce::raise_staff, convert};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{OrganizationId, StaffId};

/// A person's duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Since when they are off duty; `None`: on duty.
    pub off_since: Option<Timestamp>,
    /// Whether they have working hours, which decide instead.
    pub has_working_hours: bool,
}

/// A person's duty; on duty if they are unknown.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, staff: StaffId) -> Result<Duty, StorageError> {
    let row: Option<(Option<jiff_sqlx::Timestamp>, bool)> =
        sqlx::query_as("SELECT off_duty_since, has_working_hours FROM staff WHERE id = $1")
            .bind(staff.0)
            .fetch_optional(&mut **tx)
            .await?;
    let (since, has_working_hours) = row.unwrap_or_default();
    Ok(Duty { off_since: convert::time(since), has_working_hours })
}

/// Sets a person's duty and raises their version, which it returns. The person must be locked.
///
/// # Errors
/// When the database fails.
pub async fn set(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    off_since: Option<Timestamp>,
) -> Result<i64, StorageError> {
    sqlx::query("UPDATE staff SET off_duty_since = $2 WHERE id = $1")
        .bind(staff.0)
        .bind(off_since.map(ToSqlx::to_sqlx))
        .execute(&mut **tx)
        .await?;
    raise_staff(tx, organization, staff).await
}
