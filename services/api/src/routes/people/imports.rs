//! `/v1/imports`: files of people, checked row by row, and committed as a job. Checking changes
//! nothing; what is committed is what was checked.

mod check;
mod check_slots;
mod file;
mod show;
mod upload;

pub(crate) use check_slots::CheckSlots;
pub(crate) use file::{__path_report, __path_template, download, report, template};
pub(crate) use show::{Accepted, Import, ImportRow};

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, PostedFile, Updated},
    http::{
        body::{Field, Form, Unknown, any, forms},
        codes::Code,
        pages::{ListOf, NoFilter, Page},
        problem::{ApiResult, Problem},
        query::{PathId, QueryOf},
        reply::{Reply, versioned},
    },
    state::ApiState,
};
use axum::{Json, extract::State, response::Response};
use nearhand_domain::{
    ImportId, JobId,
    access::{Action, Object, PeopleScope},
    audit, clock,
    imports::{ImportState, RowAction, RowOutcome},
    jobs::{ImportJob, JobKind},
};
use nearhand_storage::{
    Tx,
    audit::AuditEvent,
    imports::{self, ImportRecord, RowFilter},
    jobs::{self, NewJob},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Checked files of one author that wait for a commit.
const MAX_CHECKED: i64 = 10;

/// How a file is to be taken.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// Its name; else that of `content-disposition`. An ending that contradicts the content is an
    /// error.
    #[param(max_length = 255)]
    file_name: Option<String>,
    /// Whether people may be changed; true unless given. Otherwise rows of people who are there are
    /// skipped.
    update: Option<bool>,
    /// Whether people may be created; true unless given. Otherwise rows of new people are skipped.
    create: Option<bool>,
}

/// Checks a file of people: CSV or XLSX, at most 20 MiB, 10,000 rows and 200 columns.
///
/// Nothing is changed. The answer says how many people would be created and changed; `/rows` says it
/// row by row, with every error. A row finds its person by `id`, else by e-mail address, user name or
/// account code, and otherwise creates one. An empty cell leaves what is there, `(none)` clears it.
/// What is not committed within three days is forgotten; `DELETE` discards it sooner. One author has
/// at most 10 that are not committed.
#[utoipa::path(post, path = "/v1/imports", operation_id = "create_import", tag = "imports",
    responses((status = 201, description = "Checked", body = Import)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    QueryOf(query): QueryOf<ImportQuery>,
    posted: PostedFile,
) -> ChangeResult {
    let allowed = caller.allow(Action::ImportStaff, Object::Organization)?;
    let queued = state.check_slots().enqueue()?;
    let mut sent = posted.read(&allowed, upload::CONTENT_TYPES).await?;
    let slot = queued.wait().await?;
    let mut change = sent.begin(&state, &caller, allowed).await?;
    require_room(change.tx(), &caller).await?;
    let name = upload::file_name(query.file_name.as_deref(), &sent.headers);
    let (create, update) = (query.create.unwrap_or(true), query.update.unwrap_or(true));
    let options = check::Options { create, update };
    let file = check::Named { bytes: sent.bytes, name };
    let (slot, checked) = check::check(change.tx(), &caller, slot, file, options).await?;
    let record = checked.import;
    let organization = caller.organization;
    imports::insert(change.tx(), organization, &record, &checked.hash, &checked.rows).await?;
    drop(slot);
    let (id, version) = (record.id, record.version);
    let event = AuditEvent::of(audit::IMPORT_CHECK, id).details(show::counted(&record));
    let reply = Reply::created(format!("/v1/imports/{id}"), &Import::from(record))?.etag(version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Lists imports, the newest first. Callers of limited scope see their own.
#[utoipa::path(get, path = "/v1/imports", operation_id = "list_imports", tag = "imports",
    responses((status = 200, description = "A page", body = Page<Import>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<NoFilter>,
) -> ApiResult<Json<Page<Import>>> {
    let author = match caller.people_scope(Action::ImportStaff)? {
        PeopleScope::Everybody => None,
        PeopleScope::Departments { .. } => Some(caller.staff),
    };
    let (paging, _) = list.open(&state, caller.organization)?;
    let mut tx = caller.read(&state).await?;
    let records = imports::list(&mut tx, author, paging.after(), paging.rows()).await?;
    Ok(paging.page(records, |record| record.id.0, Import::from))
}

/// One import.
#[utoipa::path(get, path = "/v1/imports/{id}", operation_id = "get_import", tag = "imports",
    responses((status = 200, description = "The import", body = Import)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ImportId>,
) -> ApiResult<Response> {
    caller.require(Action::ImportStaff, Object::Organization)?;
    let mut tx = caller.read(&state).await?;
    let record = read(&mut tx, &caller, id).await?;
    Ok(versioned(record.version, Import::from(record)))
}

/// Which rows to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RowsQuery {
    /// `create`, `update`, `skip` or `error`.
    action: Option<String>,
    /// `created`, `updated`, `skipped` or `failed`.
    outcome: Option<String>,
}

/// The rows of an import in the order of its file, with all their errors.
#[utoipa::path(get, path = "/v1/imports/{id}/rows", operation_id = "list_import_rows",
    tag = "imports", responses((status = 200, description = "A page", body = Page<ImportRow>)))]
pub(crate) async fn rows(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ImportId>,
    list: ListOf<RowsQuery>,
) -> ApiResult<Json<Page<ImportRow>>> {
    let scope = caller.people_scope(Action::ImportStaff)?;
    let (paging, query) = list.open(&state, caller.organization)?;
    let unknown =
        |name: &str| Problem::new(Code::MalformedQuery, format!("`{name}` holds an unknown word"));
    let action = query.action.as_deref();
    let action = action.map(|word| RowAction::parse(word).ok_or_else(|| unknown("action")));
    let outcome = query.outcome.as_deref();
    let outcome = outcome.map(|word| RowOutcome::parse(word).ok_or_else(|| unknown("outcome")));
    let filter =
        RowFilter { action: action.transpose()?, outcome: outcome.transpose()?, faulty: false };
    let mut tx = caller.read(&state).await?;
    read(&mut tx, &caller, id).await?;
    let after = paging.after::<Uuid>().and_then(|line| i32::try_from(line.as_u128()).ok());
    let records = imports::rows(&mut tx, id, filter, scope, after, paging.rows()).await?;
    let at = |line: i32| Uuid::from_u128(u128::from(line.unsigned_abs()));
    Ok(paging.page(records, |row| at(row.line), ImportRow::from))
}

/// How an import is to be committed.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ImportCommit, example = json!({ "skip_errors": true }))]
pub(crate) struct CommitForm {
    /// Whether rows with errors may be left out; otherwise an import that has any is refused.
    #[serde(default)]
    #[schema(value_type = bool)]
    skip_errors: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(CommitForm);

/// Commits a checked import: its rows are written by a job, which can be watched and cancelled.
///
/// Only whoever sent the file can commit it, once. Rights are judged again while it is written, and a
/// person who has changed since the check is left as they are.
#[utoipa::path(post, path = "/v1/imports/{id}/commit", operation_id = "commit_import",
    tag = "imports", responses((status = 202, description = "Begun", body = Accepted)))]
pub(crate) async fn commit(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ImportId>,
    update: Updated<CommitForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ImportStaff, Object::Organization)?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let record = imports::lock(change.tx(), id).await?.filter(|record| sees(&caller, record));
    let record = record.ok_or_else(Problem::not_found)?;
    if record.state != ImportState::Checked {
        let detail = "send the file again to import what is left of it";
        return Err(Problem::new(Code::ImportCommitted, detail).into());
    }
    let form = update.matching(record.version)?;
    let skip = form.check(|form, e| Ok(form.skip_errors.replacement("/skip_errors", e, any)))?;
    if record.created_by != caller.staff {
        let detail = "only whoever sent the file can commit it; send it yourself";
        return Err(Problem::new(Code::Forbidden, detail).into());
    }
    if record.counts.error > 0 && skip != Some(true) {
        let detail = "mend them and send the file again, or say `skip_errors`; see its report";
        let problem = Problem::new(Code::ImportHasErrors, detail);
        return Err(problem.location(Some(format!("/v1/imports/{id}/report"))).into());
    }
    let job = begin_job(change.tx(), &caller, &record).await?;
    let event = AuditEvent::of(audit::IMPORT_COMMIT, id).details(show::counted(&record));
    let body = Accepted { id: id.0, job_id: job };
    let reply = Reply::accepted(&body)?.at(format!("/v1/jobs/{job}"));
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Discards a checked import that nobody has committed. Its author may, and whoever imports people
/// without a limited scope.
#[utoipa::path(delete, path = "/v1/imports/{id}", operation_id = "discard_import", tag = "imports",
    responses((status = 204, description = "Discarded")))]
pub(crate) async fn discard(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ImportId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ImportStaff, Object::Organization)?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let record = imports::lock(change.tx(), id).await?.filter(|record| sees(&caller, record));
    let record = record.ok_or_else(Problem::not_found)?;
    if record.state != ImportState::Checked {
        let detail = "it stays as a record of what was done; cancel its job to stop it";
        return Err(Problem::new(Code::ImportCommitted, detail).into());
    }
    imports::delete(change.tx(), id).await?;
    let event = AuditEvent::of(audit::IMPORT_DISCARD, id).details(show::counted(&record));
    let reply = Reply::no_content();
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Refuses one more file of an author who has left many. Holds a lock until the transaction ends:
/// two at once are counted one after the other.
async fn require_room(tx: &mut Tx, caller: &Caller) -> ApiResult<()> {
    if imports::count_checked(tx, caller.staff).await? < MAX_CHECKED {
        return Ok(());
    }
    let detail = format!(
        "you have {MAX_CHECKED} checked files that are not committed; commit some, or discard them with DELETE /v1/imports/{{id}}"
    );
    Err(Problem::new(Code::LimitReached, detail))
}

async fn begin_job(tx: &mut Tx, caller: &Caller, record: &ImportRecord) -> ApiResult<JobId> {
    let (id, organization, counts) = (JobId::generate(), caller.organization, record.counts);
    let total = counts.create + counts.update + counts.skip + counts.error;
    let job = NewJob {
        id,
        kind: JobKind::Import,
        total: i32::try_from(total).ok(),
        requested_by: caller.staff.0,
        requested_at: clock::now(),
    };
    jobs::create(tx, organization, job).await?;
    imports::commit(tx, record.id, id).await?;
    jobs::enqueue(tx, &ImportJob::new(organization, id), None).await?;
    Ok(id)
}

/// Reads an import that the caller may see.
async fn read(tx: &mut Tx, caller: &Caller, id: ImportId) -> ApiResult<ImportRecord> {
    let record = imports::get(tx, id).await?.filter(|record| sees(caller, record));
    record.ok_or_else(Problem::not_found)
}

/// An import may name people of all departments.
fn sees(caller: &Caller, record: &ImportRecord) -> bool {
    record.created_by == caller.staff
        || matches!(caller.people_scope(Action::ImportStaff), Ok(PeopleScope::Everybody))
}
