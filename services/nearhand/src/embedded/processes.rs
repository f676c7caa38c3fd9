//! Finds and signals processes of the private servers that a killed Nearhand left behind.
//!
//! Only processes that work inside our own folder and bear a server's name are touched.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::error::Error;

/// Names of PostgreSQL's processes, and the file that holds the first one's number.
pub(crate) const POSTGRES: ProcessIdentity = (&["postgres", "postmaster"], "postmaster.pid");
/// The same of Redis.
pub(crate) const REDIS: ProcessIdentity = (&["redis-server", "valkey-server"], "redis.pid");

/// `initdb`, which writes no such file.
pub(crate) const INITDB: ProcessIdentity = (&["initdb"], "initdb.pid");

/// By what a server's processes are known: their names, and the file with their number.
pub(crate) type ProcessIdentity = (&'static [&'static str], &'static str);

/// How a server is asked to stop: each signal, and how long it is given.
pub(crate) type Escalation = &'static [(Signal, Duration)];

/// A process of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ServerProcess {
    pid: i32,
    parent: i32,
}

/// Stops every server process that works in `folder`, and waits until they are gone. Returns how
/// many there were and whether all are gone.
pub(crate) async fn clear(
    folder: &Path,
    identity: ProcessIdentity,
    escalation: Escalation,
) -> (usize, bool) {
    let first = working_in(folder, identity);
    for (signal, patience) in escalation {
        let found = working_in(folder, identity);
        if found.is_empty() {
            break;
        }
        for pid in roots(&found) {
            send(pid, *signal);
        }
        let deadline = Instant::now() + *patience;
        while Instant::now() < deadline && !working_in(folder, identity).is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    }
    (first.len(), first.is_empty() || working_in(folder, identity).is_empty())
}

/// Whether any server process works in `folder`, as far as the system can tell.
pub(crate) fn any_in(folder: &Path) -> bool {
    [POSTGRES, REDIS].into_iter().any(|identity| !working_in(folder, identity).is_empty())
}

/// Sends a signal; a process that is gone already is no error.
pub(crate) fn send(pid: i32, signal: Signal) {
    if pid > 1 {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

/// Starts a shell that waits for the end of its input, which is the end of this process however it
/// comes, and then sends the signal. The target is a process, or a group with a minus before it.
///
/// # Errors
/// [`Error::File`] if there is no shell.
pub(crate) fn guard(target: &str, signal: Signal) -> Result<Child, Error> {
    let shell = Path::new("/bin/sh");
    Command::new(shell)
        .args(["-c", "read -r _; kill -s \"$0\" -- \"$1\""])
        .args([signal.as_str().trim_start_matches("SIG"), target])
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(Error::file("run", shell))
}

/// Whether running processes can be listed with the folder they work in.
pub(crate) fn can_list() -> bool {
    Path::new("/proc/self/cwd").exists()
}

/// The processes to signal: those whose parent is not among them. They stop their children in order.
fn roots(found: &[ServerProcess]) -> Vec<i32> {
    let is_child = |process: &ServerProcess| found.iter().any(|other| other.pid == process.parent);
    found.iter().filter(|process| !is_child(process)).map(|process| process.pid).collect()
}

fn working_in(folder: &Path, (names, pid_file): ProcessIdentity) -> Vec<ServerProcess> {
    if !can_list() {
        return from_pid_file(&folder.join(pid_file), names);
    }
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let path = entry.path();
            let status = fs::read_to_string(path.join("stat")).ok()?;
            let (name, state, parent) = parse_stat(&status)?;
            let here = fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd == folder);
            (here && state != 'Z' && names.contains(&name)).then_some(ServerProcess { pid, parent })
        })
        .collect()
}

/// Reads name, state and parent from `/proc/<pid>/stat`: `123 (redis-server) S 1 …`.
fn parse_stat(text: &str) -> Option<(&str, char, i32)> {
    let (_, rest) = text.split_once('(')?;
    let (name, rest) = rest.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((name, state, fields.next()?.parse().ok()?))
}

/// Where there is no `/proc`: the process the server wrote down, if it bears the right name.
fn from_pid_file(path: &Path, names: &[&str]) -> Vec<ServerProcess> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let Some(pid) = text.lines().next().and_then(|line| line.trim().parse().ok()) else {
        return Vec::new();
    };
    let output =
        std::process::Command::new("ps").args(["-o", "comm=", "-p", &format!("{pid}")]).output();
    let command = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let command = command.unwrap_or_default();
    let name = Path::new(command.trim()).file_name().unwrap_or_default();
    if names.iter().any(|known| name == *known) {
        vec![ServerProcess { pid, parent: 1 }]
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[test]
    fn stat_is_read_with_odd_names() {
        assert_eq!(parse_stat("12 (redis-server) S 1 12 12"), Some(("redis-server", 'S', 1)));
        assert_eq!(parse_stat("12 (a) b (c) Z 7 12"), Some(("a) b (c", 'Z', 7)));
        assert_eq!(parse_stat("nothing"), None);
    }

    #[test]
    fn only_root_processes_are_signalled() {
        let found = [(10, 1), (11, 10), (12, 10), (20, 1)];
        let found = found.map(|(pid, parent)| ServerProcess { pid, parent });
        assert_eq!(roots(&found), vec![10, 20]);
    }

    #[tokio::test]
    async fn only_processes_of_that_name_and_place_are_stopped() {
        const GENTLE: Escalation = &[(Signal::SIGTERM, Duration::from_secs(5))];
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().canonicalize().unwrap();
        let start = |place: &Path| {
            let mut command = tokio::process::Command::new("sleep");
            command.arg("60").current_dir(place).kill_on_drop(true).spawn().unwrap()
        };
        let (mut ours, mut elsewhere) = (start(&place), start(Path::new("/")));
        assert_eq!(clear(&place, POSTGRES, GENTLE).await, (0, true));
        assert!(ours.try_wait().unwrap().is_none());
        let (cleared, status) =
            tokio::join!(clear(&place, (&["sleep"], "none"), GENTLE), ours.wait());
        assert_eq!(cleared, (1, true));
        assert!(!status.unwrap().success());
        assert!(elsewhere.try_wait().unwrap().is_none());
    }

    #[tokio::test]
    async fn the_guard_acts_when_its_input_ends() {
        for group in ["", "-"] {
            let mut command = Command::new("sleep");
            command.arg("60").process_group(0).kill_on_drop(true);
            let mut server = command.spawn().unwrap();
            let target = format!("{group}{}", server.id().unwrap());
            let mut guard = guard(&target, Signal::SIGTERM).unwrap();
            drop(guard.stdin.take());
            let status = timeout(Duration::from_secs(10), server.wait()).await.unwrap().unwrap();
            assert!(!status.success());
            guard.wait().await.unwrap();
        }
    }
}
