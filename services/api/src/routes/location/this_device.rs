//! The device that a browser is, by its cookie. Must not enrol or revoke one.

use crate::{
    access::{
        browser::{Browser, Cookie},
        caller,
    },
    http::{codes::Code, problem::ApiResult},
    state::ApiState,
};
use axum::http::HeaderValue;
use nearhand_domain::{DeviceId, StaffId};

/// Which device of this person the browser is, if it is one. Fails when nobody can tell at present:
/// a browser must not lose its device because a database is slow.
pub(crate) async fn of(
    state: &ApiState,
    browser: &Browser,
    staff: StaffId,
) -> ApiResult<Option<DeviceId>> {
    let text = browser.cookie(Cookie::Device);
    let Some(token) = text.and_then(|text| caller::of_cookie(text, Cookie::Device)) else {
        return Ok(None);
    };
    match caller::device(state, token).await {
        Ok(device) => Ok((device.staff == staff && !device.erased).then_some(device.device)),
        Err(problem) if problem.code() == Code::Unauthorized => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// `Set-Cookie` that takes the device's cookie away unless it is of this person's device: in a browser
/// that several people use, positions of one must not count for another.
pub(crate) async fn without_others(
    state: &ApiState,
    browser: &Browser,
    staff: StaffId,
) -> ApiResult<Option<HeaderValue>> {
    let is_foreign =
        browser.cookie(Cookie::Device).is_some() && of(state, browser, staff).await?.is_none();
    Ok(if is_foreign { browser.take(Cookie::Device) } else { None })
}
