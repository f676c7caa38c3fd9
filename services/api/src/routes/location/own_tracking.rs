//! `/v1/me/tracking`: what everybody may decide about being tracked.

use super::tracking::withdraw as withdraw_of;
use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Posted},
    http::{
        body::{Field, Form, Unknown, forms},
        codes::Code,
        problem::Problem,
        reply::Reply,
    },
    state::ApiState,
};
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::{
    access::{Action, Object},
    audit, clock,
};
use nearhand_storage::{audit::AuditEvent, tracking};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest pause of tracking.
const MAX_PAUSE_MIN: i64 = 720;

/// A pause.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PauseForm {
    /// 1 to 720.
    #[serde(default)]
    #[schema(value_type = i64, example = 30, required, minimum = 1, maximum = 720)]
    minutes: Field<i64>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(PauseForm);

/// A running pause.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pause {
    /// Ends by itself then.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

/// Pauses tracking of oneself: pings of that time are acknowledged and dropped, nobody sees one.
#[utoipa::path(post, path = "/v1/me/tracking/pause", operation_id = "pause_own_tracking",
    tag = "me", responses((status = 200, description = "Paused", body = Pause)))]
pub(crate) async fn pause(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<PauseForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ActForOneself, Object::staff(caller.staff))?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let minutes = form.check(|form, e| {
        form.minutes.required("/minutes", e, |minutes| {
            let fits = (1..=MAX_PAUSE_MIN).contains(&minutes);
            if fits { Ok(minutes) } else { Err("must be 1 to 720") }
        })
    })?;
    let now = clock::now();
    let ends_at = now + SignedDuration::from_mins(minutes);
    let (organization, staff) = (caller.organization, caller.staff);
    let kept_since = now - state.config().retention;
    if !tracking::pause(change.tx(), organization, staff, (now, ends_at), kept_since).await? {
        let detail = "you have paused too often lately; make one pause longer instead";
        return Err(Problem::new(Code::LimitReached, detail).into());
    }
    let event = AuditEvent::of(audit::TRACKING_PAUSE, staff);
    let (forget, reply) = (Forget::Person(staff), Reply::ok(&Pause { ends_at })?.about(staff));
    change.commit(Outcome { event: Some(event), forget, reply }).await
}

/// Ends a pause.
#[utoipa::path(delete, path = "/v1/me/tracking/pause", operation_id = "resume_own_tracking",
    tag = "me",
    responses((status = 204, description = "Tracking goes on, if it is permitted")))]
pub(crate) async fn resume(State(state): State<ApiState>, caller: Caller) -> ChangeResult {
    let (organization, staff) = (caller.organization, caller.staff);
    let allowed = caller.allow(Action::ActForOneself, Object::staff(staff))?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let ended = tracking::resume(change.tx(), organization, staff, clock::now()).await?;
    let event = ended.then(|| AuditEvent::of(audit::TRACKING_RESUME, staff));
    let (forget, reply) = (Forget::Person(staff), Reply::no_content());
    change.commit(Outcome { event, forget, reply }).await
}

/// Withdraws one's own consent to tracking.
#[utoipa::path(delete, path = "/v1/me/tracking", operation_id = "withdraw_own_tracking",
    tag = "me", responses((status = 204, description = "Nobody sees one any more")))]
pub(crate) async fn withdraw(State(state): State<ApiState>, caller: Caller) -> ChangeResult {
    withdraw_of(&state, &caller, caller.staff).await
}
