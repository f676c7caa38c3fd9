//! The demo: a city that is alive at any hour, made and moved through the public API alone.
//!
//! [`run`] sets the installation up (or finds the demo it holds), fills it with people and cases,
//! simulates phones until shutdown, plays a day's work, and keeps `demo.env` fresh. [`city`],
//! [`people`] and [`cases`] draw what there is, the same every time; [`accounts`], [`crew`] and
//! [`fill`] make it; [`phones`] move. [`calls`] draws the cases that arrive, and [`day`] plays each
//! from the call until it is done.

mod accounts;
mod calls;
mod car;
mod cases;
mod city;
mod crew;
mod day;
pub mod dice;
mod env_file;
mod fill;
pub mod map;
mod people;
mod phones;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use nearhand_domain::clock;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use crate::Say;
use crate::client::{Client, Session};
use accounts::Accounts;
use env_file::EnvFile;

/// How often the tokens in `demo.env` are renewed; they live ten minutes.
const RENEW: Duration = Duration::from_secs(240);
/// Before a renewal that failed is tried again.
const RETRY: Duration = Duration::from_secs(10);

/// Where the demo lives.
pub struct Site {
    /// The API's base URL.
    pub url: String,
    /// What setup asks for.
    pub bootstrap_token: SecretString,
    /// Gets `demo.env` and `demo-state.json`.
    pub data_dir: PathBuf,
    /// Tells the person at the terminal how it goes.
    pub say: Say,
}

/// Runs the demo until `shutdown`. The API must be listening, or be about to.
///
/// # Errors
/// If the installation holds something else than the demo, or the API refuses.
pub async fn run(site: Site, shutdown: CancellationToken) -> anyhow::Result<()> {
    let client = Client::new(&site.url)?;
    let path = site.data_dir.join("demo.env");
    let mut env = EnvFile::read(&path)?;
    let preparing = prepare(&client, &site, &path, &mut env);
    let Some(prepared) = shutdown.run_until_cancelled(preparing).await else { return Ok(()) };
    let (accounts, phones, cast) = prepared?;
    greet(&site, &env, phones.len(), &path);
    let moving = phones::run(client, phones, shutdown.clone());
    let renewing = shutdown.run_until_cancelled(keep_fresh(&accounts, &path, &mut env));
    let playing = shutdown.run_until_cancelled(day::run(&accounts, cast, site.say));
    tokio::join!(moving, renewing, playing);
    Ok(())
}

async fn prepare(
    client: &Client,
    site: &Site,
    path: &Path,
    env: &mut EnvFile,
) -> anyhow::Result<(Accounts, Vec<phones::Route>, day::Cast)> {
    let accounts = accounts::enter(client, &site.bootstrap_token, path, env).await?;
    let state = site.data_dir.join("demo-state.json");
    let filled = fill::fill(&accounts.admin, accounts.organization, &state, clock::now(), site.say)
        .await
        .context("could not fill the demo")?;
    env.set("NEARHAND_DEVICE_TOKEN", filled.device.expose_secret());
    env.set("NEARHAND_STAFF_ID", filled.staff.to_string());
    env.set("NEARHAND_CASE_ID", filled.case.to_string());
    note_tokens(&accounts, env).await?;
    env.write(path)?;
    let cast = day::Cast { hands: filled.hands, setting: filled.setting };
    Ok((accounts, filled.phones, cast))
}

async fn note_tokens(accounts: &Accounts, env: &mut EnvFile) -> anyhow::Result<()> {
    let token = |session: Session| async move { session.renew().await };
    env.set("NEARHAND_ADMIN_TOKEN", token(accounts.admin.clone()).await?.expose_secret());
    env.set("NEARHAND_SCHEDULER_TOKEN", token(accounts.scheduler.clone()).await?.expose_secret());
    Ok(())
}

/// Renews the tokens in the file again and again, so that whoever reads it finds some that work.
async fn keep_fresh(accounts: &Accounts, path: &Path, env: &mut EnvFile) {
    let mut rest = RENEW;
    loop {
        tokio::time::sleep(rest).await;
        let renewed = match note_tokens(accounts, env).await {
            Ok(()) => env.write(path),
            error => error,
        };
        rest = match renewed {
            Ok(()) => RENEW,
            Err(error) => {
                tracing::warn!(error = %error, "the demo's tokens could not be renewed");
                RETRY
            }
        };
    }
}

fn greet(site: &Site, env: &EnvFile, phones: usize, path: &Path) {
    let value = |name| env.get(name).unwrap_or_default();
    (site.say)(&format!(
        "Harbour City is alive: {} people, {phones} phones on the move, {} open cases.\n\
         Log in as {} with the password {}\n\
         For the README's lines: . {}",
        people::COUNT,
        cases::COUNT,
        value("NEARHAND_ADMIN_LOGIN"),
        value("NEARHAND_ADMIN_PASSWORD"),
        path.display(),
    ));
}
