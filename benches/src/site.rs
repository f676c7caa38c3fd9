//! A whole Nearhand as real processes on the servers given: a database and a key prefix of its
//! own, `nearhand serve` and `nearhand work`. Everything is removed at the end.

mod fill;

use crate::{
    Options,
    http::{Connection, request},
    world::World,
};
use anyhow::{Context, ensure};
use nearhand_domain::OrganizationId;
use nearhand_migrations::{APP_ROLE, OWNER_ROLE, RolePasswords, WORKER_ROLE, bootstrap, migrate};
use nearhand_queue::{Queue, QueueConfig};
use nearhand_storage::{AppPool, PoolLimits, WorkerPool};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgConnectOptions};
use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

pub(crate) use fill::Phone;

/// The roles' password on private servers that live as long as the bench.
const PASSWORD: &str = "for-benches-only";
const BOOTSTRAP: &str = "bootstrap-token-of-the-benches";
/// Time for a start with a large snapshot.
const PATIENCE: Duration = Duration::from_secs(120);

/// The running site.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) organization: OrganizationId,
    /// The account admin's access token.
    pub(crate) admin: String,
    pub(crate) phones: Vec<Phone>,
    superuser: PgConnectOptions,
    database: String,
    redis: String,
    prefix: String,
    processes: Vec<Process>,
}

/// A child that does not outlive the bench.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Site {
    /// Starts everything with these people in it.
    pub(crate) async fn start(options: &Options, world: &World) -> anyhow::Result<Self> {
        let hint = "run under `nearhand servers --ephemeral -- …`";
        let superuser =
            options.database_url.as_ref().with_context(|| format!("no PostGIS: {hint}"))?;
        let superuser: PgConnectOptions = superuser.parse()?;
        let redis = options.redis_url.clone().with_context(|| format!("no Redis: {hint}"))?;
        let database = format!("nearhand_bench_{}", std::process::id());
        let passwords = RolePasswords { owner: PASSWORD, app: PASSWORD, worker: PASSWORD };
        bootstrap(&superuser, &database, &passwords).await?;
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut site = Self {
            address,
            organization: OrganizationId(uuid::Uuid::nil()),
            admin: String::new(),
            phones: Vec::new(),
            prefix: format!("{database}:"),
            superuser,
            database,
            redis,
            processes: Vec::new(),
        };
        migrate(&site.role(OWNER_ROLE)).await?;
        let api = site.spawn(options, "serve", &address.to_string())?;
        site.await_ready().await?;
        site.set_up().await?;
        drop(api);
        site.phones = fill::fill(&mut site.look().await?, site.organization, world).await?;
        let worker = site.spawn(options, "work", "127.0.0.1:0")?;
        let api = site.spawn(options, "serve", &address.to_string())?;
        site.processes = vec![api, worker];
        site.await_ready().await?;
        Ok(site)
    }

    /// Stops the processes and removes the database and the keys.
    pub(crate) async fn close(mut self) -> anyhow::Result<()> {
        self.processes.clear();
        let mut server = PgConnection::connect_with(&self.superuser).await?;
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.database);
        sqlx::query(AssertSqlSafe(drop)).execute(&mut server).await?;
        let client = redis::Client::open(self.redis.as_str())?;
        let mut redis = client.get_multiplexed_async_connection().await?;
        let pattern = format!("{}*", self.prefix);
        let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut redis).await?;
        if !keys.is_empty() {
            redis::cmd("DEL").arg(keys).query_async::<i64>(&mut redis).await?;
        }
        Ok(())
    }

    /// A connection that no policy binds.
    pub(crate) async fn look(&self) -> anyhow::Result<PgConnection> {
        let options = self.superuser.clone().database(&self.database);
        Ok(PgConnection::connect_with(&options).await?)
    }

    /// A pool of one, as the worker's role.
    pub(crate) async fn worker_pool(&self) -> anyhow::Result<WorkerPool> {
        let limits = PoolLimits { max_connections: 1, acquire_timeout: Duration::from_secs(5) };
        Ok(WorkerPool::connect(self.role(WORKER_ROLE), limits).await?)
    }

    /// A pool of one, as the application's role.
    pub(crate) async fn app_pool(&self) -> anyhow::Result<AppPool> {
        let limits = PoolLimits { max_connections: 1, acquire_timeout: Duration::from_secs(5) };
        Ok(AppPool::connect(self.role(APP_ROLE), limits).await?)
    }

    /// The queue, to see what waits.
    pub(crate) async fn queue(&self) -> anyhow::Result<Queue> {
        let config = QueueConfig::new(self.redis.as_str());
        Ok(Queue::connect(QueueConfig { prefix: self.prefix.clone(), ..config }).await?)
    }

    /// How many pings are stored. Reads all of them: not while something is measured.
    pub(crate) async fn stored(&self, look: &mut PgConnection) -> anyhow::Result<u64> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM pings").fetch_one(look).await?;
        Ok(u64::try_from(count)?)
    }

    fn role(&self, role: &str) -> PgConnectOptions {
        self.superuser.clone().database(&self.database).username(role).password(PASSWORD)
    }

    fn url(&self, role: &str) -> String {
        let (host, port) = (self.superuser.get_host(), self.superuser.get_port());
        format!("postgres://{role}:{PASSWORD}@{host}:{port}/{}", self.database)
    }

    fn spawn(&self, options: &Options, subcommand: &str, listen: &str) -> anyhow::Result<Process> {
        let program = program(options)?;
        let child = Command::new(&program)
            .arg(subcommand)
            .env("NEARHAND_APP_DATABASE_URL", self.url(APP_ROLE))
            .env("NEARHAND_WORKER_DATABASE_URL", self.url(WORKER_ROLE))
            .env("NEARHAND_REDIS_URL", &self.redis)
            .env("NEARHAND_KEY_PREFIX", &self.prefix)
            .env("NEARHAND_BOOTSTRAP_TOKEN", BOOTSTRAP)
            .env("NEARHAND_LISTEN", listen)
            .env("NEARHAND_METRICS_LISTEN", "127.0.0.1:0")
            .env("NEARHAND_OUTBOX_DIR", std::env::temp_dir().join(&self.database))
            .stdout(Stdio::null())
            .stderr(if options.verbose { Stdio::inherit() } else { Stdio::null() })
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        Ok(Process(child))
    }

    async fn await_ready(&self) -> anyhow::Result<()> {
        let begin = Instant::now();
        let mut ask = Vec::new();
        request(&mut ask, "GET", "/readyz", "", "");
        loop {
            if let Ok(mut connection) = Connection::open(self.address).await
                && connection.call(&ask).await.is_ok_and(|answer| answer.status == 200)
            {
                return Ok(());
            }
            ensure!(begin.elapsed() < PATIENCE, "the API did not become ready");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn set_up(&mut self) -> anyhow::Result<()> {
        let body = serde_json::json!({
            "bootstrap_token": BOOTSTRAP,
            "organization": { "name": "Bench", "time_zone": "UTC" },
            "admin": { "first_name": "Ada", "last_name": "Bench",
                "email": "ada@bench.example", "password": "seven tall lighthouses" },
        });
        let mut ask = Vec::new();
        request(&mut ask, "POST", "/v1/setup", "", &body.to_string());
        let mut connection = Connection::open(self.address).await?;
        let done = connection.call(&ask).await?.json()?;
        let text = |pointer| {
            let found = done.pointer(pointer).and_then(serde_json::Value::as_str);
            found.map(str::to_owned).with_context(|| format!("no {pointer} in the setup's answer"))
        };
        self.admin = text("/session/access_token")?;
        self.organization = text("/organization/id")?.parse()?;
        Ok(())
    }
}

/// Gives everybody a login, as far as offers look: the app reaches them.
pub(crate) async fn log_everybody_in(look: &mut PgConnection) -> anyhow::Result<()> {
    sqlx::query(
        "INSERT INTO sessions (organization_id, id, staff_id, epoch, restricted, created_at, \
         expires_at) SELECT organization_id, gen_random_uuid(), id, 0, false, now(), \
         now() + interval '1 day' FROM staff",
    )
    .execute(look)
    .await?;
    Ok(())
}

/// The program beside the bench's own, unless another is given.
fn program(options: &Options) -> anyhow::Result<PathBuf> {
    if let Some(program) = &options.nearhand {
        return Ok(program.clone());
    }
    let own = std::env::current_exe()?;
    let program = own.parent().context("no folder")?.join("nearhand");
    ensure!(program.exists(), "build it first: cargo build --release -p nearhand");
    Ok(program)
}
