//! `nearhand servers` with real processes that are really killed. Needs PostgreSQL with PostGIS and
//! Redis installed, and no servers running.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so and end")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const DEADLINE: Duration = Duration::from_secs(60);

/// Open to others, so that as root the servers' user reaches it.
fn folder() -> TempDir {
    let open = fs::Permissions::from_mode(0o755);
    tempfile::Builder::new().prefix("nearhand-test-").permissions(open).tempdir().unwrap()
}

fn nearhand(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nearhand"));
    command.args(["servers", "--fast", "--data-dir"]).arg(data_dir).stdin(Stdio::null());
    command.env_remove("NEARHAND_DATA_DIR").env("NEARHAND_LOG", "warn");
    command
}

async fn run(data_dir: &Path, command: &[&str]) -> Output {
    let output = nearhand(data_dir).arg("--").args(command).output();
    tokio::time::timeout(DEADLINE, output).await.unwrap().unwrap()
}

/// A running `nearhand servers` without a command.
struct Running {
    process: Child,
    data_dir: PathBuf,
    database_url: String,
    redis_url: String,
}

impl Running {
    async fn start(data_dir: &Path) -> Self {
        let mut command = nearhand(data_dir);
        command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut next = async || {
            let line = tokio::time::timeout(DEADLINE, lines.next_line()).await;
            let line = line.unwrap().unwrap().unwrap();
            line.split('\'').nth(1).unwrap().to_owned()
        };
        let (database_url, redis_url) = (next().await, next().await);
        Self { process, data_dir: data_dir.to_path_buf(), database_url, redis_url }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.process.id().unwrap()).unwrap())
    }

    /// The servers' processes, PostgreSQL's first.
    fn servers(&self) -> [Pid; 2] {
        ["postgres/postmaster.pid", "redis/redis.pid"].map(|file| {
            let text = fs::read_to_string(self.data_dir.join("servers").join(file)).unwrap();
            Pid::from_raw(text.lines().next().unwrap().trim().parse().unwrap())
        })
    }

    async fn count_rows(&self) -> Option<i64> {
        let mut connection = PgConnection::connect(&self.database_url).await.ok()?;
        sqlx::query_scalar("SELECT count(*) FROM kept").fetch_one(&mut connection).await.ok()
    }

    async fn count_entries(&self) -> Option<i64> {
        let client = redis::Client::open(self.redis_url.as_str()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        redis::cmd("XLEN").arg("kept").query_async(&mut connection).await.ok()
    }

    async fn write_one_of_each(&self) {
        let mut connection = PgConnection::connect(&self.database_url).await.unwrap();
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS kept (); INSERT INTO kept DEFAULT VALUES")
            .execute(&mut connection)
            .await
            .unwrap();
        let client = redis::Client::open(self.redis_url.as_str()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = redis::cmd("XADD");
        command.arg("kept").arg("*").arg("a").arg("b");
        let _: String = command.query_async(&mut connection).await.unwrap();
    }

    async fn ends(&mut self) -> std::process::ExitStatus {
        tokio::time::timeout(DEADLINE, self.process.wait()).await.unwrap().unwrap()
    }
}

/// Waits until the condition holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Neither alive nor a zombie of ours.
fn is_gone(pid: Pid) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat.rsplit(')').next().is_some_and(|rest| rest.trim().starts_with('Z')),
        Err(_) => kill(pid, None).is_err(),
    }
}

#[tokio::test]
async fn killed_servers_come_back_with_everything_they_acknowledged() {
    let parent = folder();
    let mut running = Running::start(&parent.path().join("data")).await;
    running.write_one_of_each().await;
    let before = running.servers();
    for pid in before {
        kill(pid, Signal::SIGKILL).unwrap();
    }
    until("PostgreSQL is back", async || running.count_rows().await == Some(1)).await;
    until("Redis is back", async || running.count_entries().await == Some(1)).await;
    let after = running.servers();
    assert!(before.iter().zip(after).all(|(before, after)| *before != after));

    kill(running.pid(), Signal::SIGTERM).unwrap();
    assert!(running.ends().await.success());
    assert!(after.into_iter().all(is_gone));
}

#[tokio::test]
async fn nobody_outlives_a_killed_nearhand_and_the_next_finds_everything() {
    let parent = folder();
    let data_dir = parent.path().join("data");
    let mut first = Running::start(&data_dir).await;
    first.write_one_of_each().await;
    let servers = first.servers();
    kill(first.pid(), Signal::SIGKILL).unwrap();
    first.ends().await;
    // At once, while the old servers may still be stopping.
    let second = Running::start(&data_dir).await;
    assert!(servers.into_iter().all(is_gone));
    assert_eq!((second.count_rows().await, second.count_entries().await), (Some(1), Some(1)));
    assert_eq!((&second.database_url, &second.redis_url), (&first.database_url, &first.redis_url));
    kill(second.pid(), Signal::SIGTERM).unwrap();
    let mut second = second;
    assert!(second.ends().await.success());
}

#[tokio::test]
async fn a_folder_in_use_is_refused_with_the_number_of_its_user() {
    let parent = folder();
    let data_dir = parent.path().join("data");
    let mut running = Running::start(&data_dir).await;
    let refused = run(&data_dir, &["true"]).await;
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success());
    assert!(told.contains(&format!("process {}", running.pid())), "{told}");
    kill(running.pid(), Signal::SIGINT).unwrap();
    assert!(running.ends().await.success());
}

#[tokio::test]
async fn a_command_gets_the_urls_and_gives_its_status() {
    let parent = folder();
    let script = "echo $NEARHAND_TEST_DATABASE_URL $NEARHAND_TEST_REDIS_URL; exit 7";
    let output = run(&parent.path().join("data"), &["sh", "-c", script]).await;
    assert_eq!(output.status.code(), Some(7));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.starts_with("postgres://nearhand_superuser:"), "{told}");
    assert!(told.contains(" redis://default:"), "{told}");
}

#[tokio::test]
async fn an_interrupted_beginning_leaves_nothing_in_the_way() {
    let parent = folder();
    for (number, signal) in [Signal::SIGTERM, Signal::SIGKILL].into_iter().enumerate() {
        let data_dir = parent.path().join(format!("data{number}"));
        let mut command = nearhand(&data_dir);
        let mut process = command.args(["--", "true"]).stderr(Stdio::null()).spawn().unwrap();
        let unfinished = data_dir.join("servers/postgres.unfinished/PG_VERSION");
        until("initdb is at work", async || unfinished.exists()).await;
        let pid = i32::try_from(process.id().unwrap()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
        let status = tokio::time::timeout(DEADLINE, process.wait()).await.unwrap().unwrap();
        assert!(!status.success());
        let output = run(&data_dir, &["true"]).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn a_throw_away_folder_is_thrown_away() {
    let parent = folder();
    let mut command = nearhand(Path::new("unused"));
    command.env("TMPDIR", parent.path()).args(["--ephemeral", "--", "true"]);
    let output = tokio::time::timeout(DEADLINE, command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
}
