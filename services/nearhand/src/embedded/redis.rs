//! The private Redis: how it is started, asked and stopped.
//!
//! Knows nothing of streams and keys.

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;
use secrecy::{ExposeSecret, SecretString};
use tokio::process::Command;

use super::binaries::{self, Redis};
use super::data_dir::DataDir;
use super::error::Error;
use super::processes::Escalation;
use super::program::{Answer, clean_command};

/// Orderly, then by force; what was acknowledged is on the disk either way.
pub(crate) const STOP: Escalation =
    &[(Signal::SIGTERM, Duration::from_secs(30)), (Signal::SIGKILL, Duration::from_secs(10))];

/// From which size the append-only file is rewritten; `docker-compose.yml` has the same.
///
/// Entries that are done with stay in the file until then, and a start reads all of it: 0.6 s for
/// 16 MB when every ping is an entry of its own. At 5,000 pings a second a rewrite comes every 10 s.
/// The slowest acknowledgement during one was 33 to 69 ms on a busy machine, where others were as
/// slow; at 8 MB it was up to 281 ms, at 32 MB up to 97 ms.
const REWRITE_AT: &str = "16mb";

/// What is needed to run it.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(super) redis: Redis,
    pub(super) data: PathBuf,
    pub(super) port: u16,
    pub(super) password: SecretString,
}

impl Setup {
    /// Finds the program, and makes the folder.
    ///
    /// # Errors
    /// [`Error::NoRedis`], or a folder that cannot be made.
    pub(super) fn find(data_dir: &DataDir, password: SecretString) -> Result<Self, Error> {
        let data = data_dir.servers().join("redis");
        let redis = binaries::redis()?;
        if !data.exists() {
            data_dir.make_private(&data)?;
        }
        Ok(Self { redis, data, port: 0, password })
    }

    /// The server's command line; the settings follow on its standard input.
    pub(super) fn command(&self) -> Command {
        let mut command = clean_command(&self.redis.program);
        command.arg("-").current_dir(&self.data);
        command
    }

    /// The command that takes an unfinished end off the append-only file; none before the first start.
    /// "y" on its standard input is consent.
    ///
    /// After a crash in the middle of a transaction, Redis 7.0 cuts the file behind its `MULTI`. What
    /// is written from then on belongs to that transaction, and the next start throws it away. The
    /// checker cuts before `MULTI`.
    pub(super) fn mending(&self) -> Option<Command> {
        let manifest = "appendonlydir/appendonly.aof.manifest";
        if !self.data.join(manifest).is_file() {
            return None;
        }
        let mut command = clean_command(&self.checker()?);
        command.args(["--fix", manifest]).current_dir(&self.data);
        Some(command)
    }

    /// `redis-check-aof`, beside `redis-server`.
    fn checker(&self) -> Option<PathBuf> {
        let name = self.redis.program.file_name()?.to_str()?.replace("-server", "-check-aof");
        let program = self.redis.program.with_file_name(name);
        program.is_file().then_some(program)
    }

    /// The settings, handed over by standard input: the password is in no file and no process list.
    pub(super) fn settings(&self) -> String {
        let port = self.port;
        let password = self.password.expose_secret();
        format!(
            "bind 127.0.0.1\nport {port}\nprotected-mode yes\nrequirepass {password}\n\
             daemonize no\nsupervised no\npidfile redis.pid\nlogfile \"\"\nloglevel notice\n\
             dir ./\nappendonly yes\nappendfsync always\nsave \"\"\n\
             auto-aof-rewrite-min-size {REWRITE_AT}\nmaxmemory-policy noeviction\n"
        )
    }

    /// Whether it answers and has read its data.
    pub(super) async fn answers(&self) -> Answer {
        let ping = async {
            let client = redis::Client::open(url(&self.password, self.port).expose_secret())?;
            let mut connection = client.get_multiplexed_async_connection().await?;
            redis::cmd("PING").query_async::<String>(&mut connection).await
        };
        match ping.await {
            Ok(_) => Answer::Yes,
            Err(error) => Answer::NotYet(error.to_string()),
        }
    }
}

/// Where it is reached, with the password.
pub(super) fn url(password: &SecretString, port: u16) -> SecretString {
    format!("redis://default:{}@127.0.0.1:{port}/0", password.expose_secret()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledged_means_on_disk() {
        let setup = Setup {
            redis: Redis { program: "/redis-server".into(), major: 7, version: "7.0".to_owned() },
            data: "/data".into(),
            port: 20_002,
            password: SecretString::from("hush"),
        };
        let settings = setup.settings();
        for line in ["appendonly yes", "appendfsync always", "maxmemory-policy noeviction"] {
            assert!(settings.lines().any(|known| known == line), "{line}");
        }
        assert!(settings.contains(&format!("\nauto-aof-rewrite-min-size {REWRITE_AT}\n")));
        assert!(settings.contains("bind 127.0.0.1\nport 20002\n"));
        assert!(settings.contains("requirepass hush\n"));
        assert!(!format!("{:?} {setup:?}", setup.command()).contains("hush"));
    }

    #[test]
    fn containers_rewrite_at_the_same_size() {
        let compose = include_str!("../../../../docker-compose.yml");
        let setting = format!("- --auto-aof-rewrite-min-size\n      - {REWRITE_AT}\n");
        assert!(compose.contains(&setting));
    }
}
