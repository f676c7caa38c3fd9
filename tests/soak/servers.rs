//! PostgreSQL and Redis of a run, under `nearhand servers`, which starts them again when they die.
//! Knows nothing of the API and of phones.

use crate::figures::line;
use anyhow::{Context, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use redis::aio::MultiplexedConnection;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// Time for the first start on a busy machine.
const START: Duration = Duration::from_secs(180);
/// Time for an orderly end.
const END: Duration = Duration::from_secs(90);

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Redis,
    Postgres,
}

/// The servers of a run.
pub(crate) struct Servers {
    /// What `nearhand serve` and `work` are given.
    pub(crate) environment: HashMap<String, String>,
    data: PathBuf,
    keeper: Child,
}

impl Servers {
    /// Starts them, with roles, database and schema.
    pub(crate) async fn start(program: &Path, folder: &Path) -> anyhow::Result<Self> {
        let data = folder.join("data");
        let log = fs::File::create(folder.join("servers.log"))?;
        let mut keeper = Command::new(program)
            .args(["servers", "--migrate", "--data-dir"])
            .arg(&data)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("could not run {}", program.display()))?;
        let exports = tokio::time::timeout(START, read_exports(&mut keeper)).await;
        let environment = exports.context("PostgreSQL and Redis took too long to start")??;
        Ok(Self { environment, data, keeper })
    }

    /// `kill -9`. False when it is not there at the moment.
    pub(crate) fn kill(&self, server: Server) -> bool {
        self.pid(server).is_some_and(|pid| kill(pid, Signal::SIGKILL).is_ok())
    }

    /// The server's process, if its file names one that lives.
    pub(crate) fn pid(&self, server: Server) -> Option<Pid> {
        let file = match server {
            Server::Redis => "servers/redis/redis.pid",
            Server::Postgres => "servers/postgres/postmaster.pid",
        };
        let text = fs::read_to_string(self.data.join(file)).ok()?;
        let pid = Pid::from_raw(text.lines().next()?.trim().parse().ok()?);
        kill(pid, None).is_ok().then_some(pid)
    }

    /// Kills PostgreSQL and keeps both servers from being started again, or lets that go on.
    pub(crate) fn keep_postgres_away(&self, away: bool) -> anyhow::Result<()> {
        let keeper = self.keeper_pid().context("the servers' keeper has ended")?;
        if away {
            kill(keeper, Signal::SIGSTOP)?;
            ensure!(self.kill(Server::Postgres), "PostgreSQL was not there");
        } else {
            kill(keeper, Signal::SIGCONT)?;
        }
        Ok(())
    }

    /// Where Redis keeps its files.
    pub(crate) fn redis_folder(&self) -> PathBuf {
        self.data.join("servers/redis")
    }

    /// A connection that no policy binds.
    pub(crate) async fn sql(&self) -> anyhow::Result<PgConnection> {
        let options: PgConnectOptions = self.setting("NEARHAND_TEST_DATABASE_URL")?.parse()?;
        let options = options.database("nearhand");
        let connect = PgConnection::connect_with(&options);
        Ok(tokio::time::timeout(Duration::from_secs(10), connect).await??)
    }

    /// A number from the database; none while it does not answer.
    pub(crate) async fn count(&self, sql: &'static str) -> Option<i64> {
        let mut db = self.sql().await.ok()?;
        let counted = sqlx::query_scalar(sql).fetch_one(&mut db).await.ok();
        // The answer is there; how the farewell goes does not matter.
        let _ = db.close().await;
        counted
    }

    /// A connection to Redis of its own.
    pub(crate) async fn redis(&self) -> anyhow::Result<MultiplexedConnection> {
        let client = redis::Client::open(self.setting("NEARHAND_REDIS_URL")?)?;
        let connect = client.get_multiplexed_async_connection();
        Ok(tokio::time::timeout(Duration::from_secs(10), connect).await??)
    }

    pub(crate) fn setting(&self, name: &str) -> anyhow::Result<&str> {
        let value = self.environment.get(name).map(String::as_str);
        value.with_context(|| format!("`nearhand servers` exported no {name}"))
    }

    fn keeper_pid(&self) -> Option<Pid> {
        self.keeper.id().and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw)
    }

    /// Stops them in order.
    pub(crate) async fn stop(mut self) {
        self.ask_to_end();
        if tokio::time::timeout(END, self.keeper.wait()).await.is_err() {
            line("soak: PostgreSQL and Redis do not end; their keeper goes on trying");
        }
    }

    fn ask_to_end(&self) {
        if let Some(pid) = self.keeper_pid() {
            // It may be gone already. A stopped one reads the signal when it goes on.
            let _ = kill(pid, Signal::SIGTERM);
            let _ = kill(pid, Signal::SIGCONT);
        }
    }
}

impl Drop for Servers {
    /// The keeper is asked, not killed, so that it stops its servers.
    fn drop(&mut self) {
        self.ask_to_end();
    }
}

/// Reads `export NAME='value'` until the last of them.
async fn read_exports(keeper: &mut Child) -> anyhow::Result<HashMap<String, String>> {
    let output = keeper.stdout.take().context("no output")?;
    let (mut lines, mut exports) = (BufReader::new(output).lines(), HashMap::new());
    while !exports.contains_key("NEARHAND_REDIS_URL") {
        let Some(line) = lines.next_line().await? else {
            bail!("PostgreSQL and Redis did not start; see servers.log of `./dev soak --keep`")
        };
        let line = line.trim_start_matches("export ");
        let (name, value) = line.split_once('=').context("an export without a value")?;
        exports.insert(name.to_owned(), value.trim_matches('\'').to_owned());
    }
    Ok(exports)
}
