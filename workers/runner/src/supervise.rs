//! Keeps a task running: one that panics or ends is logged and started again.

use crate::backoff::Backoff;
use futures::future::BoxFuture;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A task by name, and how to start it.
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) start: Box<dyn Fn(CancellationToken) -> BoxFuture<'static, ()> + Send + Sync>,
}

/// A task that ran this long before it failed starts again at once.
const STEADY: Duration = Duration::from_mins(1);

/// Runs a task until `stop`, however often it fails.
pub(crate) async fn supervise(task: Task, stop: CancellationToken) {
    let mut backoff = Backoff::new(Duration::from_secs(10));
    loop {
        let started = Instant::now();
        let mut running = JoinSet::new();
        running.spawn((task.start)(stop.clone()));
        match running.join_next().await {
            Some(Err(error)) => {
                tracing::error!(task.name = %task.name, %error, "a task failed and starts again");
            }
            _ if stop.is_cancelled() => return,
            _ => tracing::error!(task.name = %task.name, "a task ended and starts again"),
        }
        metrics::counter!("nearhand_task_restarts_total", "task" => task.name.clone()).increment(1);
        if started.elapsed() > STEADY {
            backoff.reset();
        }
        if !backoff.pause(&stop).await {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    };

    #[tokio::test(start_paused = true)]
    async fn what_panics_or_ends_runs_again_until_told_to_stop() {
        let runs = Arc::new(AtomicU32::new(0));
        let counted = runs.clone();
        let task = Task {
            name: "fragile".into(),
            start: Box::new(move |stop| {
                let run = counted.fetch_add(1, SeqCst);
                Box::pin(async move {
                    match run {
                        0 => panic!("the first run fails"),
                        1 => {}
                        _ => {
                            stop.cancel();
                            stop.cancelled().await;
                        }
                    }
                })
            }),
        };
        supervise(task, CancellationToken::new()).await;
        assert_eq!(runs.load(SeqCst), 3);
    }
}
