//! Waiting for conditions, each with a deadline and a name.

use anyhow::bail;
use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Asks until the answer is there; fails with `what` after the deadline.
pub(crate) async fn within<T>(
    deadline: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return Ok(answer);
        }
        if begun.elapsed() >= deadline {
            bail!("after {} s still not: {what}", deadline.as_secs());
        }
        tokio::time::sleep(PAUSE).await;
    }
}
