//! `nearhand serve`: the API and its live index.

use crate::{
    mail::MailSettings,
    objects::ObjectsSettings,
    progress::say,
    runtime::{Runtime, Surroundings, connect_queue, offer_bootstrap_token},
    settings::{AppDatabase, Http, Redis, Retention, WorkerDatabase},
    signals::Interrupts,
};
use nearhand_console::DemoSlot;
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

/// Arguments of `nearhand serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    app: AppDatabase,
    #[command(flatten)]
    worker: WorkerDatabase,
    #[command(flatten)]
    redis: Redis,
    #[command(flatten)]
    mail: MailSettings,
    #[command(flatten)]
    objects: ObjectsSettings,
    #[command(flatten)]
    http: Http,
    #[command(flatten)]
    retention: Retention,
}

/// Runs until Ctrl-C or SIGTERM.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut interrupts = Interrupts::listen()?;
    let shutdown = CancellationToken::new();
    let objects = args.objects.open(None)?;
    let mut runtime = Runtime::new(shutdown.clone())?;
    let app = args.app.connect().await?;
    let worker = args.worker.connect().await?;
    let queue = tokio::select! {
        queue = connect_queue(&args.redis.queue, &args.redis.redis_url) => queue?,
        _ = interrupts.next() => return Ok(ExitCode::SUCCESS),
    };
    if let Some(token) = offer_bootstrap_token(&app, args.http.bootstrap_token.as_ref()).await? {
        say(&format!("Setup has not been done. The bootstrap token, shown once: {token}"));
    }
    let outbox = args.mail.shown(None, args.http.listen);
    let (http, retention) = (&args.http, args.retention);
    let (public_url, demo) = (args.mail.public_url(), DemoSlot::default());
    let surroundings = Surroundings { objects, outbox, public_url, demo };
    let serving = runtime.start_api(app, worker, &queue, surroundings, http, retention);
    let addresses = serving.await?.addresses;
    say(&format!("Nearhand listens on http://{}", addresses.api));
    say(&format!("Its health and metrics are at http://{}/metrics", addresses.metrics));
    tokio::select! {
        _ = interrupts.next() => shutdown.cancel(),
        result = runtime.until_failure() => result?,
    }
    runtime.finish().await?;
    Ok(ExitCode::SUCCESS)
}
