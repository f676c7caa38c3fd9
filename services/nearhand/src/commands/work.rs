//! `nearhand work`: ingest, relay and maintenance.

use crate::{
    progress::say,
    runtime::{Runtime, WORKER_METRICS, connect_queue},
    settings::{Operators, Redis, Retention, WorkerDatabase},
    signals::Interrupts,
};
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

/// Arguments of `nearhand work`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    worker: WorkerDatabase,
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
    let mut runtime = Runtime::new(shutdown.clone())?;
    let worker = args.worker.connect().await?;
    let queue = tokio::select! {
        queue = connect_queue(&args.redis.queue, &args.redis.redis_url) => queue?,
        _ = interrupts.next() => return Ok(ExitCode::SUCCESS),
    };
    let listen = args.operators.listen(WORKER_METRICS);
    let address = runtime.start_health(listen, worker.clone(), &queue).await?;
    runtime.start_worker(worker, queue, args.retention);
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
