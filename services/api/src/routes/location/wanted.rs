//! Whether an app should send positions now: `/v1/me/tracking` for a session, `/v1/pings/wanted` for
//! a device's token.

use crate::{
    access::{
        browser::{Browser, Cookie},
        caller::{Caller, Phone},
    },
    http::problem::{ApiResult, Problem},
    state::ApiState,
};
use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use nearhand_domain::{
    access::{Action, Object},
    clock,
    ping::PersonGate,
};
use nearhand_storage::{facts, tracking};
use serde::Serialize;
use utoipa::ToSchema;

/// Whether a position is wanted now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PositionWanted {
    /// If not, take none: what is sent all the same is acknowledged and thrown away.
    wanted: bool,
    /// `wanted`, `not_permitted`, `paused` or `outside_hours`.
    #[schema(example = "outside_hours")]
    why: &'static str,
    /// When `wanted` changes next, as things are; ask again then. Null: not within a week.
    #[schema(value_type = Option<String>, format = DateTime)]
    changes_at: Option<Timestamp>,
    /// The pause that is running.
    pause: Option<RunningPause>,
}

/// A pause that is running.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunningPause {
    /// Ends by itself then.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

/// Whether one's own position is wanted now, and what one's tracking rests on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnTracking {
    #[serde(flatten)]
    now: PositionWanted,
    /// Why tracking is lawful, as the organisation has recorded it; null without consent.
    legal_basis: Option<String>,
    /// When that was recorded.
    #[schema(value_type = Option<String>, format = DateTime)]
    permitted_at: Option<Timestamp>,
}

impl PositionWanted {
    fn of(gate: &PersonGate) -> Self {
        let answer = gate.wanted(clock::now().as_second());
        let instant = |at: i64| Timestamp::from_second(at).ok();
        Self {
            wanted: answer.is_wanted(),
            why: answer.why.as_str(),
            changes_at: answer.changes_at.and_then(instant),
            pause: answer.pause_ends_at.and_then(instant).map(|ends_at| RunningPause { ends_at }),
        }
    }
}

/// Whether one's own position is wanted now, why not, and when that changes; and by which consent.
#[utoipa::path(get, path = "/v1/me/tracking", operation_id = "get_own_tracking", tag = "me",
    responses((status = 200, description = "Whether it is", body = OwnTracking)))]
pub(crate) async fn own(
    State(state): State<ApiState>,
    caller: Caller,
) -> ApiResult<Json<OwnTracking>> {
    caller.require(Action::ActForOneself, Object::staff(caller.staff))?;
    let mut tx = caller.read(&state).await?;
    let gates = facts::gates(&mut tx, &[caller.staff]).await?;
    let (_, gate) = gates.first().ok_or_else(Problem::not_found)?;
    let consent = tracking::consent(&mut tx, caller.staff).await?;
    let (legal_basis, permitted_at) =
        consent.map(|consent| (consent.legal_basis, consent.granted_at)).unzip();
    Ok(Json(OwnTracking { now: PositionWanted::of(gate), legal_basis, permitted_at }))
}

/// Whether positions of a device's person are wanted now, why not, and when that changes.
///
/// A browser that is the device gets its cookie anew, so that it lasts as long as it is asked for.
#[utoipa::path(get, path = "/v1/pings/wanted", operation_id = "are_pings_wanted", tag = "pings",
    responses((status = 200, description = "Whether they are", body = PositionWanted)))]
pub(crate) async fn of_phone(Phone(phone): Phone, browser: Browser) -> Response {
    let mut response = Json(PositionWanted::of(&phone.gate)).into_response();
    let again = browser.cookie(Cookie::Device).and_then(|token| browser.give_device(token));
    if let Some(cookie) = again {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
