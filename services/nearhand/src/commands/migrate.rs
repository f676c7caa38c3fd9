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
    #[command(flatten)]
    urls: Urls,
    /// First make roles, database and extensions, as a superuser. Their passwords are those in the
    /// three URLs.
    #[arg(long, requires_all = ["superuser_url", "app_database_url", "worker_database_url"])]
    bootstrap: bool,
}

/// Whoever makes roles and database, and their passwords.
#[derive(Debug, clap::Args)]
pub(crate) struct Urls {
    /// PostgreSQL as role `nearhand_owner`: postgres://nearhand_owner:…@host/nearhand
    #[arg(long, env = "NEARHAND_DATABASE_URL", hide_env_values = true)]
    database_url: SecretString,
    /// PostgreSQL as a superuser, who makes roles, database and extensions.
    #[arg(long, env = "NEARHAND_DATABASE_SUPERUSER_URL", hide_env_values = true)]
    superuser_url: Option<SecretString>,
    /// For the password of `nearhand_app`, which it is given.
    #[arg(long, env = "NEARHAND_APP_DATABASE_URL", hide_env_values = true)]
    app_database_url: Option<SecretString>,
    /// For the password of `nearhand_worker`, which it is given.
    #[arg(long, env = "NEARHAND_WORKER_DATABASE_URL", hide_env_values = true)]
    worker_database_url: Option<SecretString>,
}

/// Runs it.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.bootstrap {
        args.urls.bootstrap().await?;
    }
    args.urls.migrate().await?;
    Ok(ExitCode::SUCCESS)
}

impl Urls {
    /// As the owner.
    fn owner(&self) -> anyhow::Result<PgConnectOptions> {
        options(&self.database_url, "--database-url")
    }

    /// The database's name.
    pub(crate) fn database(&self) -> anyhow::Result<String> {
        let owner = self.owner()?;
        owner.get_database().map(str::to_owned).context("--database-url must name a database")
    }

    /// As a superuser.
    pub(crate) fn superuser(&self) -> anyhow::Result<&SecretString> {
        self.superuser_url
            .as_ref()
            .context("--superuser-url (NEARHAND_DATABASE_SUPERUSER_URL) is needed for this")
    }

    /// Brings the schema up to date.
    pub(crate) async fn migrate(&self) -> anyhow::Result<()> {
        announced("migrating", nearhand_migrations::migrate(&self.owner()?)).await?;
        tracing::info!(schema.version = latest_version(), "the schema is up to date");
        Ok(())
    }

    /// Makes roles, database and extensions.
    pub(crate) async fn bootstrap(&self) -> anyhow::Result<()> {
        let given = |url: &Option<SecretString>, flag: &str| {
            url.clone().with_context(|| format!("bootstrapping needs {flag}"))
        };
        let superuser = options(self.superuser()?, "--superuser-url")?;
        let app = given(&self.app_database_url, "--app-database-url")?;
        let worker = given(&self.worker_database_url, "--worker-database-url")?;
        let database = self.database()?;
        let passwords = [&self.database_url, &app, &worker].map(password);
        let [Some(owner_password), Some(app_password), Some(worker_password)] = &passwords else {
            anyhow::bail!("each of the three URLs must hold the password its role is to get");
        };
        let passwords = RolePasswords {
            owner: owner_password.expose_secret(),
            app: app_password.expose_secret(),
            worker: worker_password.expose_secret(),
        };
        let made = nearhand_migrations::bootstrap(&superuser, &database, &passwords);
        announced("bootstrapping", made).await?;
        Ok(())
    }
}

/// The password in a URL, decoded.
pub(crate) fn password(url: &SecretString) -> Option<SecretString> {
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
