//! The facts of people's work: read from their assignments, in one statement for many people. Must
//! not change an assignment; who changes one ends with [`touch`].

use crate::{
    StorageError, Tx, convert,
    instant::{Micros, Millis},
};
use nearhand_domain::{
    BookingId, CaseId, OrganizationId, StaffId, clock,
    facts::{BookingFact, ENDED_WORK_S, LastJobFact, VISITS_COUNT_S, WorkFacts},
    time::{DAY_S, Interval},
};
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

/// Raises the version of these people's work and announces it, in one statement. Every change of
/// assignments ends with this, in its own transaction. It locks the people in the order of their
/// ids; unknown ones are left out.
///
/// # Errors
/// When the database fails.
pub async fn touch(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[StaffId],
) -> Result<(), StorageError> {
    let people: Vec<Uuid> = people.iter().map(|id| id.0).collect();
    touch_all(tx, organization, people).await
}

/// The same for everybody who holds a case. For changes of what their facts read of the case: its
/// position and its client.
///
/// # Errors
/// When the database fails.
pub async fn touch_holders(
    tx: &mut Tx,
    organization: OrganizationId,
    case: CaseId,
) -> Result<(), StorageError> {
    let people: Vec<Uuid> = sqlx::query_scalar(
        "SELECT staff_id FROM assignments WHERE case_id = $1 AND state <> 'cancelled'",
    )
    .bind(case.0)
    .fetch_all(&mut **tx)
    .await?;
    touch_all(tx, organization, people).await
}

async fn touch_all(
    tx: &mut Tx,
    organization: OrganizationId,
    people: Vec<Uuid>,
) -> Result<(), StorageError> {
    sqlx::query(
        "WITH locked AS (SELECT id FROM staff WHERE organization_id = $1 AND id = ANY($2) \
           ORDER BY id FOR NO KEY UPDATE), \
         raised AS (UPDATE staff AS s SET work_version = s.work_version + 1 FROM locked \
           WHERE s.id = locked.id RETURNING s.id) \
         INSERT INTO outbox (organization_id, kind, entity_id) SELECT $1, 'work', id FROM raised",
    )
    .bind(organization.0)
    .bind(people)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The facts of these people's work; those who never had any are left out.
///
/// # Errors
/// When the database fails or a stored value cannot be read.
pub async fn of(tx: &mut Tx, ids: &[StaffId]) -> Result<Vec<WorkFacts>, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as(
        "SELECT organization_id, id, work_version FROM staff WHERE id = ANY($1) \
         AND work_version > 0",
    )
    .bind(ids)
    .fetch_all(&mut **tx)
    .await?;
    complete(tx, rows).await
}

/// The facts of the next people after one, in the order of their ids.
pub(super) async fn page(
    tx: &mut Tx,
    after: Uuid,
    limit: i64,
) -> Result<Vec<WorkFacts>, StorageError> {
    let rows = sqlx::query_as(
        "SELECT organization_id, id, work_version FROM staff WHERE id > $1 AND work_version > 0 \
         ORDER BY id LIMIT $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    complete(tx, rows).await
}

#[derive(FromRow)]
struct VersionRow {
    organization_id: Uuid,
    id: Uuid,
    work_version: i64,
}

#[derive(FromRow)]
struct AssignmentRow {
    staff_id: Uuid,
    id: Uuid,
    case_id: Uuid,
    state: String,
    starts_at: Micros,
    ends_at: Micros,
    done_at: Option<Micros>,
    client_id: Option<Uuid>,
    lat: Option<f64>,
    lng: Option<f64>,
}

/// Adds the assignments of these people.
async fn complete(tx: &mut Tx, rows: Vec<VersionRow>) -> Result<Vec<WorkFacts>, StorageError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let at: HashMap<Uuid, usize> = ids.iter().copied().zip(0..).collect();
    let mut people: Vec<WorkFacts> = rows.iter().map(nothing).collect();
    let now = clock::now().as_second();
    // A day more than counts, so that an older `as_of` finds the same.
    let ended = now.saturating_sub(ENDED_WORK_S);
    let visited = now.saturating_sub(VISITS_COUNT_S + DAY_S);
    let assignments: Vec<AssignmentRow> = sqlx::query_as(
        "SELECT a.staff_id, a.id, a.case_id, a.state, a.starts_at, a.ends_at, a.done_at, \
         c.client_id, ST_Y(c.position) AS lat, ST_X(c.position) AS lng \
         FROM assignments AS a JOIN cases AS c ON c.id = a.case_id \
         WHERE a.staff_id = ANY($1) AND ( \
           a.state = 'on_site' OR a.state IN ('assigned', 'en_route') AND a.ends_at > $2 \
           OR a.state = 'done' AND a.done_at > $3) \
         ORDER BY a.staff_id, a.done_at, a.starts_at, a.id",
    )
    .bind(ids)
    .bind(Millis(ended.saturating_mul(1_000)))
    .bind(Millis(visited.saturating_mul(1_000)))
    .fetch_all(&mut **tx)
    .await?;
    for row in assignments {
        if let Some(&at) = at.get(&row.staff_id) {
            add(&mut people[at], &row, ended)?;
        }
    }
    Ok(people)
}

fn nothing(row: &VersionRow) -> WorkFacts {
    WorkFacts {
        organization: row.organization_id.into(),
        staff: row.id.into(),
        version: row.work_version,
        bookings: Vec::new(),
        last_job: None,
        visits: Vec::new(),
    }
}

/// Adds an assignment; the finished ones come in the order in which they were done.
fn add(facts: &mut WorkFacts, row: &AssignmentRow, ended: i64) -> Result<(), StorageError> {
    let position = convert::position(row.lat, row.lng)?;
    // A person who is done is free, and seen there, from that second on.
    let done_at = row.done_at.filter(|_| row.state == "done").map(Micros::second);
    if let Some(completed_at) = done_at {
        facts.visits.extend(row.client_id.map(|client| (client.into(), completed_at)));
        if completed_at <= ended {
            return Ok(());
        }
        if let Some(position) = position {
            facts.last_job = Some(LastJobFact { position, completed_at });
        }
    }
    // Every second that it touches is held.
    let start = row.starts_at.second();
    let time = Interval { start, end: done_at.unwrap_or_else(|| row.ends_at.second_after()) };
    // What was done before its time holds none.
    if time.start < time.end || done_at.is_none() {
        facts.bookings.push(BookingFact {
            id: BookingId(row.id),
            case: row.case_id.into(),
            time,
            position,
            open_ended: row.state == "on_site",
        });
    }
    Ok(())
}
