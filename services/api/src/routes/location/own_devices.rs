//! `/v1/me/devices`: the same as under `/v1/staff/{id}`, for oneself. Nothing is decided here.

use super::devices::{self, Device, DeviceForm, EnrolledDevice};
use crate::{
    access::caller::Caller,
    change::{ChangeResult, Posted},
    http::{
        origin::PublicUrl,
        pages::{ListOf, Page},
        problem::ApiResult,
        query::{PathId, PathIds},
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use nearhand_domain::DeviceId;

/// Enrols a device of one's own; its token is shown once, with what to set in each app.
#[utoipa::path(post, path = "/v1/me/devices", operation_id = "enrol_own_device", tag = "me",
    responses((status = 201, description = "Enrolled", body = EnrolledDevice)))]
pub(crate) async fn enrol(
    state: State<ApiState>,
    caller: Caller,
    base: PublicUrl,
    posted: Posted<DeviceForm>,
) -> ChangeResult {
    let id = PathId(caller.staff);
    devices::enrol(state, caller, id, base, posted).await
}

/// One's own devices in order of enrolment, revoked ones included.
#[utoipa::path(get, path = "/v1/me/devices", operation_id = "list_own_devices", tag = "me",
    responses((status = 200, description = "A page", body = Page<Device>)))]
pub(crate) async fn list(
    state: State<ApiState>,
    caller: Caller,
    list: ListOf,
) -> ApiResult<Json<Page<Device>>> {
    let id = PathId(caller.staff);
    devices::list(state, caller, id, list).await
}

/// Revokes a device of one's own: its token stops working at once.
#[utoipa::path(delete, path = "/v1/me/devices/{device_id}", operation_id = "revoke_own_device",
    tag = "me", responses((status = 204, description = "Revoked")))]
pub(crate) async fn revoke(
    state: State<ApiState>,
    caller: Caller,
    PathId(device): PathId<DeviceId>,
) -> ChangeResult {
    let ids = PathIds(caller.staff, device);
    devices::revoke(state, caller, ids).await
}
