//! `nearhand servers`: private servers for the length of one command, for tests and benches.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use anyhow::Context;
use nearhand_migrations::{APP_ROLE, OWNER_ROLE, RolePasswords, WORKER_ROLE};
use nix::sys::signal::Signal;
use secrecy::{ExposeSecret, SecretString};
use tokio::process::{Child, Command};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::embedded::{self, Connections, Options, Servers, ephemeral};
use crate::progress::{announced, say};
use crate::signals::{self, Interrupts};

/// Time a command is given to end after Ctrl-C or SIGTERM.
const PATIENCE: Duration = Duration::from_secs(10);

/// Arguments of `nearhand servers`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the servers keep their data.
    #[arg(long, env = "NEARHAND_DATA_DIR", default_value = ".nearhand")]
    data_dir: PathBuf,
    /// Use a new folder in the temporary directory, and remove it at the end.
    #[arg(long)]
    ephemeral: bool,
    /// Let PostgreSQL not wait for the disk: faster, and safe but for a power cut.
    #[arg(long)]
    fast: bool,
    /// Also make roles, database and schema, and export `NEARHAND_DATABASE_URL` and the others.
    #[arg(long)]
    migrate: bool,
    /// How many connections PostgreSQL takes.
    #[arg(long, default_value_t = 200)]
    max_connections: u16,
    /// What to run, with `NEARHAND_TEST_DATABASE_URL` and `NEARHAND_TEST_REDIS_URL` set; without
    /// it the exports are printed, and the servers run until Ctrl-C.
    #[arg(last = true)]
    command: Vec<OsString>,
}

/// Runs the servers; ends with the command's status.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut interrupts = Interrupts::listen()?;
    let temporary = std::env::temp_dir();
    let data_dir = if args.ephemeral {
        ephemeral::sweep(&temporary);
        ephemeral::new_path(&temporary)
    } else {
        args.data_dir
    };
    let options = Options {
        fast: args.fast,
        max_connections: args.max_connections,
        ..Options::new(data_dir)
    };
    let result = with_servers(&options, args.migrate, &args.command, &mut interrupts).await;
    if args.ephemeral {
        ephemeral::remove(&options.data_dir);
    }
    Ok(ExitCode::from(result?))
}

async fn with_servers(
    options: &Options,
    migrate: bool,
    command: &[OsString],
    interrupts: &mut Interrupts,
) -> anyhow::Result<u8> {
    let mut servers = match start(options, interrupts).await? {
        Ok(servers) => servers,
        Err(signal) => return Ok(signals::exit_status(signal)),
    };
    let connections = servers.connections().clone();
    say(&format!("PostgreSQL and Redis run in {}", servers.data_dir().servers().display()));
    let work = async {
        let exports = exports(&connections, migrate).await?;
        match command.split_first() {
            Some((program, rest)) => run_command(program, rest, exports, interrupts).await,
            None => {
                print_exports(&exports)?;
                interrupts.next().await;
                Ok(0)
            }
        }
    };
    let for_ever = CancellationToken::new();
    let result = tokio::select! {
        result = work => result,
        () = servers.supervise(&for_ever) => Ok(0),
    };
    drop(servers.stop().await);
    result
}

/// The servers, or the signal that came meanwhile.
async fn start(
    options: &Options,
    interrupts: &mut Interrupts,
) -> anyhow::Result<Result<Servers, Signal>> {
    let shutdown = CancellationToken::new();
    let starting = embedded::start(options, &shutdown);
    tokio::pin!(starting);
    let signal = tokio::select! {
        result = &mut starting => return Ok(Ok(result?)),
        signal = interrupts.next() => signal,
    };
    shutdown.cancel();
    match starting.await {
        Ok(servers) => {
            servers.stop().await;
            Ok(Err(signal))
        }
        Err(embedded::Error::Interrupted) => Ok(Err(signal)),
        Err(error) => Err(error.into()),
    }
}

/// Names and values for the environment of whoever uses the servers.
type Exports = Vec<(&'static str, String)>;

async fn exports(connections: &Connections, migrate: bool) -> anyhow::Result<Exports> {
    let plain = |url: &SecretString| url.expose_secret().to_owned();
    let mut exports = vec![
        ("NEARHAND_TEST_DATABASE_URL", plain(&connections.superuser_url)),
        ("NEARHAND_TEST_REDIS_URL", plain(&connections.redis_url)),
    ];
    if !migrate {
        return Ok(exports);
    }
    let url = |role, password| connections.role_url(role, password);
    let owner = url(OWNER_ROLE, &connections.owner_password);
    announced("migrating", async {
        let passwords = RolePasswords {
            owner: connections.owner_password.expose_secret(),
            app: connections.app_password.expose_secret(),
            worker: connections.worker_password.expose_secret(),
        };
        let superuser = connections.superuser_url.expose_secret().parse()?;
        nearhand_migrations::bootstrap(&superuser, connections.database, &passwords).await?;
        nearhand_migrations::migrate(&owner.expose_secret().parse()?).await?;
        anyhow::Ok(())
    })
    .await?;
    exports.extend([
        ("NEARHAND_DATABASE_URL", plain(&owner)),
        ("NEARHAND_APP_DATABASE_URL", plain(&url(APP_ROLE, &connections.app_password))),
        ("NEARHAND_WORKER_DATABASE_URL", plain(&url(WORKER_ROLE, &connections.worker_password))),
        ("NEARHAND_REDIS_URL", plain(&connections.redis_url)),
    ]);
    Ok(exports)
}

fn print_exports(exports: &Exports) -> io::Result<()> {
    let mut output = io::stdout().lock();
    for (name, value) in exports {
        writeln!(output, "export {name}='{value}'")?;
    }
    output.flush()?;
    say("They run until Ctrl-C.");
    Ok(())
}

async fn run_command(
    program: &OsString,
    arguments: &[OsString],
    exports: Exports,
    interrupts: &mut Interrupts,
) -> anyhow::Result<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .envs(exports)
        .spawn()
        .with_context(|| format!("could not run {}", program.to_string_lossy()))?;
    let status = tokio::select! {
        status = child.wait() => status?,
        signal = interrupts.next() => wind_down(&mut child, signal, interrupts).await?,
    };
    Ok(exit_code(status))
}

/// Ctrl-C reaches the command from the terminal by itself; SIGTERM is passed on. If the command does
/// not end in time, or somebody asks again, it is asked harder.
async fn wind_down(
    child: &mut Child,
    signal: Signal,
    interrupts: &mut Interrupts,
) -> anyhow::Result<ExitStatus> {
    if signal == Signal::SIGINT
        && let Some(status) = wait_a_while(child, interrupts).await?
    {
        return Ok(status);
    }
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
        embedded::send(pid, Signal::SIGTERM);
    }
    if let Some(status) = wait_a_while(child, interrupts).await? {
        return Ok(status);
    }
    child.kill().await?;
    Ok(child.wait().await?)
}

/// The status, if the command ends in time and nobody asks again.
async fn wait_a_while(
    child: &mut Child,
    interrupts: &mut Interrupts,
) -> anyhow::Result<Option<ExitStatus>> {
    tokio::select! {
        status = child.wait() => Ok(Some(status?)),
        () = sleep(PATIENCE) => Ok(None),
        _ = interrupts.next() => Ok(None),
    }
}

/// As a shell shows it: the code, or 128 and the signal's number.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_those_a_shell_shows() {
        assert_eq!(exit_code(ExitStatus::from_raw(0)), 0);
        assert_eq!(exit_code(ExitStatus::from_raw(100 << 8)), 100);
        assert_eq!(exit_code(ExitStatus::from_raw(9)), 137);
    }
}
