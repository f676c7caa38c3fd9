//! `POST /v1/pings`: fixes from a phone, answered only once they are on disk. No fix of a batch
//! can spoil the others.

use super::intake::{self, Packed};
use crate::{
    access::caller::Phone,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
    },
    state::ApiState,
};
use axum::{
    Json,
    extract::{Request, State},
};
use jiff::Timestamp;
use nearhand_domain::{
    clock,
    ping::{Rejection, Source},
};
use nearhand_trackers::native::{Fault, MAX_FIXES, NativeBatch, Unreadable, read_batch};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Largest body, after decompression.
const MAX_BYTES: usize = 1024 * 1024;

/// A batch of fixes.
#[derive(Debug, ToSchema)]
#[schema(as = PingBatch, example = json!({ "pings": [{ "fix_at": "2026-11-24T10:00:00Z",
    "lat": 38.7223, "lng": -9.1393, "accuracy_m": 8.0, "battery": 0.73 }] }))]
pub(crate) struct PingBatchDocument {
    /// 1 to 1,000, in any order.
    #[schema(max_items = 1000)]
    #[expect(dead_code, reason = "describes the body for the OpenAPI document")]
    pings: Vec<FixDocument>,
}

/// A fix. In what is not required, −1, null and values of a wrong type mean unknown.
#[derive(Debug, ToSchema)]
#[schema(as = Fix)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct FixDocument {
    /// When the position was taken.
    #[schema(value_type = String, format = DateTime)]
    fix_at: Timestamp,
    /// Degrees.
    #[schema(example = 38.7223)]
    lat: f64,
    /// Degrees.
    #[schema(example = -9.1393)]
    lng: f64,
    /// Radius in metres.
    accuracy_m: Option<f64>,
    /// Metres above the ellipsoid.
    altitude_m: Option<f64>,
    /// Metres per second.
    speed_mps: Option<f64>,
    /// Degrees clockwise from north.
    course_deg: Option<f64>,
    /// 0 to 1.
    battery: Option<f64>,
    /// Being charged.
    charging: Option<bool>,
    /// `stationary`, `walking`, `running`, `cycling`, `driving`.
    motion: Option<String>,
    /// From a mock provider.
    mock: Option<bool>,
    /// When the phone sent it.
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
    /// The client's own identifier of this fix: repeats with the same are one.
    key: Option<String>,
}

/// What became of each fix.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PingsReply {
    /// On disk, to be stored.
    accepted: usize,
    /// Repeated within this request.
    duplicates: usize,
    /// Valid but not wanted, by reason.
    discarded: BTreeMap<&'static str, usize>,
    /// Invalid.
    rejected: Vec<RejectedFix>,
}

/// An invalid fix.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RejectedFix {
    /// Its place in the request, from 0.
    index: usize,
    /// Stable machine code.
    code: &'static str,
    /// What is wrong with it.
    detail: String,
}

/// Takes a batch of fixes from a device.
///
/// 2xx means they are on disk. A fix that is wrong is reported and costs the others nothing; a
/// body that cannot be read is 400, more than 1,000 fixes or 1 MiB 413, a full queue 503.
#[utoipa::path(post, path = "/v1/pings", operation_id = "send_pings", tag = "pings",
    request_body = PingBatchDocument,
    responses((status = 200, description = "Safe", body = PingsReply)))]
pub(crate) async fn receive(
    State(state): State<ApiState>,
    Phone(phone): Phone,
    request: Request,
) -> ApiResult<Json<PingsReply>> {
    let mut packed = Packed::read(request, MAX_BYTES).await?;
    let now_ms = clock::now().as_millisecond();
    let NativeBatch { fixes, unreadable } = read_batch(&packed.unpack()?)?;
    let admission = intake::admitted(&state, &phone, &fixes, (Source::Native, now_ms));
    intake::queue(&state, &phone, &admission, now_ms, packed.traceparent.as_ref()).await?;
    state.counters().count(&admission, unreadable.len());
    let mut rejected: Vec<_> = unreadable.into_iter().map(RejectedFix::from).collect();
    rejected.extend(admission.rejected.iter().map(|r| invalid(r.index, r.why)));
    rejected.sort_by_key(|fix| fix.index);
    Ok(Json(PingsReply {
        accepted: admission.accepted(),
        duplicates: admission.duplicates,
        discarded: admission.discarded.iter().map(|(why, n)| (why.as_str(), *n)).collect(),
        rejected,
    }))
}

fn invalid(index: usize, why: Rejection) -> RejectedFix {
    RejectedFix { index, code: why.code(), detail: why.detail() }
}

impl From<Unreadable> for RejectedFix {
    fn from(fix: Unreadable) -> Self {
        Self { index: fix.index, code: "invalid_fix", detail: fix.detail }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Malformed { line, column } => {
                let at = format!("line {line}, column {column}");
                let detail = format!("send {{\"pings\":[…]}}; what came cannot be read at {at}");
                Self::new(Code::MalformedBody, detail)
            }
            Fault::TooMany(many) => {
                let detail = format!("{many} fixes; send at most {MAX_FIXES} at a time");
                Self::new(Code::TooLarge, detail)
            }
        }
    }
}
