//! `/v1/staff/{id}/data-export` and `/v1/me/data-export`: everything that is held on one person, as
//! one archive that a job makes. Kept as other exports are.

use super::{
    exports::{self as files, Export, Which},
    imports::Accepted,
};
use crate::{
    access::caller::{Allowed, Caller},
    change::{ChangeResult, Empty, Forget, Outcome, Posted},
    http::{
        problem::{ApiResult, Problem},
        query::PathId,
        reply::Reply,
    },
    state::ApiState,
};
use axum::{Json, body::Body, extract::State, response::Response};
use nearhand_domain::{
    ExportId, OrganizationId, StaffId,
    access::{Action, Object},
    audit,
    imports::{ExportFormat, ExportKind},
    jobs::DataExportJob,
};
use nearhand_storage::{StorageError, Tx, audit::AuditEvent, exports, jobs, staff};
use serde_json::json;

/// Asks for everything that is held on a person: profile, access, sessions, devices, consent, every
/// position, work, mails, and what the audit trail says.
///
/// A job makes one ZIP archive, which `GET /v1/exports/{id}/file` gives to its author alone. Needs
/// `staff:manage`, `staff.pii:read`, `positions:read` and `audit:read`, since it holds what each of
/// them shows.
#[utoipa::path(post, path = "/v1/staff/{id}/data-export", operation_id = "create_data_export",
    tag = "staff", responses((status = 202, description = "Begun", body = Accepted)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    posted: Posted<Empty>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ExportPerson, Object::staff(id))?;
    begin(&state, &caller, allowed, id, posted).await
}

/// Asks for everything that is held on oneself, as one ZIP archive that a job makes.
#[utoipa::path(post, path = "/v1/me/data-export", operation_id = "create_own_data_export",
    tag = "me", responses((status = 202, description = "Begun", body = Accepted)))]
pub(crate) async fn create_own(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<Empty>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ExportPerson, Object::staff(caller.staff))?;
    let id = caller.staff;
    begin(&state, &caller, allowed, id, posted).await
}

/// One archive of one's own data; other exports are at `/v1/exports`.
#[utoipa::path(get, path = "/v1/me/data-exports/{export_id}", operation_id = "get_own_data_export",
    tag = "me", responses((status = 200, description = "The export", body = Export)))]
pub(crate) async fn get_own(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ExportId>,
) -> ApiResult<Json<Export>> {
    files::show(&state, &caller, Which::of_oneself(id)).await
}

/// The archive of one's own data.
#[utoipa::path(get, path = "/v1/me/data-exports/{export_id}/file",
    operation_id = "get_own_data_export_file", tag = "me",
    responses((status = 200, description = "The archive", content_type = "application/zip",
    body = Vec<u8>)))]
pub(crate) async fn file_own(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ExportId>,
) -> ApiResult<Response> {
    files::fetch(&state, &caller, Which::of_oneself(id)).await
}

/// Removes an archive of one's own data; a job that still makes it is cancelled.
#[utoipa::path(delete, path = "/v1/me/data-exports/{export_id}",
    operation_id = "delete_own_data_export", tag = "me",
    responses((status = 204, description = "Removed")))]
pub(crate) async fn delete_own(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ExportId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ActForOneself, Object::staff(caller.staff))?;
    files::remove(&state, &caller, allowed, Which::of_oneself(id)).await
}

async fn begin(
    state: &ApiState,
    caller: &Caller,
    allowed: Allowed,
    person: StaffId,
    posted: Posted<Empty>,
) -> ChangeResult {
    let mut change = posted.begin_empty(state, caller, allowed).await?;
    require_rights(change.tx(), caller, person).await?;
    files::require_room(change.tx(), caller).await?;
    let (kind, format) = (ExportKind::Person, ExportFormat::Zip);
    let record = files::new_export(caller, kind, format, json!({}), Some(person));
    let job = files::note(change.tx(), caller, &record).await?;
    let payload = DataExportJob::new(caller.organization, job);
    jobs::enqueue(change.tx(), &payload, None).await?;
    let details = json!({ "kind": kind.as_str(), "format": format.as_str(), "staff_id": person });
    let event = AuditEvent::of(audit::EXPORT_CREATE, record.id).details(details);
    let body = Accepted { id: record.id.0, job_id: job };
    let reply = Reply::accepted(&body)?.at(format!("/v1/jobs/{job}"));
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Refuses those who may not see all that is held on a person.
pub(super) async fn require_rights(tx: &mut Tx, caller: &Caller, person: StaffId) -> ApiResult<()> {
    caller.require(Action::ExportPerson, Object::staff(person))?;
    let record = staff::get_any(tx, person).await?.ok_or_else(Problem::not_found)?;
    caller.require(Action::ExportPerson, record.object())?;
    if person == caller.staff && caller.require_person().is_ok() {
        return Ok(());
    }
    for action in [Action::ReadPersonalDetails, Action::SeeExactPositions, Action::ReadAudit] {
        caller.require(action, Object::Organization)?;
    }
    Ok(())
}

/// A file in parts, read from the database as the client takes it.
pub(super) fn body(state: &ApiState, organization: OrganizationId, id: ExportId) -> Body {
    let state = state.clone();
    Body::from_stream(futures::stream::try_unfold(0, move |number| {
        let state = state.clone();
        async move {
            let mut tx = state.app().tenant(organization).await?;
            let part = exports::part(&mut tx, id, number).await?;
            tx.rollback().await?;
            Ok::<_, StorageError>(part.map(|part| (part, number + 1)))
        }
    }))
}
