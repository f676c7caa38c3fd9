//! `nearhand organization create`: a further organisation with its first account admin.

use crate::{progress::say, settings::AppDatabase};
use anyhow::Context;
use jiff::SignedDuration;
use nearhand_api::{FirstPassword, Founding, Origin, Passwords, found};
use nearhand_domain::{
    clock,
    password::generate_password,
    text::{Email, Name, Slug, TextError, ZoneName, slugify},
};
use nearhand_storage::{Conflict, StorageError};
use std::{io::Write, process::ExitCode};

/// How long the admin's first password lives.
const TEMPORARY: SignedDuration = SignedDuration::from_hours(72);

/// Arguments of `nearhand organization`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make an organisation and its first account admin, and print how they log in.
    Create(Create),
}

#[derive(Debug, clap::Args)]
struct Create {
    /// What people call it.
    name: String,
    /// What logins call it; made of the name unless given.
    #[arg(long)]
    slug: Option<String>,
    /// IANA time zone, such as Europe/Lisbon.
    #[arg(long)]
    time_zone: String,
    /// The admin's given name.
    #[arg(long)]
    first_name: String,
    /// The admin's family name.
    #[arg(long)]
    last_name: String,
    /// The admin's e-mail address, which is their login.
    #[arg(long)]
    email: String,
    #[command(flatten)]
    database: AppDatabase,
}

/// Runs it.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Command::Create(create) = args.command;
    let founding = read(&create)?;
    let password = generate_password();
    let to_hash = password.clone();
    let hash = tokio::task::spawn_blocking(move || Passwords::hash_now(&to_hash)).await??;
    let first = FirstPassword { hash, expires_at: Some(clock::now() + TEMPORARY) };
    let origin =
        Origin { request_id: "command-line".to_owned(), remote_addr: None, trace_parent: None };
    let app = create.database.connect().await?;
    let mut tx = app.tenantless().await?;
    let made = found(&mut tx, &founding, &first, origin).await;
    let (id, _) = made.map_err(|error| match error {
        StorageError::Conflict(Conflict::SlugTaken) => {
            anyhow::anyhow!("the slug `{}` is taken; give another with --slug", founding.slug)
        }
        other => other.into(),
    })?;
    tx.commit().await?;
    say("The password is shown once, must be changed at the first login, and dies after 72 h.");
    let mut out = std::io::stdout().lock();
    writeln!(out, "organization_id={id}")?;
    writeln!(out, "organization={}", founding.slug)?;
    writeln!(out, "login={}", founding.email)?;
    writeln!(out, "password={password}")?;
    Ok(ExitCode::SUCCESS)
}

fn read(create: &Create) -> anyhow::Result<Founding> {
    let wrong = |flag: &'static str| move |error: TextError| anyhow::anyhow!("{flag}: {error}");
    let name = Name::parse(&create.name).map_err(wrong("NAME"))?;
    let slug = match &create.slug {
        Some(slug) => Slug::parse(slug).map_err(wrong("--slug"))?,
        None => slugify(name.as_str()).context("no slug can be made of this name; give --slug")?,
    };
    let first_name = Name::parse(&create.first_name).map_err(wrong("--first-name"))?;
    let last_name = Name::parse(&create.last_name).map_err(wrong("--last-name"))?;
    Founding::check_names(&first_name, &last_name)
        .map_err(|fault| anyhow::anyhow!("--last-name: {fault}"))?;
    Ok(Founding {
        name,
        slug,
        zone: ZoneName::parse(&create.time_zone).map_err(wrong("--time-zone"))?,
        first_name,
        last_name,
        email: Email::parse(&create.email).map_err(wrong("--email"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_too_long_together_are_refused_before_the_database_is_asked() {
        let create = |last_name: String| Create {
            name: "Harbour Investigations".to_owned(),
            slug: None,
            time_zone: "UTC".to_owned(),
            first_name: "x".repeat(120),
            last_name,
            email: "ada@harbour.example".to_owned(),
            database: AppDatabase { app_database_url: String::new().into(), app_pool: 1 },
        };
        assert!(read(&create("y".repeat(79))).is_ok());
        let refused = read(&create("y".repeat(80))).unwrap_err().to_string();
        assert!(refused.starts_with("--last-name: "), "{refused}");
        assert!(refused.contains("200 characters"), "{refused}");
    }
}
