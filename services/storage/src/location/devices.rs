//! Devices: phones and trackers that send one person's pings.

use crate::{
    StorageError, Tx,
    announce::{Changed, announce},
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
    /// By how much its clock is ahead of ours; `None`: not known.
    pub clock_skew_s: Option<f64>,
}

type Row = (
    Uuid,
    Uuid,
    String,
    jiff_sqlx::Timestamp,
    Option<jiff_sqlx::Timestamp>,
    Option<jiff_sqlx::Timestamp>,
    Option<f64>,
);

fn record(row: Row) -> DeviceRecord {
    DeviceRecord {
        id: DeviceId(row.0),
        staff: StaffId(row.1),
        name: row.2,
        created_at: row.3.to_jiff(),
        last_seen_at: convert::time(row.4),
        revoked_at: convert::time(row.5),
        clock_skew_s: row.6,
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
    now: Timestamp,
) -> Result<DeviceRecord, StorageError> {
    let row: Row = sqlx::query_as(
        "INSERT INTO devices (organization_id, id, staff_id, name, token_hash, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6) \
         RETURNING id, staff_id, name, created_at, last_seen_at, revoked_at, clock_skew_s",
    )
    .bind(organization.0)
    .bind(id.0)
    .bind(staff.0)
    .bind(name)
    .bind(hash.0.as_slice())
    .bind(now.to_sqlx())
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
        "SELECT id, staff_id, name, created_at, last_seen_at, revoked_at, clock_skew_s FROM devices \
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
         RETURNING id, staff_id, name, created_at, last_seen_at, revoked_at, clock_skew_s",
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

/// Revokes all devices of a person. The caller raises and announces the person.
///
/// # Errors
/// When the database fails.
pub async fn revoke_all(tx: &mut Tx, staff: StaffId, now: Timestamp) -> Result<(), StorageError> {
    sqlx::query("UPDATE devices SET revoked_at = $2 WHERE staff_id = $1 AND revoked_at IS NULL")
        .bind(staff.0)
        .bind(now.to_sqlx())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
