//! What surrounds every request: its ids, its span and measurement, its errors made readable. One
//! layer for all three, since a layer of its own for each would cost every ping a box and a copy.

use crate::{observe::Observation, problem, request_id};
use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;

/// Wraps a request; outermost but for what needs no route.
pub(crate) async fn surround(
    path: Option<MatchedPath>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request_id::assign(request.headers_mut());
    let route = path.as_ref().map_or("unmatched", MatchedPath::as_str);
    let observation = Observation::begin(&request, route);
    let span = observation.span();
    let response = next.run(request).instrument(span.clone()).await;
    let mut response = span.in_scope(|| problem::render(response, route, &id));
    observation.end(route, response.status());
    response.headers_mut().insert(request_id::HEADER, id);
    response
}
