//! Departments: where people belong, and where those start from who have no home. Must raise the
//! version of everybody whose primary department moves.

use crate::{
    Conflict, StorageError, Tx,
    convert::{self, xy},
    error::OnConstraint,
    preferences,
    staff::take_from_the_deleted,
};
use jiff::Timestamp;
use nearhand_domain::{DepartmentId, OrganizationId, Position};
use sqlx::FromRow;
use uuid::Uuid;

/// A department as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct DepartmentRecord {
    /// Which.
    pub id: DepartmentId,
    /// Raised by every write; also the ETag.
    pub version: i64,
    /// Unique in the organisation without regard to case.
    pub name: String,
    /// Where its people start from without a home.
    pub base: Option<Position>,
    /// Whether people can newly be put into it.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    name: String,
    lat: Option<f64>,
    lng: Option<f64>,
    active: bool,
    created_at: jiff_sqlx::Timestamp,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, version, name, ST_Y(base) AS lat, ST_X(base) AS lng, active, created_at \
             FROM departments ",
            $rest
        )
    };
}

impl TryFrom<Row> for DepartmentRecord {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: row.id.into(),
            version: row.version,
            name: row.name,
            base: convert::position(row.lat, row.lng)?,
            active: row.active,
            created_at: row.created_at.to_jiff(),
        })
    }
}

/// Writes a new department.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &DepartmentRecord,
) -> Result<(), StorageError> {
    let (lng, lat) = xy(record.base);
    sqlx::query(
        "INSERT INTO departments (organization_id, id, name, base, active, created_at, version) \
         VALUES ($1, $2, $3, ST_SetSRID(ST_MakePoint($4, $5), 4326), $6, $7, 1)",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(&record.name)
    .bind(lng)
    .bind(lat)
    .bind(record.active)
    .bind(jiff_sqlx::ToSqlx::to_sqlx(record.created_at))
    .execute(&mut **tx)
    .await
    .on_constraint("departments_name_key", Conflict::NameTaken)?;
    Ok(())
}

/// A department.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: DepartmentId) -> Result<Option<DepartmentRecord>, StorageError> {
    let row: Option<Row> =
        sqlx::query_as(select!("WHERE id = $1")).bind(id.0).fetch_optional(&mut **tx).await?;
    row.map(DepartmentRecord::try_from).transpose()
}

/// The same, locked until the transaction ends: nobody can be put into it meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: DepartmentId) -> Result<Option<DepartmentRecord>, StorageError> {
    let row: Option<Row> = sqlx::query_as(select!("WHERE id = $1 FOR UPDATE"))
        .bind(id.0)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(DepartmentRecord::try_from).transpose()
}

/// A page of departments in order of creation; with `among`, only of these.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    among: Option<&[DepartmentId]>,
    after: Option<DepartmentId>,
    limit: i64,
) -> Result<Vec<DepartmentRecord>, StorageError> {
    let among: Option<Vec<Uuid>> = among.map(|ids| ids.iter().map(|id| id.0).collect());
    let rows: Vec<Row> = sqlx::query_as(select!(
        "WHERE id > $1 AND ($2::uuid[] IS NULL OR id = ANY($2)) ORDER BY id LIMIT $3"
    ))
    .bind(after.map_or(Uuid::nil(), |id| id.0))
    .bind(among)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(DepartmentRecord::try_from).collect()
}

/// Writes a department, which must be locked, back, and returns its new version. Where its base
/// moves, everybody whose primary department it is gets a new version and is announced.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn update(
    tx: &mut Tx,
    organization: OrganizationId,
    before: &DepartmentRecord,
    after: &DepartmentRecord,
) -> Result<i64, StorageError> {
    let (lng, lat) = xy(after.base);
    let version = sqlx::query_scalar(
        "UPDATE departments SET name = $2, base = ST_SetSRID(ST_MakePoint($3, $4), 4326), \
         active = $5, version = version + 1 WHERE id = $1 RETURNING version",
    )
    .bind(after.id.0)
    .bind(&after.name)
    .bind(lng)
    .bind(lat)
    .bind(after.active)
    .fetch_one(&mut **tx)
    .await
    .on_constraint("departments_name_key", Conflict::NameTaken)?;
    if before.base != after.base {
        let people: Vec<Uuid> = sqlx::query_scalar(
            "SELECT d.staff_id FROM staff_departments AS d JOIN staff AS s ON s.id = d.staff_id \
             WHERE d.department_id = $1 AND d.is_primary AND s.deleted_at IS NULL",
        )
        .bind(after.id.0)
        .fetch_all(&mut **tx)
        .await?;
        preferences::raise_all(tx, organization, &people).await?;
    }
    Ok(version)
}

/// Removes a department, which must be locked, with the memberships of deleted people.
///
/// # Errors
/// [`Conflict::DepartmentInUse`] while somebody who is not deleted belongs to it, or the database
/// fails.
pub async fn delete(tx: &mut Tx, id: DepartmentId) -> Result<(), StorageError> {
    let statements = (
        "SELECT s.id FROM staff AS s JOIN staff_departments AS d ON d.staff_id = s.id \
         WHERE d.department_id = $1 AND s.deleted_at IS NOT NULL ORDER BY s.id FOR UPDATE OF s",
        "DELETE FROM staff_departments WHERE department_id = $1 AND staff_id = ANY($2)",
    );
    take_from_the_deleted(tx, statements, id.0).await?;
    sqlx::query("DELETE FROM departments WHERE id = $1")
        .bind(id.0)
        .execute(&mut **tx)
        .await
        .on_constraint("staff_departments_department_fkey", Conflict::DepartmentInUse)?;
    Ok(())
}
