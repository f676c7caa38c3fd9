//! The `nearhand` binary: parses the command line and hands over to one subcommand.

mod backup_file;
mod commands;
mod console;
mod demo;
mod doctor;
mod embedded;
mod geocoder;
mod log_fields;
mod mail;
mod objects;
mod otlp;
mod pg_programs;
mod progress;
mod runtime;
mod settings;
mod signals;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::str::FromStr;

use clap::Parser;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

use crate::commands::{
    backup, dead_letters, doctor as doctor_command, health, jobs, migrate, openapi, organization,
    outbox, replay as replay_command, restore, serve, servers, up, work,
};

/// Who is near at hand, free, and right for this case?
#[derive(Debug, Parser)]
#[command(name = "nearhand", version, propagate_version = true)]
struct Cli {
    /// What to log, as `level` or `target=level,…`.
    #[arg(long, env = "NEARHAND_LOG", default_value = "info", global = true)]
    log: String,
    /// A collector of traces that speaks OTLP over HTTP, such as <http://127.0.0.1:4318>. No traces are
    /// sent unless this is given.
    #[arg(long, env = "NEARHAND_OTLP_URL", hide_env_values = true, global = true)]
    otlp_url: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run everything on this machine: PostgreSQL and Redis of its own, API and workers.
    Up(up::Args),
    /// Run the API and its live index.
    Serve(serve::Args),
    /// Run the worker: ingest, relay, background jobs and maintenance.
    Work(work::Args),
    /// Bring the schema up to date; with --bootstrap make roles and database first.
    ///
    /// Stop `serve` processes of an older version first, or run this once more after they are gone.
    /// People whom they write meanwhile can log in and be searched for only after that.
    Migrate(migrate::Args),
    /// Write the database and the photos into one file.
    Backup(backup::Args),
    /// Make an installation of a file that `backup` wrote, on an empty server.
    Restore(restore::Args),
    /// Make further organisations.
    Organization(organization::Args),
    /// List, read and requeue pings that could not be stored.
    DeadLetters(dead_letters::Args),
    /// List, read, retry and discard background jobs.
    Jobs(jobs::Args),
    /// Show the mails of an installation without a mail server.
    Outbox(outbox::Args),
    /// Play recorded GPS traces as phones, and tell what became of every fix.
    Replay(replay_command::Args),
    /// Check what Nearhand needs, and say how to mend what is missing.
    Doctor(doctor_command::Args),
    /// Print the API's OpenAPI description.
    Openapi,
    /// Ask a running process how it is; succeeds if it answers 2xx.
    Health(health::Args),
    /// Run private PostgreSQL and Redis for the length of one command.
    #[command(hide = true)]
    Servers(servers::Args),
}

/// What repeats an outage that is told once elsewhere: the pool of connections for each connection
/// and each caller, the jobs' queues for each question, the sender of spans for each batch.
const ECHOES: [&str; 4] = ["sqlx_core::pool", "sqlx::pool", "apalis_postgres", "opentelemetry"];

/// What PostgreSQL notes of statements that do what they should, such as that a table is there already.
const NOTICES: &str = "sqlx::postgres::notice";

/// Leaves out the echoes of an outage and mere notices, unless more than usual is asked for.
fn without_echoes(wanted: Targets) -> Targets {
    let usual = wanted.default_level().is_none_or(|level| level <= LevelFilter::INFO);
    let named =
        wanted.iter().any(|(target, _)| target.starts_with("sqlx") || ECHOES.contains(&target));
    if !usual || named {
        return wanted;
    }
    let wanted = wanted.with_targets(ECHOES.map(|echo| (echo, LevelFilter::OFF)));
    let notices = wanted.default_level().unwrap_or(LevelFilter::OFF).min(LevelFilter::WARN);
    wanted.with_target(NOTICES, notices)
}

/// What is logged, a line each, on standard error.
fn lines<S>() -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .fmt_fields(log_fields::Fields)
}

/// Begins to log, and to send traces if somebody collects them.
fn begin_telling(cli: &Cli) -> anyhow::Result<Option<otlp::Sender>> {
    let wanted = Targets::from_str(&cli.log)
        .unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let wanted = without_echoes(wanted);
    let Some(url) = cli.otlp_url.as_deref().filter(|url| !url.is_empty()) else {
        tracing_subscriber::registry().with(wanted).with(lines()).init();
        return Ok(None);
    };
    let process = match cli.command {
        Command::Up(_) => "up",
        Command::Serve(_) => "serve",
        Command::Work(_) => "work",
        _ => "other",
    };
    let sender = otlp::Sender::new(url, process)?;
    // What is logged and what is sent do not depend on each other.
    let layers = tracing_subscriber::registry().with(lines().with_filter(wanted));
    layers.with(sender.layer()).init();
    Ok(Some(sender))
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // One TLS provider for everything that speaks TLS. Nothing has installed another yet.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sender = match begin_telling(&cli) {
        Ok(sender) => sender,
        Err(error) => {
            progress::say(&format!("nearhand: {error:#}"));
            return ExitCode::FAILURE;
        }
    };
    let result = match cli.command {
        Command::Up(args) => Box::pin(up::run(args)).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Work(args) => work::run(args).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Backup(args) => backup::run(args).await,
        Command::Restore(args) => restore::run(args).await,
        Command::Organization(args) => organization::run(args).await,
        Command::DeadLetters(args) => dead_letters::run(args).await,
        Command::Jobs(args) => jobs::run(args).await,
        Command::Outbox(args) => outbox::run(args).await,
        Command::Replay(args) => Box::pin(replay_command::run(args)).await,
        Command::Doctor(args) => doctor_command::run(args).await,
        Command::Openapi => openapi::run(),
        Command::Health(args) => health::run(args).await,
        Command::Servers(args) => servers::run(args).await,
    };
    if let Some(sender) = sender {
        sender.end().await;
    }
    result.unwrap_or_else(|error| {
        // Who reads the output has read enough, as `head` does.
        if error.chain().any(is_closed_pipe) {
            return ExitCode::SUCCESS;
        }
        progress::say(&format!("nearhand: {error:#}"));
        ExitCode::FAILURE
    })
}

fn is_closed_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    let cause = cause.downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    const POOL: &str = "sqlx_core::pool::inner";

    #[test]
    fn the_pool_says_nothing_unless_it_is_asked_to() {
        for (wanted, said) in [("info", false), ("debug", true), ("info,sqlx_core=warn", true)] {
            let targets = without_echoes(wanted.parse().unwrap());
            assert_eq!(targets.would_enable(POOL, &Level::ERROR), said, "{wanted}");
            assert!(targets.would_enable("nearhand_storage::database", &Level::ERROR), "{wanted}");
        }
    }

    #[test]
    fn notices_of_postgresql_are_left_out_and_its_warnings_are_not() {
        for (wanted, warns, notes) in
            [("info", true, false), ("error", false, false), ("debug", true, true)]
        {
            let targets = without_echoes(wanted.parse().unwrap());
            assert_eq!(targets.would_enable(NOTICES, &Level::WARN), warns, "{wanted}");
            assert_eq!(targets.would_enable(NOTICES, &Level::INFO), notes, "{wanted}");
        }
    }
}
