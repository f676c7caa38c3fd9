//! `nearhand dead-letters`: pings that could not be stored, for the operator to look at and to try
//! again. Never prints a place.

use crate::{runtime::connect_queue, settings::Redis};
use jiff::Timestamp;
use nearhand_queue::{DeadLetter, DeadLetters};
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Arguments of `nearhand dead-letters`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    redis: Redis,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them, a line each: id, when it failed, lane, pings, organisation, person, reason.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Show one in full, without its places.
    Inspect {
        /// As `list` shows it.
        id: String,
    },
    /// Put some or all back into the queue, once what was wrong has been mended.
    Requeue {
        /// As `list` shows them.
        #[arg(required_unless_present = "all")]
        ids: Vec<String>,
        /// All of them.
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

/// Runs it; fails when an id names nothing.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let queue = connect_queue(&args.redis.queue, &args.redis.redis_url).await?;
    let letters = queue.dead_letters();
    let mut out = io::stdout().lock();
    match args.command {
        Command::List { limit } => {
            for letter in letters.list(limit).await? {
                writeln!(out, "{}", line(&letter))?;
            }
            writeln!(out, "{} in all", letters.count().await?)?;
        }
        Command::Inspect { id } => match letters.inspect(&id).await? {
            Some(letter) => inspect(&mut out, &letter)?,
            None => {
                anyhow::bail!("there is no dead letter `{id}`; see `nearhand dead-letters list`")
            }
        },
        Command::Requeue { all: true, .. } => {
            writeln!(out, "{} requeued", letters.requeue_all().await?)?;
        }
        Command::Requeue { ids, .. } => return requeue(&mut out, &letters, &ids).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn requeue(
    out: &mut impl Write,
    letters: &DeadLetters,
    ids: &[String],
) -> anyhow::Result<ExitCode> {
    let mut all_found = true;
    for id in ids {
        let found = letters.requeue(id).await?;
        all_found &= found;
        writeln!(out, "{id} {}", if found { "requeued" } else { "not found" })?;
    }
    Ok(if all_found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn line(letter: &DeadLetter) -> String {
    let pings: usize = letter.contents.iter().map(|content| content.fixes_at_ms.len()).sum();
    let whose = match letter.contents.as_slice() {
        [] => "unreadable".to_owned(),
        [content] => format!("{} {}", content.organization, content.staff),
        several => format!("{} requests", several.len()),
    };
    let lane = letter.lane.map_or("?", |lane| lane.as_str());
    let failed = instant(letter.failed_at_ms);
    format!("{} {failed} {lane} {pings} {whose} {}", letter.id, letter.reason)
}

fn inspect(out: &mut impl Write, letter: &DeadLetter) -> io::Result<()> {
    writeln!(out, "id:        {}", letter.id)?;
    writeln!(out, "reason:    {}", letter.reason)?;
    writeln!(out, "queued_at: {}", instant(letter.queued_at_ms))?;
    writeln!(out, "failed_at: {}", instant(letter.failed_at_ms))?;
    if letter.contents.is_empty() {
        return writeln!(out, "content:   cannot be read");
    }
    for content in &letter.contents {
        if let Some(trace) = &content.traceparent {
            writeln!(out, "trace:        {trace}")?;
        }
        writeln!(out, "organization: {}", content.organization)?;
        writeln!(out, "staff:        {}", content.staff)?;
        writeln!(out, "device:       {}", content.device)?;
        for fix in &content.fixes_at_ms {
            writeln!(out, "fix_at:       {}", instant(*fix))?;
        }
    }
    Ok(())
}

fn instant(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |at| at.to_string())
}
