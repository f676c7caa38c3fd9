//! One simulated phone: takes its fixes when they are due, sends them in order, and keeps and
//! repeats what was not acknowledged, as a phone does.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nearhand_domain::clock;
use secrecy::SecretString;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::tally::{Reply, Tally};
use super::tracks::{Planned, Track};
use super::visibility::Sample;
use super::{Options, Pace};
use crate::apps::{App, Fix};
use crate::client::{Client, Error, pause};

/// A phone and what it is to play.
pub struct Phone {
    /// Its device token.
    pub(super) token: SecretString,
    /// Its person, if known.
    pub(super) staff: Option<Uuid>,
    /// Its fixes.
    pub(super) track: Track,
}

/// What all phones share.
pub(super) struct Stage {
    pub(super) client: Client,
    pub(super) options: Options,
    /// The beginning, by both clocks.
    pub(super) begun: Instant,
    pub(super) begun_at: Timestamp,
    /// Tells this replay's fixes from those of another.
    pub(super) run: String,
    /// How many requests may be under way.
    pub(super) lines: Semaphore,
    pub(super) tally: Arc<Tally>,
    /// Takes a fix to be timed whenever the last one has been.
    pub(super) samples: mpsc::Sender<Sample>,
    pub(super) cancel: CancellationToken,
}

/// What became of a batch.
enum Outcome {
    /// It is in the server's hands, or refused for good; go on.
    Settled,
    /// This phone cannot go on.
    Over,
}

impl Stage {
    /// Plays one phone to its end.
    pub(super) async fn play(self: Arc<Self>, phone: Phone) {
        let mut next = 0;
        let mut last = self.begun_at;
        while let Some(first) = phone.track.fixes.get(next) {
            if let Pace::Times(speed) = self.options.pace {
                let due = self.begun + first.after.div_f64(speed);
                tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.cancel.cancelled() => break,
                }
            }
            if self.cancel.is_cancelled() {
                break;
            }
            let count = self.due(&phone.track.fixes[next..]);
            let fixes = self.wire(&phone.track, next..next + count, &mut last);
            next += count;
            match self.deliver(&phone, &fixes).await {
                Outcome::Settled => self.keep_to_the_clock(last).await,
                Outcome::Over => break,
            }
        }
        self.tally.phone_ended();
    }

    /// How many of these fixes go into the next request: those that are due, at least one.
    fn due(&self, fixes: &[Planned]) -> usize {
        let due = match self.options.pace {
            Pace::AsFastAsAccepted => fixes.len(),
            Pace::Times(speed) => {
                let now = self.begun.elapsed();
                fixes.iter().take_while(|planned| planned.after.div_f64(speed) <= now).count()
            }
        };
        due.clamp(1, self.options.batch.min(self.options.app.most_fixes()))
    }

    /// The fixes as they are sent. Rewritten times are those at which the fix fell due, or now,
    /// and rise by at least a millisecond, since only a newer fix moves the live position.
    fn wire(&self, track: &Track, range: std::ops::Range<usize>, last: &mut Timestamp) -> Vec<Fix> {
        let (now, end) = (clock::now(), range.end);
        // OwnTracks knows whole seconds only.
        let step = match self.options.app {
            App::Owntracks => SignedDuration::from_secs(1),
            _ => SignedDuration::from_millis(1),
        };
        let wire = |index: usize| {
            let planned = &track.fixes[index];
            let Planned { after, fix } = planned;
            let (at, key) = if self.options.keep_times {
                (fix.at, None)
            } else {
                let at = match self.options.pace {
                    Pace::Times(speed) => self.begun_at + after.div_f64(speed),
                    Pace::AsFastAsAccepted => {
                        let before = i64::try_from(end - 1 - index).unwrap_or(0);
                        now - SignedDuration::from_millis(before)
                    }
                };
                *last = clock::to_millis(at).max(*last + step);
                (*last, Some(format!("{}-{index}", self.run)))
            };
            Fix {
                at,
                lat: fix.position.lat(),
                lng: fix.position.lng(),
                altitude_m: fix.altitude_m,
                speed_mps: fix.speed_mps,
                course_deg: fix.course_deg,
                key,
                ..Fix::default()
            }
        };
        range.map(wire).collect()
    }

    /// Sends a batch until it is acknowledged, refused for good, or patience has run out.
    async fn deliver(&self, phone: &Phone, fixes: &[Fix]) -> Outcome {
        let count = fixes.len();
        let fix_at = fixes.last().map_or(self.begun_at, |fix| fix.at);
        let first_sent = Instant::now();
        self.tally.sent(count);
        let mut attempt = 0;
        loop {
            let sent = Instant::now();
            let error = match self.send(&phone.token, fixes).await {
                Ok((reply, round_trip)) => {
                    if let Some(staff) = phone.staff.filter(|_| reply.took_some()) {
                        self.offer(Sample { staff, fix_at, sent: first_sent });
                    }
                    self.tally.answered(count, reply, round_trip, first_sent.elapsed());
                    return Outcome::Settled;
                }
                Err(error) => error,
            };
            if !error.is_passing() {
                tracing::warn!(error = %error, batch_len = count, "a batch was refused");
                self.tally.refused(count, &error);
                return if error.is_unauthorized() { Outcome::Over } else { Outcome::Settled };
            }
            let waited = sent.duration_since(first_sent);
            if waited >= self.options.patience || !self.wait(&error, attempt).await {
                self.tally.lost(count);
                return Outcome::Over;
            }
            attempt += 1;
        }
    }

    /// Hands a fix over to be timed, unless another one is.
    fn offer(&self, sample: Sample) {
        if self.samples.try_send(sample).is_ok() {
            self.tally.offered();
        }
    }

    async fn send(&self, token: &SecretString, fixes: &[Fix]) -> Result<(Reply, Duration), Error> {
        let app = self.options.app;
        let report = app.report(token, fixes);
        let permit = self.lines.acquire().await;
        let sent = Instant::now();
        let call = self.client.report(report, token);
        let reply = match app {
            App::Native => call.read().await,
            _ => call.done().await.map(|()| Reply::of_all(fixes.len())),
        };
        let round_trip = sent.elapsed();
        drop(permit);
        Ok((reply?, round_trip))
    }

    /// Waits before the next attempt; false if the replay is to end.
    async fn wait(&self, error: &Error, attempt: u32) -> bool {
        self.tally.waits(error);
        // The low bits of a fresh identifier are as good as dice.
        let spread = f64::from(Uuid::new_v4().as_bytes()[0]) / 255.0;
        let goes_on = tokio::select! {
            () = sleep(pause(error, attempt, spread)) => true,
            () = self.cancel.cancelled() => false,
        };
        self.tally.tries_again();
        goes_on
    }

    /// Times that rise by a millisecond a fix may run ahead of the clock; a server keeps fixes
    /// from the future out of the live view, so they are let catch up.
    async fn keep_to_the_clock(&self, last: Timestamp) {
        let ahead = last.duration_since(clock::now());
        if !self.options.keep_times && ahead > SignedDuration::from_secs(30) {
            sleep(ahead.unsigned_abs()).await;
        }
    }
}
