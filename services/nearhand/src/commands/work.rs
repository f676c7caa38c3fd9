//! `nearhand work`: ingest, relay and maintenance.

use crate::{
    progress::say,
    runtime::{Runtime, connect_queue},
    settings::{Redis, Retention, WorkerDatabase},
    signals::Interrupts,
};
use std::{net::SocketAddr, process::ExitCode};
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
    /// Where /healthz, /readyz and /metrics of this process are; port 0 takes a free one.
    #[arg(long, env = "NEARHAND_LISTEN", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
}

/// Runs until Ctrl-C or SIGTERM; what is in hand is finished first.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut interrupts = Interrupts::listen()?;
    let shutdown = CancellationToken::new();
    let mut runtime = Runtime::new(shutdown.clone())?;
    let worker = args.worker.connect().await?;
    let queue = connect_queue(&args.redis.queue, &args.redis.redis_url).await?;
    let address = runtime.start_health(args.listen, worker.clone(), &queue).await?;
    runtime.start_worker(worker, queue, args.retention);
    say(&format!("The worker runs; its health is at http://{address}/readyz"));
    tokio::select! {
        _ = interrupts.next() => shutdown.cancel(),
        result = runtime.until_failure() => result?,
    }
    runtime.finish().await?;
    Ok(ExitCode::SUCCESS)
}
