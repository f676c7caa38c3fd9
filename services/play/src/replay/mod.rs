//! Plays recorded traces as phones through the public API, and measures what becomes of the fixes.
//!
//! [`tracks`] says what is due when, [`phone`] sends it, [`tally`] counts, [`visibility`] times how
//! long a fix takes to be visible, [`summary`] tells. It reads no database and no queue: what it
//! finds out, any client could.

mod jump_limit;
mod people;
mod phone;
mod summary;
mod tally;
mod tracks;
mod visibility;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nearhand_domain::clock;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Say;
use crate::apps::App;
use crate::client::{Client, Session};
pub use jump_limit::RaisedLimit;
use people::Enrolled;
pub use phone::Phone;
use phone::Stage;
pub use summary::Summary;
use tally::{Counts, Tally};
pub use tracks::{Track, length, plan};

/// How often progress is told.
const TELL: Duration = Duration::from_secs(2);
const BLIND: &str =
    "it takes an account that may read positions, people made here, and rewritten times";

/// When fixes are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// So many times faster than recorded.
    Times(f64),
    /// The next batch as soon as the last is acknowledged.
    AsFastAsAccepted,
}

/// How to play.
#[derive(Debug, Clone)]
pub struct Options {
    /// When fixes are sent.
    pub pace: Pace,
    /// Most fixes in a request.
    pub batch: usize,
    /// What the phones speak.
    pub app: App,
    /// Send the recorded times.
    pub keep_times: bool,
    /// How long one batch is tried again and again.
    pub patience: Duration,
    /// Most requests under way.
    pub connections: usize,
}

/// Whose phones are played.
pub enum Who {
    /// Device tokens in a file, one a line.
    Devices(PathBuf),
    /// People made for it, their tokens remembered in a file if there is one.
    People(Option<PathBuf>),
}

/// Makes, or finds again, a phone for every track.
///
/// # Errors
/// If there are too few device tokens, or the API refuses to make people.
pub async fn enrol(
    session: Option<&Session>,
    who: &Who,
    tracks: Vec<Track>,
) -> anyhow::Result<Vec<Phone>> {
    let count = tracks.len();
    let enrolled = match who {
        Who::Devices(path) => {
            let devices = people::from_file(path)?;
            anyhow::ensure!(
                devices.len() >= count,
                "{count} phones are to be played, but {} holds {} tokens; give more, or --phones {}",
                path.display(),
                devices.len(),
                devices.len()
            );
            devices
        }
        Who::People(state) => {
            let session =
                session.ok_or_else(|| anyhow::anyhow!("people can only be made by an account"))?;
            people::ensure(session, count, state.as_deref()).await?
        }
    };
    let phone = |(Enrolled { token, staff }, track)| Phone { token, staff, track };
    Ok(enrolled.into_iter().zip(tracks).map(phone).collect())
}

/// Plays the phones to the end of their tracks, or until cancelled. Returns the summary and whether
/// all went well.
///
/// # Errors
/// If the counts cannot be kept.
pub async fn play(
    client: &Client,
    session: Option<&Session>,
    phones: Vec<Phone>,
    options: Options,
    say: Say,
    cancel: &CancellationToken,
) -> anyhow::Result<(Summary, bool)> {
    let fixes: u64 = phones.iter().map(|phone| phone.track.fixes.len() as u64).sum();
    let count = phones.len();
    let known = phones.iter().any(|phone| phone.staff.is_some());
    let watched = session.filter(|_| known && !options.keep_times);
    let tally = Arc::new(Tally::new()?);
    let (samples, sampled) = mpsc::channel(1);
    let mut watching = JoinSet::new();
    match watched {
        Some(session) => {
            let view = visibility::view_of(phones.iter().map(|phone| &phone.track));
            watching.spawn(visibility::watch(session.clone(), view, Arc::clone(&tally), sampled));
        }
        None => tally.blind(BLIND.to_owned()),
    }
    let stage = Arc::new(Stage {
        client: client.clone(),
        lines: Semaphore::new(options.connections),
        options,
        begun: Instant::now(),
        begun_at: clock::now(),
        run: Uuid::new_v4().simple().to_string()[..12].to_owned(),
        tally: Arc::clone(&tally),
        samples,
        cancel: cancel.clone(),
    });
    let mut playing = JoinSet::new();
    for phone in phones {
        playing.spawn(Arc::clone(&stage).play(phone));
    }
    tell_until_over(&tally, &mut playing, fixes, count, say).await;
    let elapsed = stage.begun.elapsed();
    if watched.is_some() && !cancel.is_cancelled() {
        let last_seen = async {
            while tally.now().being_timed > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        drop(tokio::time::timeout(visibility::GIVE_UP, last_seen).await);
    }
    watching.shutdown().await;
    let counts = tally.now();
    let well = !counts.failed() && (cancel.is_cancelled() || counts.sent == fixes);
    Ok((Summary::new(client.base(), count, fixes, elapsed, counts), well))
}

/// Waits for all phones and tells how it goes: a bar at a terminal, else a line now and then.
async fn tell_until_over(
    tally: &Tally,
    playing: &mut JoinSet<()>,
    fixes: u64,
    phones: usize,
    say: Say,
) {
    let begun = Instant::now();
    let bar = std::io::stderr().is_terminal().then(|| bar(fixes));
    let every = if bar.is_some() { TELL / 10 } else { TELL };
    let mut ticks = interval_at(begun + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            ended = playing.join_next() => match ended {
                None => break,
                Some(Err(error)) => tracing::error!(error = %error, "a phone broke down"),
                Some(Ok(())) => {}
            },
            _ = ticks.tick() => {
                let line = line(&tally.now(), begun.elapsed(), fixes, phones);
                match &bar {
                    Some(bar) => {
                        bar.set_position(tally.now().sent);
                        bar.set_message(line);
                    }
                    None => say(&line),
                }
            }
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

fn bar(fixes: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(fixes), ProgressDrawTarget::stderr());
    // A wrong template would be a mistake of ours; the plain bar does as well.
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
        bar.set_style(style);
    }
    bar
}

fn line(counts: &Counts, elapsed: Duration, fixes: u64, phones: usize) -> String {
    let discarded: u64 = counts.discarded.values().sum();
    let rejected: u64 = counts.rejected.values().sum();
    let playing = (phones as u64).saturating_sub(counts.ended);
    let mut line = format!(
        "{} s: {} of {fixes} fixes sent, {} accepted, {playing} phones playing",
        elapsed.as_secs(),
        counts.sent,
        counts.accepted,
    );
    for (n, what) in
        [(discarded, "discarded"), (rejected, "rejected"), (counts.waiting, "waiting to try again")]
    {
        if n > 0 {
            line.push_str(&format!(", {n} {what}"));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_tells_trouble_only_when_there_is_some() {
        let tally = Tally::new().unwrap();
        tally.sent(3);
        let quiet = line(&tally.now(), Duration::from_secs(4), 9, 2);
        assert_eq!(quiet, "4 s: 3 of 9 fixes sent, 0 accepted, 2 phones playing");
        tally.lost(1);
        tally.waits(&crate::client::Error::Unreachable {
            base: "x".into(),
            reason: "no connection".to_owned(),
        });
        assert!(line(&tally.now(), Duration::ZERO, 9, 2).ends_with("1 waiting to try again"));
    }
}
