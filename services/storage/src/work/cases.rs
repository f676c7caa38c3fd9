//! Cases: work to be done, and what it asks of a person.

use crate::{
    AppPool, StorageError, Tx,
    convert::{self, corrupt},
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    CaseId, OrganizationId, Position, ServiceId, StaffId, requirement::Requirements,
};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

/// Whether a case still needs somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseStatus {
    /// It does.
    Open,
    /// It is done or given up.
    Closed,
}

impl CaseStatus {
    /// The word on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    /// The status of a word, if it is one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Open, Self::Closed].into_iter().find(|status| status.as_str() == word)
    }
}

/// A case as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseRecord {
    /// Which.
    pub id: CaseId,
    /// Raised by every write; also the ETag.
    pub version: i64,
    /// What people call it.
    pub title: String,
    /// Whether it still needs somebody.
    pub status: CaseStatus,
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
    /// Who made it.
    pub created_by: StaffId,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which cases a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct CaseFilter {
    /// Only open or only closed ones.
    pub status: Option<CaseStatus>,
    /// Only those this person made.
    pub created_by: Option<StaffId>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.version, c.title, c.status, ST_Y(c.position) AS lat, \
             ST_X(c.position) AS lng, c.starts_at, c.duration_min, c.urgent, c.requirements, \
             c.created_by, c.created_at, \
             ARRAY(SELECT service_id FROM case_services WHERE case_id = c.id ORDER BY service_id) \
                AS services \
             FROM cases AS c ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    title: String,
    status: String,
    lat: Option<f64>,
    lng: Option<f64>,
    starts_at: Option<jiff_sqlx::Timestamp>,
    duration_min: i32,
    urgent: bool,
    requirements: Json<Requirements>,
    created_by: Uuid,
    created_at: jiff_sqlx::Timestamp,
    services: Vec<Uuid>,
}

impl Row {
    fn into_record(self) -> Result<CaseRecord, StorageError> {
        let position = convert::position(self.lat, self.lng)?;
        Ok(CaseRecord {
            id: CaseId(self.id),
            version: self.version,
            title: self.title,
            status: CaseStatus::parse(&self.status)
                .ok_or_else(|| corrupt("case status", "unknown word"))?,
            position: position.ok_or_else(|| corrupt("position", "is empty"))?,
            starts_at: convert::time(self.starts_at),
            duration_min: self.duration_min,
            urgent: self.urgent,
            services: self.services.into_iter().map(ServiceId).collect(),
            requirements: self.requirements.0,
            created_by: StaffId(self.created_by),
            created_at: self.created_at.to_jiff(),
        })
    }
}

/// A case.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: CaseId) -> Result<Option<CaseRecord>, StorageError> {
    sqlx::query_as::<_, Row>(select!("WHERE c.id = $1"))
        .bind(id.0)
        .fetch_optional(&mut **tx)
        .await?
        .map(Row::into_record)
        .transpose()
}

/// A case, in one round trip: recommendations wait for it. The statement itself binds its
/// transaction to the tenant, which must happen before the case is looked for: so the search
/// asks for what the binding returns, and the fence of `OFFSET 0` keeps it behind.
///
/// # Errors
/// When the database fails.
pub async fn look(
    pool: &AppPool,
    organization: OrganizationId,
    id: CaseId,
) -> Result<Option<CaseRecord>, StorageError> {
    sqlx::query_as::<_, Row>(concat!(
        "WITH bound AS MATERIALIZED (SELECT set_config('app.organization_id', $2::text, true) \
         AS organization_id) SELECT c.* FROM bound CROSS JOIN LATERAL (",
        select!("WHERE c.id = $1 AND c.organization_id = bound.organization_id::uuid OFFSET 0"),
        ") AS c"
    ))
    .bind(id.0)
    .bind(organization.0)
    .fetch_optional(pool.pool())
    .await?
    .map(Row::into_record)
    .transpose()
}

/// The same, locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: CaseId) -> Result<Option<CaseRecord>, StorageError> {
    // First the lock, then the read: a waiter must see what the other wrote.
    sqlx::query("SELECT 1 FROM cases WHERE id = $1 FOR UPDATE")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    get(tx, id).await
}

/// A page of cases in order of creation.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    filter: &CaseFilter,
    after: Option<CaseId>,
    limit: i64,
) -> Result<Vec<CaseRecord>, StorageError> {
    let rows = sqlx::query_as::<_, Row>(select!(
        "WHERE c.id > $1 AND ($2::text IS NULL OR c.status = $2) \
         AND ($3::uuid IS NULL OR c.created_by = $3) ORDER BY c.id LIMIT $4"
    ))
    .bind(after.map_or(Uuid::nil(), |id| id.0))
    .bind(filter.status.map(CaseStatus::as_str))
    .bind(filter.created_by.map(|id| id.0))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Row::into_record).collect()
}

/// Writes a new case. Its services must be held.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &CaseRecord,
) -> Result<(), StorageError> {
    let statement = "INSERT INTO cases (organization_id, id, title, status, position, starts_at, \
         duration_min, urgent, requirements, created_by, created_at) VALUES ($1, $2, $3, $4, \
         ST_SetSRID(ST_MakePoint($5, $6), 4326), $7, $8, $9, $10, $11, $12)";
    write_row(statement, organization, record)
        .bind(record.created_by.0)
        .bind(record.created_at.to_sqlx())
        .execute(&mut **tx)
        .await?;
    insert_services(tx, organization, record).await
}

/// Writes a changed case back, which must be locked and its services held; returns the new
/// version.
///
/// # Errors
/// When the database fails.
pub async fn update(
    tx: &mut Tx,
    organization: OrganizationId,
    before: &CaseRecord,
    after: &CaseRecord,
) -> Result<i64, StorageError> {
    let statement = "UPDATE cases SET version = version + 1, title = $3, status = $4, \
         position = ST_SetSRID(ST_MakePoint($5, $6), 4326), starts_at = $7, duration_min = $8, \
         urgent = $9, requirements = $10 WHERE organization_id = $1 AND id = $2";
    write_row(statement, organization, after).execute(&mut **tx).await?;
    if before.services != after.services {
        sqlx::query("DELETE FROM case_services WHERE case_id = $1")
            .bind(after.id.0)
            .execute(&mut **tx)
            .await?;
        insert_services(tx, organization, after).await?;
    }
    Ok(before.version + 1)
}

type Statement<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

fn write_row(
    statement: &'static str,
    organization: OrganizationId,
    record: &CaseRecord,
) -> Statement<'static> {
    let (lng, lat) = record.position.xy();
    sqlx::query(statement)
        .bind(organization.0)
        .bind(record.id.0)
        .bind(record.title.clone())
        .bind(record.status.as_str())
        .bind(lng)
        .bind(lat)
        .bind(record.starts_at.map(jiff_sqlx::ToSqlx::to_sqlx))
        .bind(record.duration_min)
        .bind(record.urgent)
        .bind(Json(record.requirements.clone()))
}

async fn insert_services(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &CaseRecord,
) -> Result<(), StorageError> {
    let services: Vec<Uuid> = record.services.iter().map(|id| id.0).collect();
    sqlx::query(
        "INSERT INTO case_services (organization_id, case_id, service_id) \
         SELECT $1, $2, * FROM unnest($3::uuid[])",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(services)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
