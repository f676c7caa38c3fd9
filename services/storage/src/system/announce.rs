//! Tells the live indexes and credential caches that something changed: one outbox row in the
//! same transaction as the change, so that neither can happen without the other. The row takes the
//! request's trace from its transaction (see `AppPool::traced`).

use crate::{StorageError, Tx};
use nearhand_domain::{DeviceId, OrganizationId, RegionId, SessionId, StaffId};
use uuid::Uuid;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Anything ranking or the privacy gate reads of a person, or what they may do.
    Staff(StaffId),
    /// A region.
    Region(RegionId),
    /// The organisation itself.
    Organization,
    /// A session ended.
    Session(SessionId),
    /// A device was revoked.
    Device(DeviceId),
}

/// Writes the outbox row.
///
/// # Errors
/// When the database fails.
pub async fn announce(
    tx: &mut Tx,
    organization: OrganizationId,
    changed: Changed,
) -> Result<(), StorageError> {
    let (kind, id) = match changed {
        Changed::Staff(id) => ("staff", id.0),
        Changed::Region(id) => ("region", id.0),
        Changed::Organization => ("organization", organization.0),
        Changed::Session(id) => ("session", id.0),
        Changed::Device(id) => ("device", id.0),
    };
    sqlx::query("INSERT INTO outbox (organization_id, kind, entity_id) VALUES ($1, $2, $3)")
        .bind(organization.0)
        .bind(kind)
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Writes the outbox rows of many people at once.
///
/// # Errors
/// When the database fails.
pub(crate) async fn announce_people(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[Uuid],
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO outbox (organization_id, kind, entity_id) \
         SELECT $1, 'staff', * FROM unnest($2::uuid[])",
    )
    .bind(organization.0)
    .bind(people)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Raises a person's version under its row lock and announces it. Every write to anything the
/// index reads of a person ends with this.
///
/// # Errors
/// When the database fails.
pub async fn raise_staff(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
) -> Result<i64, StorageError> {
    let version: i64 = sqlx::query_scalar(
        "UPDATE staff SET version = version + 1 WHERE id = $1 RETURNING version",
    )
    .bind(staff.0)
    .fetch_one(&mut **tx)
    .await?;
    announce(tx, organization, Changed::Staff(staff)).await?;
    Ok(version)
}

/// A setting of the organisation that is a fact of the people who have none of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shared {
    /// The time zone that hours are told in.
    TimeZone,
    /// By how much working hours are widened for tracking.
    HoursMargin,
}

/// Raises and announces everybody for whom such a setting counts.
///
/// The organisation's row must be locked for an update: whoever is added meanwhile waits for it.
/// Everybody else is locked first, so that hours written meanwhile are seen, and in the order of
/// their ids, so that two of these cannot wait for each other. O(people), once in a lifetime.
///
/// # Errors
/// When the database fails.
pub(crate) async fn raise_all_who_share(
    tx: &mut Tx,
    organization: OrganizationId,
    setting: Shared,
) -> Result<(), StorageError> {
    let raise = match setting {
        Shared::TimeZone => {
            "WITH raised AS ( \
               UPDATE staff SET version = version + 1 \
               WHERE organization_id = $1 AND deleted_at IS NULL AND time_zone IS NULL \
                 AND (has_working_hours OR tracking_hours_margin_min IS NOT NULL) RETURNING id) \
             INSERT INTO outbox (organization_id, kind, entity_id) \
             SELECT $1, 'staff', id FROM raised"
        }
        Shared::HoursMargin => {
            "WITH raised AS ( \
               UPDATE staff SET version = version + 1 WHERE organization_id = $1 \
                 AND deleted_at IS NULL AND tracking_hours_margin_min IS NULL RETURNING id) \
             INSERT INTO outbox (organization_id, kind, entity_id) \
             SELECT $1, 'staff', id FROM raised"
        }
    };
    sqlx::query(
        "SELECT id FROM staff WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY id \
         FOR NO KEY UPDATE",
    )
    .bind(organization.0)
    .execute(&mut **tx)
    .await?;
    sqlx::query(raise).bind(organization.0).execute(&mut **tx).await?;
    Ok(())
}
