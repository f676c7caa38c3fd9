//! `/v1/staff/{id}/sessions`: the logins of a person, as admins see and end them.

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome},
    http::{
        pages::{ListOf, Page},
        problem::ApiResult,
        query::PathId,
        reply::Reply,
    },
    routes::{account::own_sessions::Session, people::reach},
    state::ApiState,
};
use axum::{Json, extract::State};
use nearhand_domain::{
    StaffId,
    access::{Action, Object},
    audit, clock,
};
use nearhand_storage::{audit::AuditEvent, sessions};

/// A person's sessions, in order of their logins.
#[utoipa::path(get, path = "/v1/staff/{id}/sessions", operation_id = "list_staff_sessions",
    tag = "sessions", responses((status = 200, description = "A page", body = Page<Session>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    list: ListOf,
) -> ApiResult<Json<Page<Session>>> {
    caller.require(Action::ReadSessions, Object::staff(id))?;
    let (paging, _) = list.open(&state, caller.organization)?;
    let mut tx = caller.read(&state).await?;
    reach::read(&mut tx, &caller, Action::ReadSessions, id).await?;
    let (after, rows) = (paging.after(), paging.rows());
    let records = sessions::list(&mut tx, id, clock::now(), after, rows).await?;
    Ok(paging.page(records, |record| record.id.0, |record| Session::shown_to(&caller, &record)))
}

/// Ends all sessions of a person at once.
#[utoipa::path(delete, path = "/v1/staff/{id}/sessions", operation_id = "end_staff_sessions",
    tag = "sessions", responses((status = 204, description = "Ended")))]
pub(crate) async fn end(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageDevices, Object::staff(id))?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    reach::lock(change.tx(), &caller, Action::ManageDevices, id).await?;
    sessions::end_all(change.tx(), caller.organization, id).await?;
    let event = AuditEvent::of(audit::STAFF_SESSIONS_END, id);
    let (forget, reply) = (Forget::Person(id), Reply::no_content());
    change.commit(Outcome { event: Some(event), forget, reply }).await
}
