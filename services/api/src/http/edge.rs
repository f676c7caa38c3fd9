//! What surrounds every request: the check of its head, its ids, its span and measurement, its
//! deadline, its errors made readable, whether a handler returned them, panicked or took too long,
//! and the answer's security headers. One layer for all: a layer of its own for each would cost
//! every ping a box and a copy.

use crate::http::{
    head,
    observe::{Durations, Observation},
    problem::{self, Problem},
    request_id, security,
};
use axum::{
    extract::{MatchedPath, Request},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use nearhand_storage::outage;
use std::{
    convert::Infallible,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tower::{Layer, Service};
use tracing::Instrument;

/// Wraps the routes; inside it nothing else need care how a request ends.
#[derive(Clone, Debug)]
pub(crate) struct EdgeLayer {
    /// Longest a request may take until its answer begins.
    pub(crate) deadline: Duration,
}

/// A wrapped route.
#[derive(Clone)]
pub(crate) struct Edge<S> {
    inner: S,
    deadline: Duration,
    durations: Durations,
}

impl<S> Layer<S> for EdgeLayer {
    type Service = Edge<S>;

    fn layer(&self, inner: S) -> Edge<S> {
        Edge { inner, deadline: self.deadline, durations: Durations::default() }
    }
}

impl<S> Service<Request> for Edge<S>
where
    S: Service<Request, Error = Infallible> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let id = request_id::assign(request.headers_mut());
        let path = request.extensions().get::<MatchedPath>().cloned();
        let observation =
            Observation::begin(&request, path.as_ref().map_or(UNMATCHED, MatchedPath::as_str));
        let span = observation.span();
        let durations = self.durations.clone();
        let finish = move |response: Response| {
            let route = path.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
            let mut response = problem::render(response, route, &id);
            observation.end(&durations, route, response.status());
            let headers = response.headers_mut();
            security::add(headers, route, path.is_none());
            headers.insert(request_id::HEADER, id);
            response
        };
        if let Some(problem) = head::fault(&request) {
            return Box::pin(std::future::ready(Ok(finish(problem.into_response()))));
        }
        // The one that was asked whether it is ready does the work.
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        // Chained, not written as a block: that would keep several copies of what it waits for.
        let answer = AssertUnwindSafe(tokio::time::timeout(self.deadline, inner.call(request)));
        let answered = answer.catch_unwind().map(|ended| match ended {
            Ok(Ok(Ok(response))) => response.into_response(),
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(_)) => late(),
            Err(_) => panicked(),
        });
        Box::pin(answered.instrument(span).map(move |response| Ok(finish(response))))
    }
}

/// The template of an address that no route has.
const UNMATCHED: &str = "unmatched";

/// What took too long; [`problem::render`] makes a problem of it.
fn late() -> Response {
    if outage::is_on() {
        tracing::debug!("a request took too long");
    } else {
        tracing::warn!("a request took too long");
    }
    StatusCode::REQUEST_TIMEOUT.into_response()
}

/// A panic is logged by its hook; the client learns nothing of it.
fn panicked() -> Response {
    tracing::error!("a handler panicked");
    Problem::internal().into_response()
}
