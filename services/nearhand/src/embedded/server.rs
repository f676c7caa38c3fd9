//! One private server's process: started, waited for, stopped.
//!
//! A guard process shares its fate with us: if this process is killed outright, the guard sees its
//! standard input end and asks the server to stop. When to start again is `supervise`'s business.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::error::Error;
use super::processes::{self, Escalation, ProcessIdentity};
use super::program::Answer;
use super::user::RunAs;
use super::{postgres, redis};

/// Recovery after a crash may read gigabytes of log; a dead server is noticed at once anyway.
const START_DEADLINE: Duration = Duration::from_secs(600);
/// How long checking data may take; it is read once.
const MEND_DEADLINE: Duration = Duration::from_mins(2);
/// Logs beyond this are set aside at the next start.
const LOG_LIMIT: u64 = 16 * 1024 * 1024;

/// Which server.
#[derive(Debug)]
pub(crate) enum Setup {
    /// PostgreSQL.
    Postgres(postgres::Setup),
    /// Redis.
    Redis(redis::Setup),
}

impl Setup {
    fn name(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "PostgreSQL",
            Self::Redis(_) => "Redis",
        }
    }

    fn identity(&self) -> ProcessIdentity {
        match self {
            Self::Postgres(_) => processes::POSTGRES,
            Self::Redis(_) => processes::REDIS,
        }
    }

    fn data(&self) -> &Path {
        match self {
            Self::Postgres(setup) => &setup.data,
            Self::Redis(setup) => &setup.data,
        }
    }

    fn escalation(&self) -> Escalation {
        match self {
            Self::Postgres(_) => postgres::STOP,
            Self::Redis(_) => redis::STOP,
        }
    }

    fn stop_signal(&self) -> Signal {
        self.escalation().first().map_or(Signal::SIGTERM, |(signal, _)| *signal)
    }

    fn port(&self) -> u16 {
        match self {
            Self::Postgres(setup) => setup.port,
            Self::Redis(setup) => setup.port,
        }
    }

    fn command(&self) -> (Command, Option<String>) {
        match self {
            Self::Postgres(setup) => (setup.command(), None),
            Self::Redis(setup) => (setup.command(), Some(setup.settings())),
        }
    }

    fn mending(&self) -> Option<Command> {
        match self {
            Self::Postgres(_) => None,
            Self::Redis(setup) => setup.mending(),
        }
    }

    async fn answers(&self) -> Answer {
        let answer = match self {
            Self::Postgres(setup) => timeout(Duration::from_secs(5), setup.answers()).await,
            Self::Redis(setup) => timeout(Duration::from_secs(5), setup.answers()).await,
        };
        answer.unwrap_or_else(|_| Answer::NotYet("no answer within 5 s".to_owned()))
    }
}

/// A server and its process, if it runs.
#[derive(Debug)]
pub(crate) struct Server {
    setup: Setup,
    run_as: RunAs,
    log: PathBuf,
    child: Option<Child>,
    guard: Option<Child>,
}

impl Server {
    /// A server that does not run yet.
    pub(super) fn new(setup: Setup, run_as: RunAs, log: PathBuf) -> Self {
        Self { setup, run_as, log, child: None, guard: None }
    }

    /// Its name, for people.
    pub(super) fn name(&self) -> &'static str {
        self.setup.name()
    }

    /// Its log file.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// Its port on 127.0.0.1.
    pub(super) fn port(&self) -> u16 {
        self.setup.port()
    }

    /// What it is started with.
    pub(super) fn setup_mut(&mut self) -> &mut Setup {
        &mut self.setup
    }

    /// Stops what a killed Nearhand left running in this server's folder.
    ///
    /// # Errors
    /// [`Error::System`] if it does not go.
    pub(super) async fn clear_leftovers(&self) -> Result<usize, Error> {
        let (identity, stop) = (self.setup.identity(), self.setup.escalation());
        let (count, gone) = processes::clear(self.setup.data(), identity, stop).await;
        if gone {
            if let Setup::Postgres(setup) = &self.setup {
                setup.drop_stale_pid_file()?;
            }
            return Ok(count);
        }
        Err(Error::System(format!(
            "an earlier {} still works in {} and does not stop; end it by hand (ps -ef | grep {})",
            self.name(),
            self.setup.data().display(),
            self.name().to_lowercase(),
        )))
    }

    /// Starts it and waits until it answers. If this is dropped half-way, [`Self::stop`] still
    /// finds the process.
    ///
    /// # Errors
    /// If it stops before it answers (with the end of its log), or never answers.
    pub(super) async fn launch(&mut self) -> Result<(), Error> {
        self.clear_leftovers().await?;
        self.mend_data().await;
        let log_begin = self.spawn().await?;
        let begun = Instant::now();
        loop {
            if let Some(status) = self.has_ended() {
                return Err(Error::Exited {
                    server: self.name(),
                    status: status.to_string(),
                    log: self.log.clone(),
                    tail: tail(&self.log, log_begin),
                });
            }
            let failure = match self.setup.answers().await {
                Answer::Yes => return Ok(()),
                Answer::NotYet(why) if begun.elapsed() < START_DEADLINE => {
                    tracing::trace!(server = self.name(), why, "not ready yet");
                    sleep(Duration::from_millis(30)).await;
                    continue;
                }
                Answer::NotYet(last) => Error::Silent {
                    server: self.name(),
                    waited: begun.elapsed(),
                    last,
                    log: self.log.clone(),
                },
                Answer::Never(why) => {
                    Error::Refused { server: self.name(), why, log: self.log.clone() }
                }
            };
            self.stop().await;
            return Err(failure);
        }
    }

    /// Mends what a crash has left unfinished, where the server does not do it well itself. If that
    /// fails, the server says at its start what is wrong.
    async fn mend_data(&self) {
        let Some(mut command) = self.setup.mending() else { return };
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        self.run_as.apply(&mut command);
        let mending = async {
            let mut child = command.kill_on_drop(true).spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                // It may have ended without a question.
                let _ = stdin.write_all(b"y\n").await;
            }
            child.wait().await
        };
        match timeout(MEND_DEADLINE, mending).await {
            Ok(Ok(status)) if status.success() => {}
            Ok(Ok(status)) => {
                tracing::warn!(server = self.name(), %status, "its data could not be checked");
            }
            Ok(Err(error)) => {
                tracing::warn!(server = self.name(), %error, "its data could not be checked");
            }
            Err(_) => tracing::warn!(server = self.name(), "checking its data took too long"),
        }
    }

    /// Waits until the process ends by itself. Pends for ever if there is none.
    pub(super) async fn ended(&mut self) -> String {
        let Some(child) = &mut self.child else { return std::future::pending().await };
        let status = child.wait().await;
        self.forget().await;
        status.map_or_else(|error| error.to_string(), |status| status.to_string())
    }

    /// Asks it to stop, harder with time, and waits until it is gone.
    pub(super) async fn stop(&mut self) {
        if let Some(child) = &mut self.child {
            for (signal, patience) in self.setup.escalation() {
                let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) else { break };
                processes::send(pid, *signal);
                if timeout(*patience, child.wait()).await.is_ok() {
                    break;
                }
                tracing::warn!(
                    server = self.setup.name(),
                    signal = signal.as_str(),
                    waited_s = patience.as_secs(),
                    "the server does not stop; trying harder"
                );
            }
        }
        self.forget().await;
    }

    fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut().and_then(|child| child.try_wait().ok().flatten())
    }

    /// Starts the process and its guard. Returns where its part of the log begins.
    async fn spawn(&mut self) -> Result<u64, Error> {
        self.forget().await;
        set_aside(&self.log);
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.log)
            .map_err(Error::file("open", &self.log))?;
        let log_begin = log.metadata().map_or(0, |meta| meta.len());
        let again = log.try_clone().map_err(Error::file("open", &self.log))?;
        let (mut command, input) = self.setup.command();
        let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
        // An own process group: Ctrl-C at the terminal is for us, who stop the servers in order.
        command.stdin(stdin).stdout(log).stderr(again).process_group(0);
        self.run_as.apply(&mut command);
        let program = PathBuf::from(command.as_std().get_program());
        let mut child = command.spawn().map_err(Error::file("run", &program))?;
        let stdin = child.stdin.take();
        let pid = child.id();
        self.child = Some(child);
        if let Some(pid) = pid {
            self.guard = Some(processes::guard(&pid.to_string(), self.setup.stop_signal())?);
        }
        if let (Some(mut stdin), Some(input)) = (stdin, input) {
            // If it has ended already, the loop in `launch` tells why.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        Ok(log_begin)
    }

    /// Lets go of an ended process. The guard first: it must not signal a number given away since.
    async fn forget(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            let _ = guard.kill().await;
        }
        self.child = None;
    }
}

/// Renames a log that has grown large; one older log is kept.
fn set_aside(log: &Path) {
    if fs::metadata(log).is_ok_and(|meta| meta.len() > LOG_LIMIT) {
        let _ = fs::rename(log, log.with_extension("log.old"));
    }
}

/// The last lines of the log after `begin`.
fn tail(log: &Path, begin: u64) -> String {
    let read = || {
        let mut file = fs::File::open(log)?;
        file.seek(SeekFrom::Start(begin))?;
        let mut bytes = Vec::new();
        file.take(LOG_LIMIT).read_to_end(&mut bytes)?;
        std::io::Result::Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(12)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::binaries;
    use secrecy::SecretString;

    #[test]
    fn the_tail_shows_this_start_only() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("x.log");
        let many: String = (0..40).map(|n| format!("line {n}\n")).collect();
        fs::write(&log, format!("old\n{many}")).unwrap();
        let shown = tail(&log, 4);
        assert_eq!(shown.lines().count(), 12);
        assert!(shown.ends_with("line 39") && !shown.contains("old"));
        assert_eq!(tail(&log, 10_000), "");
        assert_eq!(tail(Path::new("/nonexistent"), 0), "");
    }

    const MANIFEST: &str = "file appendonly.aof.1.incr.aof seq 1 type i\n";
    const WHOLE: &[u8] = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
    const TORN: &[u8] = b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n*3\r\n$3";

    #[tokio::test]
    async fn half_a_transaction_is_cut_off_whole() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("appendonlydir");
        let file = kept.join("appendonly.aof.1.incr.aof");
        let setup = redis::Setup {
            redis: binaries::redis().unwrap(),
            data: folder.path().to_path_buf(),
            port: 0,
            password: SecretString::from("hush"),
        };
        let log = folder.path().join("log");
        let run_as = RunAs::choose(folder.path()).unwrap();
        run_as.own(folder.path()).unwrap();
        let server = Server::new(Setup::Redis(setup), run_as.clone(), log);
        server.mend_data().await;
        assert!(!kept.exists(), "before the first start there is nothing to mend");
        fs::create_dir(&kept).unwrap();
        run_as.own(&kept).unwrap();
        fs::write(kept.join("appendonly.aof.manifest"), MANIFEST).unwrap();
        for content in [[WHOLE, TORN].concat(), WHOLE.to_vec()] {
            fs::write(&file, content).unwrap();
            run_as.own(&file).unwrap();
            server.mend_data().await;
            assert_eq!(fs::read(&file).unwrap(), WHOLE);
        }
    }
}
