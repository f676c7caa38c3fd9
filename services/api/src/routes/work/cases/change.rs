//! Cases as they are made and changed. Opening and closing them is for those who manage cases.

use super::{
    form::{CaseForm, blank},
    reached, references,
    view::Case,
};
use crate::{
    access::caller::Caller,
    change::{ChangeResult, Forget, Outcome, Posted, Updated},
    http::{
        body::Form,
        problem::{ApiResult, Problem},
        query::PathId,
        reply::Reply,
    },
    routes::work::assignments,
    state::ApiState,
};
use axum::extract::State;
use nearhand_dispatch::offers;
use nearhand_domain::{
    CaseId,
    access::{Action, Object},
    audit, clock,
    field::FieldErrors,
};
use nearhand_storage::{
    audit::AuditEvent,
    cases::{self, CaseRecord, CaseStatus},
};

/// Creates a case.
#[utoipa::path(post, path = "/v1/cases", operation_id = "create_case", tag = "cases",
    responses((status = 201, description = "Created", body = Case)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<CaseForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::CreateCase, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let missing = references::hold(change.tx(), &caller, &form, None).await?;
    let mut record = checked(form, blank(caller.staff), true, missing)?;
    require_status(&caller, CaseStatus::Open, record.status)?;
    record.number = Some(cases::insert(change.tx(), caller.organization, &record).await?);
    let id = record.id;
    let shown = Case::from(stored(cases::get(change.tx(), id).await?)?);
    let event = AuditEvent::of(audit::CASE_CREATE, id).details(shown.differs(None));
    let reply = Reply::created(format!("/v1/cases/{id}"), &shown)?.etag(1);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Changes a case; `status` opens and closes it.
///
/// A closed case holds nobody. With `done`, its assignments that have begun are done too, and the
/// others are cancelled; with `cancelled`, all open ones are cancelled. Their holders are told of a
/// cancellation by mail.
#[utoipa::path(patch, path = "/v1/cases/{id}", operation_id = "update_case", tag = "cases",
    responses((status = 200, description = "Changed", body = Case)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<CaseId>,
    update: Updated<CaseForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditCase, Object::Organization)?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    // What it refers to is held before the case is locked: that is the order of all locks.
    let (form, precondition) = update.ahead()?;
    let seen = cases::get(change.tx(), id).await?.and_then(|record| record.client);
    let missing = references::hold(change.tx(), &caller, &form, seen).await?;
    let before = cases::lock(change.tx(), id).await?;
    let before = reached(change.tx(), &caller, Action::EditCase, before).await?;
    precondition.require(before.version)?;
    let after = checked(form, before.clone(), false, missing)?;
    require_status(&caller, before.status, after.status)?;
    cases::update(change.tx(), caller.organization, &before, &after).await?;
    let changed = (&before, &after);
    offers::case_changed(change.tx(), caller.organization, changed, clock::now()).await?;
    match after.status {
        CaseStatus::Open => {}
        CaseStatus::Done => assignments::finish_case(&mut change, &caller, id).await?,
        CaseStatus::Cancelled => assignments::release_case(&mut change, &caller, id).await?,
    }
    let (before, after) =
        (Case::from(before), Case::from(stored(cases::get(change.tx(), id).await?)?));
    let event = AuditEvent::of(audit::CASE_UPDATE, id).details(after.differs(Some(&before)));
    let reply = Reply::ok(&after)?.etag(after.version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Reads the form over a record; what it refers to and is not there is told with the other errors.
fn checked(
    form: CaseForm,
    record: CaseRecord,
    is_new: bool,
    missing: FieldErrors,
) -> ApiResult<CaseRecord> {
    form.check(|form, e| {
        let read = form.apply(record, is_new, e);
        if let Err(faults) = missing.conclude(Ok(())) {
            for fault in faults.iter() {
                e.push(fault.pointer.clone(), fault.code, fault.detail.clone());
            }
        }
        read
    })
}

/// A case that was written a moment ago.
fn stored(record: Option<CaseRecord>) -> ApiResult<CaseRecord> {
    record.ok_or_else(Problem::internal)
}

/// Opening and closing is for those who administer cases.
fn require_status(caller: &Caller, before: CaseStatus, after: CaseStatus) -> ApiResult<()> {
    if before == after {
        return Ok(());
    }
    caller.require(Action::ManageCases, Object::Organization)
}
