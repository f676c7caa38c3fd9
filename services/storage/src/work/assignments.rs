//! Assignments: who holds which case, from when to when. Decides nothing.
//!
//! Every change locks the case first and then the holder, except the deletion of a person, which
//! locks the person alone. So a reader who has locked both sees the last word.

mod case;
mod objections;
mod release;
mod returned;

pub use case::{AssignedCase, SlotCounts, counts, held_by, lock_case, slots_taken};
pub use objections::{ClientObjection, Conflicting, client_objection, conflicting, objected};
pub use release::{Released, release_case, release_people};
pub use returned::{NotReturned, Returned, give_back, lock_cases_of_note};

use crate::{
    Conflict, StorageError, Tx,
    convert::{self, corrupt},
    error::OnConstraint,
    facts, offers,
    staff::push_scope,
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    AssignmentId, CaseId, OrganizationId, Position, StaffId,
    access::PeopleScope,
    assignment::{AssignmentState, HeldTime, OVERTIME, Progress},
};
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

/// An assignment, with what its reader needs of case and person.
#[derive(Clone, Debug, PartialEq)]
pub struct AssignmentRecord {
    /// Which.
    pub id: AssignmentId,
    /// Raised by every write; also the ETag.
    pub version: i64,
    /// The case.
    pub case: CaseId,
    /// The case's number. Read, not written.
    pub case_number: String,
    /// The case's title. Read, not written.
    pub case_title: String,
    /// Where the case is. Read, not written.
    pub position: Option<Position>,
    /// Who made the case. Read, not written.
    pub case_created_by: StaffId,
    /// Who holds it.
    pub staff: StaffId,
    /// What they are called. Read, not written.
    pub staff_name: String,
    /// How far it has come.
    pub progress: Progress,
    /// The time that it holds.
    pub held: HeldTime,
    /// The drive that was estimated when it was assigned, in thousandths of minutes; none for a
    /// fixed start.
    pub eta_milli_min: Option<i64>,
    /// When the person entered the site, as their fixes show. Read, not written.
    pub arrived_at: Option<Timestamp>,
    /// When they left it. Read, not written.
    pub left_at: Option<Timestamp>,
    /// Who assigned it.
    pub assigned_by: StaffId,
    /// Why it was taken back.
    pub cancel_reason: Option<String>,
    /// Why it was assigned although something spoke against it.
    pub override_reason: Option<String>,
}

/// Which assignments a list shows. What is `None` does not count.
#[derive(Clone, Copy, Debug, Default)]
pub struct AssignmentFilter {
    /// Only of this case.
    pub case: Option<CaseId>,
    /// Only of this person.
    pub staff: Option<StaffId>,
    /// Only in this state.
    pub state: Option<AssignmentState>,
    /// Only open ones, or only ended ones.
    pub open: Option<bool>,
    /// Only those that end after this instant.
    pub from: Option<Timestamp>,
    /// Only those that start before this instant.
    pub to: Option<Timestamp>,
    /// Only those that this person holds, or whose case they made.
    pub own: Option<StaffId>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.version, a.case_id, c.number, c.title, ST_Y(c.position) AS lat, \
             ST_X(c.position) AS lng, c.created_by, a.staff_id, s.display_name, a.state, \
             a.starts_at, a.ends_at, a.eta_min, a.assigned_at, a.assigned_by, a.en_route_at, \
             a.on_site_at, a.done_at, a.cancelled_at, a.cancel_reason, a.override_reason, \
             a.arrived_at, a.left_at \
             FROM assignments AS a JOIN cases AS c ON c.id = a.case_id \
             JOIN staff AS s ON s.id = a.staff_id ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    case_id: Uuid,
    number: String,
    title: String,
    lat: Option<f64>,
    lng: Option<f64>,
    created_by: Uuid,
    staff_id: Uuid,
    display_name: String,
    state: String,
    starts_at: jiff_sqlx::Timestamp,
    ends_at: jiff_sqlx::Timestamp,
    eta_min: Option<f64>,
    assigned_at: jiff_sqlx::Timestamp,
    assigned_by: Uuid,
    en_route_at: Option<jiff_sqlx::Timestamp>,
    on_site_at: Option<jiff_sqlx::Timestamp>,
    done_at: Option<jiff_sqlx::Timestamp>,
    cancelled_at: Option<jiff_sqlx::Timestamp>,
    cancel_reason: Option<String>,
    override_reason: Option<String>,
    arrived_at: Option<jiff_sqlx::Timestamp>,
    left_at: Option<jiff_sqlx::Timestamp>,
}

impl Row {
    fn into_record(self) -> Result<AssignmentRecord, StorageError> {
        let progress = Progress {
            state: AssignmentState::parse(&self.state)
                .ok_or_else(|| corrupt("state of an assignment", "an unknown word"))?,
            assigned_at: self.assigned_at.to_jiff(),
            en_route_at: convert::time(self.en_route_at),
            on_site_at: convert::time(self.on_site_at),
            done_at: convert::time(self.done_at),
            cancelled_at: convert::time(self.cancelled_at),
        };
        let (starts_at, ends_at) = (self.starts_at.to_jiff(), self.ends_at.to_jiff());
        Ok(AssignmentRecord {
            id: AssignmentId(self.id),
            version: self.version,
            case: CaseId(self.case_id),
            case_number: self.number,
            case_title: self.title,
            position: convert::position(self.lat, self.lng)?,
            case_created_by: StaffId(self.created_by),
            staff: StaffId(self.staff_id),
            staff_name: self.display_name,
            progress,
            held: HeldTime { starts_at, ends_at },
            eta_milli_min: self.eta_min.map(milli),
            arrived_at: convert::time(self.arrived_at),
            left_at: convert::time(self.left_at),
            assigned_by: StaffId(self.assigned_by),
            cancel_reason: self.cancel_reason,
            override_reason: self.override_reason,
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a drive of a stored number of minutes")]
fn milli(minutes: f64) -> i64 {
    (minutes * 1_000.0).round() as i64
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53 thousandths of minutes")]
fn minutes(milli: i64) -> f64 {
    milli as f64 / 1_000.0
}

/// An assignment.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: AssignmentId) -> Result<Option<AssignmentRecord>, StorageError> {
    let row = sqlx::query_as::<_, Row>(select!("WHERE a.id = $1")).bind(id.0);
    row.fetch_optional(&mut **tx).await?.map(Row::into_record).transpose()
}

/// The same, locked until the transaction ends. Lock its case and its holder first.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: AssignmentId) -> Result<Option<AssignmentRecord>, StorageError> {
    // First the lock, then the read: a waiter must see what the other wrote.
    sqlx::query("SELECT 1 FROM assignments WHERE id = $1 FOR UPDATE")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    get(tx, id).await
}

/// All open ones of a case, which must be locked, in the order of their holders. They and their
/// holders are locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock_open_of_case(
    tx: &mut Tx,
    case: CaseId,
) -> Result<Vec<AssignmentRecord>, StorageError> {
    release::lock_holders(tx, case).await?;
    sqlx::query(
        "SELECT 1 FROM assignments WHERE case_id = $1 \
         AND state IN ('assigned', 'en_route', 'on_site') ORDER BY staff_id FOR UPDATE",
    )
    .bind(case.0)
    .execute(&mut **tx)
    .await?;
    let rows = sqlx::query_as::<_, Row>(select!(
        "WHERE a.case_id = $1 AND a.state IN ('assigned', 'en_route', 'on_site') \
         ORDER BY a.staff_id"
    ))
    .bind(case.0);
    rows.fetch_all(&mut **tx).await?.into_iter().map(Row::into_record).collect()
}

/// A page of assignments in order of creation, of the people in `scope`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    filter: &AssignmentFilter,
    scope: PeopleScope<'_>,
    after: Option<AssignmentId>,
    limit: i64,
) -> Result<Vec<AssignmentRecord>, StorageError> {
    let mut query = QueryBuilder::<Postgres>::new(select!("WHERE a.id > "));
    query.push_bind(after.map_or(Uuid::nil(), |id| id.0));
    push_scope(&mut query, scope);
    let ids = [
        (" AND a.case_id = ", filter.case.map(|id| id.0)),
        (" AND a.staff_id = ", filter.staff.map(|id| id.0)),
    ];
    for (condition, id) in ids {
        if let Some(id) = id {
            query.push(condition).push_bind(id);
        }
    }
    if let Some(state) = filter.state {
        query.push(" AND a.state = ").push_bind(state.as_str());
    }
    if let Some(open) = filter.open {
        query.push(" AND (a.state IN ('assigned', 'en_route', 'on_site')) = ").push_bind(open);
    }
    if let Some(from) = filter.from {
        query.push(" AND a.ends_at > ").push_bind(from.to_sqlx());
    }
    if let Some(to) = filter.to {
        query.push(" AND a.starts_at < ").push_bind(to.to_sqlx());
    }
    if let Some(own) = filter.own {
        query.push(" AND (a.staff_id = ").push_bind(own.0);
        query.push(" OR c.created_by = ").push_bind(own.0).push(")");
    }
    query.push(" ORDER BY a.id LIMIT ").push_bind(limit);
    let rows = query.build_query_as::<Row>().fetch_all(&mut **tx).await?;
    rows.into_iter().map(Row::into_record).collect()
}

/// What several people hold in `[from, to)` as known at `now`, without what was cancelled, in their
/// order. A person on site beyond the end of the held time counts as busy for a while yet.
///
/// # Errors
/// When the database fails.
pub async fn of_people(
    tx: &mut Tx,
    people: &[StaffId],
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
) -> Result<Vec<AssignmentRecord>, StorageError> {
    let rows = sqlx::query_as::<_, Row>(select!(
        "WHERE a.staff_id = ANY($1) AND a.state <> 'cancelled' AND a.starts_at < $3 \
         AND (a.ends_at > $2 OR (a.state = 'on_site' AND a.ends_at <= $4 AND $5 > $2)) \
         ORDER BY a.starts_at, a.id"
    ))
    .bind(people.iter().map(|id| id.0).collect::<Vec<_>>())
    .bind(from.to_sqlx())
    .bind(to.to_sqlx())
    .bind(now.to_sqlx())
    .bind((now + OVERTIME).to_sqlx());
    rows.fetch_all(&mut **tx).await?.into_iter().map(Row::into_record).collect()
}

/// Writes a new assignment. Its case and its holder must be locked.
///
/// # Errors
/// [`Conflict::AlreadyAssigned`], or the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &AssignmentRecord,
) -> Result<(), StorageError> {
    let statement = "INSERT INTO assignments (organization_id, id, staff_id, state, starts_at, \
         ends_at, eta_min, assigned_at, assigned_by, en_route_at, on_site_at, done_at, \
         cancelled_at, cancel_reason, override_reason, case_id) VALUES ($1, $2, $3, $4, $5, $6, \
         $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    write_row(statement, organization, record)
        .bind(record.case.0)
        .execute(&mut **tx)
        .await
        .on_constraint("assignments_held", Conflict::AlreadyAssigned)?;
    facts::work::touch(tx, organization, &[record.staff]).await?;
    offers::queue_step(tx, organization, record.case).await
}

/// Writes a changed assignment back. Its case, its holders before and after, and itself must be
/// locked. Returns the new version.
///
/// # Errors
/// [`Conflict::AlreadyAssigned`], or the database fails.
pub async fn update(
    tx: &mut Tx,
    organization: OrganizationId,
    before: &AssignmentRecord,
    after: &AssignmentRecord,
) -> Result<i64, StorageError> {
    let statement = "UPDATE assignments SET version = version + 1, staff_id = $3, state = $4, \
         starts_at = $5, ends_at = $6, eta_min = $7, assigned_at = $8, assigned_by = $9, \
         en_route_at = $10, on_site_at = $11, done_at = $12, cancelled_at = $13, \
         cancel_reason = $14, override_reason = $15, \
         arrived_at = CASE WHEN staff_id = $3 THEN arrived_at END, \
         left_at = CASE WHEN staff_id = $3 THEN left_at END WHERE organization_id = $1 AND id = $2";
    write_row(statement, organization, after)
        .execute(&mut **tx)
        .await
        .on_constraint("assignments_held", Conflict::AlreadyAssigned)?;
    let mut people = vec![before.staff, after.staff];
    people.sort_unstable();
    people.dedup();
    facts::work::touch(tx, organization, &people).await?;
    if before.progress.state != after.progress.state {
        offers::queue_step(tx, organization, after.case).await?;
    }
    Ok(before.version + 1)
}

type Statement<'q> = sqlx::query::Query<'q, Postgres, sqlx::postgres::PgArguments>;

fn write_row(
    statement: &'static str,
    organization: OrganizationId,
    record: &AssignmentRecord,
) -> Statement<'static> {
    let time = |at: Option<Timestamp>| at.map(ToSqlx::to_sqlx);
    let progress = record.progress;
    sqlx::query(statement)
        .bind(organization.0)
        .bind(record.id.0)
        .bind(record.staff.0)
        .bind(progress.state.as_str())
        .bind(record.held.starts_at.to_sqlx())
        .bind(record.held.ends_at.to_sqlx())
        .bind(record.eta_milli_min.map(minutes))
        .bind(progress.assigned_at.to_sqlx())
        .bind(record.assigned_by.0)
        .bind(time(progress.en_route_at))
        .bind(time(progress.on_site_at))
        .bind(time(progress.done_at))
        .bind(time(progress.cancelled_at))
        .bind(record.cancel_reason.clone())
        .bind(record.override_reason.clone())
}
