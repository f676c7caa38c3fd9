//! Waiting for a condition, with a deadline. Nothing in the tests sleeps in the hope that it will
//! be enough.

use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(20);

/// Asks until the answer is there; panics with `what` after 30 s.
pub(crate) async fn eventually<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(Duration::from_secs(30), what, ask).await
}

/// Asks until the answer is there; panics with `what` after the deadline.
pub(crate) async fn within<T>(
    deadline: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < deadline, "after {deadline:?} still not: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
