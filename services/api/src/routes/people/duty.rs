//! `/v1/staff/{id}/duty`: whether a person without working hours is on duty. Must refuse the switch
//! for people whose working hours decide.

use crate::{
    access::caller::Caller,
    change::{ChangeResult, Forget, Outcome, Updated},
    http::{
        body::{Field, Form, Unknown, any, forms},
        codes::Code,
        problem::{ApiResult, Problem},
        query::PathId,
        reply::{Reply, versioned},
    },
    routes::people::reach,
    state::ApiState,
};
use axum::{extract::State, response::Response};
use jiff::Timestamp;
use nearhand_domain::{
    StaffId,
    access::{Action, Object},
    audit, clock,
};
use nearhand_storage::{
    audit::AuditEvent,
    duty::{self, Duty},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether a person is on duty.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Duty)]
pub(crate) struct DutyShown {
    /// People off duty are no candidates.
    on_duty: bool,
    /// Since when they are off duty.
    #[schema(value_type = Option<String>, format = DateTime)]
    off_duty_since: Option<Timestamp>,
    /// `switch`, or `working_hours` for people who have them: their shifts decide, and the switch
    /// cannot be moved.
    #[schema(example = "switch")]
    decided_by: &'static str,
}

/// The switch.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = DutyInput, example = json!({ "on_duty": false }))]
pub(crate) struct DutyForm {
    /// Whether the person is on duty from now on.
    #[serde(default)]
    #[schema(value_type = bool, required)]
    on_duty: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(DutyForm);

impl From<Duty> for DutyShown {
    fn from(duty: Duty) -> Self {
        let off_duty_since = duty.off_since.filter(|_| !duty.has_working_hours);
        let decided_by = if duty.has_working_hours { "working_hours" } else { "switch" };
        Self { on_duty: off_duty_since.is_none(), off_duty_since, decided_by }
    }
}

/// Whether a person is on duty. The ETag is the person's.
#[utoipa::path(get, path = "/v1/staff/{id}/duty", operation_id = "get_duty", tag = "staff",
    responses((status = 200, description = "The switch", body = DutyShown)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ApiResult<Response> {
    caller.require(Action::ReadStaff, Object::staff(id))?;
    let mut tx = caller.read(&state).await?;
    let person = reach::read(&mut tx, &caller, Action::ReadStaff, id).await?;
    let duty = duty::get(&mut tx, id).await?;
    Ok(versioned(person.version, DutyShown::from(duty)))
}

/// Puts a person without working hours on or off duty. The ETag is the person's.
///
/// People off duty fail the rule `outside_working_hours` until they are on duty again.
#[utoipa::path(put, path = "/v1/staff/{id}/duty", operation_id = "set_duty", tag = "staff",
    responses((status = 200, description = "Switched", body = DutyShown)))]
pub(crate) async fn put(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    update: Updated<DutyForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditWorkProfile, Object::staff(id))?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let (form, precondition) = update.ahead()?;
    let on_duty = form.check(|form, e| form.on_duty.required("/on_duty", e, any))?;
    let person = reach::lock(change.tx(), &caller, Action::EditWorkProfile, id).await?;
    precondition.require(person.version)?;
    let before = duty::get(change.tx(), id).await?;
    if before.has_working_hours {
        let detail = "the person's working hours decide; change those, or record time off";
        return Err(Problem::new(Code::HasWorkingHours, detail).into());
    }
    // Repeating the switch keeps its instant.
    let off_since = (!on_duty).then(|| before.off_since.unwrap_or_else(clock::now));
    let version = duty::set(change.tx(), caller.organization, id, off_since).await?;
    let event = AuditEvent::of(audit::DUTY_SWITCH, id)
        .details(serde_json::json!({ "on_duty": { "before": before.off_since.is_none(), "after": on_duty } }));
    let shown = DutyShown::from(Duty { off_since, has_working_hours: false });
    let reply = Reply::ok(&shown)?.etag(version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}
