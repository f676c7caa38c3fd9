//! `/v1/me/sessions`: where one is logged in, and ending that.

use crate::{
    access::{
        browser::{Browser, Cookie},
        caller::Caller,
    },
    change::{Change, ChangeResult, Forget, Outcome},
    http::{
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
        query::PathId,
        reply::Reply,
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_domain::{
    SessionId,
    access::{Action, Object},
    audit, clock,
};
use nearhand_storage::{
    audit::AuditEvent,
    sessions::{self, SessionRecord, Which},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A login on one client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    #[schema(value_type = uuid::Uuid)]
    id: SessionId,
    /// When the person logged in.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Whether it is a browser's, by a cookie.
    browser: bool,
    /// When its tokens were last renewed, which an open client does every few minutes; of a browser,
    /// when it was last used, to the minute.
    #[schema(value_type = String, format = DateTime)]
    renewed_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When a browser's session ends unless it is used before.
    #[schema(value_type = Option<String>, format = DateTime)]
    idle_expires_at: Option<Timestamp>,
    /// Whether it is the one that asks.
    current: bool,
}

impl Session {
    /// A session as the caller sees it.
    pub(crate) fn shown_to(caller: &Caller, record: &SessionRecord) -> Self {
        Self {
            id: record.id,
            created_at: record.created_at,
            browser: record.idle_expires_at().is_some(),
            renewed_at: record.renewed_at,
            expires_at: record.expires_at,
            idle_expires_at: record.idle_expires_at(),
            current: record.id == caller.session,
        }
    }
}

/// One's own sessions, in order of the logins.
#[utoipa::path(get, path = "/v1/me/sessions", operation_id = "list_own_sessions", tag = "me",
    responses((status = 200, description = "A page", body = Page<Session>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf,
) -> ApiResult<Json<Page<Session>>> {
    caller.require(Action::ReadSessions, Object::staff(caller.staff))?;
    let (paging, _) = list.open(&state, caller.organization)?;
    let mut tx = caller.read(&state).await?;
    let (after, rows) = (paging.after(), paging.rows());
    let records = sessions::list(&mut tx, caller.staff, clock::now(), after, rows).await?;
    Ok(paging.page(records, |record| record.id.0, |record| Session::shown_to(&caller, &record)))
}

/// Ends one of one's sessions at once.
#[utoipa::path(delete, path = "/v1/me/sessions/{session_id}", operation_id = "end_own_session",
    tag = "me", responses((status = 204, description = "Ended")))]
pub(crate) async fn end(
    State(state): State<ApiState>,
    caller: Caller,
    browser: Browser,
    PathId(session): PathId<SessionId>,
) -> ChangeResult {
    let (organization, staff) = (caller.organization, caller.staff);
    let allowed = caller.allow(Action::ActForOneself, Object::staff(staff))?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let (which, now) = (Which::Only(session), clock::now());
    if sessions::end_some(change.tx(), organization, staff, which, now).await?.is_empty() {
        return Err(Problem::not_found().into());
    }
    let event = AuditEvent::of(audit::SESSION_END, session);
    let is_own_cookie = caller.browser.is_some() && session == caller.session;
    let lost = if is_own_cookie { browser.take(Cookie::Session) } else { None };
    let (forget, reply) = (Forget::Session(session), Reply::no_content().cookie(lost));
    change.commit(Outcome { event: Some(event), forget, reply }).await
}

/// Ends all of one's sessions but the one that asks.
#[utoipa::path(delete, path = "/v1/me/sessions", operation_id = "end_own_other_sessions",
    tag = "me", responses((status = 204, description = "Ended")))]
pub(crate) async fn end_others(State(state): State<ApiState>, caller: Caller) -> ChangeResult {
    let (organization, staff) = (caller.organization, caller.staff);
    let allowed = caller.allow(Action::ActForOneself, Object::staff(staff))?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let (which, now) = (Which::AllBut(caller.session), clock::now());
    let ended = sessions::end_some(change.tx(), organization, staff, which, now).await?;
    let details = serde_json::json!({ "sessions": ended });
    let event = (!ended.is_empty())
        .then(|| AuditEvent::of(audit::OWN_SESSIONS_END, staff).details(details));
    let (forget, reply) = (Forget::Person(staff), Reply::no_content());
    change.commit(Outcome { event, forget, reply }).await
}
