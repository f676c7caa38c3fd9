//! What speaks against assigning a person: the client, other work at that time, an absence.

use crate::{StorageError, Tx};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    AssignmentId, CaseId, ClientId, StaffId,
    assignment::{HeldTime, OVERTIME},
};
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

/// Most things that are listed.
const MOST: i64 = 20;

/// Why a client does not take a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientObjection {
    /// The client does not want them.
    Excluded,
    /// They are not on the panel, and only those are taken.
    NotOnPanel,
}

/// Something at the same time.
#[derive(Clone, Debug)]
pub struct Conflicting {
    /// The assignment's, or the absence's.
    pub id: Uuid,
    /// The case's, if it is an assignment.
    pub case: Option<CaseId>,
    /// The number of that case.
    pub case_number: Option<String>,
    /// Its title.
    pub case_title: Option<String>,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when they are busy.
    pub ends_at: Timestamp,
}

/// What a client has against a person, if anything.
///
/// # Errors
/// When the database fails.
pub async fn client_objection(
    tx: &mut Tx,
    client: ClientId,
    staff: StaffId,
) -> Result<Option<ClientObjection>, StorageError> {
    let row: Option<(bool, Option<String>)> = sqlx::query_as(
        "SELECT c.panel_required, p.standing FROM clients AS c LEFT JOIN client_staff AS p \
         ON p.client_id = c.id AND p.staff_id = $2 WHERE c.id = $1",
    )
    .bind(client.0)
    .bind(staff.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.and_then(|(panel_required, standing)| objection(panel_required, standing.as_deref())))
}

/// The open ones among several assignments that their case's client objects to, and why.
///
/// # Errors
/// When the database fails.
pub async fn objected(
    tx: &mut Tx,
    assignments: &[AssignmentId],
) -> Result<HashMap<AssignmentId, ClientObjection>, StorageError> {
    let rows: Vec<(Uuid, bool, Option<String>)> = sqlx::query_as(
        "SELECT a.id, l.panel_required, p.standing FROM assignments AS a \
         JOIN cases AS c ON c.id = a.case_id JOIN clients AS l ON l.id = c.client_id \
         LEFT JOIN client_staff AS p ON p.client_id = l.id AND p.staff_id = a.staff_id \
         WHERE a.id = ANY($1) AND a.state IN ('assigned', 'en_route', 'on_site')",
    )
    .bind(assignments.iter().map(|id| id.0).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    let read = |(id, panel_required, standing): (Uuid, bool, Option<String>)| {
        Some((AssignmentId(id), objection(panel_required, standing.as_deref())?))
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// What a client has against somebody of this standing with them.
fn objection(panel_required: bool, standing: Option<&str>) -> Option<ClientObjection> {
    match standing {
        Some("excluded") => Some(ClientObjection::Excluded),
        None if panel_required => Some(ClientObjection::NotOnPanel),
        _ => None,
    }
}

/// What else a person has in a time: open assignments but `except`, and absences. Whoever is on
/// site beyond the end of the held time is busy for a while yet. Exact under the person's lock.
///
/// # Errors
/// When the database fails.
pub async fn conflicting(
    tx: &mut Tx,
    staff: StaffId,
    held: HeldTime,
    except: Option<AssignmentId>,
    now: Timestamp,
) -> Result<Vec<Conflicting>, StorageError> {
    #[derive(FromRow)]
    struct Row {
        id: Uuid,
        case_id: Option<Uuid>,
        number: Option<String>,
        title: Option<String>,
        starts_at: jiff_sqlx::Timestamp,
        ends_at: jiff_sqlx::Timestamp,
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM (\
           SELECT a.id, a.case_id, c.number, c.title, a.starts_at, \
             CASE WHEN a.state = 'on_site' AND a.ends_at <= $4 THEN $5 ELSE a.ends_at END \
             AS ends_at \
           FROM assignments AS a JOIN cases AS c ON c.id = a.case_id \
           WHERE a.staff_id = $1 AND a.state IN ('assigned', 'en_route', 'on_site') \
             AND a.id IS DISTINCT FROM $6 \
           UNION ALL \
           SELECT id, NULL, NULL, NULL, starts_at, ends_at FROM staff_time_off WHERE staff_id = $1\
         ) AS taken WHERE starts_at < $3 AND ends_at > $2 ORDER BY starts_at, id LIMIT $7",
    )
    .bind(staff.0)
    .bind(held.starts_at.to_sqlx())
    .bind(held.ends_at.to_sqlx())
    .bind(now.to_sqlx())
    .bind((now + OVERTIME).to_sqlx())
    .bind(except.map(|id| id.0))
    .bind(MOST)
    .fetch_all(&mut **tx)
    .await?;
    let read = |row: Row| Conflicting {
        id: row.id,
        case: row.case_id.map(CaseId),
        case_number: row.number,
        case_title: row.title,
        starts_at: row.starts_at.to_jiff(),
        ends_at: row.ends_at.to_jiff(),
    };
    Ok(rows.into_iter().map(read).collect())
}
