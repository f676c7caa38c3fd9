//! Absences of a person.

use crate::{StorageError, Tx, announce::raise_staff};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{OrganizationId, StaffId, TimeOffId};
use sqlx::FromRow;
use uuid::Uuid;

/// An absence.
#[derive(Clone, Copy, Debug, FromRow)]
pub struct TimeOffRecord {
    /// Which.
    #[sqlx(try_from = "Uuid")]
    pub id: TimeOffId,
    /// First instant away.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub starts_at: Timestamp,
    /// First instant back.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
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

/// How many absences of a person have not ended at `since`, and how many there are in all. Exact
/// under the person's lock.
///
/// # Errors
/// When the database fails.
pub async fn count(
    tx: &mut Tx,
    staff: StaffId,
    since: Timestamp,
) -> Result<(i64, i64), StorageError> {
    let counts = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE ends_at > $2), count(*) FROM staff_time_off \
         WHERE staff_id = $1",
    );
    Ok(counts.bind(staff.0).bind(since.to_sqlx()).fetch_one(&mut **tx).await?)
}

/// A page of a person's absences that have not ended at `since`, in order of creation.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    staff: StaffId,
    since: Timestamp,
    after: Option<TimeOffId>,
    limit: i64,
) -> Result<Vec<TimeOffRecord>, StorageError> {
    let page = sqlx::query_as(
        "SELECT id, starts_at, ends_at FROM staff_time_off \
         WHERE staff_id = $1 AND ends_at > $2 AND id > $3 ORDER BY id LIMIT $4",
    )
    .bind(staff.0)
    .bind(since.to_sqlx())
    .bind(after.map_or(Uuid::nil(), |id| id.0))
    .bind(limit);
    Ok(page.fetch_all(&mut **tx).await?)
}

/// The absences of several people that touch `[from, to)`, each beside its person, in their order.
///
/// # Errors
/// When the database fails.
pub async fn of_people(
    tx: &mut Tx,
    people: &[StaffId],
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(StaffId, TimeOffRecord)>, StorageError> {
    #[derive(FromRow)]
    struct Row {
        staff_id: Uuid,
        #[sqlx(flatten)]
        absence: TimeOffRecord,
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT staff_id, id, starts_at, ends_at FROM staff_time_off \
         WHERE staff_id = ANY($1) AND starts_at < $3 AND ends_at > $2 ORDER BY starts_at, id",
    )
    .bind(people.iter().map(|id| id.0).collect::<Vec<_>>())
    .bind(from.to_sqlx())
    .bind(to.to_sqlx())
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (StaffId(row.staff_id), row.absence)).collect())
}

/// Removes an absence; returns it, if there was such a one.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    id: TimeOffId,
) -> Result<Option<TimeOffRecord>, StorageError> {
    let removed: Option<TimeOffRecord> = sqlx::query_as(
        "DELETE FROM staff_time_off WHERE id = $1 AND staff_id = $2 \
         RETURNING id, starts_at, ends_at",
    )
    .bind(id.0)
    .bind(staff.0)
    .fetch_optional(&mut **tx)
    .await?;
    if removed.is_some() {
        raise_staff(tx, organization, staff).await?;
    }
    Ok(removed)
}
