//! Serving a router on a socket until it is told to stop: how many connections there may be, and
//! how long each may keep the server waiting. HTTP/1.1; a proxy in front may speak more.

use crate::http::{
    deadlines::{AnswerBody, Deadlines, Phases, Timed},
    unparsed::Explained,
};
use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;

/// The most that is held of a request or an answer on its way, and hyper's bound of a head;
/// [`crate::http::head`] refuses shorter ones already.
const BUFFER: usize = 64 * 1024;
/// How long to wait before the next connection when the system gives none.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// How often to say that connections are being closed.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// How connections are bounded.
#[derive(Clone, Copy, Debug)]
pub struct ServeConfig {
    /// Most connections at a time; more are closed at once.
    pub max_connections: usize,
    /// How long each may keep the server waiting.
    pub deadlines: Deadlines,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self { max_connections: 10_000, deadlines: Deadlines::default() }
    }
}

/// Serves until `shutdown`, then lets running requests finish. Event streams end by themselves on
/// the same signal, or this would wait for them.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    config: ServeConfig,
    shutdown: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(config.max_connections.min(Semaphore::MAX_PERMITS)));
    let (connections, mut faults) = (TaskTracker::new(), Faults::default());
    let mut http = http1::Builder::new();
    http.max_buf_size(BUFFER);
    while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if !is_the_clients(&error) {
                    faults.tell_failure(&error);
                    shutdown.run_until_cancelled(tokio::time::sleep(ACCEPT_PAUSE)).await;
                }
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            faults.tell_full(config.max_connections);
            continue;
        };
        let (http, router, stop) = (http.clone(), router.clone(), shutdown.child_token());
        connections.spawn(async move {
            converse(&http, stream, peer, router, config.deadlines, stop).await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// One connection, until it ends; after `stop` only until the request in hand is answered.
async fn converse(
    http: &http1::Builder,
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    deadlines: Deadlines,
    stop: CancellationToken,
) {
    // Answers are small and waited for: do not hold them back to fill a segment.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    let phases = Phases::new();
    let stream = Explained::new(Timed::new(stream, phases.clone(), deadlines));
    let service = service_fn(move |mut request: Request<Incoming>| {
        let answering = phases.answering();
        request.extensions_mut().insert(ConnectInfo(peer));
        // A router is always ready.
        let answer = router.clone().call(request.map(Body::new));
        async move {
            let response = answer.await?;
            Ok::<_, std::convert::Infallible>(
                response.map(|body| AnswerBody { body, _answering: answering }),
            )
        }
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection failed");
    }
}

/// Whether a connection failed before it was accepted, which says nothing about the next one.
fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}

/// What was said of connections that could not be served, so that it is not said for each.
#[derive(Debug, Default)]
struct Faults {
    failure_told: Option<Instant>,
    full_told: Option<Instant>,
}

impl Faults {
    fn tell_failure(&mut self, error: &io::Error) {
        if is_due(&mut self.failure_told) {
            tracing::error!(%error, "no connection can be accepted; trying on");
        }
    }

    fn tell_full(&mut self, most: usize) {
        metrics::counter!("nearhand_connections_refused_total").increment(1);
        if is_due(&mut self.full_told) {
            tracing::warn!(most, "too many connections; new ones are closed");
        }
    }
}

fn is_due(told: &mut Option<Instant>) -> bool {
    let due = told.is_none_or(|at| at.elapsed() >= TELL_EVERY);
    if due {
        *told = Some(Instant::now());
    }
    due
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
