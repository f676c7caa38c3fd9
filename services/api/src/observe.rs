//! One log line and one histogram entry a request: the route's template, the status, the time.
//! Never the address with its values, never a header, never a body.

use crate::request_id;
use axum::{
    extract::Request,
    http::{Method, StatusCode},
};
use std::time::Instant;
use tracing::Span;

/// A request that is being measured.
pub(crate) struct Observation {
    span: Span,
    method: Method,
    started: Instant,
}

impl Observation {
    /// Begins to measure a request that has been given its ids.
    pub(crate) fn begin(request: &Request, route: &str) -> Self {
        let headers = request.headers();
        let span = tracing::info_span!(
            "request",
            http.method = request.method().as_str(),
            http.route = route,
            request.id = request_id::of(headers),
            trace.id = request_id::trace_parent(headers).unwrap_or_default(),
        );
        Self { span, method: request.method().clone(), started: Instant::now() }
    }

    /// What is logged meanwhile belongs in here.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Records how it went.
    pub(crate) fn end(self, route: &str, status: StatusCode) {
        let elapsed = self.started.elapsed();
        metrics::histogram!("nearhand_http_request_duration_seconds",
            "method" => method_name(&self.method), "route" => route.to_owned(),
            "status" => status.as_str().to_owned())
        .record(elapsed.as_secs_f64());
        self.span.in_scope(|| {
            let duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
            if status.is_server_error() {
                tracing::warn!(http.status = status.as_u16(), duration_us, "request failed");
            } else {
                tracing::debug!(http.status = status.as_u16(), duration_us, "request");
            }
        });
    }
}

/// The method for a label: those we serve, and one word for what anybody may make up.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
