//! An apalis worker for one queue, and how it is kept running.
//!
//! What was learned of apalis-postgres 1.0.0, and is held here:
//! - Any error of the database ends a worker, so that it is made anew, each time under a fresh name:
//!   a name that is known is refused.
//! - While a worker has fetched more jobs than it may run, its heartbeat rests, and others take its
//!   running jobs for orphans. So it fetches one at a time.
//! - Jobs of a dead worker come back when three heartbeats are missing; those of a worker that this
//!   process ended itself are given back at once.
//! - Without a poll strategy an empty queue is looked at again with the next heartbeat. Listening for
//!   notices besides would need a connection a queue, and tries to connect without a pause while the
//!   server is away; so it polls.
//! - Its own strategy for that makes a new timer when one has ended, and polls it with the next look.
//!   If a look at an empty queue takes longer than the timer, nothing wakes the worker any more, for
//!   ever. So there is [`Ticks`].

use super::{Handler, run};
use crate::{backoff::Backoff, supervise::Task};
use apalis::prelude::{
    BackendExt, IntoWorkerService, PollSnapshot, PollStrategy, PollWith, WorkerBuilder,
    WorkerContext, WorkerError, WorkerService,
};
use apalis_postgres::{Config, PgTask, PostgresStorage};
use nearhand_domain::jobs::Payload;
use nearhand_storage::{AppPool, StorageError, WorkerPool, jobs, outage};
use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tower::{Service, limit::ConcurrencyLimitLayer, service_fn};
use uuid::Uuid;

/// How often an empty queue is looked at.
const POLL: Duration = Duration::from_millis(250);
const HEARTBEAT: Duration = Duration::from_secs(2);
/// After so many heartbeats without a sign a worker is dead.
const MISSED_HEARTBEATS: usize = 3;
/// How long jobs may take to end at shutdown; then they come again.
const GRACE: Duration = Duration::from_secs(10);
/// How long giving back may take at shutdown.
const RELEASE: Duration = Duration::from_secs(2);

type Backend = PollWith<PostgresStorage<Vec<u8>>, Ticks>;

/// The task that serves a handler's queue.
pub(super) fn task<H: Handler>(
    number: usize,
    handler: Arc<H>,
    store: WorkerPool,
    app: AppPool,
) -> Task {
    Task {
        name: format!("jobs-{}-{number}", H::Payload::QUEUE),
        start: Box::new(move |stop| {
            Box::pin(serve(Arc::clone(&handler), store.clone(), app.clone(), stop))
        }),
    }
}

/// Serves the queue until `stop`.
async fn serve<H: Handler>(
    handler: Arc<H>,
    store: WorkerPool,
    app: AppPool,
    stop: CancellationToken,
) {
    let mut backoff = Backoff::new(Duration::from_secs(5));
    let mut gone: Option<String> = None;
    while !stop.is_cancelled() {
        if let Err(error) = give_back(&store, &mut gone).await {
            tell(&error);
            backoff.pause(&stop).await;
            continue;
        }
        let name = format!("{}-{}", H::Payload::QUEUE, Uuid::now_v7().simple());
        gone = Some(name.clone());
        let begun = tokio::time::Instant::now();
        if let Err(error) = live(&handler, &name, &store, &app, &stop).await {
            tell(&error);
        }
        if begun.elapsed() > HEARTBEAT {
            backoff.reset();
        }
        if !stop.is_cancelled() {
            backoff.pause(&stop).await;
        }
    }
    // Otherwise its jobs come again after three heartbeats.
    if let Ok(Err(error)) = tokio::time::timeout(RELEASE, give_back(&store, &mut gone)).await {
        tell(&error);
    }
}

/// One life of a worker.
async fn live<H: Handler>(
    handler: &Arc<H>,
    name: &str,
    store: &WorkerPool,
    app: &AppPool,
    stop: &CancellationToken,
) -> Result<(), StorageError> {
    let config = Config::default()
        .queue(H::Payload::QUEUE)
        .batch_size(1)
        .heartbeat_interval(HEARTBEAT)
        .missed_heartbeats(MISSED_HEARTBEATS);
    let backend = PostgresStorage::<Vec<u8>>::new(store.pool())
        .with_config(config)
        .poll_with_strategy(Ticks::every(POLL));
    let context = WorkerContext::new(name);
    let (handler, app, ending) = (Arc::clone(handler), app.clone(), stop.clone());
    let service = service_fn(move |task: PgTask| {
        let (handler, app, ending) = (Arc::clone(&handler), app.clone(), ending.clone());
        async move { run::run(&*handler, app, task, ending).await }
    });
    let worker = WorkerBuilder::new(context.clone())
        .backend(backend)
        .layer(ConcurrencyLimitLayer::new(H::CONCURRENCY))
        .build(Raw(service));
    let running = worker.run();
    tokio::pin!(running);
    tokio::select! {
        ended = &mut running => return ended.map_err(why),
        () = stop.cancelled() => {}
    }
    if context.stop().is_ok() {
        match tokio::time::timeout(GRACE, running).await {
            Ok(ended) => return ended.map_err(why),
            Err(_) => tracing::info!(queue = H::Payload::QUEUE, "a job is ended and comes again"),
        }
    }
    Ok(())
}

/// Wakes a worker again and again, however long it took to look.
struct Ticks(Interval);

impl Ticks {
    fn every(period: Duration) -> Self {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(ticks)
    }
}

impl PollStrategy for Ticks {
    fn poll_drive(&mut self, context: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let mut due = Poll::Pending;
        // On to the next one, which is then the timer that wakes.
        while self.0.poll_tick(context).is_ready() {
            due = Poll::Ready(Some(()));
        }
        due
    }
}

/// Hands tasks over as the queue keeps them. apalis would read them itself, and a payload that it
/// cannot read ends its worker.
struct Raw<S>(S);

impl<S: Service<PgTask>> IntoWorkerService<Backend, S> for Raw<S> {
    type Task = PgTask;
    type Backend = Backend;

    fn into_service(self, backend: Backend) -> WorkerService<Backend, S> {
        WorkerService { backend, service: self.0 }
    }
}

/// Gives back what a worker of this process had taken that has ended.
async fn give_back(store: &WorkerPool, gone: &mut Option<String>) -> Result<(), StorageError> {
    let Some(name) = gone.as_deref() else { return Ok(()) };
    let mut tx = store.begin().await?;
    let released = jobs::release(&mut tx, name).await?;
    tx.commit().await?;
    if released > 0 {
        tracing::info!(released, "jobs were given back to their queue");
    }
    *gone = None;
    Ok(())
}

/// Why a worker ended.
fn why(error: WorkerError) -> StorageError {
    match error {
        WorkerError::BackendError(error) => match error.downcast::<apalis_postgres::Error>() {
            Ok(error) => StorageError::from(*error),
            Err(other) => ended(other.to_string()),
        },
        other => ended(other.to_string()),
    }
}

fn ended(why: String) -> StorageError {
    StorageError::Corrupt { what: "queue of jobs", why }
}

/// An outage is logged once for everybody.
fn tell(error: &StorageError) {
    if error.is_outage() {
        outage::failed(error);
    } else {
        tracing::warn!(%error, "a queue of jobs was interrupted and is served again");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    /// A look at the queue that takes longer than the pause between two must not be the last one.
    #[tokio::test(start_paused = true)]
    async fn a_slow_look_is_not_the_last() {
        let mut ticks = Ticks::every(POLL);
        let snapshot = PollSnapshot::new();
        for _ in 0..3 {
            let mut looked = false;
            let woken = poll_fn(|context| {
                let due = ticks.poll_drive(context, &snapshot);
                // As the worker does: it looks once, finds nothing, and waits to be woken.
                if due.is_pending() || !std::mem::replace(&mut looked, true) {
                    return Poll::Pending;
                }
                Poll::Ready(())
            });
            tokio::time::timeout(POLL * 3, woken).await.expect("it is woken again");
            tokio::time::advance(POLL * 4).await;
        }
    }
}
