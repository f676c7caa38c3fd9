//! Notes the use of a browser's session, which puts off its idle end. Runs beside the request, which
//! must never wait for it.

use crate::{
    access::credentials::Login,
    state::{ApiState, BrowserLife},
};
use jiff::Timestamp;
use nearhand_storage::browser_sessions::{self, LiveBrowserSession};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// A use is written down at most this often.
const NOTE_EVERY_S: i64 = 60;

/// What is known of a browser's session besides what its person may do.
#[derive(Clone, Debug)]
pub(crate) struct BrowserUse {
    /// The browser keeps the cookie when it is closed.
    pub(crate) remembered: bool,
    times: Arc<Times>,
}

/// Unix seconds.
#[derive(Debug)]
struct Times {
    /// When a use was last written down.
    noted: AtomicI64,
    /// When the session ends unless it is used before.
    idle_end: AtomicI64,
}

impl BrowserUse {
    pub(crate) fn new(live: &LiveBrowserSession) -> Self {
        let times = Times {
            noted: AtomicI64::new(live.renewed_at.as_second()),
            idle_end: AtomicI64::new(live.idle_expires_at.as_second()),
        };
        Self { remembered: live.remembered, times: Arc::new(times) }
    }

    /// Whether the session was not used for too long, as far as this process knows: another one may
    /// have written a later use down.
    pub(crate) fn is_idle(&self, now: Timestamp) -> bool {
        self.times.idle_end.load(Ordering::Relaxed) <= now.as_second()
    }

    /// Writes the use down in the background, unless one was a moment ago.
    pub(crate) fn note_use(&self, state: &ApiState, login: &Login, now: Timestamp) {
        let (second, noted) = (now.as_second(), self.times.noted.load(Ordering::Relaxed));
        if second.saturating_sub(noted) < NOTE_EVERY_S {
            return;
        }
        let cell = &self.times.noted;
        if cell.compare_exchange(noted, second, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        let (app, organization, session) = (state.app().clone(), login.organization, login.session);
        let until = now + BrowserLife::of(state.config(), self.remembered).idle;
        let times = Arc::clone(&self.times);
        state.aside().spawn(async move {
            let written = async {
                let mut tx = app.tenant(organization).await?;
                browser_sessions::renew(&mut tx, session, now, until).await?;
                tx.commit().await
            };
            match written.await {
                Ok(()) => times.idle_end.store(until.as_second(), Ordering::Relaxed),
                Err(error) => {
                    // The next use tries again.
                    times.noted.store(noted, Ordering::Relaxed);
                    tracing::debug!(error = %error, "the use of a session could not be noted");
                }
            }
        });
    }
}
