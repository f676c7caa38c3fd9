//! One log line and one histogram entry a request: the route's template, the status, the time.
//! Never the address with its values, never a header, never a body.

use crate::request_id;
use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use std::time::Instant;
use tracing::Instrument;

/// Wraps a request into its span and measures it.
pub(crate) async fn observe(path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let route = path.map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().as_str().to_owned();
    let span = tracing::info_span!(
        "request",
        http.method = %method,
        http.route = %route,
        request.id = %request_id::of(request.headers()),
        trace.id = %request_id::trace_parent(request.headers()).unwrap_or_default(),
    );
    let started = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let (elapsed, status) = (started.elapsed(), response.status().as_u16());
    metrics::histogram!("nearhand_http_request_duration_seconds",
        "method" => method, "route" => route, "status" => status.to_string())
    .record(elapsed.as_secs_f64());
    span.in_scope(|| {
        let duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        if status >= 500 {
            tracing::warn!(http.status = status, duration_us, "request failed");
        } else {
            tracing::debug!(http.status = status, duration_us, "request");
        }
    });
    response
}
