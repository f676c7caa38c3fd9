//! The long-running parts put together: API with its follower, and the worker's tasks. Subcommands
//! choose which of them run in this process.

use crate::settings::{Http, Retention};
use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use nearhand_api::{ApiParts, ApiState, Credentials};
use nearhand_domain::token::{TokenHash, random_bytes, random_secret};
use nearhand_indexer::{Follower, FollowerConfig, Forget};
use nearhand_queue::Queue;
use nearhand_runner::{RetentionConfig, RunnerConfig};
use nearhand_storage::{AppPool, WorkerPool, organizations};
use secrecy::{ExposeSecret, SecretString};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// Bounds of every histogram of seconds.
const BUCKETS_S: &[f64] = &[
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0,
];
/// How often histograms are drained.
const UPKEEP: Duration = Duration::from_secs(5);
/// How long running requests and batches may take to finish at shutdown.
const GRACE: Duration = Duration::from_secs(15);

/// The parts of one process, and the signal that ends them.
pub(crate) struct Runtime {
    tasks: JoinSet<anyhow::Result<()>>,
    metrics: PrometheusHandle,
    shutdown: CancellationToken,
}

impl Runtime {
    /// Nothing runs yet but the metrics.
    pub(crate) fn new(shutdown: CancellationToken) -> anyhow::Result<Self> {
        let metrics = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS_S)
            .context("the metrics' buckets")?
            .install_recorder()
            .context("the metrics' recorder")?;
        let mut tasks = JoinSet::new();
        let (handle, stop) = (metrics.clone(), shutdown.clone());
        tasks.spawn(async move {
            while stop.run_until_cancelled(tokio::time::sleep(UPKEEP)).await.is_some() {
                handle.run_upkeep();
            }
            Ok(())
        });
        Ok(Self { tasks, metrics, shutdown })
    }

    /// Starts the API and its follower; returns where it listens.
    pub(crate) async fn start_api(
        &mut self,
        app: AppPool,
        worker: WorkerPool,
        queue: &Queue,
        http: &Http,
        retention: Retention,
    ) -> anyhow::Result<SocketAddr> {
        let listener = bind(http.listen).await?;
        let address = listener.local_addr()?;
        let credentials = Arc::new(Credentials::default());
        let forgetting = Arc::clone(&credentials);
        let follower = Follower::new(Box::new(move |forget| match forget {
            Forget::Subject(id) => forgetting.forget(id),
            Forget::All => forgetting.forget_all(),
        }));
        let mut tx = app.tenantless().await?;
        let cursor_key = organizations::ensure_installation(&mut tx, random_bytes()).await?;
        tx.commit().await?;
        let state = ApiState::new(ApiParts {
            app,
            producer: queue.producer(),
            follower: follower.clone(),
            credentials,
            config: http.api_config(retention),
            cursor_key,
            metrics: self.metrics.clone(),
            weaker_durability: weaker_durability(queue),
            shutdown: self.shutdown.clone(),
        })
        .context("passwords cannot be hashed here")?;
        let (queue, stop) = (queue.clone(), self.shutdown.clone());
        self.tasks.spawn(async move {
            follower.run(worker, queue, FollowerConfig::default(), stop).await;
            Ok(())
        });
        let stop = self.shutdown.clone();
        let router = nearhand_api::router(state);
        self.tasks.spawn(async move {
            nearhand_api::serve(listener, router, stop).await.context("the API stopped")
        });
        tracing::info!(%address, "the API listens");
        Ok(address)
    }

    /// Starts ingest, relay and maintenance.
    pub(crate) fn start_worker(&mut self, worker: WorkerPool, queue: Queue, retention: Retention) {
        let config = RunnerConfig {
            retention: RetentionConfig {
                days: retention.retention_days,
                read_log_days: retention.read_log_days,
                ..Default::default()
            },
            ..RunnerConfig::default()
        };
        let stop = self.shutdown.clone();
        self.tasks.spawn(async move {
            nearhand_runner::run(queue, worker, config, stop).await;
            Ok(())
        });
    }

    /// Serves health and metrics of a process without an API; returns where it listens.
    pub(crate) async fn start_health(
        &mut self,
        listen: SocketAddr,
        worker: WorkerPool,
        queue: &Queue,
    ) -> anyhow::Result<SocketAddr> {
        let listener = bind(listen).await?;
        let address = listener.local_addr()?;
        let queue = queue.clone();
        let check = move || {
            let (queue, worker) = (queue.clone(), worker.clone());
            async move { worker_fault(&queue, &worker).await }
        };
        let router = nearhand_api::health_router(self.metrics.clone(), check);
        let stop = self.shutdown.clone();
        self.tasks.spawn(async move {
            nearhand_api::serve(listener, router, stop).await.context("the health page stopped")
        });
        tracing::info!(%address, "health and metrics listen");
        Ok(address)
    }

    /// Waits until a part ends although nobody asked it to.
    pub(crate) async fn until_failure(&mut self) -> anyhow::Result<()> {
        match self.tasks.join_next().await {
            Some(ended) => ended?,
            None => Ok(()),
        }
    }

    /// Runs until `shutdown`, or until a part fails; then lets the others finish what they have in
    /// hand.
    pub(crate) async fn finish(mut self) -> anyhow::Result<()> {
        let shutdown = self.shutdown.clone();
        let first = tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            ended = self.until_failure() => ended,
        };
        self.shutdown.cancel();
        let rest = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, rest).await.is_err() {
            tracing::warn!("some work did not finish in time; nothing acknowledged is lost");
        }
        first
    }
}

async fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}; choose another with --listen"))
}

fn weaker_durability(queue: &Queue) -> Option<String> {
    let durability = queue.durability();
    (!durability.is_full()).then(|| durability.differences.join("; "))
}

async fn worker_fault(queue: &Queue, worker: &WorkerPool) -> Option<String> {
    if queue.ping().await.is_err() {
        return Some("Redis does not answer".to_owned());
    }
    worker.begin().await.is_err().then(|| "PostgreSQL does not answer".to_owned())
}

/// Connects to Redis as the queue's settings say.
pub(crate) async fn connect_queue(
    settings: &crate::settings::QueueSettings,
    url: &SecretString,
) -> anyhow::Result<Queue> {
    let queue = Queue::connect(settings.config(url)).await?;
    if let Some(differences) = weaker_durability(&queue) {
        tracing::warn!(%differences, "Redis may lose acknowledged pings, and that was accepted");
    }
    Ok(queue)
}

/// Makes sure that there is a bootstrap token while setup has not been done; returns one to print
/// when it had to be made.
pub(crate) async fn offer_bootstrap_token(
    app: &AppPool,
    given: Option<&SecretString>,
) -> anyhow::Result<Option<String>> {
    let mut tx = app.tenantless().await?;
    organizations::ensure_installation(&mut tx, random_bytes()).await?;
    let made = match given {
        Some(token) => {
            let hash = TokenHash::of(token.expose_secret());
            organizations::offer_bootstrap_token(&mut tx, hash, true).await?;
            None
        }
        None => {
            let token = format!("nh_boot_{}", random_secret());
            let hash = TokenHash::of(&token);
            let counts = organizations::offer_bootstrap_token(&mut tx, hash, false).await?;
            counts.then_some(token)
        }
    };
    tx.commit().await?;
    Ok(made)
}
