//! Does one job: reads its payload, calls the handler within its time, and makes of a failure a
//! further try or a dead letter.

use super::{Handler, JobContext, Outcome};
use crate::backoff::Backoff;
use apalis_postgres::PgTask;
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::{
    clock,
    jobs::{Payload, decode},
};
use nearhand_storage::{AppPool, StorageError, jobs};
use std::{
    any::Any,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// A job that was taken so often and never ended may be what kills its workers.
const MOST_DELIVERIES: usize = 20;
/// The longest pause while the database cannot be told what became of a job.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Why a job is a dead letter; the queue keeps it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct GivenUp(String);

/// Does the job of a task.
///
/// # Errors
/// When it is given up.
pub(super) async fn run<H: Handler>(
    handler: &H,
    app: AppPool,
    task: PgTask,
    stop: CancellationToken,
) -> Result<(), GivenUp> {
    let id = task.ctx().task_id().map(ToString::to_string).unwrap_or_default();
    let queue = H::Payload::QUEUE;
    let begun = Instant::now();
    let span = tracing::info_span!("job", queue, job.id = %id);
    let (label, result) = match decode::<H::Payload>(&task.args) {
        Err(error) => ("dead", Err(error.to_string())),
        Ok(job) => {
            let organization = job.organization();
            let context = JobContext { app, organization, stop };
            let one = One { handler, context, id: &id, deliveries: task.ctx().attempt() };
            one.attempt(job).instrument(span).await
        }
    };
    metrics::counter!("nearhand_jobs_total", "queue" => queue, "outcome" => label).increment(1);
    metrics::histogram!("nearhand_job_seconds", "queue" => queue)
        .record(begun.elapsed().as_secs_f64());
    result.map_err(|reason| {
        tracing::error!(queue, job.id = %id, %reason, "a job was given up; see `nearhand jobs`");
        GivenUp(reason)
    })
}

struct One<'a, H> {
    handler: &'a H,
    context: JobContext,
    id: &'a str,
    deliveries: usize,
}

impl<H: Handler> One<'_, H> {
    /// Returns a word for what came of it, and why it was given up if it was.
    async fn attempt(&self, job: H::Payload) -> (&'static str, Result<(), String>) {
        let outcome = if self.deliveries > MOST_DELIVERIES {
            Outcome::dead(format!("it was begun {MOST_DELIVERIES} times and never ended"))
        } else {
            self.try_it(job.clone()).await
        };
        match outcome {
            Outcome::Done => ("done", Ok(())),
            Outcome::Dead { reason } => ("dead", Err(self.give_up(&job, reason).await)),
            Outcome::Retry { after, reason } => match H::SCHEDULE.after(job.attempt()) {
                Some(scheduled) => {
                    tracing::debug!(attempt = job.attempt(), %reason, "a job is tried again later");
                    match self.queue_again(&job, after.unwrap_or(scheduled)).await {
                        Ok(()) => ("retried", Ok(())),
                        Err(error) => ("dead", Err(format!("{reason}; then: {error}"))),
                    }
                }
                None => {
                    let reason = format!("after {} tries: {reason}", job.attempt());
                    ("dead", Err(self.give_up(&job, reason).await))
                }
            },
        }
    }

    async fn try_it(&self, job: H::Payload) -> Outcome {
        let handling = AssertUnwindSafe(self.handler.handle(job, &self.context)).catch_unwind();
        match tokio::time::timeout(H::TIMEOUT, handling).await {
            Ok(Ok(Ok(outcome))) => outcome,
            Ok(Ok(Err(error))) => failed(&error),
            Ok(Err(panic)) => Outcome::dead(format!("it panicked: {}", words_of(&*panic))),
            Err(_) => Outcome::retry(format!("it took longer than {} s", H::TIMEOUT.as_secs())),
        }
    }

    /// Queues the next try, however long the database takes. Queued under the id of this one: if this
    /// process dies before the queue knows that this one is done, it comes again, but its next try is
    /// queued only once.
    async fn queue_again(&self, job: &H::Payload, after: Duration) -> Result<(), StorageError> {
        let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
        let run_at = clock::now().saturating_add(after).unwrap_or(Timestamp::MAX);
        let key = format!("after {}", self.id);
        let mut backoff = Backoff::new(LONGEST_PAUSE);
        loop {
            let queued = self.queue_once(job, run_at, &key).await;
            if let Some(settled) = self.settled(queued, &mut backoff).await {
                return settled;
            }
        }
    }

    async fn queue_once(
        &self,
        job: &H::Payload,
        run_at: Timestamp,
        key: &str,
    ) -> Result<(), StorageError> {
        let mut tx = self.context.begin().await?;
        if jobs::enqueue_once(&mut tx, &job.again(), Some(run_at), key).await? {
            tx.commit().await?;
        }
        Ok(())
    }

    /// Tells people, then returns the reason for the queue to keep.
    async fn give_up(&self, job: &H::Payload, reason: String) -> String {
        let mut backoff = Backoff::new(LONGEST_PAUSE);
        loop {
            // A handler that panics here has said what it could.
            let telling = self.handler.give_up(job, &reason, &self.context);
            let told = AssertUnwindSafe(telling).catch_unwind().await.unwrap_or(Ok(()));
            match self.settled(told, &mut backoff).await {
                None => {}
                Some(Ok(())) => return reason,
                Some(Err(error)) => return format!("{reason}; then: {error}"),
            }
        }
    }

    /// What the database said once and for all; none while it is away, after a pause. While the
    /// process ends it never returns: the job comes again.
    async fn settled(
        &self,
        result: Result<(), StorageError>,
        backoff: &mut Backoff,
    ) -> Option<Result<(), StorageError>> {
        match result {
            Err(error) if error.is_transient() => {
                tracing::debug!(%error, "what became of a job waits for the database");
            }
            settled => return Some(settled),
        }
        if !backoff.pause(&self.context.stop).await {
            std::future::pending::<()>().await;
        }
        None
    }
}

/// An error of the database is worth another try; it may be the server's, or a race.
fn failed(error: &StorageError) -> Outcome {
    Outcome::retry(error.to_string())
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a word")
}
