//! `/v1/staff/{id}/time-off`: absences.

use crate::{
    access::caller::Caller,
    http::{
        body::{Field, JsonBody, Unknown, refuse_unknown},
        codes::Code,
        problem::{ApiResult, Problem, ProblemDocument},
        query::{PageQuery, PathId, PathIds, QueryOf, list_name, page_limit},
        reply::{IdempotencyKey, Reply},
    },
    routes::people::staff::require_no_more,
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use nearhand_domain::{
    StaffId, TimeOffId,
    access::Permission,
    clock::{self, kept_instant, to_millis},
    field::FieldErrors,
};
use nearhand_storage::{
    StorageError, Tx,
    audit::{self, AuditEvent},
    staff,
    time_off::{self, TimeOffRecord},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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

/// A page of a person's absences that have not ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimeOffList {
    items: Vec<TimeOff>,
    /// For the next page; null at the end.
    next_cursor: Option<String>,
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
    let mut tx = caller.begin(&state).await?;
    if let Some(reply) = key.replay(&mut tx, &caller, hash).await? {
        return Ok(reply);
    }
    lock_in_reach(&mut tx, &caller, id).await?;
    require_room(&mut tx, id).await?;
    time_off::insert(&mut tx, caller.organization, id, absence).await?;
    record_event(&mut tx, &caller, "time_off.create", id, absence).await?;
    let location = format!("/v1/staff/{id}/time-off/{}", absence.id);
    let reply = Reply::created(location, &TimeOff::from(absence))?;
    key.keep(&mut tx, &caller, hash, &reply).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(reply)
}

fn read(form: TimeOffForm) -> ApiResult<TimeOffRecord> {
    let mut errors = FieldErrors::default();
    refuse_unknown(&form.unknown, "", &mut errors);
    let starts_at = form.starts_at.required("/starts_at", &mut errors, kept_instant);
    let ends_at = form.ends_at.required("/ends_at", &mut errors, kept_instant);
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

/// A person's absences that have not ended, in order of creation.
#[utoipa::path(get, path = "/v1/staff/{id}/time-off", tag = "staff",
    params(("id" = uuid::Uuid, Path),
    ("limit" = Option<i64>, Query, description = "1 to 200, 50 unless given"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page", body = TimeOffList),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    QueryOf(query): QueryOf<PageQuery>,
) -> ApiResult<Json<TimeOffList>> {
    if id != caller.staff {
        caller.require_full(Permission::StaffView)?;
    }
    let limit = page_limit(query.limit)?;
    let name = list_name(caller.organization, &format!("time-off/{id}"), &BTreeMap::new());
    let after = state.cursors().open(&name, query.cursor.as_deref())?.map(TimeOffId);
    let mut tx = caller.begin(&state).await?;
    staff::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    let mut records = time_off::list(&mut tx, id, clock::now(), after, limit + 1).await?;
    let more = i64::try_from(records.len()).is_ok_and(|len| len > limit);
    if more {
        records.pop();
    }
    let last = records.last().map(|record| record.id.0).filter(|_| more);
    Ok(Json(TimeOffList {
        next_cursor: last.map(|last| state.cursors().seal(&name, last)),
        items: records.into_iter().map(TimeOff::from).collect(),
    }))
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
    let mut tx = caller.begin(&state).await?;
    lock_in_reach(&mut tx, &caller, id).await?;
    let gone = time_off::delete(&mut tx, caller.organization, id, absence).await?;
    let gone = gone.ok_or_else(Problem::not_found)?;
    record_event(&mut tx, &caller, "time_off.delete", id, gone).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's own absences, or anybody's with `staff:edit`.
fn require_reach(caller: &Caller, id: StaffId) -> ApiResult<()> {
    if id == caller.staff { Ok(()) } else { caller.require_full(Permission::StaffEdit) }
}

/// Locks the person; of others only those whose rights are no greater.
async fn lock_in_reach(tx: &mut Tx, caller: &Caller, id: StaffId) -> ApiResult<()> {
    let person = staff::lock(tx, id).await?.ok_or_else(Problem::not_found)?;
    if id == caller.staff { Ok(()) } else { require_no_more(caller, person.admin_role) }
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

/// When somebody is away is theirs: sealed for them.
async fn record_event(
    tx: &mut Tx,
    caller: &Caller,
    action: &'static str,
    id: StaffId,
    absence: TimeOffRecord,
) -> ApiResult<()> {
    let personal =
        serde_json::json!({ "starts_at": absence.starts_at, "ends_at": absence.ends_at });
    let event = AuditEvent {
        action,
        subject_kind: "staff",
        subject: id.0,
        details: serde_json::json!({ "time_off_id": absence.id }),
        personal: Some((id, &personal)),
    };
    Ok(audit::record(tx, &caller.audit(), &event).await?)
}
