//! Devices, and the consent under which they may be heard.

use crate::{
    StorageError, Tx,
    announce::{Changed, announce, raise_staff},
    convert,
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{DeviceId, OrganizationId, StaffId, token::TokenHash};
use uuid::Uuid;

/// A device as listed.
#[derive(Clone, Debug)]
pub struct DeviceRecord {
    /// Which.
    pub id: DeviceId,
    /// Whose.
    pub staff: StaffId,
    /// What people call it.
    pub name: String,
    /// When it was enrolled.
    pub created_at: Timestamp,
    /// When a ping of it was last committed, to the minute.
    pub last_seen_at: Option<Timestamp>,
    /// When its token stopped working.
    pub revoked_at: Option<Timestamp>,
}

type Row = (
    Uuid,
    Uuid,
    String,
    jiff_sqlx::Timestamp,
    Option<jiff_sqlx::Timestamp>,
    Option<jiff_sqlx::Timestamp>,
);

fn record(row: Row) -> DeviceRecord {
    DeviceRecord {
        id: DeviceId(row.0),
        staff: StaffId(row.1),
        name: row.2,
        created_at: row.3.to_jiff(),
        last_seen_at: convert::time(row.4),
        revoked_at: convert::time(row.5),
    }
}

/// Enrols a device.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    id: DeviceId,
    staff: StaffId,
    name: &str,
    hash: TokenHash,
) -> Result<DeviceRecord, StorageError> {
    let row: Row = sqlx::query_as(
        "INSERT INTO devices (organization_id, id, staff_id, name, token_hash) \
         VALUES ($1, $2, $3, $4, $5) \
         RETURNING id, staff_id, name, created_at, last_seen_at, revoked_at",
    )
    .bind(organization.0)
    .bind(id.0)
    .bind(staff.0)
    .bind(name)
    .bind(hash.0.as_slice())
    .fetch_one(&mut **tx)
    .await?;
    Ok(record(row))
}

/// How many devices a person has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceCount {
    /// Not revoked.
    pub in_use: i64,
    /// Those still kept, revoked ones included.
    pub kept: i64,
}

/// How many devices a person has. Exact under the person's lock.
///
/// # Errors
/// When the database fails.
pub async fn count(tx: &mut Tx, staff: StaffId) -> Result<DeviceCount, StorageError> {
    let count = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE revoked_at IS NULL), count(*) FROM devices \
         WHERE staff_id = $1",
    );
    let (in_use, kept) = count.bind(staff.0).fetch_one(&mut **tx).await?;
    Ok(DeviceCount { in_use, kept })
}

/// A page of a person's devices, oldest first, revoked ones included.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    staff: StaffId,
    after: Option<DeviceId>,
    limit: i64,
) -> Result<Vec<DeviceRecord>, StorageError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, staff_id, name, created_at, last_seen_at, revoked_at FROM devices \
         WHERE staff_id = $1 AND id > $2 ORDER BY id LIMIT $3",
    )
    .bind(staff.0)
    .bind(after.map_or(Uuid::nil(), |id| id.0))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(record).collect())
}

/// Revokes a device of a person; returns it, if there was such a device.
///
/// # Errors
/// When the database fails.
pub async fn revoke(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    id: DeviceId,
    now: Timestamp,
) -> Result<Option<DeviceRecord>, StorageError> {
    let row: Option<Row> = sqlx::query_as(
        "UPDATE devices SET revoked_at = COALESCE(revoked_at, $3) \
         WHERE id = $1 AND staff_id = $2 \
         RETURNING id, staff_id, name, created_at, last_seen_at, revoked_at",
    )
    .bind(id.0)
    .bind(staff.0)
    .bind(now.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    if row.is_some() {
        announce(tx, organization, Changed::Device(id)).await?;
    }
    Ok(row.map(record))
}

/// On which legal basis a person is tracked at present, if they are.
///
/// # Errors
/// When the database fails.
pub async fn legal_basis(tx: &mut Tx, staff: StaffId) -> Result<Option<String>, StorageError> {
    let basis = sqlx::query_scalar(
        "SELECT legal_basis FROM tracking_permissions \
         WHERE staff_id = $1 AND withdrawn_at IS NULL",
    );
    Ok(basis.bind(staff.0).fetch_optional(&mut **tx).await?)
}

/// Records that a person may be tracked from now on; false when they already may.
///
/// # Errors
/// When the database fails.
pub async fn permit_tracking(
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
pub async fn withdraw_tracking(
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

/// Most pauses of a person that may matter to a late fix.
const MAX_PAUSES: i64 = 1_000;

/// Begins a pause from the first to the second instant, or lets a running one end then. Forgets
/// those that ended before `kept_since`, to whose time no fix is taken any more. False when there
/// are too many.
///
/// # Errors
/// When the database fails.
pub async fn pause_tracking(
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
pub async fn resume_tracking(
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
