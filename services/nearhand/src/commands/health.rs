//! `nearhand health URL`: asks a running process how it is, for container health checks.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

/// Arguments of `nearhand health`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to ask, for example `http://127.0.0.1:9464/readyz`, where what is missing is said.
    url: String,
    /// Seconds to wait for the answer.
    #[arg(long, default_value_t = 5)]
    timeout: u64,
}

/// Succeeds if the answer is 2xx.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(args.timeout))
        .build()
        .context("could not prepare the request")?;
    let answer = client.get(&args.url).send().await;
    let answer = answer.with_context(|| format!("{} does not answer", args.url))?;
    let status = answer.status();
    let text = answer.text().await.unwrap_or_default();
    anyhow::ensure!(status.is_success(), "{} answers {status}: {}", args.url, text.trim());
    Ok(ExitCode::SUCCESS)
}
