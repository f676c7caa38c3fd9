//! Slows guessing down, per account and per address, without ever locking anyone out for good.
//! Kept in this process: several API processes each allow this much.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};
use std::{
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

/// Failures that cost nothing.
pub(crate) const FREE_FAILURES: u32 = 5;
/// Longest wait between attempts.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// A record is forgotten after this long without failure.
pub(crate) const FORGET_AFTER: Duration = Duration::from_secs(15 * 60);
/// Most records; past it the stale ones go first, then all.
const MAX_RECORDS: usize = 100_000;

struct Record {
    failures: u32,
    last: Instant,
    blocked_until: Instant,
}

impl Record {
    /// Begins the wait that so many failures cost.
    fn block(&mut self, now: Instant) {
        self.last = now;
        if let Some(over) = self.failures.checked_sub(FREE_FAILURES + 1) {
            self.blocked_until = now + Duration::from_secs(1 << over.min(6)).min(MAX_WAIT);
        }
    }
}

/// Failed attempts by key.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<Records>);

impl Throttle {
    /// How long the key must still wait, if it must.
    pub(crate) fn wait(&self, key: &str, now: Instant) -> Option<Duration> {
        still_blocked(&self.0.lock(), key, now)
    }

    /// Counts an attempt as a failure before it is known to be one, so that many at once are no
    /// more than the same number in a row; or says how long to wait. From the sixth failure on,
    /// the wait doubles each time.
    ///
    /// # Errors
    /// The longest wait of the keys; none of them has been counted then.
    pub(crate) fn reserve(&self, keys: &[&str], now: Instant) -> Result<(), Duration> {
        let mut records = self.0.lock();
        if let Some(wait) = keys.iter().filter_map(|key| still_blocked(&records, key, now)).max() {
            return Err(wait);
        }
        keys.iter().for_each(|key| count(&mut records, key, now));
        Ok(())
    }

    /// What was reserved was a failure: the wait begins now, however long finding that out took.
    pub(crate) fn failed(&self, key: &str, now: Instant) {
        if let Some(record) = self.0.lock().get_mut(key) {
            record.block(now);
        }
    }

    /// Takes back what was reserved, because the attempt was no failure of this key.
    pub(crate) fn refund(&self, key: &str, now: Instant) {
        if let Some(record) = self.0.lock().get_mut(key) {
            record.failures = record.failures.saturating_sub(1);
            record.blocked_until = now;
        }
    }

    /// Forgets a key after a success.
    pub(crate) fn succeeded(&self, key: &str) {
        self.0.lock().remove(key);
    }
}

type Records = FxHashMap<String, Record>;

fn still_blocked(records: &Records, key: &str, now: Instant) -> Option<Duration> {
    let until = records.get(key)?.blocked_until;
    until.checked_duration_since(now).filter(|wait| !wait.is_zero())
}

fn count(records: &mut Records, key: &str, now: Instant) {
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
    record.block(now);
}

/// The key of a login that nobody has: of one length, whatever was sent.
pub(crate) fn unknown_login_key(organization: Option<&str>, login: &str) -> String {
    let hash = Sha256::new()
        .chain_update(organization.unwrap_or_default().to_lowercase())
        .chain_update([0])
        .chain_update(login.to_lowercase())
        .finalize();
    format!("login:{}", URL_SAFE_NO_PAD.encode(hash))
}

/// The key of an address: of IPv6 the first 64 bits, since one customer has all the rest.
pub(crate) fn address_key(address: Option<&str>) -> String {
    match address.and_then(|text| text.parse::<IpAddr>().ok()).map(|ip| ip.to_canonical()) {
        Some(IpAddr::V4(ip)) => format!("address:{ip}"),
        Some(IpAddr::V6(ip)) => {
            let network = Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64));
            format!("address:{network}/64")
        }
        None => "address:".to_owned(),
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
            assert_eq!(throttle.reserve(&["k"], start), Ok(()));
        }
        assert_eq!(throttle.wait("k", start), None);
        let mut now = start;
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = Duration::from_secs(seconds);
            assert_eq!(throttle.reserve(&["k"], now), Ok(()));
            assert_eq!(throttle.reserve(&["k"], now), Err(wait), "refused ones do not count");
            now += wait;
        }
        assert_eq!(throttle.wait("k", now), None);
        throttle.succeeded("k");
        assert_eq!(throttle.reserve(&["k"], now), Ok(()));
        assert_eq!(throttle.wait("k", now), None);
    }

    #[test]
    fn many_at_once_are_as_many_as_in_a_row() {
        let throttle = Throttle::default();
        let now = Instant::now();
        let let_in = (0..100).filter(|_| throttle.reserve(&["k"], now).is_ok()).count();
        assert_eq!(let_in, 6);
    }

    #[test]
    fn a_success_gives_back_its_own_attempt_and_no_other() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for _ in 0..FREE_FAILURES {
            assert_eq!(throttle.reserve(&["victim", "address"], now), Ok(()));
        }
        for _ in 0..20 {
            assert_eq!(throttle.reserve(&["own", "address"], now), Ok(()));
            throttle.succeeded("own");
            throttle.refund("address", now);
        }
        assert_eq!(throttle.reserve(&["other", "address"], now), Ok(()));
        assert!(throttle.wait("address", now).is_some(), "the address is no cleaner");
        assert!(throttle.reserve(&["other", "address"], now).is_err());
        assert_eq!(throttle.wait("other", now), None);
    }

    #[test]
    fn keys_are_short_and_networks_are_one() {
        let long = "x".repeat(100_000);
        assert!(unknown_login_key(Some(&long), &long).len() < 64);
        assert_eq!(unknown_login_key(None, "ADA"), unknown_login_key(None, "ada"));
        assert_ne!(unknown_login_key(Some("a"), "b"), unknown_login_key(None, "ab"));
        let key = |text| address_key(Some(text));
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }
}
