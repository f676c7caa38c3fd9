//! The demo: a city that is alive at any hour, made and moved through the public API alone.
//!
//! [`run`] sets the installation up (or finds the demo it holds), fills it with people and cases,
//! simulates phones until shutdown, plays a day's work, and keeps `demo.env` fresh. [`city`],
//! [`map`], [`people`] and [`cases`] draw what there is, the same every time; [`accounts`], [`crew`] and
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
mod network;
mod people;
mod phones;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use nearhand_domain::clock;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use crate::Say;
use crate::client::{Client, Login, Session};
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
    /// Whether there is a console at that URL.
    pub has_console: bool,
    /// Learns who may log in: once when the office may, once more when the field may, too.
    pub logins: Box<dyn Fn(Logins) + Send + Sync>,
    /// Tells the person at the terminal how it goes.
    pub say: Say,
}

/// Who may log in to the demo.
pub struct Logins {
    /// Its slug.
    pub organization: String,
    /// Who runs it.
    pub admin: Login,
    /// Who plans.
    pub scheduler: Login,
    /// Somebody in the field whose phone nobody simulates; none before they have a login.
    pub worker: Option<Login>,
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
    tell_alive(&site, &env, phones.len(), &path);
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
    (site.logins)(accounts::logins(env, false));
    tell_entrance(site, env);
    let state = site.data_dir.join("demo-state.json");
    let filled = fill::fill(&accounts.admin, accounts.organization, &state, clock::now(), site.say)
        .await
        .context("could not fill the demo")?;
    env.set("NEARHAND_DEVICE_TOKEN", filled.device.expose_secret());
    env.set("NEARHAND_STAFF_ID", filled.staff.to_string());
    env.set("NEARHAND_CASE_ID", filled.case.to_string());
    accounts::enter_worker(&accounts, env, filled.staff, filled.first_work).await?;
    (site.logins)(accounts::logins(env, true));
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

/// Where to look first, said before the city is filled, and again when what was said meanwhile has
/// moved it out of sight.
fn tell_entrance(site: &Site, env: &EnvFile) {
    let page = if site.has_console { "/console" } else { "" };
    (site.say)(&format!(
        "Open {}{page} and log in as {} with the password {}",
        site.url,
        value(env, "NEARHAND_ADMIN_LOGIN"),
        value(env, "NEARHAND_ADMIN_PASSWORD"),
    ));
}

fn tell_alive(site: &Site, env: &EnvFile, phones: usize, path: &Path) {
    (site.say)(&format!(
        "Harbour City is alive: {} people, {phones} phones on the move, {} open cases.",
        people::COUNT,
        cases::COUNT,
    ));
    tell_entrance(site, env);
    if site.has_console {
        (site.say)(&format!(
            "The page for phones is {}/phone: log in as {} with the password {}",
            site.url,
            value(env, "NEARHAND_WORKER_LOGIN"),
            value(env, "NEARHAND_WORKER_PASSWORD"),
        ));
    }
    (site.say)(&format!(
        "For the README's lines: . {}  (documentation: {}/docs, Ctrl-C stops everything)",
        path.display(),
        site.url,
    ));
}

fn value<'a>(env: &'a EnvFile, name: &str) -> &'a str {
    env.get(name).unwrap_or_default()
}
