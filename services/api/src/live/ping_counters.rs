//! What became of pings, as metrics.

use metrics::Counter;
use nearhand_domain::ping::Admission;

/// Counts of ping results. Counters used by nearly every request are looked up once.
pub(crate) struct PingCounters {
    accepted: Counter,
}

impl PingCounters {
    pub(crate) fn new() -> Self {
        Self { accepted: received("accepted") }
    }

    /// Counts a batch, with the fixes of it that could not even be read.
    pub(crate) fn count(&self, admission: &Admission, unreadable: usize) {
        self.accepted.increment(admission.accepted() as u64);
        let add = |outcome: &'static str, n: usize| {
            if n > 0 {
                received(outcome).increment(n as u64);
            }
        };
        add("duplicate", admission.duplicates);
        add("rejected", admission.rejected.len() + unreadable);
        for (reason, n) in &admission.discarded {
            add(reason.as_str(), *n);
        }
    }
}

fn received(outcome: &'static str) -> Counter {
    metrics::counter!("nearhand_pings_received_total", "outcome" => outcome)
}
