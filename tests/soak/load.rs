//! All phones of a run: what they share, and how they are made. Knows nothing of faults.

use crate::{
    expected::Judged,
    figures::Delays,
    ledger::{PhoneLog, Totals},
    people::Enrolled,
    phone::Phone,
    settled::within,
    stack::APIS,
};
use nearhand_domain::clock;
use nearhand_play::{apps::App, demo::dice::Dice};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A request without an answer for so long is sent again.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Until the phones have sent what they keep.
const LAST_SENDS: Duration = Duration::from_secs(300);

/// The server's clock as it may be at present: milliseconds ahead of the right one, least and most.
pub(crate) struct ServerClock(Mutex<(i64, i64)>);

/// What the phones share.
pub(crate) struct Fleet {
    pub(crate) urls: [String; APIS],
    pub(crate) http: reqwest::Client,
    pub(crate) clock: ServerClock,
    pub(crate) totals: Totals,
    /// From measuring to the acknowledgement, of those who are not to be held up.
    pub(crate) delays: Delays,
    /// From measuring until it is on the map.
    pub(crate) seen: Delays,
    /// How long after a revocation a ping was still taken.
    pub(crate) lags: Mutex<Vec<Duration>>,
    /// Between two fixes of a phone that is not to be held up.
    pub(crate) every: Mutex<Duration>,
    /// No more is measured.
    pub(crate) stop: CancellationToken,
    /// No more is sent.
    pub(crate) give_up: CancellationToken,
    logs: Mutex<Vec<Arc<PhoneLog>>>,
    tasks: Mutex<JoinSet<()>>,
}

impl ServerClock {
    /// The clock of whoever judges a request that is sent now.
    pub(crate) fn now(&self) -> Judged {
        let ((least, most), now_ms) = (*self.0.lock(), clock::now().as_millisecond());
        Judged { earliest_ms: now_ms + least, latest_ms: now_ms + most }
    }

    /// From now on it may also be off by this.
    pub(crate) fn may_be(&self, offset_ms: i64) {
        let mut range = self.0.lock();
        *range = (range.0.min(offset_ms), range.1.max(offset_ms));
    }

    /// Whether it is neither off nor being set.
    pub(crate) fn is_right(&self) -> bool {
        *self.0.lock() == (0, 0)
    }

    /// From now on it is off by exactly this.
    pub(crate) fn is(&self, offset_ms: i64) {
        *self.0.lock() = (offset_ms, offset_ms);
    }
}

impl Fleet {
    pub(crate) fn new(urls: &[String; APIS], every: Duration) -> anyhow::Result<Arc<Self>> {
        let http = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build()?;
        Ok(Arc::new(Self {
            urls: urls.clone(),
            http,
            clock: ServerClock(Mutex::new((0, 0))),
            totals: Totals::default(),
            delays: Delays::default(),
            seen: Delays::default(),
            lags: Mutex::default(),
            every: Mutex::new(every),
            stop: CancellationToken::new(),
            give_up: CancellationToken::new(),
            logs: Mutex::default(),
            tasks: Mutex::default(),
        }))
    }

    /// A phone of this person, with its part in the log.
    pub(crate) fn phone(&self, enrolled: Enrolled, app: App, seed: u64, is_counted: bool) -> Phone {
        let log = Arc::new(PhoneLog::new(enrolled.staff, enrolled.device, app));
        self.logs.lock().push(Arc::clone(&log));
        Phone::new(log, enrolled.token, seed, is_counted)
    }

    /// The parts of the log so far.
    pub(crate) fn logs(&self) -> Vec<Arc<PhoneLog>> {
        self.logs.lock().clone()
    }

    /// Does something beside everything else, until the end.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }

    /// Waits for so many acknowledgements from now on.
    pub(crate) async fn progress(&self, many: u64, limit: Duration) -> anyhow::Result<()> {
        let goal = self.totals.acknowledged() + many;
        within(limit, "pings are acknowledged again", async || {
            (self.totals.acknowledged() >= goal).then_some(())
        })
        .await
    }

    /// Lets the phones send what they keep, and ends them.
    pub(crate) async fn end(&self) -> anyhow::Result<()> {
        self.stop.cancel();
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_SENDS, all).await.is_err() {
            self.give_up.cancel();
            while tasks.join_next().await.is_some() {}
            let limit = LAST_SENDS.as_secs();
            self.totals.strange(format!("phones could not send what they kept within {limit} s"));
        }
        Ok(())
    }
}

/// An app for each phone, as the seed draws it.
pub(crate) fn draw_app(dice: &mut Dice) -> App {
    dice.pick(&App::ALL).copied().unwrap_or_default()
}
