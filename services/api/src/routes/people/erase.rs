//! `POST /v1/staff/{id}/erase`: erases a person for good. They are gone from every answer when this
//! returns; a job removes what takes longer.

use super::{
    reach,
    staff::change::{can_admin, require_other_account_admin},
};
use crate::{
    access::caller::Caller,
    change::{ChangeResult, Forget, Outcome, Posted},
    http::{
        body::{Field, Form, Unknown, any, forms},
        codes::Code,
        problem::{ApiResult, Problem},
        query::PathId,
        reply::Reply,
    },
    state::ApiState,
};
use axum::extract::State;
use jiff::Timestamp;
use nearhand_domain::{
    JobId, StaffId,
    access::{Action, Object},
    audit, clock,
    jobs::JobKind,
};
use nearhand_storage::{
    Tx,
    audit::AuditEvent,
    erasure,
    jobs::{self, NewJob},
    staff::{self, StaffRecord},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Says once more who is to be erased.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = EraseInput, example = json!({ "confirm": "Grace Hopper" }))]
pub(crate) struct EraseForm {
    /// The person's display name, as it is stored.
    #[serde(default)]
    #[schema(value_type = String, required)]
    confirm: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(EraseForm);

/// A person who is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Erased {
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    #[schema(value_type = String, format = DateTime)]
    erased_at: Timestamp,
    /// The job that removes what takes longer, such as a long history.
    #[schema(value_type = uuid::Uuid)]
    job_id: JobId,
}

/// Erases a person for good, deleted or not: there is no way back.
///
/// When this is answered, they are in no answer any more, and nobody can read what the audit trail
/// and stored recommendations hold of them. A job removes their history, mails and files. For 30
/// days their phones are told `discarded: erased`; then their tokens are unknown. Exports of people
/// and of the audit trail are removed, since they may hold them. Not oneself: 422 `own_account`.
#[utoipa::path(post, path = "/v1/staff/{id}/erase", operation_id = "erase_staff", tag = "staff",
    responses((status = 202, description = "Erased", body = Erased)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    posted: Posted<EraseForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EraseStaff, Object::staff(id))?;
    caller.require_person()?;
    if id == caller.staff {
        let detail = "let another admin erase you";
        return Err(Problem::new(Code::OwnAccount, detail).into());
    }
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let person = lock(change.tx(), &caller, id).await?;
    let name = form.check(|form, e| form.confirm.required("/confirm", e, any))?;
    require_name(&name, &person)?;
    let (organization, now) = (caller.organization, clock::now());
    if person.deleted_at.is_none() {
        if can_admin(&person) {
            require_other_account_admin(&mut change, &caller, id).await?;
        }
        staff::remove(change.tx(), organization, &[id], caller.staff, now).await?;
    }
    let job = watched(change.tx(), &caller, now).await?;
    erasure::erase(change.tx(), organization, id, job, now).await?;
    let body = Erased { staff_id: id, erased_at: now, job_id: job };
    let reply = Reply::accepted(&body)?.at(format!("/v1/jobs/{job}"));
    let event = AuditEvent::of(audit::STAFF_ERASE, id);
    change.commit(Outcome { event: Some(event), forget: Forget::Person(id), reply }).await
}

/// Locks a person, deleted or not.
async fn lock(tx: &mut Tx, caller: &Caller, id: StaffId) -> ApiResult<StaffRecord> {
    let person = staff::lock_any(tx, id).await?.ok_or_else(Problem::not_found)?;
    if person.deleted_at.is_none() {
        return reach::lock(tx, caller, Action::EraseStaff, id).await;
    }
    caller.require(Action::EraseStaff, person.object())?;
    Ok(person)
}

/// Of two people who are mixed up, the wrong one would be lost for good.
fn require_name(name: &str, person: &StaffRecord) -> ApiResult<()> {
    if name.trim() == person.display_name {
        return Ok(());
    }
    let detail = "`confirm` must be the person's display name, as it is stored";
    Err(Problem::new(Code::ConfirmationMismatch, detail))
}

/// What its author can watch.
async fn watched(tx: &mut Tx, caller: &Caller, now: Timestamp) -> ApiResult<JobId> {
    let id = JobId::generate();
    let (requested_by, requested_at) = (caller.staff.0, now);
    let kind = JobKind::Erase;
    let job = NewJob { id, kind, total: None, requested_by, requested_at };
    jobs::create(tx, caller.organization, job).await?;
    Ok(id)
}
