//! `nearhand jobs`: background jobs of all organisations, for the operator to look at, to try again
//! and to discard. Prints ids only, since the queue holds nothing else.

use crate::settings::WorkerDatabase;
use anyhow::Context;
use jiff::Timestamp;
use nearhand_domain::jobs::QUEUES;
use nearhand_storage::{
    Tx, WorkerPool,
    jobs::{self, QueuedJob, QueuedState},
};
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Arguments of `nearhand jobs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    worker: WorkerDatabase,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them, a line each: id, queue, when it was due, how often it was begun, reason.
    List {
        /// Which: `dead` ones were given up and wait for you.
        #[arg(long, default_value = "dead", value_parser = state)]
        state: QueuedState,
        /// Of this queue only.
        #[arg(long, value_parser = queue)]
        queue: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Show one in full.
    Show {
        /// As `list` shows it.
        id: String,
    },
    /// Put some dead ones, or all, back into their queues, once what was wrong has been mended.
    Retry {
        /// As `list` shows them.
        #[arg(required_unless_present = "all")]
        ids: Vec<String>,
        /// All dead ones.
        #[arg(long, conflicts_with = "ids")]
        all: bool,
        /// With `--all`: of this queue only.
        #[arg(long, requires = "all", value_parser = queue)]
        queue: Option<String>,
    },
    /// Delete some that are dead or wait. What they were to do is not done.
    Discard {
        /// As `list` shows them.
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

fn state(word: &str) -> Result<QueuedState, String> {
    let found = QueuedState::ALL.iter().copied().find(|state| state.as_str() == word);
    found.ok_or_else(|| "it is one of waiting, running, done, dead".to_owned())
}

fn queue(word: &str) -> Result<String, String> {
    let found = QUEUES.iter().find(|queue| **queue == word);
    found
        .map(|queue| (*queue).to_owned())
        .ok_or_else(|| format!("it is one of {}", QUEUES.join(", ")))
}

/// Runs it; fails when an id names nothing.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let pool = args.worker.connect().await?;
    let mut tx = pool.begin().await?;
    let mut out = io::stdout().lock();
    match args.command {
        Command::List { state, queue, limit } => {
            list(&mut out, &mut tx, state, queue.as_deref(), limit.into()).await?;
        }
        Command::Show { id } => {
            let job = jobs::inspect(&mut tx, &id).await?;
            let job =
                job.with_context(|| format!("there is no job `{id}`; see `nearhand jobs list`"))?;
            show(&mut out, &job)?;
        }
        Command::Retry { all: true, queue, .. } => {
            let retried = jobs::retry_all(&mut tx, queue.as_deref()).await?;
            tx.commit().await?;
            writeln!(out, "{retried} retried")?;
        }
        Command::Retry { ids, .. } => return each(&mut out, &pool, &ids, Change::Retry).await,
        Command::Discard { ids } => return each(&mut out, &pool, &ids, Change::Discard).await,
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Clone, Copy)]
enum Change {
    Retry,
    Discard,
}

async fn each(
    out: &mut impl Write,
    pool: &WorkerPool,
    ids: &[String],
    change: Change,
) -> anyhow::Result<ExitCode> {
    let mut all_found = true;
    for id in ids {
        let mut tx = pool.begin().await?;
        let (found, word) = match change {
            Change::Retry => (jobs::retry(&mut tx, id).await?, "retried"),
            Change::Discard => (jobs::discard(&mut tx, id).await?, "discarded"),
        };
        tx.commit().await?;
        all_found &= found;
        writeln!(out, "{id} {}", if found { word } else { "not found" })?;
    }
    Ok(if all_found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn list(
    out: &mut impl Write,
    tx: &mut Tx,
    state: QueuedState,
    queue: Option<&str>,
    limit: i64,
) -> anyhow::Result<()> {
    for job in jobs::list(tx, state, queue, limit).await? {
        let reason = job.reason.as_deref().unwrap_or("");
        let line = format!("{} {} {} {} {reason}", job.id, job.queue, job.run_at, job.deliveries);
        writeln!(out, "{}", line.trim_end())?;
    }
    for state in jobs::queue_states(tx, QUEUES).await? {
        writeln!(
            out,
            "{}: {} due, the oldest for {:.0} s; {} scheduled, {} running, {} dead",
            state.queue, state.due, state.oldest_due_s, state.scheduled, state.running, state.dead
        )?;
    }
    Ok(())
}

fn show(out: &mut impl Write, job: &QueuedJob) -> io::Result<()> {
    let instant = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    writeln!(out, "id:       {}", job.id)?;
    writeln!(out, "queue:    {}", job.queue)?;
    writeln!(out, "state:    {}", job.state.as_str())?;
    writeln!(out, "begun:    {} times", job.deliveries)?;
    writeln!(out, "due_at:   {}", job.run_at)?;
    writeln!(out, "taken_at: {}", instant(job.taken_at))?;
    writeln!(out, "ended_at: {}", instant(job.ended_at))?;
    writeln!(out, "reason:   {}", job.reason.as_deref().unwrap_or("-"))?;
    writeln!(out, "payload:  {}", job.payload)
}
