//! `nearhand outbox`: the mails of an installation without a mail server. Sends none.

use anyhow::Context;
use nearhand_mail::{Outbox, OutboxMail};
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};
use uuid::Uuid;

/// Only writing needs a sender.
const ANYBODY: &str = "nearhand@localhost.localdomain";

/// Arguments of `nearhand outbox`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List them, newest first, a line each: id, when, kind, language, recipient, subject.
    List(List),
    /// Show one: its headers and its text, links included. Whoever opens a link acts as the recipient.
    Show {
        /// As `list` shows it.
        id: Uuid,
        /// Print the HTML in place of the text.
        #[arg(long)]
        html: bool,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, clap::Args)]
struct List {
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
struct Place {
    /// Where the mails are kept; as the worker was told. `up` keeps them in `outbox` in its data
    /// directory.
    #[arg(long, env = "NEARHAND_OUTBOX_DIR", default_value = ".nearhand/outbox")]
    outbox_dir: PathBuf,
}

impl Place {
    fn open(&self) -> anyhow::Result<Outbox> {
        let folder = &self.outbox_dir;
        anyhow::ensure!(
            folder.is_dir(),
            "there is no outbox at {}; say with --outbox-dir where the worker keeps its mails, or \
             look at the mail server if it has one",
            folder.display()
        );
        Ok(Outbox::open(folder, ANYBODY)?)
    }
}

/// Runs it; fails when an id names nothing.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    match args.command.unwrap_or(Command::List(args.list)) {
        Command::List(List { limit, place }) => {
            let mails = place.open()?.list(limit.into()).await?;
            for mail in &mails {
                let OutboxMail { id, at, kind, language, to, subject, .. } = mail;
                writeln!(out, "{id} {at:.0} {} {language} {to} {subject}", kind.name())?;
            }
            if mails.is_empty() {
                writeln!(out, "the outbox is empty")?;
            }
        }
        Command::Show { id, html, place } => {
            let mail = place.open()?.read(id).await?;
            let mail =
                mail.with_context(|| format!("there is no mail `{id}`; see `nearhand outbox`"))?;
            show(&mut out, &mail, html)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(out: &mut impl Write, mail: &OutboxMail, html: bool) -> io::Result<()> {
    if html {
        return writeln!(out, "{}", mail.html);
    }
    writeln!(out, "from:       {}", mail.from)?;
    writeln!(out, "to:         {}", mail.to)?;
    writeln!(out, "at:         {}", mail.at)?;
    writeln!(out, "message-id: {}", mail.message_id)?;
    writeln!(out, "subject:    {}\n", mail.subject)?;
    writeln!(out, "{}", mail.text)
}
