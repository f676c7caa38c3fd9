//! The installation under test: two APIs, a worker, and the servers. Each can be killed, started again
//! and given a clock that is off. Knows nothing of load.

use crate::{figures::line, plan::Options, servers::Servers, settled::within};
use anyhow::Context;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::Client;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// For the setup of the empty installation.
pub(crate) const BOOTSTRAP: &str = "bootstrap-token-of-the-soak";
/// How many APIs there are.
pub(crate) const APIS: usize = 2;
/// Until a process serves, with a snapshot of everybody.
const READY: Duration = Duration::from_secs(180);

/// A process of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    /// One of the APIs, from 0.
    Api(usize),
    Worker,
}

/// All of it.
pub(crate) struct Stack {
    /// Base URLs of the APIs.
    pub(crate) urls: [String; APIS],
    operators: [String; APIS],
    http: Client,
    program: PathBuf,
    apis: [Option<Child>; APIS],
    worker: Option<Child>,
    /// `LD_PRELOAD` and what it reads, for processes that are started from now on.
    clock: Vec<(&'static str, String)>,
    pub(crate) servers: Servers,
    folder: TempDir,
}

impl Stack {
    /// Starts everything and waits until it serves.
    pub(crate) async fn start(options: &Options) -> anyhow::Result<Self> {
        let program = program(options)?;
        // The servers' own user has to reach it.
        let open = fs::Permissions::from_mode(0o755);
        let folder =
            tempfile::Builder::new().prefix("nearhand-soak-").permissions(open).tempdir()?;
        let servers = Servers::start(&program, folder.path()).await?;
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
        let urls = [free_address()?, free_address()?];
        let operators = [free_address()?, free_address()?];
        let mut stack = Self {
            urls,
            operators,
            http,
            program,
            apis: [None, None],
            worker: None,
            clock: Vec::new(),
            servers,
            folder,
        };
        stack.start_all().await?;
        Ok(stack)
    }

    /// Starts API and worker processes that do not run, and waits until they serve.
    pub(crate) async fn start_all(&mut self) -> anyhow::Result<()> {
        for process in Process::ALL {
            if self.pid(process).is_none() {
                self.spawn(process)?;
            }
        }
        self.ready().await
    }

    /// Waits until both APIs are ready.
    pub(crate) async fn ready(&self) -> anyhow::Result<()> {
        for operators in &self.operators {
            let url = format!("{operators}/readyz");
            within(READY, "an API is ready", async || {
                let answer = self.http.get(&url).send().await.ok()?;
                answer.status().is_success().then_some(())
            })
            .await?;
        }
        Ok(())
    }

    /// Starts one, on its address.
    pub(crate) fn spawn(&mut self, process: Process) -> anyhow::Result<()> {
        let (subcommand, listen, operators, log) = match process {
            Process::Api(n) => ("serve", Some(&self.urls[n]), self.operators[n].as_str(), "serve"),
            Process::Worker => ("work", None, "http://127.0.0.1:0", "work"),
        };
        let address = |url: &str| url.trim_start_matches("http://").to_owned();
        let path = self.folder.path().join(format!("{log}.log"));
        let log = fs::OpenOptions::new().create(true).append(true).open(path)?;
        let mut command = Command::new(&self.program);
        command
            .arg(subcommand)
            .envs(&self.servers.environment)
            .env("NEARHAND_METRICS_LISTEN", address(operators))
            .env("NEARHAND_BOOTSTRAP_TOKEN", BOOTSTRAP)
            .env("NEARHAND_OUTBOX_DIR", self.folder.path().join("outbox"))
            .env("NEARHAND_LOG", "warn")
            // As on a small machine: without optimisation a login to PostgreSQL takes long, and after
            // an outage all connections log in at once.
            .env("NEARHAND_APP_POOL", "8")
            .env("NEARHAND_JOBS_POOL", "2")
            .envs(self.clock.iter().map(|(name, value)| (*name, value.as_str())))
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        if let Some(listen) = listen {
            command.env("NEARHAND_LISTEN", address(listen));
        }
        let child = command.spawn().context("could not start a process of Nearhand")?;
        match process {
            Process::Api(n) => self.apis[n] = Some(child),
            Process::Worker => self.worker = Some(child),
        }
        Ok(())
    }

    /// `kill -9`, and waits until it is gone.
    pub(crate) async fn kill(&mut self, process: Process) -> anyhow::Result<()> {
        let child = match process {
            Process::Api(n) => self.apis[n].take(),
            Process::Worker => self.worker.take(),
        };
        if let Some(mut child) = child {
            child.kill().await?;
        }
        Ok(())
    }

    /// Stops a process, or lets it go on.
    pub(crate) fn freeze(&self, process: Process, frozen: bool) -> anyhow::Result<()> {
        let signal = if frozen { Signal::SIGSTOP } else { Signal::SIGCONT };
        let pid = self.pid(process).context("the process does not run")?;
        Ok(kill(pid, signal)?)
    }

    /// Kills all of them and starts them with this clock; with the right one when it is empty.
    pub(crate) async fn restart_with_clock(
        &mut self,
        clock: Vec<(&'static str, String)>,
    ) -> anyhow::Result<()> {
        for process in Process::ALL {
            self.kill(process).await?;
        }
        self.clock = clock;
        self.start_all().await
    }

    /// Runs a subcommand to its end; its standard output.
    pub(crate) async fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(&self.program);
        command.args(arguments).envs(&self.servers.environment).kill_on_drop(true);
        let output = tokio::time::timeout(Duration::from_secs(60), command.output()).await??;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        anyhow::ensure!(output.status.success(), "`nearhand {}`: {said}", arguments.join(" "));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The process, if it runs.
    pub(crate) fn pid(&self, process: Process) -> Option<Pid> {
        let child = match process {
            Process::Api(n) => self.apis[n].as_ref(),
            Process::Worker => self.worker.as_ref(),
        };
        child.and_then(Child::id).and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw)
    }

    /// Lines of the product's logs that tell of a panic.
    pub(crate) fn panics(&self) -> Vec<String> {
        let read = |name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        let logs = ["serve.log", "work.log"].map(read).concat();
        logs.lines().filter(|line| line.contains("panicked")).map(str::to_owned).collect()
    }

    /// Ends everything. The folder stays if it is worth a look.
    pub(crate) async fn stop(mut self, keep: bool) -> anyhow::Result<()> {
        for process in Process::ALL {
            self.kill(process).await?;
        }
        self.servers.stop().await;
        if keep {
            line(&format!("The data and the logs are in {}", self.folder.keep().display()));
        }
        Ok(())
    }
}

impl Process {
    pub(crate) const ALL: [Self; APIS + 1] = [Self::Worker, Self::Api(0), Self::Api(1)];
}

/// The program under test.
fn program(options: &Options) -> anyhow::Result<PathBuf> {
    if let Some(program) = &options.nearhand {
        return Ok(program.clone());
    }
    let own = std::env::current_exe()?;
    let program = own.parent().unwrap_or(Path::new("/")).join("nearhand");
    anyhow::ensure!(
        program.exists(),
        "there is no {}; build it first (`./dev soak` does)",
        program.display()
    );
    Ok(program)
}

fn free_address() -> anyhow::Result<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(format!("http://{}", listener.local_addr()?))
}
