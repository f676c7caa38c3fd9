//! Imports and their rows as callers see them: no value of any person.

use jiff::Timestamp;
use nearhand_domain::{ImportId, JobId, StaffId, imports::RowError};
use nearhand_storage::imports::{ImportRecord, OutcomeCounts, RowCounts, RowRecord};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A checked file of people, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Import {
    #[schema(value_type = Uuid)]
    id: ImportId,
    /// Raised when its state changes; also the ETag, which the commit needs.
    version: i64,
    /// `checked`, `committing`, `done`, `cancelled` or `failed`.
    state: &'static str,
    file_name: String,
    /// The columns of the file, in its order.
    columns: Vec<String>,
    /// Whether people may be created.
    create: bool,
    /// Whether people may be changed.
    update: bool,
    /// Rows by what is to be done.
    counts: Counts,
    /// Rows by what became of them; null until it has ended.
    #[schema(value_type = Option<Outcomes>)]
    result: Option<Outcomes>,
    /// Whoever sent the file.
    #[schema(value_type = Uuid)]
    created_by: StaffId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The job that writes it; null before the commit.
    #[schema(value_type = Option<Uuid>)]
    job_id: Option<JobId>,
}

/// Rows by what is to be done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportCounts)]
pub(crate) struct Counts {
    create: i64,
    update: i64,
    /// They say what is so already, or the options leave them out.
    skip: i64,
    error: i64,
}

/// Rows by what became of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportOutcomes)]
pub(crate) struct Outcomes {
    created: i64,
    updated: i64,
    skipped: i64,
    /// With those that had errors.
    failed: i64,
}

/// A row of an import.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportRow {
    /// Where it is in the file, counted from 1.
    line: i32,
    /// `create`, `update`, `skip` or `error`.
    action: &'static str,
    /// The person; of a new one, once there is one.
    #[schema(value_type = Option<Uuid>)]
    staff_id: Option<StaffId>,
    /// What the person is to be called, else what they are called; null where that is not known, or
    /// not to the caller.
    name: Option<String>,
    /// The columns that differ; of a new person, those that are filled in.
    changed: Vec<String>,
    /// Everything that is wrong with it.
    errors: Vec<ImportRowError>,
    /// `created`, `updated`, `skipped` or `failed`; null until the commit has come to it.
    outcome: Option<&'static str>,
}

/// One thing that is wrong with a row.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportRowError {
    /// Null: the row as a whole.
    column: Option<String>,
    /// Stable machine code.
    code: String,
    /// What is wrong and how to mend it.
    detail: String,
}

/// Work that has begun.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// What it is about.
    pub(crate) id: Uuid,
    /// Watch it at `/v1/jobs/{id}`.
    #[schema(value_type = Uuid)]
    pub(crate) job_id: JobId,
}

/// Counts for the audit trail.
pub(super) fn counted(record: &ImportRecord) -> serde_json::Value {
    serde_json::json!({ "counts": Counts::from(record.counts) })
}

impl From<RowCounts> for Counts {
    fn from(counts: RowCounts) -> Self {
        let RowCounts { create, update, skip, error } = counts;
        Self { create, update, skip, error }
    }
}

impl From<OutcomeCounts> for Outcomes {
    fn from(counts: OutcomeCounts) -> Self {
        let OutcomeCounts { created, updated, skipped, failed } = counts;
        Self { created, updated, skipped, failed }
    }
}

impl From<ImportRecord> for Import {
    fn from(record: ImportRecord) -> Self {
        Self {
            id: record.id,
            version: record.version,
            state: record.state.as_str(),
            file_name: record.file_name,
            columns: record.options.columns,
            create: record.options.create,
            update: record.options.update,
            counts: record.counts.into(),
            result: record.result.map(Into::into),
            created_by: record.created_by,
            created_at: record.created_at,
            job_id: record.job,
        }
    }
}

impl From<RowRecord> for ImportRow {
    fn from(row: RowRecord) -> Self {
        let error = |RowError { column, code, detail }| ImportRowError { column, code, detail };
        Self {
            line: row.line,
            action: row.action.as_str(),
            staff_id: row.staff,
            name: row.name,
            changed: row.changed,
            errors: row.errors.into_iter().map(error).collect(),
            outcome: row.outcome.map(nearhand_domain::imports::RowOutcome::as_str),
        }
    }
}
