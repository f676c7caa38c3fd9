//! Open cases for one person to choose from, each with what ties the person to the case's client.
//! Must not judge whether the person fits.

use crate::{
    StorageError, Tx,
    convert::{self, corrupt},
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    CaseId, ClientId, DepartmentId, Position, ServiceId, StaffId, requirement::Requirements,
};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

/// An open case with a position and a free slot.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenCase {
    /// Which.
    pub id: CaseId,
    /// Its number in the organisation.
    pub number: String,
    /// What people call it.
    pub title: String,
    /// Where.
    pub position: Position,
    /// When; `None`: as soon as possible.
    pub starts_at: Option<Timestamp>,
    /// How long it takes.
    pub duration_min: i32,
    /// Old positions count nothing.
    pub urgent: bool,
    /// Services asked for, by id.
    pub services: Vec<ServiceId>,
    /// What else is asked for.
    pub requirements: Requirements,
    /// For whom it is done.
    pub client: Option<ClientId>,
    /// Whether only people on the client's panel may do it.
    pub panel_required: bool,
    /// Somebody on the client's panel: the person themselves if they are on it.
    pub panel_member: Option<StaffId>,
    /// Whether the client does not want the person.
    pub excluded: bool,
}

/// Whose open cases to look for.
#[derive(Clone, Copy, Debug)]
pub struct OpenCasesFor<'a> {
    /// The person who might do them.
    pub person: StaffId,
    /// Who looks, and sees only what they may see.
    pub reader: StaffId,
    /// The reader's departments, where their view ends at them.
    pub departments: Option<&'a [DepartmentId]>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    number: String,
    title: String,
    lat: Option<f64>,
    lng: Option<f64>,
    starts_at: Option<jiff_sqlx::Timestamp>,
    duration_min: i32,
    urgent: bool,
    services: Vec<Uuid>,
    requirements: Json<Requirements>,
    client_id: Option<Uuid>,
    panel_required: bool,
    panel_member: Option<Uuid>,
    excluded: bool,
}

/// The first open cases: those that could begin now, newest first, then the others by their start.
/// Cases that the person holds or has declined are left out.
///
/// # Errors
/// When the database fails.
pub async fn open_cases(
    tx: &mut Tx,
    of: OpenCasesFor<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<OpenCase>, StorageError> {
    // A person without queues reaches all cases; one without queue or department is in every scope.
    let rows = sqlx::query_as::<_, Row>(
        "SELECT c.id, c.number, c.title, ST_Y(c.position) AS lat, ST_X(c.position) AS lng, \
         c.starts_at, c.duration_min, c.urgent, c.requirements, c.client_id, \
         ARRAY(SELECT service_id FROM case_services WHERE case_id = c.id ORDER BY service_id) \
            AS services, \
         COALESCE(k.panel_required, false) AS panel_required, \
         COALESCE(own.standing = 'excluded', false) AS excluded, \
         CASE WHEN own.standing = 'panel' THEN $1 ELSE (SELECT s.staff_id FROM client_staff AS s \
            WHERE s.client_id = c.client_id AND s.standing = 'panel' LIMIT 1) END AS panel_member \
         FROM cases AS c LEFT JOIN clients AS k ON k.id = c.client_id \
         LEFT JOIN client_staff AS own ON own.client_id = c.client_id AND own.staff_id = $1 \
         WHERE c.status = 'open' AND c.position IS NOT NULL \
         AND (SELECT count(*) FROM assignments AS a \
            WHERE a.case_id = c.id AND a.state <> 'cancelled') < c.slots \
         AND NOT EXISTS (SELECT FROM assignments AS a \
            WHERE a.case_id = c.id AND a.staff_id = $1 AND a.state <> 'cancelled') \
         AND NOT EXISTS (SELECT FROM case_declines AS d \
            WHERE d.case_id = c.id AND d.staff_id = $1) \
         AND (c.created_by = $2 \
            OR c.id IN (SELECT case_id FROM assignments WHERE staff_id = $2) \
            OR c.group_id IN (SELECT group_id FROM staff_groups WHERE staff_id = $2) \
            OR ((c.queue_id IS NULL \
                OR NOT EXISTS (SELECT FROM staff_queues WHERE staff_id = $2) \
                OR c.queue_id IN (SELECT queue_id FROM staff_queues WHERE staff_id = $2)) \
               AND ($3::uuid[] IS NULL OR c.department_id IS NULL OR c.department_id = ANY($3)))) \
         ORDER BY greatest(COALESCE(c.starts_at, $4), $4), c.id DESC LIMIT $5",
    )
    .bind(of.person.0)
    .bind(of.reader.0)
    .bind(of.departments.map(|ids| ids.iter().map(|id| id.0).collect::<Vec<Uuid>>()))
    .bind(now.to_sqlx())
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Row::into_case).collect()
}

impl Row {
    fn into_case(self) -> Result<OpenCase, StorageError> {
        let position = convert::position(self.lat, self.lng)?;
        Ok(OpenCase {
            id: CaseId(self.id),
            number: self.number,
            title: self.title,
            position: position.ok_or_else(|| corrupt("position", "is empty"))?,
            starts_at: convert::time(self.starts_at),
            duration_min: self.duration_min,
            urgent: self.urgent,
            services: self.services.into_iter().map(ServiceId).collect(),
            requirements: self.requirements.0,
            client: self.client_id.map(ClientId),
            panel_required: self.panel_required,
            panel_member: self.panel_member.map(StaffId),
            excluded: self.excluded,
        })
    }
}
