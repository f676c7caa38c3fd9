//! `/v1/me/devices`: the same as under `/v1/staff/{id}`, for oneself, and the browser as a device,
//! whose token is in a cookie. What a device is, is decided in `devices`.

use super::{
    device_setup::DeviceSetup,
    devices::{self, Device, NewDevice},
    this_device,
};
use crate::{
    access::{
        browser::{Browser, Cookie},
        caller::Caller,
    },
    change::{Change, ChangeResult, Forget, Outcome, Posted},
    http::{
        body::{Field, Form, Unknown, any, forms},
        origin::PublicUrl,
        pages::{ListOf, Page},
        problem::ApiResult,
        query::PathId,
        reply::Reply,
    },
    routes::people::reach,
    state::ApiState,
};
use axum::{Json, extract::State};
use nearhand_domain::{
    DeviceId,
    access::{Action, Object},
    text::Name,
};
use nearhand_storage::devices::DeviceRecord;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A device of one's own to be.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct OwnDeviceForm {
    /// What people call it.
    #[serde(default)]
    #[schema(value_type = String, example = "Grace's phone", required, min_length = 1, max_length = 120)]
    name: Field<String>,
    /// This browser is the device: the answer holds no token and sets the cookie
    /// `__Host-nearhand-device`, which counts on `/v1/pings` and `/v1/pings/wanted`.
    #[serde(default)]
    #[schema(value_type = bool, example = false)]
    cookie: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A fresh device of one's own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnrolledOwnDevice {
    device: Device,
    /// Shown once, as for any device; null with `cookie: true`.
    token: Option<String>,
    /// What to set in each app that exists; null with `cookie: true`.
    setup: Option<DeviceSetup>,
}

/// A device of one's own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnDevice {
    #[serde(flatten)]
    device: Device,
    /// Whether it is the browser that asks.
    this_browser: bool,
}

forms!(OwnDeviceForm);

/// Enrols a device of one's own; its token is shown once, with what to set in each app.
///
/// A browser that is to be the device itself sends `cookie: true` and gets a cookie in place of the
/// token. The cookie lasts 400 days from when `/v1/pings/wanted` was last asked, and counts only in
/// requests of this site's own pages.
#[utoipa::path(post, path = "/v1/me/devices", operation_id = "enrol_own_device", tag = "me",
    responses((status = 201, description = "Enrolled", body = EnrolledOwnDevice)))]
pub(crate) async fn enrol(
    State(state): State<ApiState>,
    caller: Caller,
    PublicUrl(base): PublicUrl,
    browser: Browser,
    posted: Posted<OwnDeviceForm>,
) -> ChangeResult {
    let id = caller.staff;
    let allowed = caller.allow(Action::ManageDevices, Object::staff(id))?;
    let (new, setup) = NewDevice::mint(&caller).set_up(base).await?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let (name, cookie) = form.check(|form, e| {
        let cookie = form.cookie.optional("/cookie", e, any).unwrap_or(false);
        Ok((form.name.required("/name", e, |v| Name::parse(&v))?, cookie))
    })?;
    if cookie {
        browser.require_fit_for_cookies()?;
    }
    let (device, event) = new.insert(change.tx(), &caller, id, &name).await?;
    let given = if cookie { browser.give_device(&new.token) } else { None };
    let shown = (!cookie).then_some((new.token, setup));
    let (token, setup) = shown.unzip();
    let body = EnrolledOwnDevice { device, token, setup };
    let reply = Reply::created(devices::address(id, new.id), &body)?.secret().cookie(given);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// One's own devices in order of enrolment, revoked ones included.
#[utoipa::path(get, path = "/v1/me/devices", operation_id = "list_own_devices", tag = "me",
    responses((status = 200, description = "A page", body = Page<OwnDevice>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    browser: Browser,
    list: ListOf,
) -> ApiResult<Json<Page<OwnDevice>>> {
    let here = this_device::of(&state, &browser, caller.staff).await?;
    let show = |record: DeviceRecord| {
        let this_browser = here == Some(record.id);
        OwnDevice { device: record.into(), this_browser }
    };
    devices::page(&state, &caller, caller.staff, list, show).await
}

/// Revokes a device of one's own: its token stops working at once, and the browser that it is loses
/// the device's cookie.
#[utoipa::path(delete, path = "/v1/me/devices/{device_id}", operation_id = "revoke_own_device",
    tag = "me", responses((status = 204, description = "Revoked")))]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    caller: Caller,
    browser: Browser,
    PathId(device): PathId<DeviceId>,
) -> ChangeResult {
    let id = caller.staff;
    let allowed = caller.allow(Action::ManageDevices, Object::staff(id))?;
    let here = this_device::of(&state, &browser, id).await?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    reach::lock(change.tx(), &caller, Action::ManageDevices, id).await?;
    let event = devices::revoke_one(change.tx(), &caller, id, device).await?;
    let lost = if here == Some(device) { browser.take(Cookie::Device) } else { None };
    let (forget, reply) = (Forget::Device(device), Reply::no_content().cookie(lost));
    change.commit(Outcome { event, forget, reply }).await
}
