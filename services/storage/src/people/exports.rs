//! Exports: what was asked for, and the file once it has been made. A file is kept for a day.

use crate::{StorageError, Tx, convert};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    DepartmentId, ExportId, JobId, OrganizationId, StaffId,
    imports::{ExportFormat, ExportKind},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::FromRow;
use uuid::Uuid;

/// An export, without its file.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportRecord {
    /// Which.
    pub id: ExportId,
    /// Whose: a person or a service account.
    pub created_by: StaffId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Of what.
    pub kind: ExportKind,
    /// As what kind of file.
    pub format: ExportFormat,
    /// What was asked for.
    pub request: Value,
    /// How many bytes the file has; none before it has been made.
    pub bytes: Option<i64>,
    /// When the file goes.
    pub expires_at: Timestamp,
    /// Who makes the file.
    pub job: Option<JobId>,
    /// Whom it is about, if it is about one person.
    pub about: Option<StaffId>,
}

/// What a file holds, as far as rights go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Only people of these departments, and the author; none: of the whole organisation.
    pub departments: Option<Vec<DepartmentId>>,
    /// Whether it has personal values.
    pub personal: bool,
}

impl ExportRecord {
    /// What its file holds. A file that does not say so may hold everything.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        let said = self.request.get("coverage").cloned();
        said.and_then(|said| serde_json::from_value(said).ok())
            .unwrap_or(Coverage { departments: None, personal: true })
    }
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    created_by: Uuid,
    created_at: jiff_sqlx::Timestamp,
    kind: String,
    format: String,
    request: Value,
    bytes: Option<i64>,
    expires_at: jiff_sqlx::Timestamp,
    job_id: Option<Uuid>,
    about: Option<Uuid>,
}

macro_rules! columns {
    () => {
        "id, created_by, created_at, kind, format, request, \
         COALESCE(size, octet_length(content)::bigint) AS bytes, expires_at, job_id, about"
    };
}

impl TryFrom<Row> for ExportRecord {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let unknown = || convert::corrupt("export", "an unknown word");
        Ok(Self {
            id: row.id.into(),
            created_by: row.created_by.into(),
            created_at: row.created_at.to_jiff(),
            kind: ExportKind::parse(&row.kind).ok_or_else(unknown)?,
            format: ExportFormat::parse(&row.format).ok_or_else(unknown)?,
            request: row.request,
            bytes: row.bytes,
            expires_at: row.expires_at.to_jiff(),
            job: row.job_id.map(Into::into),
            about: row.about.map(Into::into),
        })
    }
}

/// Writes one that is asked for.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    export: &ExportRecord,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO exports (organization_id, id, created_by, created_at, kind, format, request, \
         expires_at, job_id, about) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(organization.0)
    .bind(export.id.0)
    .bind(export.created_by.0)
    .bind(export.created_at.to_sqlx())
    .bind(export.kind.as_str())
    .bind(export.format.as_str())
    .bind(&export.request)
    .bind(export.expires_at.to_sqlx())
    .bind(export.job.map(|job| job.0))
    .bind(export.about.map(|person| person.0))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// One, unless it has expired.
///
/// # Errors
/// When the database fails.
pub async fn get(
    tx: &mut Tx,
    id: ExportId,
    now: Timestamp,
) -> Result<Option<ExportRecord>, StorageError> {
    let row: Option<Row> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM exports WHERE id = $1 AND expires_at > $2"
    ))
    .bind(id.0)
    .bind(now.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// A page of those of an author that have not expired, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    author: StaffId,
    now: Timestamp,
    before: Option<ExportId>,
    limit: i64,
) -> Result<Vec<ExportRecord>, StorageError> {
    let rows: Vec<Row> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM exports WHERE created_by = $1 AND expires_at > $2 \
         AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"
    ))
    .bind(author.0)
    .bind(now.to_sqlx())
    .bind(before.map(|id| id.0))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The one a job makes.
///
/// # Errors
/// When the database fails.
pub async fn of_job(tx: &mut Tx, job: JobId) -> Result<Option<ExportRecord>, StorageError> {
    let row: Option<Row> =
        sqlx::query_as(concat!("SELECT ", columns!(), " FROM exports WHERE job_id = $1"))
            .bind(job.0)
            .fetch_optional(&mut **tx)
            .await?;
    row.map(TryInto::try_into).transpose()
}

/// The file, once it has been made.
///
/// # Errors
/// When the database fails.
pub async fn content(tx: &mut Tx, id: ExportId) -> Result<Option<Vec<u8>>, StorageError> {
    let content = sqlx::query_scalar("SELECT content FROM exports WHERE id = $1").bind(id.0);
    let content: Option<Option<Vec<u8>>> = content.fetch_optional(&mut **tx).await?;
    Ok(content.flatten())
}

/// How many exports of an author there are that have neither expired nor failed. Holds a lock until
/// the transaction ends, so that nobody counts beside it.
///
/// # Errors
/// When the database fails.
pub async fn count_open(tx: &mut Tx, author: StaffId, now: Timestamp) -> Result<i64, StorageError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('exports of ' || $1::text, 0))")
        .bind(author.0)
        .execute(&mut **tx)
        .await?;
    let count = sqlx::query_scalar(
        "SELECT count(*) FROM exports AS e LEFT JOIN jobs AS j ON j.id = e.job_id \
         WHERE e.created_by = $1 AND e.expires_at > $2 \
         AND COALESCE(j.state, '') NOT IN ('failed', 'cancelled')",
    );
    Ok(count.bind(author.0).bind(now.to_sqlx()).fetch_one(&mut **tx).await?)
}

/// Removes one of an author with its file, unless it has expired; returns what it was.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    tx: &mut Tx,
    id: ExportId,
    author: StaffId,
    now: Timestamp,
) -> Result<Option<ExportRecord>, StorageError> {
    let row: Option<Row> = sqlx::query_as(concat!(
        "DELETE FROM exports WHERE id = $1 AND created_by = $2 AND expires_at > $3 RETURNING ",
        columns!()
    ))
    .bind(id.0)
    .bind(author.0)
    .bind(now.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// Keeps the file, and what it holds; false when the export has gone meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn keep(
    tx: &mut Tx,
    id: ExportId,
    content: &[u8],
    coverage: &Coverage,
) -> Result<bool, StorageError> {
    let kept =
        sqlx::query("UPDATE exports SET content = $2, request = request || $3 WHERE id = $1")
            .bind(id.0)
            .bind(content)
            .bind(json!({ "coverage": coverage }))
            .execute(&mut **tx)
            .await?;
    Ok(kept.rows_affected() > 0)
}

/// Keeps a part of a file that one run makes.
///
/// # Errors
/// When the database fails, or the export has gone.
pub async fn keep_part(
    tx: &mut Tx,
    organization: OrganizationId,
    id: ExportId,
    run: Uuid,
    part: i32,
    content: &[u8],
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO export_parts (organization_id, export_id, run, part, content) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(organization.0)
    .bind(id.0)
    .bind(run)
    .bind(part)
    .bind(content)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes the parts of a run the file, unless another run was faster; parts of others go. False when
/// the export has gone meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn finish_parts(
    tx: &mut Tx,
    id: ExportId,
    run: Uuid,
    bytes: i64,
) -> Result<bool, StorageError> {
    let kept = sqlx::query(
        "UPDATE exports SET run = COALESCE(run, $2), size = COALESCE(size, $3) WHERE id = $1",
    )
    .bind(id.0)
    .bind(run)
    .bind(bytes)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "DELETE FROM export_parts AS p USING exports AS e \
         WHERE e.id = $1 AND p.export_id = e.id AND p.run <> e.run",
    )
    .bind(id.0)
    .execute(&mut **tx)
    .await?;
    Ok(kept.rows_affected() > 0)
}

/// A part of a file, from 0; `None` after the last.
///
/// # Errors
/// When the database fails.
pub async fn part(tx: &mut Tx, id: ExportId, part: i32) -> Result<Option<Vec<u8>>, StorageError> {
    let content = sqlx::query_scalar(
        "SELECT p.content FROM exports AS e JOIN export_parts AS p \
         ON p.export_id = e.id AND p.run = e.run WHERE e.id = $1 AND p.part = $2",
    );
    Ok(content.bind(id.0).bind(part).fetch_optional(&mut **tx).await?)
}
