//! Tells people at the terminal what takes long, on standard error.
//!
//! For subcommands only; long-running services log instead.

use std::time::Duration;

use tokio::time::{Instant, interval_at};

/// What is done within this time needs no word.
const PATIENCE: Duration = Duration::from_secs(2);
const REPEAT: Duration = Duration::from_secs(10);

/// Runs the future. If it takes more than two seconds, says `what` on standard error, and then how
/// long it has been, every ten seconds.
pub(crate) async fn announced<F: Future>(what: &str, work: F) -> F::Output {
    let begun = Instant::now();
    let mut ticks = interval_at(begun + PATIENCE, REPEAT);
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            output = &mut work => return output,
            _ = ticks.tick() => say(&line(what, begun.elapsed())),
        }
    }
}

/// One line on standard error.
#[expect(clippy::print_stderr, reason = "for the person at the terminal, not a log")]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

fn line(what: &str, elapsed: Duration) -> String {
    if elapsed < PATIENCE + REPEAT / 2 {
        return format!("{what} …");
    }
    format!("{what} … {} s", elapsed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_has_no_number() {
        assert_eq!(line("starting", Duration::from_secs(2)), "starting …");
        assert_eq!(line("starting", Duration::from_millis(12_100)), "starting … 12 s");
    }

    #[tokio::test]
    async fn the_output_is_handed_through() {
        assert_eq!(announced("counting", async { 7 }).await, 7);
    }
}
