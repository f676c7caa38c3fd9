//! The device that a browser is, by its cookie. Must not enrol or revoke one.

use crate::{
    access::{
        browser::{Browser, Cookie},
        caller,
    },
    http::reply::Reply,
    state::ApiState,
};
use nearhand_domain::{DeviceId, StaffId};

/// Which device of this person the browser is, if it is one.
pub(crate) async fn of(state: &ApiState, browser: &Browser, staff: StaffId) -> Option<DeviceId> {
    let text = browser.cookie(Cookie::Device)?;
    let token = caller::of_cookie(text, Cookie::Device)?;
    let device = caller::device(state, token).await.ok()?;
    (device.staff == staff && !device.erased).then_some(device.device)
}

/// Takes the device's cookie away unless it is of this person's device: in a browser that several
/// people use, positions of one must not count for another.
pub(crate) async fn forget_others(
    state: &ApiState,
    browser: &Browser,
    staff: StaffId,
    reply: Reply,
) -> Reply {
    if browser.cookie(Cookie::Device).is_none() || of(state, browser, staff).await.is_some() {
        return reply;
    }
    reply.cookie(browser.take(Cookie::Device))
}
