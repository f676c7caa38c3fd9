//! `nearhand migrate`: brings the schema up to date, and with `--bootstrap` makes roles, database
//! and extensions first.

use crate::{progress::announced, settings::options};
use anyhow::Context;
use nearhand_migrations::{RolePasswords, latest_version};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use std::process::ExitCode;

/// Arguments of `nearhand migrate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// PostgreSQL as role `nearhand_owner`: postgres://nearhand_owner:…@host/nearhand
    #[arg(long, env = "NEARHAND_DATABASE_URL", hide_env_values = true)]
    database_url: SecretString,
    /// First make roles, database and extensions, as a superuser. Their passwords are those in the
    /// three URLs.
    #[arg(long, requires_all = ["superuser_url", "app_database_url", "worker_database_url"])]
    bootstrap: bool,
    /// PostgreSQL as a superuser; with `--bootstrap` only.
    #[arg(long, env = "NEARHAND_DATABASE_SUPERUSER_URL", hide_env_values = true)]
    superuser_url: Option<SecretString>,
    /// For the password of `nearhand_app`; with `--bootstrap` only.
    #[arg(long, env = "NEARHAND_APP_DATABASE_URL", hide_env_values = true)]
    app_database_url: Option<SecretString>,
    /// For the password of `nearhand_worker`; with `--bootstrap` only.
    #[arg(long, env = "NEARHAND_WORKER_DATABASE_URL", hide_env_values = true)]
    worker_database_url: Option<SecretString>,
}

/// Runs it.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let owner = options(&args.database_url, "--database-url")?;
    if args.bootstrap {
        bootstrap(&args, &owner).await?;
    }
    announced("migrating", nearhand_migrations::migrate(&owner)).await?;
    tracing::info!(schema.version = latest_version(), "the schema is up to date");
    Ok(ExitCode::SUCCESS)
}

async fn bootstrap(args: &Args, owner: &PgConnectOptions) -> anyhow::Result<()> {
    let given = |url: &Option<SecretString>, flag: &str| {
        url.clone().with_context(|| format!("`--bootstrap` needs {flag}"))
    };
    let superuser = options(&given(&args.superuser_url, "--superuser-url")?, "--superuser-url")?;
    let app = given(&args.app_database_url, "--app-database-url")?;
    let worker = given(&args.worker_database_url, "--worker-database-url")?;
    let database = owner.get_database().context("--database-url must name a database")?;
    let passwords = [&args.database_url, &app, &worker].map(password);
    let [Some(owner_password), Some(app_password), Some(worker_password)] = &passwords else {
        anyhow::bail!("each of the three URLs must hold the password its role is to get");
    };
    let passwords = RolePasswords {
        owner: owner_password.expose_secret(),
        app: app_password.expose_secret(),
        worker: worker_password.expose_secret(),
    };
    announced("bootstrapping", nearhand_migrations::bootstrap(&superuser, database, &passwords))
        .await?;
    Ok(())
}

/// The password in a URL, decoded.
fn password(url: &SecretString) -> Option<SecretString> {
    let url = reqwest::Url::parse(url.expose_secret()).ok()?;
    let decoded = percent_encoding::percent_decode_str(url.password()?).decode_utf8().ok()?;
    Some(decoded.into_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_come_out_as_they_went_in() {
        let of = |url: &str| password(&url.to_owned().into()).map(|p| p.expose_secret().to_owned());
        assert_eq!(of("postgres://a:p%40ss%2Fw@h/d").as_deref(), Some("p@ss/w"));
        assert_eq!(of("postgres://a@h/d"), None);
    }
}
