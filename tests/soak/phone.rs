//! One phone: measures, keeps what it measured until it is acknowledged, and sends it as its app does.
//! Writes into the log what was acknowledged. Knows nothing of faults.

use crate::{
    expected::{Judged, Whether},
    ledger::{Entry, PhoneLog, entry},
    load::Fleet,
    stack::APIS,
};
use jiff::Timestamp;
use nearhand_domain::clock;
use nearhand_play::{
    apps::{App, Fix, TokenIn},
    demo::dice::Dice,
};
use reqwest::{Response, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

/// A longer wait that the server asks for is cut to this: a run is short.
const MOST_WAIT: Duration = Duration::from_secs(2);
/// The longest for which a revoked token may still be taken by another API than the one that revoked
/// it: what the feed needs.
const REVOCATION_LAG: Duration = Duration::from_secs(1);
/// How soon a phone notices that it is to measure more often.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How far it moves between two fixes, degrees.
const STEP_DEG: f64 = 0.000_3;

/// A phone.
pub(crate) struct Phone {
    pub(crate) log: Arc<PhoneLog>,
    token: SecretString,
    dice: Dice,
    place: (f64, f64),
    /// The API it speaks to, until that does not answer.
    pub(crate) api: usize,
    pub(crate) waiting: VecDeque<Waiting>,
    /// Its delays are those of the others, who are not to be held up.
    is_counted: bool,
}

/// A fix that is not acknowledged.
pub(crate) struct Waiting {
    fix: Fix,
    made: Instant,
    /// The server's clock since the first attempt; none before it.
    judged: Option<Judged>,
    /// An attempt was not answered, so it may be stored.
    is_unclear: bool,
}

/// What came of an attempt.
enum Outcome {
    Acknowledged(Option<Value>),
    /// Again, after a while.
    Wait(Duration),
    Unauthorized,
    Refused(StatusCode),
}

/// Whether a phone goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// With the next fixes at once.
    Go,
    /// After this pause.
    Pause(Duration),
    /// Its token is no longer taken.
    End,
}

impl Phone {
    pub(crate) fn new(log: Arc<PhoneLog>, token: String, seed: u64, is_counted: bool) -> Self {
        let mut dice = Dice::new(seed);
        let place = (dice.between(38.55, 38.95), dice.between(-9.45, -8.95));
        let api = if dice.chance(0.5) { 0 } else { 1 };
        Self { log, token: token.into(), dice, place, api, waiting: VecDeque::new(), is_counted }
    }

    pub(crate) fn token(&self) -> &str {
        self.token.expose_secret()
    }

    pub(crate) fn place(&self) -> (f64, f64) {
        self.place
    }

    /// Keeps a fix of this instant by the right clock; the phone's own may be off.
    pub(crate) fn measure(&mut self, right_ms: i64) {
        let skew_ms = self.log.skew_ms.load(SeqCst);
        let Ok(at) = Timestamp::from_millisecond(right_ms + skew_ms) else { return };
        self.place.0 += self.dice.between(-STEP_DEG, STEP_DEG);
        self.place.1 += self.dice.between(-STEP_DEG, STEP_DEG);
        // A few are too wide to be live.
        let radius = if self.dice.chance(0.02) { 1_500.0 } else { 5.0 + self.dice.unit() * 20.0 };
        let fix = Fix {
            at,
            lat: self.place.0,
            lng: self.place.1,
            accuracy_m: Some(radius),
            altitude_m: Some(self.dice.between(1.0, 90.0).round()),
            speed_mps: Some(self.dice.between(0.0, 14.0)),
            course_deg: Some(self.dice.between(0.0, 359.0).round()),
            battery: Some(self.dice.unit()),
            motion: Some("driving"),
            key: Some(format!("{right_ms}-{}", self.dice.whole(0, 999_999))),
        };
        self.keep(fix);
    }

    /// Keeps a fix as it is.
    pub(crate) fn keep(&mut self, fix: Fix) {
        self.waiting.push_back(Waiting {
            fix,
            made: Instant::now(),
            judged: None,
            is_unclear: false,
        });
    }

    /// Sends the oldest that wait, as many as its app sends at a time, once.
    pub(crate) async fn send(&mut self, fleet: &Fleet) -> Next {
        let many = self.waiting.len().min(self.log.app.most_fixes());
        if many == 0 {
            return Next::Go;
        }
        let (begun, api) = (Instant::now(), self.api);
        self.judge(fleet, many);
        let outcome = self.attempt(fleet, many).await;
        self.judge(fleet, many);
        fleet.totals.requests.fetch_add(1, SeqCst);
        match outcome {
            Outcome::Acknowledged(reply) => {
                self.acknowledged(fleet, many, reply.as_ref(), (begun, api));
                Next::Go
            }
            Outcome::Wait(pause) => {
                fleet.totals.repeated.fetch_add(1, SeqCst);
                self.waiting.iter_mut().take(many).for_each(|waiting| waiting.is_unclear = true);
                self.api = (self.api + 1) % APIS;
                Next::Pause(pause.min(MOST_WAIT).mul_f64(1.0 + self.dice.unit() / 2.0))
            }
            Outcome::Unauthorized => {
                if !self.log.revoking.load(SeqCst) {
                    fleet.totals.strange(format!("a good token of {} was refused", self.log.app));
                }
                self.end(true);
                Next::End
            }
            Outcome::Refused(status) => {
                let app = self.log.app;
                fleet.totals.strange(format!("good fixes of {app} were refused with {status}"));
                self.end(false);
                Next::End
            }
        }
    }

    /// Widens the range of clocks by which the first fixes may be judged.
    fn judge(&mut self, fleet: &Fleet, many: usize) {
        let now = fleet.clock.now();
        for waiting in self.waiting.iter_mut().take(many) {
            let known = waiting.judged.unwrap_or(now);
            waiting.judged = Some(Judged {
                earliest_ms: known.earliest_ms.min(now.earliest_ms),
                latest_ms: known.latest_ms.max(now.latest_ms),
            });
        }
    }

    async fn attempt(&self, fleet: &Fleet, many: usize) -> Outcome {
        let fixes: Vec<Fix> = self.waiting.iter().take(many).map(|w| w.fix.clone()).collect();
        let report = self.log.app.report(&self.token, &fixes);
        let url = format!("{}{}", fleet.urls[self.api], report.path.expose_secret());
        let mut request = fleet.http.request(report.method, url);
        request = match report.token_in {
            TokenIn::Bearer => request.bearer_auth(self.token.expose_secret()),
            TokenIn::Basic => request.basic_auth("phone", Some(self.token.expose_secret())),
            TokenIn::Path => request,
        };
        if let Some(kind) = report.content_type {
            request = request.header(header::CONTENT_TYPE, kind).body(report.body);
        }
        match request.send().await {
            Ok(answer) => self.read(answer).await,
            Err(_) => Outcome::Wait(Duration::from_millis(200)),
        }
    }

    async fn read(&self, answer: Response) -> Outcome {
        let status = answer.status();
        let asked = answer.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok());
        let wait = asked.and_then(|text| text.parse().ok()).map_or(1, |seconds: u64| seconds);
        if status == StatusCode::OK {
            let is_native = self.log.app == App::Native;
            // The head is the acknowledgement; our own format says more in the body.
            return match answer.json().await {
                Ok(reply) => Outcome::Acknowledged(Some(reply).filter(|_| is_native)),
                Err(_) if is_native => Outcome::Wait(Duration::from_millis(200)),
                Err(_) => Outcome::Acknowledged(None),
            };
        }
        match status {
            StatusCode::UNAUTHORIZED => Outcome::Unauthorized,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                Outcome::Wait(Duration::from_secs(wait))
            }
            status if status.is_server_error() => Outcome::Wait(Duration::from_secs(wait)),
            status => Outcome::Refused(status),
        }
    }

    /// Writes the first fixes into the log.
    fn acknowledged(
        &mut self,
        fleet: &Fleet,
        many: usize,
        reply: Option<&Value>,
        (begun, api): (Instant, usize),
    ) {
        self.look_at_revocation(fleet, begun, api);
        let mut expected = Vec::with_capacity(many);
        for waiting in self.waiting.drain(..many) {
            if self.is_counted {
                fleet.delays.record(waiting.made.elapsed());
            }
            let judged = waiting.judged.unwrap_or_else(|| fleet.clock.now());
            expected.extend(entry(self.log.app, &waiting.fix, judged));
        }
        if let Some(fault) = reply.and_then(|reply| wrong(reply, &expected)) {
            fleet.totals.strange(fault);
        }
        expected.into_iter().for_each(|entry| self.log.add(entry));
        fleet.totals.acknowledged.fetch_add(many as u64, SeqCst);
    }

    fn look_at_revocation(&self, fleet: &Fleet, begun: Instant, api: usize) {
        let Some((at, by)) = self.log.revoked() else { return };
        let Some(lag) = begun.checked_duration_since(at) else { return };
        fleet.lags.lock().push(lag);
        if api == by || lag > REVOCATION_LAG {
            let after = lag.as_millis();
            let same = if api == by { "the same" } else { "another" };
            fleet.totals.strange(format!(
                "a ping was acknowledged {after} ms after its token was revoked, by {same} API"
            ));
        }
    }

    /// Gives up what waits. What was sent and not answered may be stored; what was refused with its
    /// token and nothing else may not.
    fn end(&mut self, is_refused: bool) {
        self.log.is_ended.store(true, SeqCst);
        for waiting in self.waiting.drain(..) {
            let Some(judged) = waiting.judged else { continue };
            let Some(known) = entry(self.log.app, &waiting.fix, judged) else { continue };
            let is_out = is_refused && !waiting.is_unclear;
            let stored = if is_out { Whether::No } else { Whether::Open };
            let live = if known.live == Whether::Yes { Whether::Open } else { known.live };
            self.log.add(Entry { stored, live, acknowledged: None, ..known });
        }
    }

    /// Sends all that waits; false when the token is no longer taken or nobody waits any more.
    pub(crate) async fn send_all(&mut self, fleet: &Fleet) -> bool {
        while !self.waiting.is_empty() {
            let pause = tokio::select! {
                next = self.send(fleet) => match next {
                    Next::Go => Duration::ZERO,
                    Next::Pause(pause) => pause,
                    Next::End => return false,
                },
                () = fleet.give_up.cancelled() => {
                    self.end(false);
                    return false;
                }
            };
            tokio::time::sleep(pause).await;
        }
        true
    }

    /// Measures as often as the fleet does, or more often if it is told to, and sends, until the fleet
    /// stops; then sends what is left.
    pub(crate) async fn run(mut self, fleet: Arc<Fleet>, often: Option<Duration>) {
        let every = || often.unwrap_or_else(|| *fleet.every.lock());
        // Phones do not measure at the same instants.
        let mut last = Instant::now() - every().mul_f64(self.dice.unit());
        while !fleet.stop.is_cancelled() {
            let due = (last + every()).min(Instant::now() + LOOK_AGAIN);
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => {}
                () = fleet.stop.cancelled() => break,
            }
            // While it could not send, it went on measuring.
            while last + every() <= Instant::now() {
                last += every();
                let late_ms = i64::try_from(last.elapsed().as_millis()).unwrap_or(0);
                self.measure(clock::now().as_millisecond() - late_ms);
            }
            if !self.send_all(&fleet).await {
                return;
            }
        }
        self.send_all(&fleet).await;
    }
}

/// What is wrong with our own format's reply, if anything.
fn wrong(reply: &Value, expected: &[Entry]) -> Option<String> {
    let number = |name: &str| reply[name].as_u64().unwrap_or(0);
    let rejected = reply["rejected"].as_array().map_or(0, Vec::len) as u64;
    let (accepted, repeated) = (number("accepted"), number("duplicates"));
    let count = |wanted: &[Whether]| {
        expected.iter().filter(|entry| wanted.contains(&entry.stored)).count() as u64
    };
    let least = count(&[Whether::No]);
    let most = count(&[Whether::No, Whether::Open]);
    let discarded = reply["discarded"].as_object().is_some_and(|reasons| !reasons.is_empty());
    let whole = accepted + repeated + rejected == expected.len() as u64;
    let fits = !discarded && whole && (least..=most).contains(&rejected);
    (!fits).then(|| {
        format!(
            "of {} fixes, {least} to {most} of them to be rejected, {accepted} were accepted, \
             {repeated} repeated, {rejected} rejected; discarded: {}",
            expected.len(),
            reply["discarded"]
        )
    })
}
