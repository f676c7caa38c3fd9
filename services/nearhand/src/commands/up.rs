//! `nearhand up`: everything on one machine, in one process, with servers of its own.

use crate::{
    demo::{self, DemoSite},
    embedded::{self, Connections, Options, Servers},
    geocoder::GeocoderSettings,
    mail::MailSettings,
    objects::ObjectsSettings,
    progress::{announced, say},
    runtime::{Runtime, Surroundings, connect_queue, offer_bootstrap_token},
    settings::{AppDatabase, AppUrl, Http, JobsSettings, QueueSettings, Retention, WorkerDatabase},
    signals::{self, Interrupts},
};
use anyhow::Context;
use nearhand_console::DemoSlot;
use nearhand_migrations::{APP_ROLE, OWNER_ROLE, RolePasswords, WORKER_ROLE};
use nearhand_runner::{ArrivalJobs, DataExportJobs, EraseJobs, OfferIndex, OfferJobs, PhotoJobs};
use secrecy::{ExposeSecret, SecretString};
use std::{net::SocketAddr, path::PathBuf, process::ExitCode};
use tokio_util::sync::CancellationToken;

/// Connections for requests; PostgreSQL of its own takes 100 in all.
const APP_POOL: u32 = 32;
/// Connections for ingest, relay and snapshots.
const WORKER_POOL: u32 = 16;

/// Arguments of `nearhand up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where PostgreSQL and Redis keep their data.
    #[arg(long, env = "NEARHAND_DATA_DIR", default_value = ".nearhand")]
    data_dir: PathBuf,
    /// Fill one organisation with a city of moving people and open cases, and write `demo.env`
    /// into the data directory.
    #[arg(long)]
    demo: bool,
    #[command(flatten)]
    http: Http,
    #[command(flatten)]
    queue: QueueSettings,
    #[command(flatten)]
    jobs: JobsSettings,
    #[command(flatten)]
    mail: MailSettings,
    #[command(flatten)]
    objects: ObjectsSettings,
    #[command(flatten)]
    geocoder: GeocoderSettings,
    #[command(flatten)]
    retention: Retention,
}

/// Runs until Ctrl-C or SIGTERM, then stops everything in order.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.demo {
        demo::ensure_built()?;
    }
    let mut interrupts = Interrupts::listen()?;
    let shutdown = CancellationToken::new();
    let options = Options::new(args.data_dir.clone());
    let starting = embedded::start(&options, &shutdown);
    tokio::pin!(starting);
    let mut servers = tokio::select! {
        servers = &mut starting => servers?,
        signal = interrupts.next() => {
            shutdown.cancel();
            if let Ok(servers) = starting.await {
                servers.stop().await;
            }
            return Ok(ExitCode::from(signals::exit_status(signal)));
        }
    };
    let connections = servers.connections().clone();
    let result = tokio::select! {
        result = live(&args, &connections, &shutdown) => result,
        () = watch(&mut servers, &mut interrupts, &shutdown) => Ok(()),
    };
    shutdown.cancel();
    say("Stopping PostgreSQL and Redis …");
    let data_dir = servers.stop().await;
    drop(data_dir);
    result?;
    say("Stopped. Your data stays; `up` again goes on with it.");
    Ok(ExitCode::SUCCESS)
}

/// Keeps the servers alive until a signal, and through the shutdown that follows it. Ends only at
/// a second signal.
async fn watch(servers: &mut Servers, interrupts: &mut Interrupts, shutdown: &CancellationToken) {
    let for_ever = CancellationToken::new();
    let signals = async {
        interrupts.next().await;
        say("Stopping … (once more to stop at once)");
        shutdown.cancel();
        interrupts.next().await;
    };
    tokio::select! {
        () = servers.supervise(&for_ever) => {}
        () = signals => {}
    }
}

/// Migrates, runs API and workers, and returns when they have finished after `shutdown`.
async fn live(
    args: &Args,
    connections: &Connections,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    prepare(connections).await?;
    let (app, worker) = databases(connections);
    let jobs = args.jobs.config(&app.url, &worker).await?;
    let app = app.connect().await?;
    let worker = worker.connect().await?;
    let queue = connect_queue(&args.queue, &connections.redis_url).await?;
    let mut runtime = Runtime::new(shutdown.clone())?;
    let token = bootstrap_token(args)?;
    offer_bootstrap_token(&app, Some(&token)).await?;
    let is_set_up = {
        let mut tx = app.tenantless().await?;
        nearhand_storage::organizations::setup_is_complete(&mut tx).await?
    };
    let (http, retention) = (&args.http, args.retention);
    let folder = args.data_dir.join("outbox");
    let outbox = args.mail.shown(Some(&folder), http.listen);
    let objects = args.objects.open(Some(&args.data_dir.join("objects")))?;
    let jobs = jobs.with(args.geocoder.jobs()?).with_any(objects.clone().map(PhotoJobs::new));
    let jobs = jobs.with(DataExportJobs::new(objects.clone())).with(ArrivalJobs);
    let (public_url, logins) = (args.mail.public_url(), DemoSlot::default());
    let surroundings = Surroundings { objects, outbox, public_url, demo: logins.clone() };
    let serving = runtime.start_api(app, worker.clone(), &queue, surroundings, http, retention);
    let api = serving.await?;
    let (url, has_console) = (base_url(api.addresses.api), http.console.is_served());
    let jobs = jobs.with_offers(OfferJobs::new(OfferIndex::shared(api.follower)));
    let mails = args.mail.jobs(Some(&folder), &url)?;
    let jobs = jobs.with(EraseJobs::new(&queue, mails.outbox()));
    runtime.start_worker(worker, queue, jobs.with(mails), retention);
    if !args.demo {
        greet(&url, is_set_up, has_console, &token);
        return runtime.finish().await;
    }
    let data_dir = args.data_dir.clone();
    let site = DemoSite { url, bootstrap_token: token, data_dir, has_console, logins };
    let demo = async {
        let result = demo::run(site, shutdown.clone()).await;
        if result.is_err() {
            shutdown.cancel();
        }
        result
    };
    let (finished, demo) = tokio::join!(runtime.finish(), Box::pin(demo));
    finished.and(demo)
}

async fn prepare(connections: &Connections) -> anyhow::Result<()> {
    let passwords = RolePasswords {
        owner: connections.owner_password.expose_secret(),
        app: connections.app_password.expose_secret(),
        worker: connections.worker_password.expose_secret(),
    };
    let superuser = connections.superuser_url.expose_secret().parse()?;
    let bootstrap = nearhand_migrations::bootstrap(&superuser, connections.database, &passwords);
    announced("preparing the database", bootstrap).await?;
    let owner = connections.role_url(OWNER_ROLE, &connections.owner_password);
    let owner = owner.expose_secret().parse()?;
    announced("bringing the schema up to date", nearhand_migrations::migrate(&owner)).await?;
    Ok(())
}

fn databases(connections: &Connections) -> (AppDatabase, WorkerDatabase) {
    let app = AppDatabase {
        url: AppUrl { app_database_url: connections.role_url(APP_ROLE, &connections.app_password) },
        app_pool: APP_POOL,
    };
    let worker = WorkerDatabase {
        worker_database_url: connections.role_url(WORKER_ROLE, &connections.worker_password),
        worker_pool: WORKER_POOL,
    };
    (app, worker)
}

/// The token given, or one kept in the data directory, so that it can be read again.
fn bootstrap_token(args: &Args) -> anyhow::Result<SecretString> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(token) = &args.http.bootstrap_token {
        return Ok(token.clone());
    }
    let path = args.data_dir.join("bootstrap-token");
    if let Ok(token) = std::fs::read_to_string(&path) {
        return Ok(token.trim().to_owned().into());
    }
    let token = format!("nh_boot_{}", nearhand_domain::token::random_secret());
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    std::io::Write::write_all(&mut file, token.as_bytes())?;
    Ok(token.into())
}

fn base_url(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("http://127.0.0.1:{}", address.port());
    }
    format!("http://{address}")
}

fn greet(url: &str, is_set_up: bool, has_console: bool, token: &SecretString) {
    let (page, where_to) = match has_console {
        true => ("/console", "Make the first account there"),
        false => ("", "Make the first organisation with POST /v1/setup"),
    };
    say(&format!("Nearhand runs on {url}{page}  (documentation: {url}/docs, Ctrl-C stops it)"));
    if !is_set_up {
        let token = token.expose_secret();
        say(&format!("Nobody can log in yet. {where_to}, with this bootstrap token: {token}"));
    }
}
