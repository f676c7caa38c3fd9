//! Deletes and restores people, and releases their work. Must not purge them.
//!
//! A deleted person keeps their row, memberships and password until the purge. Sessions, devices, links,
//! logins and the live position are deleted at once.

use super::{StaffRecord, UPDATE, names, write_row};
use crate::{
    Conflict, StorageError, Tx,
    announce::announce_people,
    announce::{Changed, announce},
    assignments,
    error::OnConstraint,
    jobs, offers,
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{OrganizationId, StaffId, address::GeocodeStatus, jobs::GeocodeJob};
use sqlx::types::Json;
use std::collections::HashMap;
use uuid::Uuid;

/// A person, deleted or not, locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock_any(tx: &mut Tx, id: StaffId) -> Result<Option<StaffRecord>, StorageError> {
    sqlx::query("SELECT 1 FROM staff WHERE id = $1 FOR UPDATE")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    super::get_any(tx, id).await
}

/// Deletes people, who must be locked. They cannot log in, send pings, be found or be assigned any more.
/// Raises their versions and announces them. Returns the assignments that each of them held. The
/// number of statements does not depend on the number of people.
///
/// # Errors
/// When the database fails.
pub async fn remove(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[StaffId],
    by: StaffId,
    now: Timestamp,
) -> Result<Vec<(StaffId, Vec<Uuid>)>, StorageError> {
    let released = release_work(tx, organization, people, now).await?;
    let ids: Vec<Uuid> = people.iter().map(|id| id.0).collect();
    sqlx::query(
        "UPDATE staff SET deleted_at = $2, deleted_by = $3, positions_valid_from = $2, \
         session_epoch = session_epoch + 1, version = version + 1 WHERE id = ANY($1)",
    )
    .bind(&ids)
    .bind(now.to_sqlx())
    .bind(by.0)
    .execute(&mut **tx)
    .await?;
    for statement in [
        "UPDATE devices SET revoked_at = $2 WHERE staff_id = ANY($1) AND revoked_at IS NULL",
        "UPDATE sessions SET ended_at = $2 WHERE staff_id = ANY($1) AND ended_at IS NULL",
        "UPDATE invitations SET revoked_at = $2 WHERE staff_id = ANY($1) \
         AND accepted_at IS NULL AND revoked_at IS NULL",
        // Whoever asked for the link is told no more of it than of an old one.
        "UPDATE password_resets SET expires_at = $2 WHERE staff_id = ANY($1) \
         AND used_at IS NULL AND expires_at > $2",
        "UPDATE email_changes SET cancelled_at = $2 WHERE staff_id = ANY($1) \
         AND confirmed_at IS NULL AND cancelled_at IS NULL",
    ] {
        sqlx::query(statement).bind(&ids).bind(now.to_sqlx()).execute(&mut **tx).await?;
    }
    for statement in [
        // Their words stay, so that they can be searched for among the deleted.
        "DELETE FROM login_names WHERE staff_id = ANY($1)",
        "DELETE FROM positions WHERE staff_id = ANY($1)",
    ] {
        sqlx::query(statement).bind(&ids).execute(&mut **tx).await?;
    }
    announce_people(tx, organization, &ids).await?;
    Ok(released)
}

/// Removes people from their open assignments, and stores the list on their rows. Returns the
/// assignments of each person.
///
/// # Errors
/// When the database fails.
pub async fn release_work(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[StaffId],
    now: Timestamp,
) -> Result<Vec<(StaffId, Vec<Uuid>)>, StorageError> {
    offers::withdraw_people(tx, organization, people, now).await?;
    let mut held: HashMap<StaffId, Vec<Uuid>> = HashMap::new();
    for one in assignments::release_people(tx, organization, people, now).await? {
        held.entry(one.staff).or_default().push(one.id.0);
    }
    let released: Vec<(StaffId, Vec<Uuid>)> =
        people.iter().map(|id| (*id, held.remove(id).unwrap_or_default())).collect();
    let (ids, notes): (Vec<Uuid>, Vec<Json<&Vec<Uuid>>>) =
        released.iter().map(|(id, assignments)| (id.0, Json(assignments))).unzip();
    sqlx::query(
        "UPDATE staff AS s SET released = r.note \
         FROM unnest($1::uuid[], $2::jsonb[]) AS r (id, note) WHERE s.id = r.id",
    )
    .bind(ids)
    .bind(notes)
    .execute(&mut **tx)
    .await?;
    Ok(released)
}

/// Restores a deleted person, who must be locked, as `after`: their logins are theirs again and
/// their memberships as they were; sessions, devices and links stay dead. Returns the new version.
///
/// # Errors
/// The [`Conflict`] of a unique value that somebody else took meanwhile, or the database fails.
pub async fn restore(
    tx: &mut Tx,
    organization: OrganizationId,
    before: &StaffRecord,
    after: &StaffRecord,
    now: Timestamp,
) -> Result<i64, StorageError> {
    // Deleted people may share unique values with others, so that this cannot fail by them.
    write_row(tx, UPDATE, organization, after).await?;
    sqlx::query(
        "UPDATE staff SET deleted_at = NULL, deleted_by = NULL, positions_valid_from = $2 \
         WHERE id = $1",
    )
    .bind(after.id.0)
    .bind(now.to_sqlx())
    .execute(&mut **tx)
    .await
    .on_constraint("staff_email_key", Conflict::EmailTaken)
    .on_constraint("staff_username_key", Conflict::UsernameTaken)
    .on_constraint("staff_account_code_key", Conflict::AccountCodeTaken)?;
    names::write(tx, organization, after, None).await?;
    if after.geocode_status == Some(GeocodeStatus::Pending) {
        // Nobody looked for the address of a deleted person.
        jobs::enqueue(
            tx,
            &GeocodeJob::new(organization, after.id.into(), after.address_version),
            None,
        )
        .await?;
    }
    announce(tx, organization, Changed::Staff(after.id)).await?;
    Ok(before.version + 1)
}
