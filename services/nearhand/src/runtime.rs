//! The long-running parts put together: API with its follower, and the worker's tasks. Subcommands
//! choose which of them run in this process.

use crate::settings::{Http, Retention};
use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use nearhand_api::{ApiConfig, ApiParts, ApiState, Credentials, Readiness, ServeConfig, fault};
use nearhand_console::DemoSlot;
use nearhand_domain::token::{TokenHash, random_bytes, random_secret};
use nearhand_indexer::{Follower, FollowerConfig, Forget};
use nearhand_mail::Outbox;
use nearhand_photos::Objects;
use nearhand_queue::Queue;
use nearhand_runner::{JobsConfig, RetentionConfig, RunnerConfig};
use nearhand_storage::{AppPool, WorkerPool, organizations};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use secrecy::{ExposeSecret, SecretString};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// Bounds of every histogram of seconds.
const BUCKETS_S: &[f64] = &[
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0,
];
/// How far phones' clocks are off, which may be in both directions.
const SKEW: &str = "nearhand_device_clock_skew_seconds";
const SKEWS_S: &[f64] = &[
    -86_400.0, -3_600.0, -600.0, -120.0, -30.0, -5.0, -1.0, 0.0, 1.0, 5.0, 30.0, 120.0, 600.0,
    3_600.0, 86_400.0,
];
/// How often histograms are drained.
const UPKEEP: Duration = Duration::from_secs(5);
/// How long running requests and batches may take to finish at shutdown.
const GRACE: Duration = Duration::from_secs(15);

/// Connections of those who watch over the process.
const OPERATORS: usize = 64;
/// Which flag says where health and metrics are.
const METRICS_FLAG: &str = "--metrics-listen";
/// Where an API's health and metrics are, unless told otherwise: the port OpenTelemetry's
/// Prometheus exporters take.
const API_METRICS: u16 = 9464;
/// The same of a worker, file_stores an API on one machine.
pub(crate) const WORKER_METRICS: u16 = 9465;

/// Where an API listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) api: SocketAddr,
    pub(crate) metrics: SocketAddr,
}

/// An API that listens.
pub(crate) struct RunningApi {
    pub(crate) addresses: Addresses,
    /// Its live index.
    pub(crate) follower: Follower,
}

/// The parts of one process, and the signal that ends them.
pub(crate) struct Runtime {
    tasks: JoinSet<anyhow::Result<()>>,
    metrics: PrometheusHandle,
    shutdown: CancellationToken,
}

/// What the API has besides its database and its settings of HTTP.
pub(crate) struct Surroundings {
    /// Where photos are kept.
    pub(crate) objects: Option<Objects>,
    /// The mails that are shown to this machine.
    pub(crate) outbox: Option<Outbox>,
    /// Where people reach it.
    pub(crate) public_url: Option<String>,
    /// Where the demo puts its logins, for the console.
    pub(crate) demo: DemoSlot,
}

impl Runtime {
    /// Nothing runs yet but the metrics.
    pub(crate) fn new(shutdown: CancellationToken) -> anyhow::Result<Self> {
        raise_open_files();
        let metrics = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS_S)
            .and_then(|builder| {
                builder.set_buckets_for_metric(Matcher::Full(SKEW.to_owned()), SKEWS_S)
            })
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

    /// Starts the API, its follower, and its health and metrics.
    pub(crate) async fn start_api(
        &mut self,
        app: AppPool,
        worker: WorkerPool,
        queue: &Queue,
        surroundings: Surroundings,
        http: &Http,
        retention: Retention,
    ) -> anyhow::Result<RunningApi> {
        let Surroundings { objects, outbox, public_url, demo } = surroundings;
        let listener = bind(http.listen, "--listen").await?;
        let operators = bind(http.operators.listen(API_METRICS), METRICS_FLAG).await?;
        let api = listener.local_addr()?;
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
            objects,
            config: ApiConfig { outbox, public_url, ..http.api_config(retention) },
            cursor_key,
            weaker_durability: weaker_durability(queue),
            shutdown: self.shutdown.clone(),
        })
        .context("passwords cannot be hashed here")?;
        let (queue, stop) = (queue.clone(), self.shutdown.clone());
        let running = follower.clone();
        self.tasks.spawn(async move {
            running.run(worker, queue, FollowerConfig::default(), stop).await;
            Ok(())
        });
        let (seen, stop) = (state.clone(), self.shutdown.clone());
        let metrics = self.start_operators(operators, move || {
            let state = seen.clone();
            async move { nearhand_api::readiness(&state).await }
        })?;
        let hops = http.trusted_proxy_hops;
        let console = http.console.console(demo)?.map(|console| {
            let is_local = move |peer, headers: &_| nearhand_api::is_local(peer, headers, hops);
            nearhand_console::router(console, Box::new(is_local))
        });
        let router = nearhand_api::router(state, console.unwrap_or_default());
        let config = http.serve_config();
        self.tasks.spawn(async move {
            nearhand_api::serve(listener, router, config, stop).await;
            Ok(())
        });
        tracing::info!(address = %api, "the API listens");
        Ok(RunningApi { addresses: Addresses { api, metrics }, follower })
    }

    /// Starts ingest, relay, background jobs and maintenance.
    pub(crate) fn start_worker(
        &mut self,
        worker: WorkerPool,
        queue: Queue,
        jobs: JobsConfig,
        retention: Retention,
    ) {
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
            nearhand_runner::run(queue, worker, jobs, config, stop).await;
            Ok(())
        });
    }

    /// Serves health and metrics of a process without an API; returns where.
    pub(crate) async fn start_health(
        &mut self,
        listen: SocketAddr,
        worker: WorkerPool,
        queue: &Queue,
    ) -> anyhow::Result<SocketAddr> {
        let listener = bind(listen, METRICS_FLAG).await?;
        let queue = queue.clone();
        self.start_operators(listener, move || {
            let (queue, worker) = (queue.clone(), worker.clone());
            async move {
                let redis = fault("Redis", queue.ping()).await;
                let database = fault("PostgreSQL", worker.begin()).await;
                let checks = [("redis", redis), ("postgresql", database)];
                Readiness::of(checks, weaker_durability(&queue))
            }
        })
    }

    fn start_operators<F, Fut>(
        &mut self,
        listener: TcpListener,
        check: F,
    ) -> anyhow::Result<SocketAddr>
    where
        F: Fn() -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Readiness> + Send + 'static,
    {
        let address = listener.local_addr()?;
        let router = nearhand_api::operators_router(self.metrics.clone(), check);
        let config = ServeConfig { max_connections: OPERATORS, ..ServeConfig::default() };
        let stop = self.shutdown.clone();
        self.tasks.spawn(async move {
            nearhand_api::serve(listener, router, config, stop).await;
            Ok(())
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

/// Most sockets and files this process asks for.
const OPEN_FILES: u64 = 65_536;

/// Systems let a process have 1,024 sockets unless it asks for more, fewer than `--max-connections`.
fn raise_open_files() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(now, most)| {
        setrlimit(Resource::RLIMIT_NOFILE, most.min(OPEN_FILES).max(now), most)
    });
    if let Err(error) = raised {
        tracing::debug!(%error, "the limit of open files stays");
    }
}

async fn bind(listen: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.with_context(|| {
        let any = SocketAddr::new(listen.ip(), 0);
        format!("cannot listen on {listen}; choose another with {flag}, or any free port with {flag} {any}")
    })
}

fn weaker_durability(queue: &Queue) -> Option<String> {
    let durability = queue.durability();
    (!durability.is_full()).then(|| durability.differences.join("; "))
}

/// Connects to Redis as the queue's settings say, and waits for it as long as they allow.
pub(crate) async fn connect_queue(
    settings: &crate::settings::QueueSettings,
    url: &SecretString,
) -> anyhow::Result<Queue> {
    let patience = Duration::from_secs(settings.redis_wait_s.into());
    let queue = Queue::connect_within(settings.config(url), patience).await?;
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
