//! `/v1/exports`: files that a job makes, under the rights their author has while it is made. Kept
//! for a day, for their author alone.

use super::{
    data_exports,
    imports::{Accepted, download},
    staff::{StaffQuery, filter},
};
use crate::{
    access::caller::{Allowed, Caller},
    change::{Change, ChangeResult, Forget, Outcome, Posted},
    http::{
        body::{Field, Form, Unknown, any, forms},
        codes::Code,
        pages::{ListOf, NoFilter, Page},
        problem::{ApiResult, Problem},
        query::PathId,
        reply::Reply,
    },
    routes::system::audit::{AuditQuery, read_filter as trail_filter},
    state::ApiState,
};
use axum::{Json, extract::State, response::Response};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use nearhand_domain::{
    ExportId, JobId, StaffId,
    access::{Action, Object, PeopleScope},
    audit, clock,
    field::FieldErrors,
    imports::{ExportFormat, ExportKind},
    jobs::{ExportJob, JobKind},
};
use nearhand_storage::{
    Tx,
    audit::{self as trail, AuditEvent, trail::TrailFilter},
    exports::{self, ExportRecord},
    jobs::{self, NewJob},
    staff::{Deleted, StaffFilter},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// How long a file is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Exports of one author that have neither expired nor failed.
const MAX_OPEN: i64 = 5;

/// What is to be exported.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ExportInput, example = json!({ "kind": "staff", "format": "csv",
    "filter": { "active": true } }))]
pub(crate) struct ExportForm {
    /// `staff`, or `audit`, which needs `audit:read`.
    #[serde(default)]
    #[schema(value_type = String, required)]
    kind: Field<String>,
    /// `csv` or `xlsx`.
    #[serde(default)]
    #[schema(value_type = String, required)]
    format: Field<String>,
    /// The conditions of `GET /v1/staff` or of `GET /v1/audit`, by their names. People are in the
    /// order of their creation, whatever `sort` says.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    filter: Field<Map<String, Value>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(ExportForm);

/// A file that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Export {
    #[schema(value_type = uuid::Uuid)]
    id: ExportId,
    kind: &'static str,
    format: &'static str,
    /// Whether the file can be fetched.
    ready: bool,
    /// The size of the file; null before it has been made.
    bytes: Option<i64>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the file goes.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The job that makes it.
    #[schema(value_type = Option<uuid::Uuid>)]
    job_id: Option<JobId>,
}

impl From<ExportRecord> for Export {
    fn from(record: ExportRecord) -> Self {
        Self {
            id: record.id,
            kind: record.kind.as_str(),
            format: record.format.as_str(),
            ready: record.bytes.is_some(),
            bytes: record.bytes,
            created_at: record.created_at,
            expires_at: record.expires_at,
            job_id: record.job,
        }
    }
}

/// Asks for a file of people or of the audit trail, made by a job.
///
/// It holds whom the caller may see while it is made, and personal values only with
/// `staff.pii:read`. People can be imported again without any change. One author has at most 5 files
/// at a time; `DELETE` makes room.
#[utoipa::path(post, path = "/v1/exports", operation_id = "create_export", tag = "exports",
    responses((status = 202, description = "Begun", body = Accepted)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<ExportForm>,
) -> ChangeResult {
    let allowed = allow_any(&caller)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let (kind, format, filter) = form.check(|form, e| {
        let kind = form.kind.required("/kind", e, |word| {
            let kind = ExportKind::parse(&word).filter(|kind| *kind != ExportKind::Person);
            kind.ok_or("must be `staff` or `audit`")
        });
        let format = form.format.required("/format", e, |word| {
            ExportFormat::of_table(&word).ok_or("must be `csv` or `xlsx`")
        });
        let filter = read_filter(kind.as_ref().ok().copied(), form.filter, e);
        Ok((kind?, format?, filter))
    })?;
    caller.require(action(kind), Object::Organization)?;
    if matches!(&filter, Filter::Staff(filter) if filter.deleted != Deleted::Without) {
        caller.require(Action::ListDeletedStaff, Object::Organization)?;
    }
    require_room(change.tx(), &caller).await?;
    let record = begin_job(change.tx(), &caller, kind, format, &filter).await?;
    let (id, job) = (record.id, record.job.unwrap_or_else(JobId::generate));
    let details = json!({ "kind": kind.as_str(), "format": format.as_str() });
    let event = AuditEvent::of(audit::EXPORT_CREATE, id).details(details);
    let body = Accepted { id: id.0, job_id: job };
    let reply = Reply::accepted(&body)?.at(format!("/v1/jobs/{job}"));
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Lists the exports of the caller's own that have not expired, the newest first.
///
/// Copies of what is kept on a person are among them.
#[utoipa::path(get, path = "/v1/exports", operation_id = "list_exports", tag = "exports",
    responses((status = 200, description = "A page", body = Page<Export>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<NoFilter>,
) -> ApiResult<Json<Page<Export>>> {
    allow_any(&caller).map(drop)?;
    let (paging, _) = list.open(&state, caller.organization)?;
    let mut tx = caller.read(&state).await?;
    let (before, rows) = (paging.after(), paging.rows());
    let records = exports::list(&mut tx, caller.staff, clock::now(), before, rows).await?;
    Ok(paging.page(records, |record| record.id.0, Export::from))
}

/// One export of the caller's own.
#[utoipa::path(get, path = "/v1/exports/{id}", operation_id = "get_export", tag = "exports",
    responses((status = 200, description = "The export", body = Export)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ExportId>,
) -> ApiResult<Json<Export>> {
    allow_any(&caller).map(drop)?;
    show(&state, &caller, Which::any(id)).await
}

/// One export of the caller's own.
pub(super) async fn show(
    state: &ApiState,
    caller: &Caller,
    which: Which,
) -> ApiResult<Json<Export>> {
    let mut tx = caller.read(state).await?;
    Ok(Json(own(&mut tx, caller, which).await?.into()))
}

/// The file of an export of the caller's own.
///
/// Refused when the caller's rights no longer reach all that it holds.
#[utoipa::path(get, path = "/v1/exports/{id}/file", operation_id = "get_export_file",
    tag = "exports", responses((status = 200, description = "The file, of the type of its format",
    content((String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (Vec<u8> = "application/zip")))))]
pub(crate) async fn file(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ExportId>,
) -> ApiResult<Response> {
    allow_any(&caller).map(drop)?;
    fetch(&state, &caller, Which::any(id)).await
}

/// The file of an export of the caller's own.
pub(super) async fn fetch(state: &ApiState, caller: &Caller, which: Which) -> ApiResult<Response> {
    let id = which.id;
    let mut tx = caller.read(state).await?;
    let record = own(&mut tx, caller, which).await?;
    if record.bytes.is_none() {
        let detail = "watch its job, and fetch the file when that has succeeded";
        let job = record.job.map(|job| format!("/v1/jobs/{job}"));
        return Err(Problem::new(Code::ExportNotReady, detail).location(job));
    }
    match record.about {
        Some(person) => data_exports::require_rights(&mut tx, caller, person).await?,
        None => require_coverage(caller, &record)?,
    }
    let body = match record.kind {
        ExportKind::Person => data_exports::body(state, caller.organization, id),
        ExportKind::Staff | ExportKind::Audit => {
            exports::content(&mut tx, id).await?.ok_or_else(Problem::not_found)?.into()
        }
    };
    let event = AuditEvent::of(audit::EXPORT_DOWNLOAD, id);
    trail::record(&mut tx, &caller.audit(), &event).await?;
    tx.commit().await?;
    let day = record.created_at.to_zoned(TimeZone::UTC).date();
    Ok(download(&format!("{}-{day}", record.kind.as_str()), record.format, body))
}

/// Removes an export of the caller's own with its file; a job that still makes it is cancelled.
#[utoipa::path(delete, path = "/v1/exports/{id}", operation_id = "delete_export", tag = "exports",
    responses((status = 204, description = "Removed")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ExportId>,
) -> ChangeResult {
    let allowed = allow_any(&caller)?;
    remove(&state, &caller, allowed, Which::any(id)).await
}

/// Removes an export of the caller's own.
pub(super) async fn remove(
    state: &ApiState,
    caller: &Caller,
    allowed: Allowed,
    which: Which,
) -> ChangeResult {
    let mut change = Change::begin(state, caller, allowed).await?;
    let (id, now) = (which.id, clock::now());
    own(change.tx(), caller, which).await?;
    let record = exports::delete(change.tx(), id, caller.staff, now).await?;
    let record = record.ok_or_else(Problem::not_found)?;
    if let Some(job) = record.job {
        jobs::request_cancel(change.tx(), job, now).await?;
    }
    let details = json!({ "kind": record.kind.as_str(), "format": record.format.as_str() });
    let event = AuditEvent::of(audit::EXPORT_DELETE, id).details(details);
    let reply = Reply::no_content();
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// The conditions of an export.
#[derive(Serialize)]
#[serde(untagged)]
enum Filter {
    Staff(Box<StaffFilter>),
    Audit(TrailFilter),
}

/// What is wrong with the kind is told elsewhere; the filter is read as that of people then.
fn read_filter(
    kind: Option<ExportKind>,
    field: Field<Map<String, Value>>,
    e: &mut FieldErrors,
) -> Filter {
    let said = Value::Object(field.optional("/filter", e, any).unwrap_or_default());
    let read = match kind {
        Some(ExportKind::Audit) => serde_json::from_value::<AuditQuery>(said)
            .map_err(|_| "must hold conditions of GET /v1/audit, by their names".to_owned())
            .and_then(|query| trail_filter(query).map_err(|e| e.detail().to_owned()))
            .map(Filter::Audit),
        // Whether words of e-mail addresses count is judged when the file is made.
        Some(ExportKind::Staff | ExportKind::Person) | None => {
            serde_json::from_value::<StaffQuery>(said)
                .map_err(|_| "must hold conditions of GET /v1/staff, by their names".to_owned())
                .and_then(|query| filter(&query, false).map_err(|e| e.detail().to_owned()))
                .map(|filter| Filter::Staff(Box::new(filter)))
        }
    };
    read.unwrap_or_else(|detail| {
        e.push("/filter", "invalid", detail);
        Filter::Staff(Box::default())
    })
}

/// What an export of this kind needs.
fn action(kind: ExportKind) -> Action {
    match kind {
        ExportKind::Staff => Action::ExportStaff,
        ExportKind::Audit => Action::ReadAudit,
        ExportKind::Person => Action::ExportPerson,
    }
}

/// Lets in whoever may export anything; what exactly is judged once the kind is known.
fn allow_any(caller: &Caller) -> ApiResult<Allowed> {
    caller.allow(Action::ExportStaff, Object::Organization).or_else(|refused| {
        caller.allow(Action::ReadAudit, Object::Organization).map_err(|_| refused)
    })
}

/// Refuses an author who has as many files as there may be. Holds a lock until the transaction ends:
/// two at once are counted one after the other.
pub(super) async fn require_room(tx: &mut Tx, caller: &Caller) -> ApiResult<()> {
    if exports::count_open(tx, caller.staff, clock::now()).await? < MAX_OPEN {
        return Ok(());
    }
    let detail = format!(
        "you have {MAX_OPEN} exports; remove one with DELETE /v1/exports/{{id}}, or wait a day"
    );
    Err(Problem::new(Code::LimitReached, detail))
}

/// Refuses a file that holds what its author may no longer see.
fn require_coverage(caller: &Caller, record: &ExportRecord) -> ApiResult<()> {
    let coverage = record.coverage();
    let reaches = match (caller.people_scope(action(record.kind))?, coverage.departments) {
        (PeopleScope::Everybody, _) => true,
        (PeopleScope::Departments { .. }, None) => false,
        (PeopleScope::Departments { of, .. }, Some(held)) => {
            held.iter().all(|one| of.contains(one))
        }
    };
    let personal =
        !coverage.personal || caller.may(Action::ReadPersonalDetails, Object::Organization);
    if reaches && personal {
        return Ok(());
    }
    let detail = "your rights no longer reach all that the file holds; make a new export";
    Err(Problem::new(Code::Forbidden, detail))
}

async fn begin_job(
    tx: &mut Tx,
    caller: &Caller,
    kind: ExportKind,
    format: ExportFormat,
    filter: &Filter,
) -> ApiResult<ExportRecord> {
    let request = json!({ "filter": filter });
    let record = new_export(caller, kind, format, request, None);
    let job = note(tx, caller, &record).await?;
    jobs::enqueue(tx, &ExportJob::new(caller.organization, job), None).await?;
    Ok(record)
}

/// An export of the caller's that has not been made yet.
pub(super) fn new_export(
    caller: &Caller,
    kind: ExportKind,
    format: ExportFormat,
    request: Value,
    about: Option<StaffId>,
) -> ExportRecord {
    let now = clock::now();
    ExportRecord {
        id: ExportId::generate(),
        created_by: caller.staff,
        created_at: now,
        kind,
        format,
        request,
        bytes: None,
        expires_at: now + KEPT,
        job: Some(JobId::generate()),
        about,
    }
}

/// Writes an export, and its job for people to watch; returns the job, which is still to be queued.
pub(super) async fn note(tx: &mut Tx, caller: &Caller, record: &ExportRecord) -> ApiResult<JobId> {
    let id = record.job.unwrap_or_else(JobId::generate);
    let (requested_by, requested_at) = (caller.staff.0, record.created_at);
    let work = NewJob { id, kind: JobKind::Export, total: None, requested_by, requested_at };
    jobs::create(tx, caller.organization, work).await?;
    exports::insert(tx, caller.organization, record).await?;
    Ok(id)
}

/// Which export of the caller's own.
#[derive(Clone, Copy)]
pub(super) struct Which {
    id: ExportId,
    /// Only copies of what is held on the caller are found.
    of_oneself: bool,
}

impl Which {
    /// Whatever it holds.
    fn any(id: ExportId) -> Self {
        Self { id, of_oneself: false }
    }

    /// Only a copy of what is held on the caller.
    pub(super) fn of_oneself(id: ExportId) -> Self {
        Self { id, of_oneself: true }
    }
}

/// Nobody else's file is there: it was made under its author's rights.
async fn own(tx: &mut Tx, caller: &Caller, which: Which) -> ApiResult<ExportRecord> {
    let record = exports::get(tx, which.id, clock::now()).await?.filter(|record| {
        let fits = !which.of_oneself || record.about == Some(caller.staff);
        fits && record.created_by == caller.staff
    });
    record.ok_or_else(Problem::not_found)
}
