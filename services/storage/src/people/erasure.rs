//! Erases people, and keeps their tombstones. What answers are made of goes at once; the rest, such as
//! a long history, is removed by a job, step by step, and each step may be repeated.

use crate::{
    StorageError, Tx,
    announce::{Changed, announce},
    jobs,
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    DeviceId, JobId, OrganizationId, PhotoId, StaffId,
    jobs::{EraseJob, PhotoJob},
    token::TokenHash,
};
use serde::Deserialize;
use sqlx::types::Json;
use uuid::Uuid;

/// Says of a person that they are gone for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// Tenant.
    pub organization: OrganizationId,
    /// Who they were.
    pub staff: StaffId,
    /// Above every version of theirs.
    pub version: i64,
}

/// By what the job finds what is left of an erased person outside the database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Remains {
    /// Their mails.
    pub mails: Vec<Uuid>,
    /// Their e-mail addresses, in lower case.
    pub addresses: Vec<String>,
    /// Their name.
    pub name: String,
}

/// Erases a person, who must be locked and deleted, announces it, and queues the jobs for what is
/// left. False when there is no such person.
///
/// # Errors
/// When the database fails.
pub async fn erase(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    job: JobId,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM staff WHERE id = $1)")
        .bind(staff.0)
        .fetch_one(&mut **tx)
        .await?;
    if !exists {
        return Ok(false);
    }
    let photo: Option<Uuid> = sqlx::query_scalar("SELECT erase_person($1, $2)")
        .bind(staff.0)
        .bind(now.to_sqlx())
        .fetch_one(&mut **tx)
        .await?;
    announce(tx, organization, Changed::Staff(staff)).await?;
    hand_on(tx, organization, staff, photo.map(PhotoId), job).await?;
    Ok(true)
}

/// Queues the jobs for what is left of an erased person.
///
/// # Errors
/// When the database fails.
pub async fn hand_on(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    photo: Option<PhotoId>,
    job: JobId,
) -> Result<(), StorageError> {
    if let Some(photo) = photo {
        // A photo that nobody has any more is deleted by its job.
        jobs::enqueue(tx, &PhotoJob::new(organization, staff, photo), None).await?;
    }
    jobs::enqueue(tx, &EraseJob::new(organization, staff, job), None).await
}

/// The tombstones of these people; others are left out.
///
/// # Errors
/// When the database fails.
pub async fn tombstones(tx: &mut Tx, people: &[StaffId]) -> Result<Vec<Tombstone>, StorageError> {
    let rows: Vec<(Uuid, Uuid, i64)> = sqlx::query_as(
        "SELECT organization_id, staff_id, version FROM erased_people WHERE staff_id = ANY($1)",
    )
    .bind(people.iter().map(|id| id.0).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    let tombstone = |(organization, staff, version): (Uuid, Uuid, i64)| Tombstone {
        organization: organization.into(),
        staff: staff.into(),
        version,
    };
    Ok(rows.into_iter().map(tombstone).collect())
}

/// Whose phone had this token, if they have been erased and it is still to be told so.
///
/// # Errors
/// When the database fails.
pub async fn device(
    tx: &mut Tx,
    hash: TokenHash,
    now: Timestamp,
) -> Result<Option<(DeviceId, StaffId)>, StorageError> {
    let row: Option<(Uuid, Uuid)> = sqlx::query_as(
        "SELECT device_id, staff_id FROM erased_devices WHERE token_hash = $1 AND expires_at > $2",
    )
    .bind(hash.0.as_slice())
    .bind(now.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(device, staff)| (device.into(), staff.into())))
}

/// What is left of an erased person; `None` once nothing is.
///
/// # Errors
/// When the database fails.
pub async fn remains(tx: &mut Tx, staff: StaffId) -> Result<Option<Remains>, StorageError> {
    let row: Option<Option<Json<Remains>>> =
        sqlx::query_scalar("SELECT remains FROM erased_people WHERE staff_id = $1")
            .bind(staff.0)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(row.flatten().map(|remains| remains.0))
}

/// Waits until every transaction of ingest has ended that may have begun before the person was
/// erased: none of them can store a ping of theirs afterwards. Ingest waits meanwhile.
///
/// # Errors
/// When the database fails, or ingest takes longer than 5 seconds.
pub async fn await_ingest(tx: &mut Tx) -> Result<(), StorageError> {
    sqlx::query("SET LOCAL lock_timeout = '5s'").execute(&mut **tx).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(crate::database::INGEST_LOCK)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Deletes some of an erased person's pings, at least `most` of them if there are so many; returns how
/// many went.
///
/// # Errors
/// When the database fails.
pub async fn pings(tx: &mut Tx, staff: StaffId, most: i32) -> Result<i64, StorageError> {
    let gone = sqlx::query_scalar("SELECT erase_pings($1, $2)").bind(staff.0).bind(most);
    Ok(gone.fetch_one(&mut **tx).await?)
}

/// Removes an erased person from what is looked through row by row: imports, jobs, records of reads.
///
/// # Errors
/// When the database fails.
pub async fn rest(tx: &mut Tx, staff: StaffId) -> Result<(), StorageError> {
    sqlx::query("SELECT erase_rest($1)").bind(staff.0).execute(&mut **tx).await?;
    Ok(())
}

/// Nothing is left: the tombstone keeps identifiers only.
///
/// # Errors
/// When the database fails.
pub async fn ended(tx: &mut Tx, staff: StaffId) -> Result<(), StorageError> {
    sqlx::query("SELECT erase_ended($1)").bind(staff.0).execute(&mut **tx).await?;
    Ok(())
}

/// When anybody of the organisation was last erased.
///
/// # Errors
/// When the database fails.
pub async fn last(tx: &mut Tx) -> Result<Option<Timestamp>, StorageError> {
    let at: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("SELECT max(erased_at) FROM erased_people").fetch_one(&mut **tx).await?;
    Ok(crate::convert::time(at))
}

/// Erased people of all tenants of whom something is still left, and who were erased before an
/// instant. Tombstones of their phones that expired go.
///
/// # Errors
/// When the database fails.
pub async fn unfinished(
    tx: &mut Tx,
    erased_before: Timestamp,
) -> Result<Vec<(OrganizationId, StaffId)>, StorageError> {
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as("SELECT * FROM unfinished_erasures($1)")
        .bind(erased_before.to_sqlx())
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows.into_iter().map(|(tenant, person)| (tenant.into(), person.into())).collect())
}
