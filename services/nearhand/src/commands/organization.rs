//! `nearhand organization create`: a further organisation with its first account admin, who chooses a
//! password by an invitation's link. Must not send mail: the operator hands the link over.

use crate::{mail::public_url, progress::say, settings::AppDatabase};
use anyhow::Context;
use nearhand_api::{InvitedAdmin, NewOrganization, Origin, create_organization_with_invitation};
use nearhand_domain::text::{Email, Name, Slug, TextError, ZoneName, slugify};
use nearhand_storage::{Conflict, StorageError};
use std::{io::Write, process::ExitCode};

/// Where the API listens unless it is told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// Arguments of `nearhand organization`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make an organisation and its first account admin, and print the link of their invitation.
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
    /// Where people reach this installation: the base of the link, such as
    /// <https://nearhand.example.org>.
    #[arg(long, env = "NEARHAND_PUBLIC_URL", default_value = DEFAULT_URL, value_parser = public_url)]
    public_url: String,
    #[command(flatten)]
    database: AppDatabase,
}

/// Runs it.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Command::Create(create) = args.command;
    let new = read(&create)?;
    let origin =
        Origin { request_id: "command-line".to_owned(), remote_addr: None, trace_parent: None };
    let app = create.database.connect().await?;
    let mut tx = app.tenantless().await?;
    let created = create_organization_with_invitation(&mut tx, &new, origin).await;
    let invited = created.map_err(|error| match error {
        StorageError::Conflict(Conflict::SlugTaken) => {
            anyhow::anyhow!("the slug `{}` is taken; give another with --slug", new.slug)
        }
        other => other.into(),
    })?;
    tx.commit().await?;
    say("The admin chooses a password by this link, which is shown once and works once, for 72 h.");
    let mut out = std::io::stdout().lock();
    out.write_all(printed(&create.public_url, &new, &invited).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// How the admin logs in, one value a line.
fn printed(public_url: &str, new: &NewOrganization, invited: &InvitedAdmin) -> String {
    let InvitedAdmin { organization, token, expires_at } = invited;
    let base = if public_url.is_empty() { DEFAULT_URL } else { public_url };
    let (slug, email) = (&new.slug, &new.email);
    format!(
        "organization_id={organization}\norganization={slug}\nlogin={email}\n\
         invitation={base}/invite#{token}\nexpires_at={expires_at}\n"
    )
}

fn read(create: &Create) -> anyhow::Result<NewOrganization> {
    let wrong = |flag: &'static str| move |error: TextError| anyhow::anyhow!("{flag}: {error}");
    let name = Name::parse(&create.name).map_err(wrong("NAME"))?;
    let slug = match &create.slug {
        Some(slug) => Slug::parse(slug).map_err(wrong("--slug"))?,
        None => slugify(name.as_str()).context("no slug can be made of this name; give --slug")?,
    };
    let first_name = Name::parse(&create.first_name).map_err(wrong("--first-name"))?;
    let last_name = Name::parse(&create.last_name).map_err(wrong("--last-name"))?;
    NewOrganization::check_names(&first_name, &last_name)
        .map_err(|fault| anyhow::anyhow!("--last-name: {fault}"))?;
    Ok(NewOrganization {
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
    use crate::settings::AppUrl;

    fn create(last_name: String) -> Create {
        Create {
            name: "Harbour Investigations".to_owned(),
            slug: None,
            time_zone: "UTC".to_owned(),
            first_name: "x".repeat(120),
            last_name,
            email: "ada@harbour.example".to_owned(),
            public_url: String::new(),
            database: AppDatabase {
                url: AppUrl { app_database_url: String::new().into() },
                app_pool: 1,
            },
        }
    }

    #[test]
    fn names_that_are_too_long_together_are_refused_before_the_database_is_asked() {
        assert!(read(&create("y".repeat(79))).is_ok());
        let refused = read(&create("y".repeat(80))).unwrap_err().to_string();
        assert!(refused.starts_with("--last-name: "), "{refused}");
        assert!(refused.contains("200 characters"), "{refused}");
    }
    #[test]
    fn the_link_leads_to_the_page_and_keeps_its_secret_in_the_fragment() {
        let new = read(&create("y".repeat(10))).unwrap();
        let invited = InvitedAdmin {
            organization: nearhand_domain::OrganizationId::generate(),
            token: "nh_inv_x".to_owned(),
            expires_at: nearhand_domain::clock::now(),
        };
        let text = printed("https://n.example/x", &new, &invited);
        assert!(text.contains("\ninvitation=https://n.example/x/invite#nh_inv_x\n"), "{text}");
        let text = printed("", &new, &invited);
        assert!(text.contains("=http://127.0.0.1:8080/invite#"), "{text}");
        assert!(text.contains("organization=harbour-investigations\nlogin=ada@"), "{text}");
    }
}
