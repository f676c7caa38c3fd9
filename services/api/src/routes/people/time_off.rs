//! `/v1/staff/{id}/time-off`: absences.

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Posted},
    http::{
        body::{Field, Form, Unknown, forms},
        codes::Code,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
        query::{PathId, PathIds},
        reply::Reply,
    },
    routes::people::reach,
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_domain::{
    StaffId, TimeOffId,
    access::{Action, Object},
    audit,
    clock::{self, kept_instant, to_millis},
    field::{FieldErrors, Reported},
};
use nearhand_storage::{
    Tx,
    audit::AuditEvent,
    time_off::{self, TimeOffRecord},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most absences of a person that have not ended.
const MAX_TO_COME: i64 = 500;
/// Most absences of a person, ended ones included.
const MAX_ABSENCES: i64 = 5_000;

/// An absence to be.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "starts_at": "2027-08-02T07:00:00Z",
    "ends_at": "2027-08-16T07:00:00Z" }))]
pub(crate) struct TimeOffForm {
    /// First instant away.
    #[serde(default)]
    #[schema(value_type = String, format = DateTime, required)]
    starts_at: Field<Timestamp>,
    /// First instant back.
    #[serde(default)]
    #[schema(value_type = String, format = DateTime, required)]
    ends_at: Field<Timestamp>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// An absence.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimeOff {
    #[schema(value_type = uuid::Uuid)]
    id: TimeOffId,
    /// First instant away.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// First instant back.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

forms!(TimeOffForm);

impl From<TimeOffRecord> for TimeOff {
    fn from(record: TimeOffRecord) -> Self {
        Self { id: record.id, starts_at: record.starts_at, ends_at: record.ends_at }
    }
}

/// Records an absence.
#[utoipa::path(post, path = "/v1/staff/{id}/time-off", operation_id = "create_time_off",
    tag = "staff", responses((status = 201, description = "Recorded", body = TimeOff)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    posted: Posted<TimeOffForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditWorkProfile, Object::staff(id))?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let absence = form.check(TimeOffForm::read)?;
    reach::lock(change.tx(), &caller, Action::EditWorkProfile, id).await?;
    require_room(change.tx(), id).await?;
    time_off::insert(change.tx(), caller.organization, id, absence).await?;
    let event = sealed(AuditEvent::of(audit::TIME_OFF_CREATE, id), id, absence);
    let location = format!("/v1/staff/{id}/time-off/{}", absence.id);
    let reply = Reply::created(location, &TimeOff::from(absence))?.about(id);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

impl TimeOffForm {
    fn read(self, e: &mut FieldErrors) -> Result<TimeOffRecord, Reported> {
        let starts_at = self.starts_at.required("/starts_at", e, kept_instant);
        let ends_at = self.ends_at.required("/ends_at", e, kept_instant);
        let (starts_at, ends_at) = (to_millis(starts_at?), to_millis(ends_at?));
        if ends_at <= starts_at {
            return Err(e.push("/ends_at", "invalid", "must be after starts_at"));
        }
        Ok(TimeOffRecord { id: TimeOffId::generate(), starts_at, ends_at })
    }
}

/// A person's absences that have not ended, in order of creation.
#[utoipa::path(get, path = "/v1/staff/{id}/time-off", operation_id = "list_time_off",
    tag = "staff", responses((status = 200, description = "A page", body = Page<TimeOff>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    list: ListOf,
) -> ApiResult<Json<Page<TimeOff>>> {
    caller.require(Action::ReadStaff, Object::staff(id))?;
    let (paging, _) = list.open(&state, caller.organization)?;
    let mut tx = caller.read(&state).await?;
    reach::read(&mut tx, &caller, Action::ReadStaff, id).await?;
    let (after, rows) = (paging.after(), paging.rows());
    let records = time_off::list(&mut tx, id, clock::now(), after, rows).await?;
    Ok(paging.page(records, |record| record.id.0, TimeOff::from))
}

/// Removes an absence.
#[utoipa::path(delete, path = "/v1/staff/{id}/time-off/{time_off_id}",
    operation_id = "delete_time_off", tag = "staff",
    responses((status = 204, description = "Removed")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathIds(id, absence): PathIds<StaffId, TimeOffId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditWorkProfile, Object::staff(id))?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    reach::lock(change.tx(), &caller, Action::EditWorkProfile, id).await?;
    let gone = time_off::delete(change.tx(), caller.organization, id, absence).await?;
    let gone = gone.ok_or_else(Problem::not_found)?;
    let event = sealed(AuditEvent::of(audit::TIME_OFF_DELETE, id), id, gone);
    let reply = Reply::no_content();
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

async fn require_room(tx: &mut Tx, id: StaffId) -> ApiResult<()> {
    let (to_come, all) = time_off::count(tx, id, clock::now()).await?;
    if to_come < MAX_TO_COME && all < MAX_ABSENCES {
        return Ok(());
    }
    let detail = format!(
        "a person has at most {MAX_TO_COME} absences to come and {MAX_ABSENCES} in all; remove some, or record one long absence instead of many"
    );
    Err(Problem::new(Code::LimitReached, detail))
}

/// When a person is away is personal: sealed for them.
fn sealed(event: AuditEvent, id: StaffId, absence: TimeOffRecord) -> AuditEvent {
    let TimeOffRecord { id: time_off_id, starts_at, ends_at } = absence;
    let personal = serde_json::json!({ "starts_at": starts_at, "ends_at": ends_at });
    event.details(serde_json::json!({ "time_off_id": time_off_id })).personal(id, personal)
}
