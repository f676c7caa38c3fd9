//! `/v1/staff/{id}/time-off`: absences.

use crate::{
    auth::Caller,
    body::{Field, JsonBody, Unknown, any, refuse_unknown},
    problem::{ApiResult, Problem, ProblemDocument},
    query::{PathId, PathIds},
    reply::{IdempotencyKey, Reply},
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use nearhand_domain::{
    StaffId, TimeOffId,
    access::Permission,
    clock::{self, to_millis},
    field::FieldErrors,
};
use nearhand_storage::{
    StorageError,
    audit::{self, AuditEvent},
    staff,
    time_off::{self, TimeOffRecord},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An absence to be.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct TimeOffForm {
    /// First instant away.
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
    starts_at: Field<Timestamp>,
    /// First instant back.
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
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

/// A person's absences that have not ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimeOffList {
    items: Vec<TimeOff>,
}

impl From<TimeOffRecord> for TimeOff {
    fn from(record: TimeOffRecord) -> Self {
        Self { id: record.id, starts_at: record.starts_at, ends_at: record.ends_at }
    }
}

/// Records an absence.
#[utoipa::path(post, path = "/v1/staff/{id}/time-off", tag = "staff", request_body = TimeOffForm,
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 201, description = "Recorded", body = TimeOff),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    key: IdempotencyKey,
    JsonBody { value: form, hash }: JsonBody<TimeOffForm>,
) -> ApiResult<Reply> {
    require_reach(&caller, id)?;
    let absence = read(form)?;
    let mut tx = state.app().tenant(caller.organization).await?;
    if let Some(reply) = key.replay(&mut tx, &caller, hash).await? {
        return Ok(reply);
    }
    staff::lock(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    time_off::insert(&mut tx, caller.organization, id, absence).await?;
    audit::record(&mut tx, &caller.audit(), &event(id, "time_off.create")).await?;
    let location = format!("/v1/staff/{id}/time-off/{}", absence.id);
    let reply = Reply::created(location, &TimeOff::from(absence))?;
    key.keep(&mut tx, &caller, hash, &reply).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(reply)
}

fn read(form: TimeOffForm) -> ApiResult<TimeOffRecord> {
    let mut errors = FieldErrors::default();
    refuse_unknown(&form.unknown, "", &mut errors);
    let starts_at = form.starts_at.required("/starts_at", &mut errors, any);
    let ends_at = form.ends_at.required("/ends_at", &mut errors, any);
    if starts_at.zip(ends_at).is_some_and(|(start, end)| to_millis(end) <= to_millis(start)) {
        errors.push("/ends_at", "invalid", "must be after starts_at");
    }
    errors.finish()?;
    let span = starts_at.zip(ends_at).ok_or_else(Problem::internal)?;
    Ok(TimeOffRecord {
        id: TimeOffId::generate(),
        starts_at: to_millis(span.0),
        ends_at: to_millis(span.1),
    })
}

/// A person's absences that have not ended.
#[utoipa::path(get, path = "/v1/staff/{id}/time-off", tag = "staff",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "In order of their start", body = TimeOffList),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ApiResult<Json<TimeOffList>> {
    if id != caller.staff {
        caller.require_full(Permission::StaffView)?;
    }
    let mut tx = state.app().tenant(caller.organization).await?;
    staff::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    let records = time_off::list(&mut tx, id, clock::now()).await?;
    Ok(Json(TimeOffList { items: records.into_iter().map(TimeOff::from).collect() }))
}

/// Removes an absence.
#[utoipa::path(delete, path = "/v1/staff/{id}/time-off/{time_off_id}", tag = "staff",
    params(("id" = uuid::Uuid, Path), ("time_off_id" = uuid::Uuid, Path)), responses(
    (status = 204, description = "Removed"),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathIds(id, absence): PathIds<StaffId, TimeOffId>,
) -> ApiResult<StatusCode> {
    require_reach(&caller, id)?;
    let mut tx = state.app().tenant(caller.organization).await?;
    if !time_off::delete(&mut tx, caller.organization, id, absence).await? {
        return Err(Problem::not_found());
    }
    audit::record(&mut tx, &caller.audit(), &event(id, "time_off.delete")).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's own absences, or anybody's with `staff:edit`.
fn require_reach(caller: &Caller, id: StaffId) -> ApiResult<()> {
    if id == caller.staff { Ok(()) } else { caller.require_full(Permission::StaffEdit) }
}

fn event(id: StaffId, action: &'static str) -> AuditEvent<'static> {
    AuditEvent {
        action,
        subject_kind: "staff",
        subject: id.0,
        details: serde_json::json!({}),
        personal: None,
    }
}
