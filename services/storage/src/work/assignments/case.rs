//! What assigning reads of a case: its slots, its time and its place.

use crate::{
    StorageError, Tx,
    cases::CaseStatus,
    convert::{self, corrupt},
};
use jiff::Timestamp;
use nearhand_domain::{AssignmentId, CaseId, ClientId, Position, StaffId};
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

/// A case as far as assigning needs it.
#[derive(Clone, Debug)]
pub struct AssignedCase {
    /// Which.
    pub id: CaseId,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Whether it still needs somebody.
    pub status: CaseStatus,
    /// How many people it takes.
    pub slots: i16,
    /// Whom it is done for.
    pub client: Option<ClientId>,
    /// Where.
    pub position: Option<Position>,
    /// When; `None`: as soon as possible.
    pub starts_at: Option<Timestamp>,
    /// How long it takes.
    pub duration_min: i32,
    /// Who made it.
    pub created_by: StaffId,
}

/// How many assignments of a case there are in each state that takes a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct SlotCounts {
    /// Those that nobody has begun.
    pub assigned: i64,
    /// On their way.
    pub en_route: i64,
    /// At work.
    pub on_site: i64,
    /// Finished.
    pub done: i64,
}

impl SlotCounts {
    /// How many slots are taken.
    #[must_use]
    pub fn taken(self) -> i64 {
        self.assigned + self.en_route + self.on_site + self.done
    }
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    number: String,
    title: String,
    status: String,
    slots: i16,
    client_id: Option<Uuid>,
    lat: Option<f64>,
    lng: Option<f64>,
    starts_at: Option<jiff_sqlx::Timestamp>,
    duration_min: i32,
    created_by: Uuid,
}

/// A case, locked until the transaction ends: nobody else assigns to it meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn lock_case(tx: &mut Tx, id: CaseId) -> Result<Option<AssignedCase>, StorageError> {
    // First the lock, then the read: a waiter must see what the other wrote.
    sqlx::query("SELECT 1 FROM cases WHERE id = $1 FOR UPDATE")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    let row: Option<Row> = sqlx::query_as(
        "SELECT id, number, title, status, slots, client_id, ST_Y(position) AS lat, \
         ST_X(position) AS lng, starts_at, duration_min, created_by FROM cases WHERE id = $1",
    )
    .bind(id.0)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| {
        Ok(AssignedCase {
            id: CaseId(row.id),
            number: row.number,
            title: row.title,
            status: CaseStatus::parse(&row.status)
                .ok_or_else(|| corrupt("case status", "unknown word"))?,
            slots: row.slots,
            client: row.client_id.map(ClientId),
            position: convert::position(row.lat, row.lng)?,
            starts_at: convert::time(row.starts_at),
            duration_min: row.duration_min,
            created_by: StaffId(row.created_by),
        })
    })
    .transpose()
}

/// How many slots of a case are taken. Exact under the case's lock.
///
/// # Errors
/// When the database fails.
pub async fn slots_taken(tx: &mut Tx, case: CaseId) -> Result<i64, StorageError> {
    let count = "SELECT count(*) FROM assignments WHERE case_id = $1 AND state <> 'cancelled'";
    Ok(sqlx::query_scalar(count).bind(case.0).fetch_one(&mut **tx).await?)
}

/// The assignment by which a person holds a case, finished ones included. Exact under the case's
/// lock.
///
/// # Errors
/// When the database fails.
pub async fn held_by(
    tx: &mut Tx,
    case: CaseId,
    staff: StaffId,
) -> Result<Option<AssignmentId>, StorageError> {
    let found: Option<Uuid> = sqlx::query_scalar(
        "SELECT id FROM assignments WHERE case_id = $1 AND staff_id = $2 AND state <> 'cancelled'",
    )
    .bind(case.0)
    .bind(staff.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.map(AssignmentId))
}

/// The assignments of each of these cases, counted by state; cases without any are left out.
///
/// # Errors
/// When the database fails.
pub async fn counts(
    tx: &mut Tx,
    cases: &[CaseId],
) -> Result<HashMap<CaseId, SlotCounts>, StorageError> {
    #[derive(FromRow)]
    struct Counted {
        case_id: Uuid,
        #[sqlx(flatten)]
        counts: SlotCounts,
    }
    let cases: Vec<Uuid> = cases.iter().map(|id| id.0).collect();
    let rows: Vec<Counted> = sqlx::query_as(
        "SELECT case_id, count(*) FILTER (WHERE state = 'assigned') AS assigned, \
           count(*) FILTER (WHERE state = 'en_route') AS en_route, \
           count(*) FILTER (WHERE state = 'on_site') AS on_site, \
           count(*) FILTER (WHERE state = 'done') AS done \
         FROM assignments WHERE case_id = ANY($1) AND state <> 'cancelled' GROUP BY case_id",
    )
    .bind(cases)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (CaseId(row.case_id), row.counts)).collect())
}
