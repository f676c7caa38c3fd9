//! `/v1/me/time-off`, `/v1/me/duty` and `/v1/me/work-preferences`: the same as under
//! `/v1/staff/{id}`, for oneself.
//! Nothing is decided here.

use crate::{
    access::caller::Caller,
    change::{ChangeResult, Posted, Updated},
    http::{
        pages::{ListOf, Page},
        problem::ApiResult,
        query::{PathId, PathIds},
    },
    routes::people::{
        duty::{self, DutyForm, DutyShown},
        time_off::{self, TimeOff, TimeOffForm},
        work_preferences::{self, WorkPreferencesForm, WorkPreferencesShown},
    },
    state::ApiState,
};
use axum::{Json, extract::State, response::Response};
use nearhand_domain::TimeOffId;

/// Records an absence of one's own.
#[utoipa::path(post, path = "/v1/me/time-off", operation_id = "create_own_time_off", tag = "me",
    responses((status = 201, description = "Recorded", body = TimeOff)))]
pub(crate) async fn create_time_off(
    state: State<ApiState>,
    caller: Caller,
    posted: Posted<TimeOffForm>,
) -> ChangeResult {
    let id = PathId(caller.staff);
    time_off::create(state, caller, id, posted).await
}

/// One's absences that have not ended, in order of creation.
#[utoipa::path(get, path = "/v1/me/time-off", operation_id = "list_own_time_off", tag = "me",
    responses((status = 200, description = "A page", body = Page<TimeOff>)))]
pub(crate) async fn list_time_off(
    state: State<ApiState>,
    caller: Caller,
    list: ListOf,
) -> ApiResult<Json<Page<TimeOff>>> {
    let id = PathId(caller.staff);
    time_off::list(state, caller, id, list).await
}

/// Removes an absence of one's own.
#[utoipa::path(delete, path = "/v1/me/time-off/{time_off_id}",
    operation_id = "delete_own_time_off", tag = "me",
    responses((status = 204, description = "Removed")))]
pub(crate) async fn delete_time_off(
    state: State<ApiState>,
    caller: Caller,
    PathId(absence): PathId<TimeOffId>,
) -> ChangeResult {
    let ids = PathIds(caller.staff, absence);
    time_off::delete(state, caller, ids).await
}

/// Whether one is on duty oneself. The ETag is the person's.
#[utoipa::path(get, path = "/v1/me/duty", operation_id = "get_own_duty", tag = "me",
    responses((status = 200, description = "The switch", body = DutyShown)))]
pub(crate) async fn get_duty(state: State<ApiState>, caller: Caller) -> ApiResult<Response> {
    let id = PathId(caller.staff);
    duty::get(state, caller, id).await
}

/// Puts oneself on or off duty, without working hours. The ETag is the person's.
#[utoipa::path(put, path = "/v1/me/duty", operation_id = "set_own_duty", tag = "me",
    responses((status = 200, description = "Switched", body = DutyShown)))]
pub(crate) async fn put_duty(
    state: State<ApiState>,
    caller: Caller,
    update: Updated<DutyForm>,
) -> ChangeResult {
    let id = PathId(caller.staff);
    duty::put(state, caller, id, update).await
}

/// One's own work preferences. The ETag is the person's.
#[utoipa::path(get, path = "/v1/me/work-preferences", operation_id = "get_own_work_preferences",
    tag = "me", responses((status = 200, description = "By id", body = WorkPreferencesShown)))]
pub(crate) async fn get_preferences(state: State<ApiState>, caller: Caller) -> ApiResult<Response> {
    let id = PathId(caller.staff);
    work_preferences::get(state, caller, id).await
}

/// Replaces one's own work preferences. The ETag is the person's.
#[utoipa::path(put, path = "/v1/me/work-preferences",
    operation_id = "replace_own_work_preferences", tag = "me",
    responses((status = 200, description = "Replaced", body = WorkPreferencesShown)))]
pub(crate) async fn put_preferences(
    state: State<ApiState>,
    caller: Caller,
    update: Updated<WorkPreferencesForm>,
) -> ChangeResult {
    let id = PathId(caller.staff);
    work_preferences::put(state, caller, id, update).await
}
