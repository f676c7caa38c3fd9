//! `/ingest/…`: pings of the apps that exist, in their own formats, answered as each of them needs.
//!
//! A request that can never become valid is acknowledged and counted: the app would repeat it for
//! ever, and its later fixes would wait behind it. Must not answer 2xx before the pings are on disk, and must not say
//! a token or a place: both may stand in the address.

use super::{
    ingest_bodies::{
        AppAnswer, OverlandAnswer, OverlandBatch, OwntracksReport, SdkBatch, TraccarBatch,
    },
    intake::{self, Packed},
};
use crate::{
    access::{
        apps::{HeaderPhone, PathPhone},
        credentials::DeviceActor,
    },
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
    },
    state::ApiState,
};
use axum::{
    extract::{Request, State},
    http::header,
    response::{IntoResponse, Response},
};
use nearhand_domain::{
    clock,
    ping::{Admission, PersonGate},
};
use nearhand_trackers::{Client, Delivery, MAX_FIXES, Message, Refused, read};
use std::sync::Arc;

/// Largest body, after decompression: the backlog of weeks without a network.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// A body from here on, and any compressed one, is read aside: it would keep other requests waiting.
const LARGE_BYTES: usize = 128 * 1024;
const MINUTE_MS: i64 = 60_000;

/// Takes what OwnTracks sends in HTTP mode.
///
/// The device's token is the password; the user name is a label. Messages of another `_type` than
/// `location` are acknowledged and stored nowhere.
#[utoipa::path(post, path = "/ingest/owntracks", operation_id = "ingest_owntracks", tag = "ingest",
    request_body = OwntracksReport, security(("basic" = []), ("bearer" = [])),
    responses((status = 200, description = "Safe; an empty list of commands",
        body = Vec<AppAnswer>)))]
pub(crate) async fn owntracks(
    State(state): State<ApiState>,
    HeaderPhone(phone): HeaderPhone,
    request: Request,
) -> ApiResult<Response> {
    take(&state, phone, Client::Owntracks, request).await
}

/// Takes a batch of Overland.
///
/// `current` is a fix, too. Features without a geometry are skipped.
#[utoipa::path(post, path = "/ingest/overland", operation_id = "ingest_overland", tag = "ingest",
    request_body = OverlandBatch, security(("bearer" = []), ("basic" = [])),
    responses((status = 200, description = "Safe", body = OverlandAnswer)))]
pub(crate) async fn overland(
    State(state): State<ApiState>,
    HeaderPhone(phone): HeaderPhone,
    request: Request,
) -> ApiResult<Response> {
    take(&state, phone, Client::Overland, request).await
}

/// Takes what an app with a Transistorsoft SDK sends.
///
/// `location` or `locations` is one or many, or they stand at the root. `uuid` makes repeats one.
#[utoipa::path(post, path = "/ingest/transistorsoft", operation_id = "ingest_transistorsoft",
    tag = "ingest", request_body = SdkBatch, security(("bearer" = []), ("basic" = [])),
    responses((status = 200, description = "Safe", body = AppAnswer)))]
pub(crate) async fn transistorsoft(
    State(state): State<ApiState>,
    HeaderPhone(phone): HeaderPhone,
    request: Request,
) -> ApiResult<Response> {
    take(&state, phone, Client::Transistorsoft, request).await
}

/// Takes a fix of Traccar Client or OsmAnd from the query.
///
/// `speed` is in knots, `batt` in percent, `timestamp` in seconds, milliseconds or ISO 8601.
#[utoipa::path(get, path = "/ingest/traccar/{token}", operation_id = "ingest_traccar_query",
    tag = "ingest", security(()),
    params(("lat" = Option<String>, Query, description = "Degrees", example = "38.7223"),
        ("lon" = Option<String>, Query, description = "Degrees", example = "-9.1393"),
        ("timestamp" = Option<String>, Query, description = "Now, if it is left out")),
    responses((status = 200, description = "Safe", body = AppAnswer)))]
pub(crate) async fn traccar_query(
    State(state): State<ApiState>,
    PathPhone(phone): PathPhone,
    request: Request,
) -> ApiResult<Response> {
    take(&state, phone, Client::Traccar, request).await
}

/// Takes what Traccar Client sends as a form or as JSON, whatever the content type says.
///
/// A form or a flat object has the names of the query. An object with `coords` is in metres per
/// second.
#[utoipa::path(post, path = "/ingest/traccar/{token}", operation_id = "ingest_traccar",
    tag = "ingest", request_body = TraccarBatch, security(()),
    responses((status = 200, description = "Safe", body = AppAnswer)))]
pub(crate) async fn traccar(
    State(state): State<ApiState>,
    PathPhone(phone): PathPhone,
    request: Request,
) -> ApiResult<Response> {
    take(&state, phone, Client::Traccar, request).await
}

/// Takes a fix of GPSLogger from the query of its custom URL.
///
/// `spd` is in metres per second, `batt` in percent, `ts` in seconds or ISO 8601.
#[utoipa::path(get, path = "/ingest/gpslogger/{token}", operation_id = "ingest_gpslogger_query",
    tag = "ingest", security(()),
    params(("lat" = Option<String>, Query, description = "Degrees", example = "38.7223"),
        ("lon" = Option<String>, Query, description = "Degrees", example = "-9.1393"),
        ("ts" = Option<String>, Query, description = "Now, if it is left out")),
    responses((status = 200, description = "Safe", body = AppAnswer)))]
pub(crate) async fn gpslogger_query(
    State(state): State<ApiState>,
    PathPhone(phone): PathPhone,
    request: Request,
) -> ApiResult<Response> {
    take(&state, phone, Client::Gpslogger, request).await
}

/// Takes a fix of GPSLogger from the body of its custom URL, a form or JSON.
#[utoipa::path(post, path = "/ingest/gpslogger/{token}", operation_id = "ingest_gpslogger",
    tag = "ingest", request_body = TraccarBatch, security(()),
    responses((status = 200, description = "Safe", body = AppAnswer)))]
pub(crate) async fn gpslogger(
    State(state): State<ApiState>,
    PathPhone(phone): PathPhone,
    request: Request,
) -> ApiResult<Response> {
    take(&state, phone, Client::Gpslogger, request).await
}

/// Reads, admits and queues; answers once it is on disk.
async fn take(
    state: &ApiState,
    phone: Arc<DeviceActor>,
    client: Client,
    request: Request,
) -> ApiResult<Response> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let packed = Packed::read(request, MAX_BYTES).await?;
    let traceparent = packed.traceparent.clone();
    let received_at_ms = clock::now().as_millisecond();
    let is_large = !packed.is_plain() || packed.len() >= LARGE_BYTES;
    let received = Received { client, query, packed, received_at_ms };
    let (delivery, admission) = if is_large {
        received.read_aside(state.clone(), Arc::clone(&phone)).await?
    } else {
        received.read(state, &phone)?
    };
    intake::queue(state, &phone, &admission, received_at_ms, traceparent.as_ref()).await?;
    state.counters().count(&admission, 0);
    count_omitted(client, &delivery, &admission);
    Ok(([(header::CONTENT_TYPE, "application/json")], client.answer()).into_response())
}

/// A request that has been received.
struct Received {
    client: Client,
    query: String,
    packed: Packed,
    received_at_ms: i64,
}

impl Received {
    /// Reads off the async threads, a few bodies at a time: each may need many times its size.
    async fn read_aside(
        self,
        state: ApiState,
        phone: Arc<DeviceActor>,
    ) -> ApiResult<(Delivery, Admission)> {
        // The semaphore is never closed.
        let permit = state.large_bodies().acquire_owned().await.map_err(|_| Problem::internal())?;
        let aside = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            self.read(&state, &phone)
        });
        aside.await.map_err(|_| Problem::internal())?
    }

    fn read(mut self, state: &ApiState, phone: &DeviceActor) -> ApiResult<(Delivery, Admission)> {
        let body = self.packed.unpack()?;
        let undated_at_ms = undated_at(&phone.gate, self.received_at_ms);
        let message = Message { query: &self.query, body: &body, undated_at_ms };
        let delivery = read(self.client, &message)?;
        let how = (self.client.source(), self.received_at_ms);
        let admission = intake::admitted(state, phone, &delivery.fixes, how);
        Ok((delivery, admission))
    }
}

/// The time of a fix that says none: this minute, so that a repeat within it is the same fix. If
/// tracking is allowed only since a moment within the minute, that moment. While it is not allowed,
/// now, so that the fix is not taken for one of before.
fn undated_at(gate: &PersonGate, now_ms: i64) -> i64 {
    let minute = now_ms - now_ms.rem_euclid(MINUTE_MS);
    let gate = gate.over([minute, now_ms].into_iter());
    if !gate.allows_ms(now_ms) {
        return now_ms;
    }
    let mut seconds = (minute..=now_ms).step_by(1_000);
    seconds.find(|at| gate.allows_ms(*at)).unwrap_or(now_ms)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::CutShort => {
                Self::new(Code::MalformedBody, "the body was cut short; send it again")
            }
            Refused::TooMany => {
                Self::new(Code::TooLarge, format!("send at most {MAX_FIXES} fixes at a time"))
            }
        }
    }
}

/// Counts by reason what is kept out for ever. No app could show it.
fn count_omitted(client: Client, delivery: &Delivery, admission: &Admission) {
    let count = |reason: &'static str, many: usize| {
        let source = client.source().as_str();
        metrics::counter!("nearhand_pings_omitted_total", "source" => source, "reason" => reason)
            .increment(many as u64);
    };
    delivery.omitted.iter().for_each(|(why, many)| count(why.as_str(), *many));
    admission.rejected.iter().for_each(|rejected| count(rejected.why.code(), 1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::{
        time::Interval,
        tracking::{OPEN_END, TrackingGate},
    };

    const MINUTE: i64 = 1_800_000_000;

    fn gate(permission: Interval, pauses: Vec<Interval>) -> PersonGate {
        let tracking =
            TrackingGate { permissions: vec![permission], pauses, ..TrackingGate::default() };
        PersonGate { tracking, ..PersonGate::default() }
    }

    #[test]
    fn a_fix_without_a_time_is_never_dated_before_what_ended_tracking() {
        let at = |gate: &PersonGate, second: i64| undated_at(gate, (MINUTE + second) * 1_000);
        let always = Interval { start: 0, end: OPEN_END };
        assert_eq!(at(&gate(always, vec![]), 50), MINUTE * 1_000);
        let since = Interval { start: MINUTE + 20, end: OPEN_END };
        assert_eq!(at(&gate(since, vec![]), 50), (MINUTE + 20) * 1_000);
        let pause = Interval { start: MINUTE + 30, end: MINUTE + 1_800 };
        assert_eq!(at(&gate(always, vec![pause]), 29), MINUTE * 1_000);
        assert_eq!(at(&gate(always, vec![pause]), 50), (MINUTE + 50) * 1_000);
    }
}
