//! The list of all tasks of a worker process. Must not contain their work.

use crate::{
    JobsConfig, RunnerConfig, device_health, ingest, maintenance, relay,
    supervise::{Task, supervise},
};
use nearhand_queue::Queue;
use nearhand_storage::WorkerPool;
use std::sync::Arc;
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// Runs all tasks until `stop` is cancelled and each task has finished its current work.
///
/// Creates the partitions of the pings table before ingest starts. Never fails: errors are logged and
/// retried.
pub async fn run(
    queue: Queue,
    pool: WorkerPool,
    jobs: JobsConfig,
    config: RunnerConfig,
    stop: CancellationToken,
) {
    maintenance::first(&pool, config.retention, &stop).await;
    let mut running = JoinSet::new();
    for task in tasks(&queue, &pool, &config).into_iter().chain(jobs.tasks()) {
        running.spawn(supervise(task, stop.clone()));
    }
    while running.join_next().await.is_some() {}
}

fn tasks(queue: &Queue, pool: &WorkerPool, config: &RunnerConfig) -> Vec<Task> {
    let mut tasks = Vec::new();
    let permits = Arc::new(Semaphore::new(config.ingest.most_partitions));
    for partition in 0..queue.config().partitions {
        let worker = ingest::Worker::new(queue, pool, partition, config, permits.clone());
        tasks.push(Task {
            name: format!("ingest-{partition}"),
            start: Box::new(move |stop| Box::pin(worker.clone().run(stop))),
        });
    }
    let (q, p, relayed) = (queue.clone(), pool.clone(), config.relay);
    tasks.push(Task {
        name: "relay".to_owned(),
        start: Box::new(move |stop| Box::pin(relay::run(q.clone(), p.clone(), relayed, stop))),
    });
    let (p, kept) = (pool.clone(), config.retention);
    tasks.push(Task {
        name: "maintenance".to_owned(),
        start: Box::new(move |stop| Box::pin(maintenance::run(p.clone(), kept, stop))),
    });
    let p = pool.clone();
    tasks.push(Task {
        name: "device-health".to_owned(),
        start: Box::new(move |stop| Box::pin(device_health::run(p.clone(), stop))),
    });
    let (q, p) = (queue.clone(), pool.clone());
    tasks.push(Task {
        name: "gauges".to_owned(),
        start: Box::new(move |stop| Box::pin(maintenance::gauges(q.clone(), p.clone(), stop))),
    });
    tasks
}
