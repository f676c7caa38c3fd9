//! The layer around every request. It checks the head, assigns ids, opens the span, measures, enforces
//! the deadline, turns errors, panics and timeouts into problem documents, and adds the security
//! headers. Must stay one layer: a layer for each of these would cost every ping a box and a copy.
//! Measured, separate layers cost a ping nearly as much as reading and queueing it.

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

/// Wraps the routes. No handler has to care how its request ends.
#[derive(Clone, Debug)]
pub(crate) struct RequestLayer {
    /// How long a request may take until its response begins.
    pub(crate) deadline: Duration,
}

/// A wrapped route.
#[derive(Clone)]
pub(crate) struct RequestService<S> {
    inner: S,
    deadline: Duration,
    durations: Durations,
}

impl<S> Layer<S> for RequestLayer {
    type Service = RequestService<S>;

    fn layer(&self, inner: S) -> RequestService<S> {
        RequestService { inner, deadline: self.deadline, durations: Durations::default() }
    }
}

impl<S> Service<Request> for RequestService<S>
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
        // The service that was polled ready must be the one that is called.
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        // Combinators instead of an async block: a block would hold several copies of the future.
        let answer = AssertUnwindSafe(tokio::time::timeout(self.deadline, inner.call(request)));
        let answered = answer.catch_unwind().map(|ended| match ended {
            Ok(Ok(Ok(response))) => response.into_response(),
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(_)) => timed_out(),
            Err(_) => panicked(),
        });
        Box::pin(answered.instrument(span).map(move |response| Ok(finish(response))))
    }
}

/// The route name of an address without a route.
const UNMATCHED: &str = "unmatched";

/// The response to a request that took too long; [`problem::render`] makes a problem document of it.
fn timed_out() -> Response {
    if outage::is_on() {
        tracing::debug!("a request took too long");
    } else {
        tracing::warn!("a request took too long");
    }
    StatusCode::REQUEST_TIMEOUT.into_response()
}

/// The response after a panic. The panic hook logs the panic; the client gets no details.
fn panicked() -> Response {
    tracing::error!("a handler panicked");
    Problem::internal().into_response()
}
