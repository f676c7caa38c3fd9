//! Starts a private server again when it has died.
//!
//! On the same port and with the same data, so that everybody's connections come back by
//! themselves. It never stops a server that runs.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::server::Server;

/// How long to wait before the next start.
#[derive(Debug)]
struct Backoff {
    next: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(10);
    /// A server that ran this long is healthy again.
    const HEALTHY: Duration = Duration::from_secs(30);

    fn new() -> Self {
        Self { next: Self::FIRST }
    }

    /// The wait after a run of this length; doubled each time the server does not last.
    fn after(&mut self, run: Duration) -> Duration {
        if run >= Self::HEALTHY {
            self.next = Self::FIRST;
        }
        let wait = self.next;
        self.next = (wait * 2).min(Self::LONGEST);
        wait
    }
}

/// Keeps a server running until `stop`; returns then at once and leaves it as it is.
pub(super) async fn keep(server: &mut Server, stop: &CancellationToken) {
    let watch = async {
        let mut backoff = Backoff::new();
        let mut started = Instant::now();
        loop {
            let status = server.ended().await;
            let name = server.name();
            tracing::warn!(server = name, status, "the server died; starting it again");
            revive(server, &mut backoff, started.elapsed()).await;
            started = Instant::now();
            tracing::info!(server = name, port = server.port(), "the server is back");
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = watch => {}
    }
}

/// Tries until it runs. Tells the first failure; the later ones would only repeat it.
async fn revive(server: &mut Server, backoff: &mut Backoff, ran: Duration) {
    let mut told = false;
    let mut ran = ran;
    loop {
        sleep(backoff.after(ran)).await;
        ran = Duration::ZERO;
        match server.launch().await {
            Ok(()) => return,
            Err(error) if told => tracing::debug!(server = server.name(), %error, "still down"),
            Err(error) => {
                told = true;
                let log = server.log().display();
                tracing::error!(server = server.name(), %error, %log, "it does not start; trying on");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_forgotten_after_a_healthy_run() {
        let mut backoff = Backoff::new();
        let short = Duration::from_secs(1);
        let waits: Vec<u128> = (0..9).map(|_| backoff.after(short).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        assert_eq!(backoff.after(Backoff::HEALTHY), Backoff::FIRST);
    }
}
