//! What `nearhand doctor` looks at: what this machine has, and whether given servers will do.
//!
//! Only looks: it makes no folder, starts no server and writes to none, but for a small file in the
//! object store, where only writing tells whether photos can be kept. Each finding that is not well
//! says how to mend it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nearhand_domain::zone::{self, Origin, Rules};
use secrecy::SecretString;
use serde::Serialize;
use tokio::time::timeout;

use crate::embedded::{self, Place, binaries};
use crate::objects::ObjectsSettings;

mod database;
mod memory;
mod objects;
mod redis;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Below this the servers will soon stop for lack of disk.
const DISK_NEEDED: u64 = 1 << 30;
/// PostgreSQL's log may take 4 GB, and the data come on top.
const DISK_WANTED: u64 = 6 << 30;

/// What to look at.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// The data directory of the private servers.
    pub(crate) data_dir: PathBuf,
    /// PostgreSQL, if it is not to be private.
    pub(crate) database_url: Option<SecretString>,
    /// Redis, if it is not to be private.
    pub(crate) redis_url: Option<SecretString>,
    /// Where photos are to be kept.
    pub(crate) objects: ObjectsSettings,
    /// Where the API will listen.
    pub(crate) listen: String,
    /// Redis may hold pings less safely.
    pub(crate) accept_weaker_durability: bool,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// As it should be.
    Ok,
    /// Nearhand runs well, and could run better.
    Hint,
    /// Nearhand runs, and somebody should know.
    Warning,
    /// Nearhand will not run, or not safely.
    Failure,
}

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// What was looked at.
    pub(crate) name: &'static str,
    /// How it is.
    pub(crate) status: Status,
    /// What was found.
    pub(crate) found: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mend: Option<String>,
}

impl Finding {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, found: found.into(), mend: None }
    }

    fn hint(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, status: Status::Hint, found: found.into(), mend: Some(mend.into()) }
    }

    fn warning(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, status: Status::Warning, found: found.into(), mend: Some(mend.into()) }
    }

    fn failure(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, status: Status::Failure, found: found.into(), mend: Some(mend.into()) }
    }

    /// From an error whose message says on its first line what is wrong, and then what to do.
    fn from_error(name: &'static str, error: &embedded::Error) -> Self {
        let text = error.to_string();
        match text.split_once('\n') {
            Some((found, mend)) => Self::failure(name, found, mend),
            None => Self { name, status: Status::Failure, found: text, mend: None },
        }
    }
}

/// Looks at everything the subject needs: programs and folders for private servers, the servers
/// themselves where a URL is given.
pub(crate) async fn examine(subject: &Subject) -> Vec<Finding> {
    let mut findings = Vec::new();
    match &subject.database_url {
        Some(url) => match timeout(PATIENCE * 2, database::examine(url)).await {
            Ok(found) => findings.extend(found),
            Err(_) => findings.push(database::silent()),
        },
        None => findings.push(local_postgres(&subject.data_dir)),
    }
    match &subject.redis_url {
        Some(url) => {
            let weaker = subject.accept_weaker_durability;
            match timeout(PATIENCE * 2, redis::examine(url, weaker)).await {
                Ok(found) => findings.extend(found),
                Err(_) => findings.push(redis::silent()),
            }
        }
        None => findings.push(local_redis()),
    }
    if subject.database_url.is_none() || subject.redis_url.is_none() {
        findings.extend(local_folder(&subject.data_dir));
        findings.push(loopback());
    }
    findings.extend(objects::examine(&subject.objects).await);
    findings.push(listening(&subject.listen));
    findings.push(memory::huge_pages());
    findings.push(time_zones(zone::rules()));
    findings
}

fn local_postgres(data_dir: &Path) -> Finding {
    const NAME: &str = "PostgreSQL";
    let required = embedded::existing_major(data_dir);
    match binaries::postgres(required) {
        Ok(found) => Finding::ok(
            NAME,
            format!(
                "{} in {}, with {}",
                found.version,
                found.bin.display(),
                binaries::EXTENSIONS.join(", ")
            ),
        ),
        Err(error) => Finding::from_error(NAME, &error),
    }
}

fn local_redis() -> Finding {
    const NAME: &str = "Redis";
    match binaries::redis() {
        Ok(found) => Finding::ok(NAME, format!("{} as {}", found.version, found.program.display())),
        Err(error) => Finding::from_error(NAME, &error),
    }
}

fn local_folder(data_dir: &Path) -> Vec<Finding> {
    const NAME: &str = "data directory";
    let place = match embedded::look(data_dir) {
        Ok(place) => place,
        Err(error) => return vec![Finding::from_error(NAME, &error)],
    };
    let folder = match place {
        Place::New { parent } if is_writable(&parent) => {
            let text = format!("{} will be made", data_dir.display());
            return vec![Finding::ok(NAME, text), disk(&parent)];
        }
        Place::New { parent } => {
            let text = format!("{} cannot be made", data_dir.display());
            let mend = format!(
                "Make {} writable for this user, or give another folder with --data-dir (or NEARHAND_DATA_DIR).",
                parent.display()
            );
            return vec![Finding::failure(NAME, text, mend)];
        }
        Place::Existing { servers, used_by: Some(pid) } => {
            let text = format!("{} is in use by process {pid}", data_dir.display());
            return vec![Finding::ok(NAME, text), disk(&servers)];
        }
        Place::Existing { servers, used_by: None } => servers,
    };
    if !is_writable(data_dir) {
        let text = format!("{} cannot be written", data_dir.display());
        let mend = "Give this user the right to write it, or another --data-dir.";
        return vec![Finding::failure(NAME, text, mend)];
    }
    let text = format!("{}, servers in {}", data_dir.display(), folder.display());
    vec![Finding::ok(NAME, text), disk(&folder)]
}

fn is_writable(folder: &Path) -> bool {
    let wanted = nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK;
    nix::unistd::access(folder, wanted).is_ok()
}

fn disk(folder: &Path) -> Finding {
    const NAME: &str = "free disk";
    let Ok(stat) = nix::sys::statvfs::statvfs(folder) else {
        return Finding::warning(NAME, "could not be read", "Look by hand: df -h");
    };
    let free = stat.blocks_available().saturating_mul(stat.fragment_size());
    judge_disk(folder, free)
}

fn judge_disk(folder: &Path, free: u64) -> Finding {
    const NAME: &str = "free disk";
    let found = format!("{:.1} GiB at {}", gibibytes(free), folder.display());
    let mend = "Free some, or give a folder on another disk with --data-dir.";
    match free {
        0..DISK_NEEDED => Finding::failure(NAME, found, mend),
        DISK_NEEDED..DISK_WANTED => Finding::warning(NAME, found, mend),
        _ => Finding::ok(NAME, found),
    }
}

#[expect(clippy::cast_precision_loss, reason = "one decimal for people")]
fn gibibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

fn loopback() -> Finding {
    const NAME: &str = "loopback ports";
    match embedded::free_loopback_port(None) {
        Ok(_) => Finding::ok(NAME, "free ones for the servers"),
        Err(error) => Finding::failure(
            NAME,
            error.to_string(),
            "See that 127.0.0.1 is up (ip addr) and what holds the ports (ss -ltnp).",
        ),
    }
}

fn listening(address: &str) -> Finding {
    const NAME: &str = "API port";
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(NAME, format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Finding::warning(
            NAME,
            format!("{address} is in use"),
            "If Nearhand is not running already, give another address with --listen (or NEARHAND_LISTEN).",
        ),
        Err(error) => Finding::failure(
            NAME,
            format!("{address}: {error}"),
            "Give an address of this machine with --listen (or NEARHAND_LISTEN), such as 127.0.0.1:8080.",
        ),
    }
}

fn time_zones(rules: &Rules) -> Finding {
    let known = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".to_owned());
    let found = format!(
        "rules of {rules}; the system has {}, built in is {}",
        known(&rules.system),
        known(&rules.built_in)
    );
    if rules.origin == Origin::BuiltIn && rules.built_in.is_none() {
        let mend = "Install tzdata, so that the age of the rules is known.";
        return Finding::warning("time zones", found, mend);
    }
    Finding::ok("time zones", found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_zones_say_what_is_used_and_what_there_is() {
        let rules = |origin, system: Option<&str>, built_in: Option<&str>| Rules {
            origin,
            system: system.map(str::to_owned),
            built_in: built_in.map(str::to_owned),
        };
        let finding = time_zones(&rules(Origin::BuiltIn, Some("2025b"), Some("2026e")));
        assert_eq!(finding.status, Status::Ok);
        assert_eq!(
            finding.found,
            "rules of 2026e (built in); the system has 2025b, built in is 2026e"
        );
        let finding = time_zones(&rules(Origin::BuiltIn, None, None));
        assert_eq!(finding.status, Status::Warning);
    }

    #[test]
    fn little_disk_is_told() {
        let at = |free| judge_disk(Path::new("/"), free).status;
        assert_eq!(at(0), Status::Failure);
        assert_eq!(at(DISK_NEEDED), Status::Warning);
        assert_eq!(at(DISK_WANTED), Status::Ok);
    }

    #[test]
    fn a_taken_port_is_a_warning_and_an_alien_one_a_failure() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        assert_eq!(listening(&address).status, Status::Warning);
        drop(taken);
        assert_eq!(listening(&address).status, Status::Ok);
        assert_eq!(listening("203.0.113.7:80").status, Status::Failure);
        assert_eq!(listening("nonsense").status, Status::Failure);
    }

    #[test]
    fn looking_at_a_folder_changes_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("deep/data");
        let findings = local_folder(&path);
        assert_eq!(findings.first().map(|finding| finding.status), Some(Status::Ok));
        assert!(!parent.path().join("deep").exists());
        std::fs::write(parent.path().join("thesis.txt"), "precious").unwrap();
        let findings = local_folder(parent.path());
        let finding = findings.first().unwrap();
        assert_eq!(finding.status, Status::Failure);
        assert!(finding.found.contains("nothing in it was touched"));
        assert!(finding.mend.as_deref().unwrap().contains("--data-dir"));
    }
}
