//! Slows guessing down, per account and per address, without ever locking anyone out for good.
//! Kept in this process: several API processes each allow this much.

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::time::{Duration, Instant};

/// Failures that cost nothing.
const FREE_FAILURES: u32 = 5;
/// Longest wait between attempts.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// A record is forgotten after this long without failure.
const FORGET_AFTER: Duration = Duration::from_secs(15 * 60);
/// Most records; past it the stale ones go first, then all.
const MAX_RECORDS: usize = 100_000;

struct Record {
    failures: u32,
    last: Instant,
    blocked_until: Instant,
}

/// Failed attempts by key.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<FxHashMap<String, Record>>);

impl Throttle {
    /// How long the key must still wait, if it must.
    pub(crate) fn wait(&self, key: &str, now: Instant) -> Option<Duration> {
        let records = self.0.lock();
        let until = records.get(key)?.blocked_until;
        until.checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    /// Counts a failure: from the sixth on, the wait doubles each time.
    pub(crate) fn failed(&self, key: &str, now: Instant) {
        let mut records = self.0.lock();
        if records.len() >= MAX_RECORDS {
            records.retain(|_, record| now.duration_since(record.last) < FORGET_AFTER);
            if records.len() >= MAX_RECORDS {
                records.clear();
            }
        }
        let record = records.entry(key.to_owned()).or_insert(Record {
            failures: 0,
            last: now,
            blocked_until: now,
        });
        if now.duration_since(record.last) > FORGET_AFTER {
            record.failures = 0;
        }
        record.failures += 1;
        record.last = now;
        if let Some(over) = record.failures.checked_sub(FREE_FAILURES + 1) {
            record.blocked_until = now + Duration::from_secs(1 << over.min(6)).min(MAX_WAIT);
        }
    }

    /// Forgets a key after a success.
    pub(crate) fn succeeded(&self, key: &str) {
        self.0.lock().remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end() {
        let throttle = Throttle::default();
        let start = Instant::now();
        for _ in 0..FREE_FAILURES {
            throttle.failed("k", start);
        }
        assert_eq!(throttle.wait("k", start), None);
        throttle.failed("k", start);
        assert_eq!(throttle.wait("k", start), Some(Duration::from_secs(1)));
        throttle.failed("k", start);
        assert_eq!(throttle.wait("k", start), Some(Duration::from_secs(2)));
        for _ in 0..20 {
            throttle.failed("k", start);
        }
        assert_eq!(throttle.wait("k", start), Some(MAX_WAIT));
        assert_eq!(throttle.wait("k", start + MAX_WAIT), None);
        throttle.succeeded("k");
        assert_eq!(throttle.wait("k", start), None);
    }
}
