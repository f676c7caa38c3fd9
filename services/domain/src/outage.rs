//! Whether something we depend on is away: since when, how often it failed, how many requests it
//! cost, and when it is over. A state machine for whoever logs the beginning and the end; it logs
//! nothing itself and reads no clock.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// An outage is over when something works and nothing has failed for so long. Calls that began
/// before the end still fail after it, and a server that fails now and then is in one long outage.
pub const QUIET: Duration = Duration::from_secs(2);

/// Whether one thing is away. Starts as being there.
#[derive(Debug, Default)]
pub struct Outage {
    /// Whether `now` holds an outage; read without a lock.
    is_on: AtomicBool,
    now: Mutex<Option<Failures>>,
}

#[derive(Debug)]
struct Failures {
    began: Instant,
    last: Instant,
    refused: u64,
}

/// What an outage was, once it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// From the first failure to the first success that counts.
    pub lasted: Duration,
    /// Requests that were refused meanwhile.
    pub refused: u64,
}

impl Outage {
    /// Nothing has failed yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { is_on: AtomicBool::new(false), now: Mutex::new(None) }
    }

    /// Whether it lasts.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.is_on.load(Relaxed)
    }

    /// Something failed; true when an outage begins with it.
    pub fn failed(&self, at: Instant) -> bool {
        self.add(at, 0)
    }

    /// The same for a failure that cost a request.
    pub fn refused(&self, at: Instant) -> bool {
        self.add(at, 1)
    }

    fn add(&self, at: Instant, refused: u64) -> bool {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = now.is_none();
        let failures = now.get_or_insert(Failures { began: at, last: at, refused: 0 });
        failures.last = failures.last.max(at);
        failures.refused += refused;
        self.is_on.store(true, Relaxed);
        begins
    }

    /// Something worked; says what the outage was when it ends with this. Costs one load while
    /// there is none.
    pub fn worked(&self, at: Instant) -> Option<Ended> {
        if !self.is_on() {
            return None;
        }
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = |failures: &mut Failures| at.saturating_duration_since(failures.last) >= QUIET;
        let failures = now.take_if(ends)?;
        self.is_on.store(false, Relaxed);
        let lasted = at.saturating_duration_since(failures.began);
        Some(Ended { lasted, refused: failures.refused })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_begins_once_and_ends_once_it_is_quiet() {
        let (outage, start) = (Outage::new(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(outage.worked(at(0)), None);
        assert!(outage.failed(at(100)), "it begins");
        assert!(!outage.refused(at(200)) && !outage.refused(at(900)), "and goes on");
        assert!(outage.is_on());
        assert_eq!(outage.worked(at(2_800)), None, "a failure is too near");
        let ended = Ended { lasted: Duration::from_millis(2_800), refused: 2 };
        assert_eq!(outage.worked(at(2_900)), Some(ended));
        assert_eq!(outage.worked(at(3_000)), None, "it ends once");
        assert!(outage.refused(at(3_100)), "the next one");
        assert_eq!(outage.worked(at(9_000)).map(|ended| ended.refused), Some(1));
    }
}
