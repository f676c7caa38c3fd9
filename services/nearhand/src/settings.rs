//! Settings that several subcommands share: given as flags or in the environment, parsed once.

use crate::console::ConsoleSettings;
use anyhow::Context;
use clap::Args;
use jiff::SignedDuration;
use nearhand_api::{ApiConfig, ServeConfig};
use nearhand_domain::jobs::QUEUES;
use nearhand_queue::{DepthLimits, QueueConfig};
use nearhand_runner::{ExportJobs, Handler, ImportJobs, JobsConfig, OfferJobs};
use nearhand_storage::{AppPool, PoolLimits, WorkerPool};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

/// Hours in a day.
const DAY_H: i64 = 24;

/// Where the application finds the database.
#[derive(Debug, Args)]
pub(crate) struct AppUrl {
    /// PostgreSQL as role `nearhand_app`: postgres://nearhand_app:…@host/nearhand
    #[arg(long, env = "NEARHAND_APP_DATABASE_URL", hide_env_values = true)]
    pub(crate) app_database_url: SecretString,
}

/// The database as the application sees it.
#[derive(Debug, Args)]
pub(crate) struct AppDatabase {
    #[command(flatten)]
    pub(crate) url: AppUrl,
    /// Most connections for requests.
    #[arg(long, env = "NEARHAND_APP_POOL", default_value_t = 24)]
    pub(crate) app_pool: u32,
}

/// The database as the worker sees it.
#[derive(Debug, Args)]
pub(crate) struct WorkerDatabase {
    /// PostgreSQL as role `nearhand_worker`: postgres://nearhand_worker:…@host/nearhand
    #[arg(long, env = "NEARHAND_WORKER_DATABASE_URL", hide_env_values = true)]
    pub(crate) worker_database_url: SecretString,
    /// Most connections for ingest, relay and snapshots.
    #[arg(long, env = "NEARHAND_WORKER_POOL", default_value_t = 12)]
    pub(crate) worker_pool: u32,
}

/// Background jobs.
#[derive(Clone, Debug, Args)]
pub(crate) struct JobsSettings {
    /// Most connections with which background jobs do their work; their queues take six besides.
    #[arg(long, env = "NEARHAND_JOBS_POOL", default_value_t = 8,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) jobs_pool: u32,
}

/// Redis.
#[derive(Debug, Args)]
pub(crate) struct Redis {
    /// redis://…
    #[arg(long, env = "NEARHAND_REDIS_URL", hide_env_values = true)]
    pub(crate) redis_url: SecretString,
    #[command(flatten)]
    pub(crate) queue: QueueSettings,
}

/// How the queue is used; the same in every process of an installation.
#[derive(Clone, Debug, Args)]
pub(crate) struct QueueSettings {
    /// Put before every key, so that several installations can share a Redis.
    #[arg(long, env = "NEARHAND_KEY_PREFIX", default_value = "nh:")]
    pub(crate) key_prefix: String,
    /// Over how many streams people are spread.
    #[arg(long, env = "NEARHAND_PARTITIONS", default_value_t = 2)]
    pub(crate) partitions: u32,
    /// Most waiting entries in the live lane before phones are asked to come back.
    #[arg(long, env = "NEARHAND_LIVE_LIMIT", default_value_t = 500_000)]
    pub(crate) live_limit: u64,
    /// Most waiting entries in the backlog lane.
    #[arg(long, env = "NEARHAND_BACKLOG_LIMIT", default_value_t = 100_000)]
    pub(crate) backlog_limit: u64,
    /// Most MiB Redis may hold before phones are asked to come back; half of its machine unless
    /// given, and never more than three quarters of its `maxmemory`.
    #[arg(long, env = "NEARHAND_REDIS_MEMORY_MIB", value_parser = clap::value_parser!(u64).range(64..=1 << 30))]
    pub(crate) redis_memory_mib: Option<u64>,
    /// Seconds to wait at the start for a Redis that does not answer or still reads its files.
    #[arg(long, env = "NEARHAND_REDIS_WAIT_S", default_value_t = 60,
        value_parser = clap::value_parser!(u16).range(0..=3600))]
    pub(crate) redis_wait_s: u16,
    /// Run although Redis may lose what it acknowledged; shown in /readyz and by `doctor`.
    #[arg(long, env = "NEARHAND_ACCEPT_WEAKER_DURABILITY")]
    pub(crate) accept_weaker_durability: bool,
}

/// The API.
#[derive(Clone, Debug, Args)]
pub(crate) struct Http {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "NEARHAND_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) operators: Operators,
    #[command(flatten)]
    pub(crate) console: ConsoleSettings,
    /// Most connections at a time; more are closed at once.
    #[arg(long, env = "NEARHAND_MAX_CONNECTIONS", default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_connections: u32,
    /// Origins that browsers may call from, separated by commas.
    #[arg(long, env = "NEARHAND_CORS_ORIGINS", value_delimiter = ',')]
    pub(crate) cors_origins: Vec<String>,
    /// Proxies in front that may be believed about a client's address.
    #[arg(long, env = "NEARHAND_TRUSTED_PROXY_HOPS", default_value_t = 0)]
    pub(crate) trusted_proxy_hops: usize,
    /// Most event streams at a time.
    #[arg(long, env = "NEARHAND_MAX_STREAMS", default_value_t = 1_000)]
    pub(crate) max_streams: usize,
    /// For `POST /v1/setup`; if it is not given, one is made and printed once.
    #[arg(long, env = "NEARHAND_BOOTSTRAP_TOKEN", hide_env_values = true)]
    pub(crate) bootstrap_token: Option<SecretString>,
}

/// For those who watch over a process.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Operators {
    /// Where this process' /metrics and the details of its /readyz are; port 0 takes a free one.
    /// `serve` and `up` take port 9464 unless told otherwise, `work` 9465.
    #[arg(long, env = "NEARHAND_METRICS_LISTEN")]
    pub(crate) metrics_listen: Option<SocketAddr>,
}

impl Operators {
    /// The address given, or this port of the machine itself.
    pub(crate) fn listen(self, port: u16) -> SocketAddr {
        self.metrics_listen.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, port).into())
    }
}

/// How long pings are kept, and what was recorded of those who read them.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Retention {
    /// Days that pings are kept; the same for API and worker.
    #[arg(long, env = "NEARHAND_RETENTION_DAYS", default_value_t = 60,
        value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub(crate) retention_days: u16,
    /// Days for which it stays on record who read whose exact position; the worker's business.
    #[arg(long, env = "NEARHAND_READ_LOG_DAYS", default_value_t = 365,
        value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub(crate) read_log_days: u16,
}

impl Retention {
    pub(crate) fn duration(self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.retention_days) * DAY_H)
    }
}

impl AppUrl {
    async fn connect(&self, most: u32) -> anyhow::Result<AppPool> {
        let options = options(&self.app_database_url, "--app-database-url")?;
        AppPool::connect(options, limits(most))
            .await
            .context("PostgreSQL cannot be used as the application's role")
    }
}

impl AppDatabase {
    pub(crate) async fn connect(&self) -> anyhow::Result<AppPool> {
        self.url.connect(self.app_pool).await
    }
}

impl WorkerDatabase {
    pub(crate) async fn connect(&self) -> anyhow::Result<WorkerPool> {
        self.connect_with(self.worker_pool).await
    }

    async fn connect_with(&self, most: u32) -> anyhow::Result<WorkerPool> {
        let options = options(&self.worker_database_url, "--worker-database-url")?;
        WorkerPool::connect(options, limits(most))
            .await
            .context("PostgreSQL cannot be used as the worker's role")
    }
}

impl JobsSettings {
    /// What background jobs need, on connections of their own: nothing that takes long keeps ingest
    /// waiting.
    pub(crate) async fn config(
        &self,
        app: &AppUrl,
        worker: &WorkerDatabase,
    ) -> anyhow::Result<JobsConfig> {
        // One for each queue, more for the one with several workers, and one to spare.
        let most = QUEUES.len() + OfferJobs::WORKERS;
        let store = worker.connect_with(u32::try_from(most)?).await?;
        let jobs = JobsConfig::new(store, app.connect(self.jobs_pool).await?);
        Ok(jobs.with(ImportJobs).with(ExportJobs))
    }
}

impl QueueSettings {
    pub(crate) fn config(&self, url: &SecretString) -> QueueConfig {
        QueueConfig {
            prefix: self.key_prefix.clone(),
            partitions: self.partitions,
            limits: DepthLimits {
                live: self.live_limit,
                backlog: self.backlog_limit,
                memory_bytes: self.redis_memory_mib.map(|mib| mib << 20),
            },
            accept_weaker_durability: self.accept_weaker_durability,
            ..QueueConfig::new(url.expose_secret())
        }
    }
}

impl Http {
    pub(crate) fn serve_config(&self) -> ServeConfig {
        let max_connections = usize::try_from(self.max_connections).unwrap_or(usize::MAX);
        ServeConfig { max_connections, ..ServeConfig::default() }
    }

    pub(crate) fn api_config(&self, retention: Retention) -> ApiConfig {
        ApiConfig {
            retention: retention.duration(),
            trusted_proxy_hops: self.trusted_proxy_hops,
            cors_origins: self.cors_origins.clone(),
            max_streams: self.max_streams,
            ..ApiConfig::default()
        }
    }
}

/// Reads a URL of PostgreSQL without ever repeating it: it holds a password.
pub(crate) fn options(url: &SecretString, flag: &str) -> anyhow::Result<PgConnectOptions> {
    let options: PgConnectOptions = url.expose_secret().parse().map_err(|_| {
        anyhow::anyhow!("{flag} is no URL of PostgreSQL; it looks like postgres://role:password@host:5432/nearhand")
    })?;
    Ok(options.application_name("nearhand"))
}

fn limits(max_connections: u32) -> PoolLimits {
    PoolLimits { max_connections, acquire_timeout: Duration::from_secs(5) }
}
