//! `nearhand work`: ingest, relay, background jobs and maintenance.

use crate::{
    geocoder::GeocoderSettings,
    mail::MailSettings,
    objects::ObjectsSettings,
    progress::say,
    runtime::{Runtime, WORKER_METRICS, connect_queue},
    settings::{AppUrl, JobsSettings, Operators, Redis, Retention, WorkerDatabase},
    signals::Interrupts,
};
use nearhand_runner::{ArrivalJobs, DataExportJobs, EraseJobs, OfferIndex, OfferJobs, PhotoJobs};
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

/// Where an API listens unless it is told otherwise.
const API: &str = "http://127.0.0.1:8080";

/// Arguments of `nearhand work`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    app: AppUrl,
    #[command(flatten)]
    worker: WorkerDatabase,
    #[command(flatten)]
    jobs: JobsSettings,
    #[command(flatten)]
    mail: MailSettings,
    #[command(flatten)]
    objects: ObjectsSettings,
    #[command(flatten)]
    geocoder: GeocoderSettings,
    #[command(flatten)]
    redis: Redis,
    #[command(flatten)]
    retention: Retention,
    #[command(flatten)]
    operators: Operators,
}

/// Runs until Ctrl-C or SIGTERM; what is in hand is finished first.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut interrupts = Interrupts::listen()?;
    let shutdown = CancellationToken::new();
    let mails = args.mail.jobs(None, API)?;
    let outbox = mails.outbox();
    let addresses = args.geocoder.jobs()?;
    let objects = args.objects.open(None)?;
    let mut runtime = Runtime::new(shutdown.clone())?;
    let worker = args.worker.connect().await?;
    let jobs = args.jobs.config(&args.app, &args.worker).await?.with(mails).with(addresses);
    let jobs = jobs.with_any(objects.clone().map(PhotoJobs::new)).with(ArrivalJobs);
    let jobs = jobs.with(DataExportJobs::new(objects));
    let queue = tokio::select! {
        queue = connect_queue(&args.redis.queue, &args.redis.redis_url) => queue?,
        _ = interrupts.next() => return Ok(ExitCode::SUCCESS),
    };
    let offers = OfferJobs::new(OfferIndex::own(worker.clone(), queue.clone()));
    let jobs = jobs.with_offers(offers).with(EraseJobs::new(&queue, outbox));
    let listen = args.operators.listen(WORKER_METRICS);
    let address = runtime.start_health(listen, worker.clone(), &queue).await?;
    runtime.start_worker(worker, queue, jobs, args.retention);
    say(&format!(
        "The worker runs; its health is at http://{address}/readyz, its metrics at /metrics"
    ));
    tokio::select! {
        _ = interrupts.next() => shutdown.cancel(),
        result = runtime.until_failure() => result?,
    }
    runtime.finish().await?;
    Ok(ExitCode::SUCCESS)
}
