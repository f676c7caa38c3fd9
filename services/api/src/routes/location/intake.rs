//! What every way in for pings shares: unpacking the body, admission, the queue. Must not know a
//! wire format.

use crate::{
    access::credentials::DeviceActor,
    http::{
        body,
        codes::Code,
        inflate::inflate,
        problem::{ApiResult, Problem},
        request_id,
    },
    state::ApiState,
};
use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderValue, header},
};
use nearhand_domain::ping::{Admission, AdmissionContext, Discard, RawFix, Source, admit};
use nearhand_queue::{PingRequest, SendError};

/// A body as it came, and what its head said of it.
pub(super) struct Packed {
    bytes: Bytes,
    encoding: Option<HeaderValue>,
    max_bytes: usize,
    /// For the queue.
    pub(super) traceparent: Option<HeaderValue>,
}

impl Packed {
    /// Reads a body of at most so many bytes, packed or not.
    pub(super) async fn read(mut request: Request, max_bytes: usize) -> ApiResult<Self> {
        let mut header = |name| request.headers_mut().remove(name);
        let (encoding, traceparent) =
            (header(header::CONTENT_ENCODING), header(request_id::TRACEPARENT));
        DefaultBodyLimit::max(max_bytes).apply(&mut request);
        let bytes = body::read(request, &()).await?;
        Ok(Self { bytes, encoding, max_bytes, traceparent })
    }

    /// How many bytes came.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the body is not compressed.
    pub(super) fn is_plain(&self) -> bool {
        self.encoding.is_none()
    }

    /// The body unpacked. The connection's buffer serves its next read if nobody holds a part of it
    /// by then: let go of this before anything is waited for.
    pub(super) fn unpack(&mut self) -> ApiResult<Bytes> {
        let bytes = std::mem::take(&mut self.bytes);
        inflate(self.encoding.take().as_ref(), bytes, self.max_bytes)
    }
}

/// Applies the rules to the fixes of a request.
pub(super) fn admitted(
    state: &ApiState,
    phone: &DeviceActor,
    fixes: &[RawFix],
    (source, now_ms): (Source, i64),
) -> Admission {
    let retention_ms = i64::try_from(state.config().retention.as_millis()).unwrap_or(i64::MAX);
    let context = AdmissionContext { now_ms, retention_ms, source, gate: &phone.gate };
    let mut admission = admit(fixes, &context);
    if phone.erased {
        // The gate of nobody is closed at all times; the phone is told the true reason.
        let closed = admission.discarded.remove(&Discard::TrackingOff);
        closed.map(|many| admission.discarded.insert(Discard::Erased, many));
    }
    admission
}

/// Writes what was admitted; returns once it is on disk.
pub(super) async fn queue(
    state: &ApiState,
    phone: &DeviceActor,
    admission: &Admission,
    received_at_ms: i64,
    traceparent: Option<&HeaderValue>,
) -> ApiResult<()> {
    let request = PingRequest {
        organization: phone.organization,
        device: phone.device,
        staff: phone.staff,
        received_at_ms,
        live: &admission.live,
        backlog: &admission.backlog,
        traceparent: traceparent.and_then(|value| value.to_str().ok()),
    };
    state.producer().send(&request).await.map_err(|error| refused(&error))
}

/// Why the queue did not take them; the phone keeps its data in every case.
fn refused(error: &SendError) -> Problem {
    match error {
        SendError::Full(lane) => {
            metrics::counter!("nearhand_pings_refused_total", "lane" => lane.as_str()).increment(1);
            Problem::new(Code::QueueFull, "too much is waiting to be stored").retry_after(10)
        }
        SendError::Unconfirmed(_) => {
            let detail = "the queue does not answer; sending the same again is harmless";
            Problem::new(Code::Unavailable, detail).retry_after(2)
        }
    }
}
