//! The private PostgreSQL: how it is initialised, started, asked and stopped.
//!
//! Knows nothing of Nearhand's schema: roles, extensions and the database are made by the
//! migrations' bootstrap.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use secrecy::{ExposeSecret, SecretString};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use tokio::process::Command;

use super::binaries::{self, Postgres};
use super::data_dir::DataDir;
use super::error::Error;
use super::marker::write_private;
use super::processes::{self, Escalation};
use super::program::{Answer, clean_command};

/// The role `initdb` makes. Used for the bootstrap only.
pub(crate) const SUPERUSER: &str = "nearhand_superuser";
/// The database that is always there, for the first connection.
pub(crate) const MAINTENANCE_DATABASE: &str = "postgres";

/// Where `initdb` works until it is done.
const UNFINISHED: &str = "postgres.unfinished";

/// Fast shutdown, then immediate, then by force. Each is safe: the next start recovers.
pub(crate) const STOP: Escalation = &[
    (Signal::SIGINT, Duration::from_secs(60)),
    (Signal::SIGQUIT, Duration::from_secs(10)),
    (Signal::SIGKILL, Duration::from_secs(10)),
];

/// What is needed to run it.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(super) postgres: Postgres,
    pub(super) data: PathBuf,
    pub(super) port: u16,
    pub(super) password: SecretString,
    pub(super) fast: bool,
    pub(super) max_connections: u16,
}

impl Setup {
    /// Finds the binaries that fit the data, if there is any.
    ///
    /// # Errors
    /// [`Error::NoPostgres`], or an unreadable folder.
    pub(super) fn find(data_dir: &DataDir, password: SecretString) -> Result<Self, Error> {
        let data = data_dir.servers().join("postgres");
        let required = fs::read_to_string(data.join("PG_VERSION")).ok();
        let required = required.and_then(|text| text.trim().parse().ok());
        let postgres = binaries::postgres(required)?;
        Ok(Self { postgres, data, port: 0, password, fast: false, max_connections: 100 })
    }

    /// Whether there is no data yet.
    pub(super) fn is_new(&self) -> bool {
        !self.data.join("PG_VERSION").exists()
    }

    /// Makes the data: beside its place, and moved there when complete, so that an interrupted
    /// beginning leaves nothing that looks finished.
    ///
    /// # Errors
    /// [`Error::Initdb`] with what `initdb` said.
    pub(super) async fn initialise(&self, data_dir: &DataDir) -> Result<(), Error> {
        let unfinished = data_dir.servers().join(UNFINISHED);
        let password_file = data_dir.servers().join("initdb-password");
        clear_unfinished(data_dir).await;
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(Error::file("remove", &unfinished))?;
        }
        data_dir.make_private(&unfinished)?;
        write_private(&password_file, self.password.expose_secret().as_bytes())?;
        data_dir.run_as().own(&password_file)?;
        let output = self.run_initdb(data_dir, &unfinished, &password_file).await;
        let removed = fs::remove_file(&password_file);
        let output = output?;
        removed.map_err(Error::file("remove", &password_file))?;
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            let output = String::from_utf8_lossy(&said).trim().to_owned();
            return Err(Error::Initdb { path: self.data.clone(), output });
        }
        fs::rename(&unfinished, &self.data).map_err(Error::file("fill", &self.data))
    }

    /// With a guard, so that it does not outlive us.
    async fn run_initdb(
        &self,
        data_dir: &DataDir,
        folder: &Path,
        password_file: &Path,
    ) -> Result<Output, Error> {
        let mut command = self.initdb(data_dir, folder, password_file);
        let program = PathBuf::from(command.as_std().get_program());
        let child = command.spawn().map_err(Error::file("run", &program))?;
        let group = child.id().map(|pid| format!("-{pid}")).unwrap_or_default();
        let mut guard = processes::guard(&group, Signal::SIGKILL)?;
        let output = child.wait_with_output().await.map_err(Error::file("run", &program));
        let _ = guard.kill().await;
        output
    }

    fn initdb(&self, data_dir: &DataDir, folder: &Path, password_file: &Path) -> Command {
        let mut command = clean_command(&self.postgres.bin.join("initdb"));
        let locale = if cfg!(target_os = "linux") { "C.UTF-8" } else { "C" };
        command
            .arg("--pgdata")
            .arg(folder)
            .args(["--username", SUPERUSER, "--auth", "scram-sha-256", "--encoding", "UTF8"])
            .args(["--locale", locale, "--data-checksums"])
            .arg("--pwfile")
            .arg(password_file)
            .current_dir(data_dir.servers())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if self.fast {
            command.arg("--no-sync");
        }
        data_dir.run_as().apply(&mut command);
        command
    }

    /// Removes what a killed server wrote about itself, when none runs any more: PostgreSQL would
    /// take a process that was given its number since for itself, and refuse to start.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be removed.
    pub(super) fn drop_stale_pid_file(&self) -> Result<(), Error> {
        let path = self.data.join("postmaster.pid");
        if processes::can_list() && path.exists() {
            fs::remove_file(&path).map_err(Error::file("remove", &path))?;
        }
        Ok(())
    }

    /// The server's command line. All settings stand on it, so that none is hidden in a file.
    pub(super) fn command(&self) -> Command {
        let mut command = clean_command(&self.postgres.bin.join("postgres"));
        command.arg("-D").arg(&self.data).current_dir(&self.data);
        for (name, value) in self.settings() {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let fixed = [
            ("listen_addresses", "127.0.0.1"),
            ("unix_socket_directories", ""),
            ("password_encryption", "scram-sha-256"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("log_line_prefix", "%m [%p] %q%u@%d "),
            ("max_wal_size", "4GB"),
            ("random_page_cost", "1.1"),
            // Compiling plans costs more than our short statements take.
            ("jit", "off"),
            ("synchronous_commit", "on"),
        ];
        let mut settings: Vec<_> =
            fixed.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        // The hot ends of a day's pings should fit; the rest is left to other programs.
        let memory = memory_mb();
        settings.push(("shared_buffers", format!("{}MB", (memory / 8).clamp(128, 2_048))));
        settings.push(("effective_cache_size", format!("{}MB", (memory / 2).max(512))));
        settings.push(("port", self.port.to_string()));
        settings.push(("max_connections", self.max_connections.to_string()));
        // Each connection would load it anew, which takes tens of milliseconds.
        let postgis = self.postgres.postgis.clone();
        settings.extend(postgis.map(|library| ("shared_preload_libraries", library)));
        // Without the first two a power cut may ruin the data; a killed process does not. The others
        // save disk space and keep long-lived data quick to read; they cost processor time.
        let lasting = if self.fast { "off" } else { "on" };
        let names = ["fsync", "full_page_writes", "wal_compression", "autovacuum"];
        settings.extend(names.map(|name| (name, lasting.to_owned())));
        settings
    }

    /// Whether it takes connections.
    pub(super) async fn answers(&self) -> Answer {
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username(SUPERUSER)
            .password(self.password.expose_secret())
            .database(MAINTENANCE_DATABASE)
            .ssl_mode(PgSslMode::Disable);
        match PgConnection::connect_with(&options).await {
            Ok(connection) => {
                // It answered; how the farewell goes does not matter.
                let _ = connection.close().await;
                Answer::Yes
            }
            Err(error) => {
                let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
                match code.as_deref() {
                    Some("28P01" | "28000") => Answer::Never(format!(
                        "it refuses the password in secrets.json, which does not belong to this data: {error}"
                    )),
                    _ => Answer::NotYet(error.to_string()),
                }
            }
        }
    }
}

/// Ends an `initdb` that an interrupted or killed start left running.
pub(super) async fn clear_unfinished(data_dir: &DataDir) {
    const AT_ONCE: Escalation = &[(Signal::SIGKILL, Duration::from_secs(10))];
    let unfinished = data_dir.servers().join(UNFINISHED);
    processes::clear(data_dir.servers(), processes::INITDB, AT_ONCE).await;
    processes::clear(&unfinished, processes::POSTGRES, AT_ONCE).await;
}

/// The machine's memory in MB, as Linux tells it; elsewhere a small machine is assumed.
fn memory_mb() -> u64 {
    let told = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = told.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kb = total.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kb.map_or(2_048, |kb| kb / 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(fast: bool) -> Setup {
        Setup {
            postgres: Postgres {
                bin: PathBuf::from("/pg/bin"),
                major: 15,
                version: "15.1".to_owned(),
                missing: Vec::new(),
                postgis: Some("postgis-3".to_owned()),
            },
            data: PathBuf::from("/data"),
            port: 20_001,
            password: SecretString::from("hush"),
            fast,
            max_connections: 100,
        }
    }

    fn value(setup: &Setup, name: &str) -> String {
        let found = setup.settings().into_iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value).unwrap()
    }

    #[test]
    fn what_was_committed_survives_unless_speed_was_asked_for() {
        let names = ["fsync", "full_page_writes", "synchronous_commit"];
        for name in names {
            assert_eq!(value(&setup(false), name), "on");
        }
        // A killed server must keep what it committed even then.
        assert_eq!(value(&setup(true), "synchronous_commit"), "on");
        assert_eq!(value(&setup(true), "fsync"), "off");
    }

    #[test]
    fn connections_find_postgis_loaded() {
        assert_eq!(value(&setup(false), "shared_preload_libraries"), "postgis-3");
        let mut without = setup(false);
        without.postgres.postgis = None;
        assert!(without.settings().iter().all(|(name, _)| *name != "shared_preload_libraries"));
    }

    #[test]
    fn it_listens_on_loopback_only_and_shows_no_password() {
        let setup = setup(false);
        assert_eq!(value(&setup, "listen_addresses"), "127.0.0.1");
        assert_eq!(value(&setup, "unix_socket_directories"), "");
        assert!(!format!("{:?}", setup.command()).contains("hush"));
    }
}
