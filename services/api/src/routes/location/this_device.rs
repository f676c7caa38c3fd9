//! The device that a browser is, by its cookie. Must not enrol or revoke one.

use crate::{
    access::{
        browser::{Browser, Cookie},
        caller,
    },
    state::ApiState,
};
use axum::http::HeaderValue;
use nearhand_domain::{DeviceId, StaffId};

/// Which device of this person the browser is, if it is one.
pub(crate) async fn of(state: &ApiState, browser: &Browser, staff: StaffId) -> Option<DeviceId> {
    let text = browser.cookie(Cookie::Device)?;
    let token = caller::of_cookie(text, Cookie::Device)?;
    let device = caller::device(state, token).await.ok()?;
    (device.staff == staff && !device.erased).then_some(device.device)
}

/// `Set-Cookie` that takes the device's cookie away unless it is of this person's device: in a browser
/// that several people use, positions of one must not count for another.
pub(crate) async fn without_others(
    state: &ApiState,
    browser: &Browser,
    staff: StaffId,
) -> Option<HeaderValue> {
    browser.cookie(Cookie::Device)?;
    if of(state, browser, staff).await.is_some() { None } else { browser.take(Cookie::Device) }
}
