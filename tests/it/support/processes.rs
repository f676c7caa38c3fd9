//! A whole installation as real processes that can be killed: private servers under their keeper,
//! `nearhand serve` and `nearhand work`.

use super::{Answer, site::setup_body, wait::within};
use nearhand_storage::{AppPool, PoolLimits};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::Client;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::{
    collections::HashMap, fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Stdio,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// Time for PostgreSQL's first start on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);
/// Time for a whole page of a shell's lines.
const PASTE_DEADLINE: Duration = Duration::from_secs(180);

/// A process of the installation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Service {
    Api,
    Worker,
    Redis,
    Postgres,
}

/// The installation.
pub(crate) struct Stack {
    pub(crate) url: String,
    /// Where the API's health and metrics are.
    pub(crate) operators: String,
    folder: TempDir,
    environment: HashMap<String, String>,
    /// Settings of API and worker besides, for those that are started from now on.
    pub(crate) besides: HashMap<&'static str, String>,
    http: Client,
    token: String,
    log: &'static str,
    frozen: bool,
    api: Option<Child>,
    worker: Option<Child>,
    /// Last: the others need its servers.
    keeper: Child,
}

/// The program under test: beside the tests' own binary.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().and_then(std::path::Path::parent).unwrap();
    let program = folder.join("nearhand");
    assert!(program.exists(), "build it first: cargo build -p nearhand, or run ./dev test");
    program
}

impl Stack {
    /// Starts everything and does the setup.
    pub(crate) async fn start() -> Self {
        Self::start_logging("off").await
    }

    /// The same, logging what an operator sees; see [`Self::logged`].
    pub(crate) async fn start_logging_as_usual() -> Self {
        Self::start_logging("info").await
    }

    /// The same, saying everything it can say; see [`Self::output`].
    pub(crate) async fn start_talkative() -> Self {
        Self::start_logging("trace,hyper=debug,h2=debug,tokio=debug").await
    }

    async fn start_logging(log: &'static str) -> Self {
        Self::start_as(log, true).await
    }

    async fn start_as(log: &'static str, found: bool) -> Self {
        let mut stack = Self::servers(log, &["--migrate"]).await;
        stack.spawn(Service::Worker);
        stack.spawn(Service::Api);
        stack.await_ready().await;
        if found {
            stack.set_up().await;
        }
        stack
    }

    /// Servers with nothing in them: no roles, no database.
    pub(crate) async fn bare() -> Self {
        Self::servers("off", &[]).await
    }

    async fn servers(log: &'static str, options: &[&str]) -> Self {
        let open = fs::Permissions::from_mode(0o755);
        let folder =
            tempfile::Builder::new().prefix("nearhand-kill-").permissions(open).tempdir().unwrap();
        let mut keeper = Command::new(program())
            .args(["servers", "--fast"])
            .args(options)
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(false)
            .spawn()
            .unwrap();
        let last =
            if options.is_empty() { "NEARHAND_TEST_REDIS_URL" } else { "NEARHAND_REDIS_URL" };
        let environment = read_exports(&mut keeper, last).await;
        let ports = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        let [url, operators] = ports.map(|port| format!("http://{}", port.local_addr().unwrap()));
        let http = super::http_client().timeout(Duration::from_secs(10)).build().unwrap();
        Self {
            url,
            operators,
            folder,
            environment,
            besides: HashMap::new(),
            http,
            token: String::new(),
            log,
            frozen: false,
            api: None,
            worker: None,
            keeper,
        }
    }

    /// A setting of all its processes from now on.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.environment.insert(name.to_owned(), value);
    }

    /// One of its settings.
    pub(crate) fn setting(&self, name: &str) -> &str {
        &self.environment[name]
    }

    /// Starts worker and API, and waits until both are ready. The account admin's token is one that is
    /// known from elsewhere.
    pub(crate) async fn serve(&mut self, token: &str) {
        self.spawn(Service::Worker);
        self.spawn(Service::Api);
        self.await_ready().await;
        token.clone_into(&mut self.token);
    }

    /// Everything, of which nobody has made an organisation yet.
    pub(crate) async fn start_empty() -> Self {
        Self::start_as("off", false).await
    }

    async fn await_ready(&self) {
        let ready = format!("{}/readyz", self.url);
        within(DEADLINE, "the API is ready", async || {
            self.http.get(&ready).send().await.ok().filter(|a| a.status().is_success()).map(drop)
        })
        .await;
    }

    async fn set_up(&mut self) {
        let answer = self.post("/v1/setup", "", setup_body()).await.expect(201);
        answer.str("/session/access_token").clone_into(&mut self.token);
    }

    /// Where the API is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The account admin's token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Everything the API and the worker have said, and the metrics.
    pub(crate) async fn output(&self) -> String {
        let metrics = self.http.get(format!("{}/metrics", self.operators)).send().await.unwrap();
        let said = [self.logged(Service::Api), self.logged(Service::Worker)];
        [said.concat(), metrics.text().await.unwrap()].join("\n")
    }

    /// Everything the API or the worker has logged.
    pub(crate) fn logged(&self, service: Service) -> String {
        let name = match service {
            Service::Api => "serve.log",
            Service::Worker => "work.log",
            Service::Redis | Service::Postgres => unreachable!("their keeper logs elsewhere"),
        };
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(token);
        Answer::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(token).json(&body);
        Answer::read(request.send().await.unwrap()).await
    }

    /// The status of an address whose answer is no JSON.
    pub(crate) async fn page_with(&self, path: &str, token: &str) -> u16 {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(token);
        request.send().await.unwrap().status().as_u16()
    }

    /// Replaces a person's photo by a PNG.
    pub(crate) async fn put_photo(&self, staff: &str, image: Vec<u8>) -> Answer {
        let request = self.http.put(format!("{}/v1/staff/{staff}/photo", self.url));
        let request = request.bearer_auth(&self.token).header("content-type", "image/png");
        Answer::read(request.header("if-match", "*").body(image).send().await.unwrap()).await
    }

    /// Status and body of a page, asked for under another host's name if one is given.
    pub(crate) async fn page(&self, path: &str, host: Option<&str>) -> (u16, String) {
        let mut request = self.http.get(format!("{}{path}", self.url));
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The same; none while the API does not answer.
    pub(crate) async fn try_page(&self, path: &str) -> Option<(u16, String)> {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// Runs lines of a shell as a reader of a page does: in a folder of their own that has what `up`
    /// leaves there, with `nearhand` in the path. Any line that fails ends it, and so does any
    /// request that is refused.
    pub(crate) async fn paste(&self, lines: &str) -> std::process::Output {
        let folder = self.folder.path().join("reader");
        fs::create_dir_all(folder.join(".nearhand")).unwrap();
        let token = folder.join(".nearhand/bootstrap-token");
        fs::write(token, super::site::BOOTSTRAP).unwrap();
        let demo = format!(
            "export NEARHAND_URL='{}' NEARHAND_ORGANIZATION='harbour-investigations'\n\
             export NEARHAND_ADMIN_LOGIN='ada@harbour.example' NEARHAND_ADMIN_PASSWORD='{}'\n",
            self.url,
            super::site::PASSWORD
        );
        fs::write(folder.join(".nearhand/demo.env"), demo).unwrap();
        let bin = program().parent().unwrap().to_owned();
        let head = format!(
            "set -eo pipefail\nPATH={}:$PATH\ncurl() {{ command curl --fail-with-body \"$@\"; }}\n",
            bin.display()
        );
        let mut command = Command::new("bash");
        command.arg("-c").arg(head + lines).current_dir(folder).kill_on_drop(true);
        command.env("NEARHAND_URL", &self.url).env("NEARHAND_OUTBOX_DIR", self.outbox());
        tokio::time::timeout(PASTE_DEADLINE, command.output()).await.expect("it ends").unwrap()
    }

    /// Starts the API or the worker; Redis and PostgreSQL are started again by their keeper.
    pub(crate) fn spawn(&mut self, service: Service) {
        let start = |subcommand: &str, operators: &str| {
            let mut command = Command::new(program());
            let address = |url: &str| url.trim_start_matches("http://").to_owned();
            command.arg(subcommand).envs(&self.environment);
            command.env("NEARHAND_LISTEN", address(&self.url));
            command.env("NEARHAND_METRICS_LISTEN", address(operators));
            command.env("NEARHAND_BOOTSTRAP_TOKEN", super::site::BOOTSTRAP);
            command.env("NEARHAND_OUTBOX_DIR", self.outbox());
            command.envs(&self.besides);
            let path = self.folder.path().join(format!("{subcommand}.log"));
            let file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
            command.env("NEARHAND_LOG", self.log).stdout(file.try_clone().unwrap()).stderr(file);
            Some(command.kill_on_drop(true).spawn().unwrap())
        };
        match service {
            Service::Api => self.api = start("serve", &self.operators),
            Service::Worker => self.worker = start("work", "127.0.0.1:0"),
            Service::Redis | Service::Postgres => unreachable!("their keeper does that"),
        }
    }

    /// Runs a subcommand to its end.
    pub(crate) async fn run(&self, subcommand: &str, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(program());
        command.arg(subcommand).args(arguments).envs(&self.environment);
        command.env("NEARHAND_METRICS_LISTEN", "127.0.0.1:0").kill_on_drop(true);
        command.env("NEARHAND_OUTBOX_DIR", self.outbox());
        tokio::time::timeout(DEADLINE, command.output()).await.expect("it ends").unwrap()
    }

    /// `kill -9`.
    pub(crate) fn kill(&self, service: Service) {
        kill(self.pid(service), Signal::SIGKILL).unwrap();
    }

    /// Kills PostgreSQL and keeps it away, or lets its keeper start it again.
    pub(crate) fn keep_postgres_away(&self, away: bool) {
        let keeper = Pid::from_raw(self.keeper.id().unwrap().try_into().unwrap());
        if away {
            kill(keeper, Signal::SIGSTOP).unwrap();
            self.kill(Service::Postgres);
        } else {
            kill(keeper, Signal::SIGCONT).unwrap();
        }
    }

    /// Stops Redis, or lets it go on.
    pub(crate) fn freeze_redis(&self, frozen: bool) {
        let signal = if frozen { Signal::SIGSTOP } else { Signal::SIGCONT };
        kill(self.pid(Service::Redis), signal).unwrap();
    }

    /// Stops PostgreSQL, with every process it has, or lets it go on.
    pub(crate) fn freeze_postgres(&mut self, frozen: bool) {
        self.frozen = frozen;
        let signal = if frozen { Signal::SIGSTOP } else { Signal::SIGCONT };
        let postmaster = self.pid(Service::Postgres);
        // First itself, so that it starts nothing new.
        kill(postmaster, signal).unwrap();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // Number, name in brackets, state, parent.
            let parent = stat.rsplit(')').next().and_then(|rest| rest.split(' ').nth(2));
            if parent.is_some_and(|parent| parent == postmaster.to_string()) {
                let child = entry.file_name().to_string_lossy().parse().unwrap();
                // It may be gone already.
                let _ = kill(Pid::from_raw(child), signal);
            }
        }
    }

    fn pid(&self, service: Service) -> Pid {
        let child = |child: &Option<Child>| child.as_ref().and_then(Child::id).unwrap();
        let file = |name: &str| {
            let text =
                fs::read_to_string(self.folder.path().join("data/servers").join(name)).unwrap();
            text.lines().next().unwrap().trim().parse().unwrap()
        };
        let pid: u32 = match service {
            Service::Api => child(&self.api),
            Service::Worker => child(&self.worker),
            Service::Redis => file("redis/redis.pid"),
            Service::Postgres => file("postgres/postmaster.pid"),
        };
        Pid::from_raw(i32::try_from(pid).unwrap())
    }

    /// People who are tracked, each with a phone: id and token.
    pub(crate) async fn phones(&self, count: usize) -> Vec<(String, String)> {
        let mut phones = Vec::new();
        for i in 0..count {
            let body = json!({ "display_name": format!("Person {i}") });
            let staff = self.post("/v1/staff", &self.token, body).await.expect(201);
            let path = format!("/v1/staff/{}", staff.str("/id"));
            let request = self.http.put(format!("{}{path}/tracking", self.url));
            let request = request.bearer_auth(&self.token).header("if-match", "*");
            let request = request.json(&json!({ "legal_basis": "consent" }));
            Answer::read(request.send().await.unwrap()).await.expect(200);
            let body = json!({ "name": "phone" });
            let phone = self.post(&format!("{path}/devices"), &self.token, body).await.expect(201);
            phones.push((staff.str("/id").to_owned(), phone.str("/token").to_owned()));
        }
        phones
    }

    /// Where the worker keeps its mails.
    pub(crate) fn outbox(&self) -> PathBuf {
        self.folder.path().join("outbox")
    }

    /// A connection that no policy binds.
    pub(crate) async fn look(&self) -> PgConnection {
        let options: sqlx::postgres::PgConnectOptions =
            self.environment["NEARHAND_TEST_DATABASE_URL"].parse().unwrap();
        PgConnection::connect_with(&options.database("nearhand")).await.unwrap()
    }

    /// Connections as the application.
    pub(crate) async fn app(&self) -> AppPool {
        let options = self.environment["NEARHAND_APP_DATABASE_URL"].parse().unwrap();
        let limits = PoolLimits { max_connections: 2, acquire_timeout: Duration::from_secs(5) };
        AppPool::connect(options, limits).await.unwrap()
    }

    /// A number from the database; none while it does not answer.
    pub(crate) async fn count(&self, sql: &'static str) -> Option<i64> {
        let url = reqwest::Url::parse(&self.environment["NEARHAND_TEST_DATABASE_URL"]).unwrap();
        let options: sqlx::postgres::PgConnectOptions = url.as_str().parse().unwrap();
        let mut db = PgConnection::connect_with(&options.database("nearhand")).await.ok()?;
        sqlx::query_scalar(sql).fetch_one(&mut db).await.ok()
    }

    /// The time of everybody's live fix; none while the API does not answer.
    pub(crate) async fn positions(&self) -> Option<HashMap<String, String>> {
        let request = self.http.get(format!("{}/v1/positions?bbox=-10,38,-9,39", self.url));
        let answer = request.bearer_auth(&self.token).send().await.ok()?;
        let body: Value = answer.json().await.ok()?;
        let text = |item: &Value, name: &str| item[name].as_str().unwrap_or("").to_owned();
        let items = body["items"].as_array()?;
        Some(items.iter().map(|i| (text(i, "staff_id"), text(i, "fix_at"))).collect())
    }
}

impl Drop for Stack {
    /// The keeper is asked, not killed, so that it stops its servers; a frozen one would not.
    fn drop(&mut self) {
        if self.frozen {
            self.freeze_postgres(false);
        }
        if let Some(pid) = self.keeper.id().and_then(|pid| i32::try_from(pid).ok()) {
            // It may be gone already.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
            // A stopped one reads it only when it goes on.
            let _ = kill(Pid::from_raw(pid), Signal::SIGCONT);
        }
    }
}

/// Reads `export NAME='value'` until the last of them, which has this name.
async fn read_exports(keeper: &mut Child, last: &str) -> HashMap<String, String> {
    let mut lines = BufReader::new(keeper.stdout.take().unwrap()).lines();
    let mut exports = HashMap::new();
    while !exports.contains_key(last) {
        let line = tokio::time::timeout(DEADLINE, lines.next_line()).await.expect("servers start");
        let line = line.unwrap().expect("servers start");
        let (name, value) = line.trim_start_matches("export ").split_once('=').unwrap();
        exports.insert(name.to_owned(), value.trim_matches('\'').to_owned());
    }
    exports
}
