//! Imports: what a file of people was found to say, row by row, and what became of it.

mod rows;

pub use rows::{RowFilter, RowRecord, rows};

use crate::{StorageError, Tx, convert, staff::StaffRecord};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    ImportId, JobId, OrganizationId, StaffId,
    imports::{ImportState, RowAction, RowError, RowOutcome},
};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

/// Rows written in one statement.
const ROWS_AT_ONCE: usize = 1_000;

/// Rows of a checked file by what is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// People to be created.
    pub create: i64,
    /// People to be changed.
    pub update: i64,
    /// Nothing to be done.
    pub skip: i64,
    /// Rows with errors.
    pub error: i64,
}

/// Rows of a written file by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeCounts {
    /// People created.
    pub created: i64,
    /// People changed.
    pub updated: i64,
    /// Nothing was to be done.
    pub skipped: i64,
    /// Rows that failed, or had errors.
    pub failed: i64,
}

/// How a file is to be read, and what it held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportOptions {
    /// Whether people may be created.
    pub create: bool,
    /// Whether people may be changed.
    pub update: bool,
    /// The columns of the file, in its order.
    pub columns: Vec<String>,
}

/// An import as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportRecord {
    /// Which.
    pub id: ImportId,
    /// Raised when its state changes; also the ETag.
    pub version: i64,
    /// Whose: a person or a service account.
    pub created_by: StaffId,
    /// When the file came.
    pub created_at: Timestamp,
    /// The file's name.
    pub file_name: String,
    /// How far it has come.
    pub state: ImportState,
    /// What is to be done.
    pub counts: RowCounts,
    /// What became of it, once it has ended.
    pub result: Option<OutcomeCounts>,
    /// How the file was read.
    pub options: ImportOptions,
    /// Who writes its rows.
    pub job: Option<JobId>,
}

/// A row to be.
#[derive(Clone, Debug)]
pub struct NewRow {
    /// Where it is in the file.
    pub line: u32,
    /// What is to be done.
    pub action: RowAction,
    /// The person there is already, and their version.
    pub staff: Option<(StaffId, i64)>,
    /// What they are to be.
    pub record: Option<StaffRecord>,
    /// The columns that differ.
    pub changed: Vec<&'static str>,
    /// Everything that is wrong.
    pub errors: Vec<RowError>,
}

/// A row that is still to be written.
#[derive(Clone, Debug)]
pub struct OpenRow {
    /// Where it is in the file.
    pub line: i32,
    /// The person's version when the file was checked; none for a new one.
    pub version: Option<i64>,
    /// What they are to be.
    pub record: StaffRecord,
}

/// What became of a row.
#[derive(Clone, Debug)]
pub struct Written {
    /// Which.
    pub line: i32,
    /// What became of it.
    pub outcome: RowOutcome,
    /// Whose it is now.
    pub staff: Option<StaffId>,
    /// Why it failed.
    pub error: Option<RowError>,
}

#[derive(FromRow)]
struct Stored {
    id: Uuid,
    version: i64,
    created_by: Uuid,
    created_at: jiff_sqlx::Timestamp,
    file_name: String,
    state: String,
    counts: Json<RowCounts>,
    result: Option<Json<OutcomeCounts>>,
    options: Json<ImportOptions>,
    job_id: Option<Uuid>,
}

macro_rules! columns {
    () => {
        "id, version, created_by, created_at, file_name, state, counts, result, options, job_id"
    };
}

impl TryFrom<Stored> for ImportRecord {
    type Error = StorageError;

    fn try_from(row: Stored) -> Result<Self, StorageError> {
        let state = ImportState::parse(&row.state);
        Ok(Self {
            id: row.id.into(),
            version: row.version,
            created_by: row.created_by.into(),
            created_at: row.created_at.to_jiff(),
            file_name: row.file_name,
            state: state.ok_or_else(|| convert::corrupt("state of an import", "unknown word"))?,
            counts: row.counts.0,
            result: row.result.map(|result| result.0),
            options: row.options.0,
            job: row.job_id.map(Into::into),
        })
    }
}

/// Writes a checked import with its rows.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    import: &ImportRecord,
    file_hash: &[u8; 32],
    rows: &[NewRow],
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO imports (organization_id, id, created_by, created_at, file_name, file_hash, \
         state, counts, options) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(organization.0)
    .bind(import.id.0)
    .bind(import.created_by.0)
    .bind(import.created_at.to_sqlx())
    .bind(&import.file_name)
    .bind(file_hash.as_slice())
    .bind(import.state.as_str())
    .bind(Json(import.counts))
    .bind(Json(&import.options))
    .execute(&mut **tx)
    .await?;
    for rows in rows.chunks(ROWS_AT_ONCE) {
        insert_rows(tx, organization, import.id, rows).await?;
    }
    Ok(())
}

async fn insert_rows(
    tx: &mut Tx,
    organization: OrganizationId,
    import: ImportId,
    rows: &[NewRow],
) -> Result<(), StorageError> {
    let line = |row: &NewRow| i32::try_from(row.line).unwrap_or(i32::MAX);
    let changed = rows.iter().map(|row| row.changed.join(" "));
    sqlx::query(
        "INSERT INTO import_rows (organization_id, import_id, line, action, staff_id, version, \
         record, changed, errors) \
         SELECT $1, $2, line, action, staff_id, version, record, \
           string_to_array(changed, ' '), errors \
         FROM unnest($3::integer[], $4::text[], $5::uuid[], $6::bigint[], $7::jsonb[], \
           $8::text[], $9::jsonb[]) \
           AS r (line, action, staff_id, version, record, changed, errors)",
    )
    .bind(organization.0)
    .bind(import.0)
    .bind(rows.iter().map(line).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.action.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.staff.map(|(id, _)| id.0)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.staff.map(|(_, version)| version)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.record.as_ref().map(Json)).collect::<Vec<_>>())
    .bind(changed.collect::<Vec<_>>())
    .bind(rows.iter().map(|row| Json(&row.errors)).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// One, if it is there.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: ImportId) -> Result<Option<ImportRecord>, StorageError> {
    let row: Option<Stored> =
        sqlx::query_as(concat!("SELECT ", columns!(), " FROM imports WHERE id = $1"))
            .bind(id.0)
            .fetch_optional(&mut **tx)
            .await?;
    row.map(TryInto::try_into).transpose()
}

/// The same, kept from changing until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: ImportId) -> Result<Option<ImportRecord>, StorageError> {
    let row: Option<Stored> =
        sqlx::query_as(concat!("SELECT ", columns!(), " FROM imports WHERE id = $1 FOR UPDATE"))
            .bind(id.0)
            .fetch_optional(&mut **tx)
            .await?;
    row.map(TryInto::try_into).transpose()
}

/// The one a job writes, kept from changing until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock_of_job(tx: &mut Tx, job: JobId) -> Result<Option<ImportRecord>, StorageError> {
    let row: Option<Stored> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM imports WHERE job_id = $1 FOR UPDATE"
    ))
    .bind(job.0)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// A page of them, the newest first; of one author or of all.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    author: Option<StaffId>,
    after: Option<ImportId>,
    limit: i64,
) -> Result<Vec<ImportRecord>, StorageError> {
    let rows: Vec<Stored> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM imports WHERE ($1::uuid IS NULL OR created_by = $1) \
         AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"
    ))
    .bind(author.map(|id| id.0))
    .bind(after.map(|id| id.0))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// How many checked imports of an author wait for a commit. Holds a lock until the transaction ends,
/// so that nobody counts beside it.
///
/// # Errors
/// When the database fails.
pub async fn count_checked(tx: &mut Tx, author: StaffId) -> Result<i64, StorageError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('imports of ' || $1::text, 0))")
        .bind(author.0)
        .execute(&mut **tx)
        .await?;
    let count = "SELECT count(*) FROM imports WHERE created_by = $1 AND state = 'checked'";
    Ok(sqlx::query_scalar(count).bind(author.0).fetch_one(&mut **tx).await?)
}

/// Removes one with its rows.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &mut Tx, id: ImportId) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM imports WHERE id = $1").bind(id.0).execute(&mut **tx).await?;
    Ok(())
}

/// Gives a checked import to a job.
///
/// # Errors
/// When the database fails.
pub async fn commit(tx: &mut Tx, id: ImportId, job: JobId) -> Result<ImportRecord, StorageError> {
    let row: Stored = sqlx::query_as(concat!(
        "UPDATE imports SET state = 'committing', job_id = $2, version = version + 1 \
         WHERE id = $1 RETURNING ",
        columns!()
    ))
    .bind(id.0)
    .bind(job.0)
    .fetch_one(&mut **tx)
    .await?;
    row.try_into()
}

/// Ends it; nothing is left of what people were to be.
///
/// # Errors
/// When the database fails.
pub async fn finish(
    tx: &mut Tx,
    id: ImportId,
    state: ImportState,
) -> Result<OutcomeCounts, StorageError> {
    sqlx::query("UPDATE import_rows SET record = NULL WHERE import_id = $1 AND record IS NOT NULL")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    let result = outcomes(tx, id).await?;
    sqlx::query("UPDATE imports SET state = $2, result = $3, version = version + 1 WHERE id = $1")
        .bind(id.0)
        .bind(state.as_str())
        .bind(Json(result))
        .execute(&mut **tx)
        .await?;
    Ok(result)
}

/// What has become of its rows so far.
///
/// # Errors
/// When the database fails.
pub async fn outcomes(tx: &mut Tx, id: ImportId) -> Result<OutcomeCounts, StorageError> {
    let (created, updated, skipped, failed) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE outcome = 'created'), \
           count(*) FILTER (WHERE outcome = 'updated'), \
           count(*) FILTER (WHERE outcome = 'skipped'), \
           count(*) FILTER (WHERE outcome = 'failed') \
         FROM import_rows WHERE import_id = $1",
    )
    .bind(id.0)
    .fetch_one(&mut **tx)
    .await?;
    Ok(OutcomeCounts { created, updated, skipped, failed })
}

/// Says what becomes of the rows that are not to be written: nothing, and those with errors failed.
///
/// # Errors
/// When the database fails.
pub async fn pass_over(tx: &mut Tx, id: ImportId) -> Result<(), StorageError> {
    sqlx::query(
        "UPDATE import_rows SET record = NULL, \
           outcome = CASE action WHEN 'skip' THEN 'skipped' ELSE 'failed' END \
         WHERE import_id = $1 AND outcome IS NULL AND action IN ('skip', 'error')",
    )
    .bind(id.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The first rows that are still to be written. The import must be locked.
///
/// # Errors
/// When the database fails.
pub async fn open_rows(tx: &mut Tx, id: ImportId, most: i64) -> Result<Vec<OpenRow>, StorageError> {
    let rows: Vec<(i32, Option<i64>, Json<StaffRecord>)> = sqlx::query_as(
        "SELECT line, version, record FROM import_rows \
         WHERE import_id = $1 AND outcome IS NULL AND action IN ('create', 'update') \
         ORDER BY line LIMIT $2",
    )
    .bind(id.0)
    .bind(most)
    .fetch_all(&mut **tx)
    .await?;
    let open =
        |(line, version, record): (_, _, Json<_>)| OpenRow { line, version, record: record.0 };
    Ok(rows.into_iter().map(open).collect())
}

/// Writes down what became of rows, in the transaction that did it.
///
/// # Errors
/// When the database fails.
pub async fn written(tx: &mut Tx, id: ImportId, rows: &[Written]) -> Result<(), StorageError> {
    let errors = rows.iter().map(|row| Json(Vec::from_iter(&row.error)));
    sqlx::query(
        "UPDATE import_rows AS i SET outcome = r.outcome, record = NULL, \
           staff_id = COALESCE(r.staff_id, i.staff_id), errors = i.errors || r.errors \
         FROM unnest($2::integer[], $3::text[], $4::uuid[], $5::jsonb[]) \
           AS r (line, outcome, staff_id, errors) \
         WHERE i.import_id = $1 AND i.line = r.line",
    )
    .bind(id.0)
    .bind(rows.iter().map(|row| row.line).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.outcome.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.staff.map(|id| id.0)).collect::<Vec<_>>())
    .bind(errors.collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
