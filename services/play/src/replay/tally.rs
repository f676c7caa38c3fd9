//! What has happened in a replay so far: counted by every phone, read for progress and summary.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Deserialize;

use crate::client::Error;

/// Longest delay told apart, in microseconds: an hour.
const MAX_US: u64 = 3_600_000_000;

/// The answer of `POST /v1/pings`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Reply {
    accepted: u64,
    duplicates: u64,
    discarded: BTreeMap<String, u64>,
    rejected: Vec<Rejected>,
}

#[derive(Debug, Deserialize)]
struct Rejected {
    code: String,
}

impl Reply {
    /// The answer of an app's own address, which says nothing about single fixes.
    pub(super) fn of_all(fixes: usize) -> Self {
        Self { accepted: fixes as u64, ..Self::default() }
    }

    /// Whether any fix was taken.
    pub(super) fn took_some(&self) -> bool {
        self.accepted > 0
    }
}

/// Counts shared by all phones.
pub(super) struct Tally(Mutex<Counts>);

/// The counts themselves.
#[derive(Clone)]
pub(super) struct Counts {
    /// Fixes sent at least once.
    pub(super) sent: u64,
    /// Fixes on disk.
    pub(super) accepted: u64,
    /// Fixes repeated within a request.
    pub(super) duplicates: u64,
    /// Fixes that are valid but not wanted, by reason.
    pub(super) discarded: BTreeMap<String, u64>,
    /// Fixes that were refused, by code.
    pub(super) rejected: BTreeMap<String, u64>,
    /// Fixes sent and never acknowledged, or left out of an answer.
    pub(super) lost: u64,
    /// Requests that were answered.
    pub(super) requests: u64,
    /// Requests that were repeated, by reason.
    pub(super) retries: BTreeMap<String, u64>,
    /// Phones that are waiting to try again.
    pub(super) waiting: u64,
    /// Phones that have ended.
    pub(super) ended: u64,
    /// Microseconds of the request that was acknowledged.
    pub(super) round_trip: Histogram<u64>,
    /// Microseconds from the first attempt to the acknowledgement.
    pub(super) acknowledged: Histogram<u64>,
    /// Microseconds from the first attempt until the live view shows it.
    pub(super) visible: Histogram<u64>,
    /// Fixes that were not seen in time.
    pub(super) unseen: u64,
    /// Fixes that are being timed.
    pub(super) being_timed: u64,
    /// Why nothing was seen, or no more.
    pub(super) blind: Option<String>,
}

impl Tally {
    /// Nothing yet.
    pub(super) fn new() -> anyhow::Result<Self> {
        let histogram = || Histogram::new_with_bounds(1, MAX_US, 3);
        Ok(Self(Mutex::new(Counts {
            sent: 0,
            accepted: 0,
            duplicates: 0,
            discarded: BTreeMap::new(),
            rejected: BTreeMap::new(),
            lost: 0,
            requests: 0,
            retries: BTreeMap::new(),
            waiting: 0,
            ended: 0,
            round_trip: histogram()?,
            acknowledged: histogram()?,
            visible: histogram()?,
            unseen: 0,
            being_timed: 0,
            blind: None,
        })))
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As it is now.
    pub(super) fn now(&self) -> Counts {
        self.counts().clone()
    }

    /// A batch is sent for the first time.
    pub(super) fn sent(&self, fixes: usize) {
        self.counts().sent += fixes as u64;
    }

    /// A batch was answered.
    pub(super) fn answered(
        &self,
        fixes: usize,
        reply: Reply,
        round_trip: Duration,
        since: Duration,
    ) {
        let mut counts = self.counts();
        let discarded: u64 = reply.discarded.values().sum();
        let named = reply.accepted + reply.duplicates + discarded + reply.rejected.len() as u64;
        counts.requests += 1;
        counts.accepted += reply.accepted;
        counts.duplicates += reply.duplicates;
        counts.lost += (fixes as u64).saturating_sub(named);
        for (reason, n) in reply.discarded {
            *counts.discarded.entry(reason).or_default() += n;
        }
        for fix in reply.rejected {
            *counts.rejected.entry(fix.code).or_default() += 1;
        }
        counts.round_trip.saturating_record(micros(round_trip));
        counts.acknowledged.saturating_record(micros(since));
    }

    /// A batch was refused for good.
    pub(super) fn refused(&self, fixes: usize, error: &Error) {
        let mut counts = self.counts();
        counts.requests += 1;
        *counts.rejected.entry(name_of(error)).or_default() += fixes as u64;
    }

    /// A batch was given up without an acknowledgement.
    pub(super) fn lost(&self, fixes: usize) {
        self.counts().lost += fixes as u64;
    }

    /// A batch is to be sent again after a pause.
    pub(super) fn waits(&self, error: &Error) {
        let mut counts = self.counts();
        counts.waiting += 1;
        *counts.retries.entry(name_of(error)).or_default() += 1;
    }

    /// The pause is over.
    pub(super) fn tries_again(&self) {
        let mut counts = self.counts();
        counts.waiting = counts.waiting.saturating_sub(1);
    }

    /// A phone has ended.
    pub(super) fn phone_ended(&self) {
        self.counts().ended += 1;
    }

    /// A fix was seen in the live view.
    pub(super) fn seen(&self, after: Duration) {
        self.counts().visible.saturating_record(micros(after));
    }

    /// A fix was not seen in time.
    pub(super) fn unseen(&self) {
        self.counts().unseen += 1;
    }

    /// A fix is to be timed.
    pub(super) fn offered(&self) {
        self.counts().being_timed += 1;
    }

    /// It has been, with or without success.
    pub(super) fn timed(&self) {
        let mut counts = self.counts();
        counts.being_timed = counts.being_timed.saturating_sub(1);
    }

    /// Nothing can be seen, or no more.
    pub(super) fn blind(&self, why: String) {
        self.counts().blind = Some(why);
    }
}

impl Counts {
    /// Whether some fix was refused, or sent and never acknowledged.
    pub(super) fn failed(&self) -> bool {
        !self.rejected.is_empty() || self.lost > 0
    }
}

fn micros(delay: Duration) -> u64 {
    u64::try_from(delay.as_micros()).unwrap_or(MAX_US).clamp(1, MAX_US)
}

fn name_of(error: &Error) -> String {
    match error {
        Error::Unreachable { reason, .. } => reason.clone(),
        Error::Refused(refusal) if refusal.problem.code.is_empty() => {
            refusal.status.as_u16().to_string()
        }
        Error::Refused(refusal) => refusal.problem.code.clone(),
        Error::Strange { .. } => "strange answer".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_leaves_out_counts_as_lost() {
        let tally = Tally::new().unwrap();
        let reply: Reply = serde_json::from_str(
            r#"{"accepted":5,"duplicates":1,"discarded":{"retention":2},
                "rejected":[{"index":0,"code":"invalid_fix","detail":"x"}]}"#,
        )
        .unwrap();
        let ms = Duration::from_millis(3);
        tally.sent(10);
        tally.answered(10, reply, ms, ms);
        let counts = tally.now();
        assert_eq!((counts.sent, counts.accepted, counts.duplicates, counts.lost), (10, 5, 1, 1));
        assert_eq!(counts.discarded["retention"], 2);
        assert_eq!(counts.rejected["invalid_fix"], 1);
        assert!(counts.failed());
        assert_eq!(counts.acknowledged.len(), 1);
    }
}
