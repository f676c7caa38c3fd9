//! The use of an API key, noted beside the request. Must never make one wait.

use crate::{access::credentials::Login, state::ApiState};
use jiff::Timestamp;
use nearhand_domain::{ApiKeyId, StaffId};
use nearhand_storage::service_accounts;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// A use is written down at most this often.
const NOTE_EVERY_S: i64 = 60;

/// What is known of an API key besides what its account may do.
#[derive(Clone, Debug)]
pub(crate) struct ApiKeyUse {
    /// Who made the account: it ends with them, and reaches no further.
    pub(crate) creator: StaffId,
    /// Unix second of the last use that was written down.
    noted: Arc<AtomicI64>,
}

impl ApiKeyUse {
    pub(crate) fn new(creator: StaffId, last_used_at: Option<Timestamp>) -> Self {
        let noted = last_used_at.map_or(i64::MIN, Timestamp::as_second);
        Self { creator, noted: Arc::new(AtomicI64::new(noted)) }
    }

    /// Writes the use down in the background, unless one was a moment ago.
    pub(crate) fn note_use(&self, state: &ApiState, login: &Login, now: Timestamp) {
        let (second, noted) = (now.as_second(), self.noted.load(Ordering::Relaxed));
        if second.saturating_sub(noted) < NOTE_EVERY_S {
            return;
        }
        let ours = self.noted.compare_exchange(noted, second, Ordering::Relaxed, Ordering::Relaxed);
        if ours.is_err() {
            return;
        }
        let (app, organization) = (state.app().clone(), login.organization);
        let key = ApiKeyId(login.session.0);
        state.aside().spawn(async move {
            let written = async {
                let mut tx = app.tenant(organization).await?;
                service_accounts::note_use(&mut tx, key, now).await?;
                tx.commit().await
            };
            if let Err(error) = written.await {
                tracing::debug!(error = %error, "the use of an API key could not be noted");
            }
        });
    }
}
