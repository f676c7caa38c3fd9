//! What computing arrivals reads and writes: the sites of people's assignments, the checks that are
//! queued, and the times themselves. Decides nothing.

use crate::{
    StorageError, Tx, convert, facts,
    instant::{Micros, Millis},
    jobs,
};
use nearhand_domain::{
    AssignmentId, CaseId, OrganizationId, StaffId,
    arrival::{AFTER_END_MS, Site, Visit},
    jobs::ArrivalJob,
};
use sqlx::FromRow;
use uuid::Uuid;

/// Somebody's assignment, as far as arriving goes. Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AssignedSite {
    /// Tenant.
    pub organization: OrganizationId,
    /// Which.
    pub assignment: AssignmentId,
    /// Whose.
    pub staff: StaffId,
    /// Where the work is.
    pub site: Site,
    /// Fixes from this instant on count.
    pub from_ms: i64,
    /// Fixes before this instant count; open work has no end.
    pub to_ms: i64,
    /// What is known already.
    pub visit: Visit,
}

#[derive(FromRow)]
struct Row {
    organization_id: Uuid,
    id: Uuid,
    staff_id: Uuid,
    lat: Option<f64>,
    lng: Option<f64>,
    arrival_radius_m: i32,
    assigned_at: Micros,
    ended_at: Option<Micros>,
    arrived_at: Option<Micros>,
    left_at: Option<Micros>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT a.organization_id, a.id, a.staff_id, ST_Y(c.position) AS lat, \
             ST_X(c.position) AS lng, c.arrival_radius_m, a.assigned_at, \
             COALESCE(a.done_at, a.cancelled_at) AS ended_at, a.arrived_at, a.left_at \
             FROM assignments AS a JOIN cases AS c ON c.id = a.case_id ",
            $rest
        )
    };
}

impl Row {
    fn site(self) -> Result<Option<AssignedSite>, StorageError> {
        let position = convert::position(self.lat, self.lng)?;
        Ok(position.map(|position| AssignedSite {
            organization: self.organization_id.into(),
            assignment: AssignmentId(self.id),
            staff: self.staff_id.into(),
            site: Site { position, radius_m: f64::from(self.arrival_radius_m) },
            from_ms: self.assigned_at.millis(),
            to_ms: self.ended_at.map_or(i64::MAX, |at| at.millis().saturating_add(AFTER_END_MS)),
            visit: Visit {
                arrived_ms: self.arrived_at.map(Micros::millis),
                left_ms: self.left_at.map(Micros::millis),
            },
        }))
    }
}

/// The sites of these people's assignments that are open or ended after an instant.
///
/// # Errors
/// When the database fails or a stored position cannot be read.
pub async fn sites(
    tx: &mut Tx,
    people: &[StaffId],
    ended_after_ms: i64,
) -> Result<Vec<AssignedSite>, StorageError> {
    let people: Vec<Uuid> = people.iter().map(|id| id.0).collect();
    let rows: Vec<Row> = sqlx::query_as(select!(
        "WHERE a.staff_id = ANY($1) AND (a.state IN ('assigned', 'en_route', 'on_site') \
         OR COALESCE(a.done_at, a.cancelled_at) > $2) AND c.position IS NOT NULL"
    ))
    .bind(people)
    .bind(Millis(ended_after_ms))
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().filter_map(|row| row.site().transpose()).collect()
}

/// One of them; none where the assignment is gone, or its case has no position.
///
/// # Errors
/// When the database fails or a stored position cannot be read.
pub async fn site(tx: &mut Tx, id: AssignmentId) -> Result<Option<AssignedSite>, StorageError> {
    let row: Option<Row> =
        sqlx::query_as(select!("WHERE a.id = $1")).bind(id.0).fetch_optional(&mut **tx).await?;
    Ok(row.map(Row::site).transpose()?.flatten())
}

/// Queues a job for each of these assignments for which none waits.
///
/// # Errors
/// When the database fails.
pub async fn queue_checks(
    tx: &mut Tx,
    assignments: &[(OrganizationId, AssignmentId)],
) -> Result<(), StorageError> {
    if assignments.is_empty() {
        return Ok(());
    }
    // A mark that is there already is locked: its job begins only once this is committed.
    let marked: Vec<(Uuid, Uuid, bool)> = sqlx::query_as(
        "INSERT INTO arrival_checks (organization_id, assignment_id) \
         SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS r (organization_id, id) ORDER BY r.id \
         ON CONFLICT (assignment_id) DO UPDATE SET organization_id = excluded.organization_id \
         RETURNING organization_id, assignment_id, xmax = 0",
    )
    .bind(assignments.iter().map(|(organization, _)| organization.0).collect::<Vec<Uuid>>())
    .bind(assignments.iter().map(|(_, id)| id.0).collect::<Vec<Uuid>>())
    .fetch_all(&mut **tx)
    .await?;
    let job = |(organization, id, is_new): &(Uuid, Uuid, bool)| {
        is_new.then(|| ArrivalJob::new(OrganizationId(*organization), AssignmentId(*id)))
    };
    jobs::enqueue_many(tx, &marked.iter().filter_map(job).collect::<Vec<_>>()).await
}

/// The same for all assignments of a case, whose site has moved.
///
/// # Errors
/// When the database fails.
pub async fn queue_checks_of(
    tx: &mut Tx,
    organization: OrganizationId,
    case: CaseId,
) -> Result<(), StorageError> {
    let ids: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM assignments WHERE case_id = $1")
        .bind(case.0)
        .fetch_all(&mut **tx)
        .await?;
    let all: Vec<_> = ids.into_iter().map(|id| (organization, AssignmentId(id))).collect();
    queue_checks(tx, &all).await
}

/// The job of an assignment begins, or is given up: fixes that come from now on queue another.
///
/// # Errors
/// When the database fails.
pub async fn begin_check(tx: &mut Tx, id: AssignmentId) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM arrival_checks WHERE assignment_id = $1")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Writes when somebody arrived and left, and tells those who listen. Case, person and assignment must
/// be locked.
///
/// # Errors
/// When the database fails.
pub async fn save(tx: &mut Tx, assigned: &AssignedSite, visit: Visit) -> Result<(), StorageError> {
    sqlx::query(
        "UPDATE assignments SET arrived_at = $2, left_at = $3, version = version + 1 WHERE id = $1",
    )
    .bind(assigned.assignment.0)
    .bind(visit.arrived_ms.map(Millis))
    .bind(visit.left_ms.map(Millis))
    .execute(&mut **tx)
    .await?;
    facts::work::touch(tx, assigned.organization, &[assigned.staff]).await
}
