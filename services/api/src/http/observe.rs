//! One log line and one histogram entry a request: the route's template, the status, the time.
//! Never the address with its values, never a header, never a body.

use crate::http::request_id;
use axum::{
    extract::Request,
    http::{Method, StatusCode},
};
use metrics::Histogram;
use nearhand_queue::trace;
use parking_lot::RwLock;
use std::{sync::Arc, time::Instant};
use tracing::Span;

/// The histograms of one wrapped route, found by their labels once and then kept: every ping would
/// have them found again.
#[derive(Clone, Default)]
pub(crate) struct Durations(Arc<RwLock<Vec<(Labels, Histogram)>>>);

/// Method, route and status.
type Labels = (&'static str, String, StatusCode);

impl Durations {
    fn of(&self, method: &'static str, route: &str, status: StatusCode) -> Histogram {
        let is_it = |(labels, _): &&(Labels, Histogram)| {
            (labels.0, labels.1.as_str(), labels.2) == (method, route, status)
        };
        if let Some((_, known)) = self.0.read().iter().find(is_it) {
            return known.clone();
        }
        let found = metrics::histogram!("nearhand_http_request_duration_seconds",
            "method" => method, "route" => route.to_owned(), "status" => status.as_str().to_owned());
        self.0.write().push(((method, route.to_owned(), status), found.clone()));
        found
    }
}

/// A request that is being measured.
pub(crate) struct Observation {
    span: Span,
    method: &'static str,
    started: Instant,
}

impl Observation {
    /// Begins to measure a request that has been given its ids.
    pub(crate) fn begin(request: &Request, route: &str) -> Self {
        let (headers, method) = (request.headers(), method_name(request.method()));
        let span = tracing::info_span!(
            "request",
            http.method = method,
            http.route = route,
            request.id = request_id::of(headers),
            trace.id = request_id::trace_parent(headers).unwrap_or_default(),
        );
        trace::adopt(&span, request_id::trace_parent(headers));
        Self { span, method, started: Instant::now() }
    }

    /// What is logged meanwhile belongs in here.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Records how it went.
    pub(crate) fn end(self, durations: &Durations, route: &str, status: StatusCode) {
        let elapsed = self.started.elapsed();
        let duration = durations.of(self.method, route, status);
        duration.record(elapsed.as_secs_f64());
        self.span.in_scope(|| {
            let duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
            // Many requests fail in an outage; the outage is logged once.
            if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
                tracing::warn!(http.status = status.as_u16(), duration_us, "request failed");
            } else {
                tracing::debug!(http.status = status.as_u16(), duration_us, "request");
            }
        });
    }
}

/// The method for labels and logs: a served method, or one word for all others.
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
