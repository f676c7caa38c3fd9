//! Slows guessing down, without ever locking anyone out for good. Kept in this process: several API
//! processes each allow this much.
//!
//! Logins are counted by what was typed, never by the account that was found: so nothing tells
//! whether there is one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nearhand_domain::{StaffId, text::login_key};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};
use std::{
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

/// Failures that cost nothing, before each one doubles the wait.
pub(crate) const FREE_FAILURES: u32 = 5;
/// Longest wait between attempts.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// A record is forgotten after this long without failure.
pub(crate) const FORGET_AFTER: Duration = Duration::from_secs(15 * 60);
/// Failures an hour that all strangers to an account share.
const STRANGERS_AN_HOUR: u32 = 100;
/// Moves of one's own login that one may ask for in an hour.
const EMAIL_CHANGES_AN_HOUR: u32 = 5;
const HOUR: Duration = Duration::from_secs(60 * 60);
/// Most records. Beyond it, attempts with a new key must wait.
const MAX_RECORDS: usize = 100_000;

/// What attempts are counted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    text: String,
    rule: Rule,
}

/// What failures cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Rule {
    /// A few are free, then each doubles the wait.
    Backoff,
    /// So many an hour, then each waits for its turn.
    Hourly(u32),
}

/// What all strangers to an account share.
const STRANGERS: Rule = Rule::Hourly(STRANGERS_AN_HOUR);

impl Rule {
    /// From how many failures on there is a wait.
    fn limit(self) -> u32 {
        match self {
            Self::Backoff => FREE_FAILURES + 1,
            Self::Hourly(most) => most,
        }
    }

    /// After how long without failure all of them have expired.
    fn lifetime(self) -> Duration {
        match self {
            Self::Backoff => FORGET_AFTER,
            Self::Hourly(_) => HOUR,
        }
    }
}

impl Key {
    /// A client's address: of IPv6 the first 64 bits, since one customer has all the rest.
    pub(crate) fn address(address: Option<&str>) -> Self {
        Self { text: format!("address:{}", network(address)), rule: Rule::Backoff }
    }

    /// A person who is asked for their present password.
    pub(crate) fn password_of(staff: StaffId) -> Self {
        Self { text: format!("password:{staff}"), rule: Rule::Backoff }
    }

    /// A person who asks that their own login move: each may send a mail to a stranger.
    pub(crate) fn email_change_of(staff: StaffId) -> Self {
        let rule = Rule::Hourly(EMAIL_CHANGES_AN_HOUR);
        Self { text: format!("email-change:{staff}"), rule }
    }

    /// An address that presents secrets of mailed links.
    pub(crate) fn links_from(address: Option<&str>) -> Self {
        Self { text: format!("links:{}", network(address)), rule: Rule::Backoff }
    }

    /// Requests to recover one account, by what was typed for it: each may send its owner a mail.
    pub(crate) fn recovery(organization: &str, login: &str) -> Self {
        let name = login_name(organization, login);
        Self { text: format!("recovery:{name}"), rule: Rule::Backoff }
    }

    /// An address that asks to recover accounts: an office may have many people.
    pub(crate) fn recovery_from(address: Option<&str>) -> Self {
        Self { text: format!("recovery-from:{}", network(address)), rule: STRANGERS }
    }

    /// A login from an address that its account does not know. `organization` is the one that was
    /// found, or what was typed for it.
    pub(crate) fn login(organization: &str, login: &str) -> Self {
        let name = login_name(organization, login);
        Self { text: format!("login:{name}"), rule: STRANGERS }
    }

    /// A login from an address that its account knows.
    pub(crate) fn login_from(organization: &str, login: &str, address: Option<&str>) -> Self {
        let name = login_name(organization, login);
        Self { text: format!("login:{name}:{}", network(address)), rule: Rule::Backoff }
    }
}

/// A login for keys and logs: hashed, of one length, and the same for whatever the look-up takes
/// for the same.
pub(crate) fn login_name(organization: &str, login: &str) -> String {
    let hash = Sha256::new()
        .chain_update(organization.to_lowercase())
        .chain_update([0])
        .chain_update(login_key(login))
        .finalize();
    URL_SAFE_NO_PAD.encode(hash)
}

/// The network of an address that counts as one client.
pub(crate) fn network(address: Option<&str>) -> String {
    match address.and_then(|text| text.parse::<IpAddr>().ok()).map(|ip| ip.to_canonical()) {
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => {
            let network = Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64));
            format!("{network}/64")
        }
        None => String::new(),
    }
}

/// Why an attempt must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    /// How long.
    pub(crate) left: Duration,
    /// Whether this is the first attempt that this wait refuses.
    pub(crate) first: bool,
}

struct Record {
    failures: u32,
    last: Instant,
    blocked_until: Instant,
    /// Whether an attempt has been refused since it was blocked.
    refused: bool,
}

impl Record {
    fn new(now: Instant) -> Self {
        Self { failures: 0, last: now, blocked_until: now, refused: false }
    }

    /// Forgets failures that have expired.
    fn age(&mut self, rule: Rule, now: Instant) {
        let idle = now.duration_since(self.last);
        match rule {
            Rule::Backoff if idle > FORGET_AFTER => self.failures = 0,
            Rule::Backoff => {}
            Rule::Hourly(most) => {
                let each = HOUR / most;
                let passed = u32::try_from(idle.as_secs() / each.as_secs()).unwrap_or(u32::MAX);
                self.failures = self.failures.saturating_sub(passed);
                // The rest of the time counts for the next one.
                self.last = if self.failures == 0 { now } else { self.last + each * passed };
            }
        }
    }

    fn count(&mut self, rule: Rule, now: Instant) {
        self.age(rule, now);
        if rule == Rule::Backoff || self.failures == 0 {
            self.last = now;
        }
        self.failures += 1;
        self.block(rule, now);
    }

    /// Begins the wait that so many failures cost.
    fn block(&mut self, rule: Rule, now: Instant) {
        let wait = match rule {
            Rule::Backoff => {
                let over = self.failures.checked_sub(FREE_FAILURES + 1);
                over.map(|over| Duration::from_secs(1 << over.min(6)).min(MAX_WAIT))
            }
            Rule::Hourly(most) => (self.failures >= most).then(|| HOUR / most),
        };
        if let Some(wait) = wait {
            self.blocked_until = now + wait;
            self.refused = false;
        }
    }

    fn wait(&mut self, now: Instant) -> Option<Wait> {
        let left = self.blocked_until.checked_duration_since(now).filter(|left| !left.is_zero())?;
        let first = !std::mem::replace(&mut self.refused, true);
        Some(Wait { left, first })
    }
}

/// Failed attempts by key.
#[derive(Default)]
pub(crate) struct Throttle(Mutex<FxHashMap<Key, Record>>);

impl Throttle {
    /// How long the key must still wait, if it must.
    pub(crate) fn wait(&self, key: &Key, now: Instant) -> Option<Wait> {
        self.0.lock().get_mut(key)?.wait(now)
    }

    /// Counts an attempt as a failure before it is known to be one, so that many at once are no
    /// more than the same number in a row; or says how long to wait.
    ///
    /// # Errors
    /// The longest wait of the keys; none of them has been counted then.
    pub(crate) fn reserve(&self, keys: &[&Key], now: Instant) -> Result<(), Wait> {
        let mut records = self.0.lock();
        let waits = keys.iter().filter_map(|key| records.get_mut(key)?.wait(now));
        if let Some(wait) = waits.max_by_key(|wait| wait.left) {
            return Err(wait);
        }
        if records.len() + keys.len() > MAX_RECORDS {
            records.retain(|key, record| now.duration_since(record.last) < key.rule.lifetime());
        }
        if records.len() + keys.len() > MAX_RECORDS {
            // Forget first the records that block nobody.
            records.retain(|_, record| record.failures > FREE_FAILURES);
        }
        if records.len() + keys.len() > MAX_RECORDS {
            return Err(Wait { left: Duration::from_secs(1), first: false });
        }
        for &key in keys {
            let record = records.entry(key.clone()).or_insert_with(|| Record::new(now));
            record.count(key.rule, now);
        }
        Ok(())
    }

    /// The reserved attempt failed: the wait begins now, not when it was reserved.
    pub(crate) fn failed(&self, key: &Key, now: Instant) {
        if let Some(record) = self.0.lock().get_mut(key) {
            record.block(key.rule, now);
        }
    }

    /// Takes back what was reserved, because the attempt was no failure of this key.
    pub(crate) fn refund(&self, key: &Key, now: Instant) {
        let mut records = self.0.lock();
        let Some(record) = records.get_mut(key) else { return };
        record.failures = record.failures.saturating_sub(1);
        // A wait that others have earned stays.
        if record.failures < key.rule.limit() {
            record.blocked_until = now;
        }
        if record.failures == 0 {
            records.remove(key);
        }
    }

    /// Counts an attempt that this key does not hold up.
    pub(crate) fn note(&self, key: &Key, now: Instant) {
        let mut records = self.0.lock();
        if records.len() < MAX_RECORDS {
            let record = records.entry(key.clone()).or_insert_with(|| Record::new(now));
            record.count(key.rule, now);
        }
    }

    /// The attempt succeeded: forgets this client's failures, but keeps those of strangers.
    pub(crate) fn succeeded(&self, key: &Key, now: Instant) {
        match key.rule {
            Rule::Backoff => {
                self.0.lock().remove(key);
            }
            Rule::Hourly(_) => self.refund(key, now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key { text: text.to_owned(), rule: Rule::Backoff }
    }

    fn left(throttle: &Throttle, key: &Key, now: Instant) -> Option<Duration> {
        throttle.wait(key, now).map(|wait| wait.left)
    }

    #[test]
    fn waits_double_and_end() {
        let (throttle, k) = (Throttle::default(), key("k"));
        let start = Instant::now();
        for _ in 0..FREE_FAILURES {
            assert_eq!(throttle.reserve(&[&k], start), Ok(()));
        }
        assert_eq!(left(&throttle, &k, start), None);
        let mut now = start;
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = Duration::from_secs(seconds);
            assert_eq!(throttle.reserve(&[&k], now), Ok(()));
            let refused = throttle.reserve(&[&k], now);
            assert_eq!(refused, Err(Wait { left: wait, first: true }), "refused ones do not count");
            let again = throttle.reserve(&[&k], now).unwrap_err();
            assert!(!again.first, "only the first is told of");
            now += wait;
        }
        assert_eq!(left(&throttle, &k, now), None);
        throttle.succeeded(&k, now);
        assert_eq!(throttle.reserve(&[&k], now), Ok(()));
        assert_eq!(left(&throttle, &k, now), None);
    }

    #[test]
    fn many_at_once_are_as_many_as_in_a_row() {
        let (throttle, k) = (Throttle::default(), key("k"));
        let now = Instant::now();
        let let_in = (0..100).filter(|_| throttle.reserve(&[&k], now).is_ok()).count();
        assert_eq!(let_in, 6);
    }

    #[test]
    fn a_success_gives_back_its_own_attempt_and_no_other() {
        let throttle = Throttle::default();
        let now = Instant::now();
        let (victim, own, other, address) = (key("victim"), key("own"), key("other"), key("a"));
        for _ in 0..FREE_FAILURES {
            assert_eq!(throttle.reserve(&[&victim, &address], now), Ok(()));
        }
        for _ in 0..20 {
            assert_eq!(throttle.reserve(&[&own, &address], now), Ok(()));
            throttle.succeeded(&own, now);
            throttle.refund(&address, now);
        }
        assert_eq!(throttle.reserve(&[&other, &address], now), Ok(()));
        assert!(left(&throttle, &address, now).is_some(), "the address is no cleaner");
        assert!(throttle.reserve(&[&other, &address], now).is_err());
        assert_eq!(left(&throttle, &other, now), None);
    }

    #[test]
    fn time_between_two_attempts_of_strangers_is_counted_whole() {
        let (throttle, strangers) = (Throttle::default(), Key::login("org", "ada"));
        let mut now = Instant::now();
        for _ in 0..STRANGERS_AN_HOUR {
            throttle.note(&strangers, now);
        }
        // Two failures expire in 72 s: every other attempt finds one more gone than it adds.
        for _ in 0..40 {
            now += Duration::from_secs(71);
            throttle.note(&strangers, now);
        }
        let left = throttle.0.lock()[&strangers].failures;
        assert!((60..=64).contains(&left), "{left}");
    }

    #[test]
    fn strangers_share_a_hundred_an_hour_and_never_lock_out_for_good() {
        let (throttle, strangers) = (Throttle::default(), Key::login("org", "ada"));
        let mut now = Instant::now();
        for _ in 0..STRANGERS_AN_HOUR {
            assert_eq!(throttle.reserve(&[&strangers], now), Ok(()));
            now += Duration::from_millis(10);
        }
        let wait = throttle.reserve(&[&strangers], now).unwrap_err().left;
        assert!(wait <= Duration::from_secs(36), "{wait:?}");
        let known = Key::login_from("org", "ada", Some("192.0.2.1"));
        assert_eq!(throttle.reserve(&[&known], now), Ok(()), "who is known is not concerned");
        let mut let_in = 0;
        for _ in 0..3_600 {
            now += Duration::from_secs(1);
            let_in += u32::from(throttle.reserve(&[&strangers], now).is_ok());
        }
        assert!((95..=105).contains(&let_in), "{let_in} in the next hour");
        throttle.succeeded(&strangers, now);
        assert!(throttle.0.lock()[&strangers].failures > 90, "a right one cleans nobody else");
    }

    #[test]
    fn keys_are_short_and_hold_what_the_look_up_takes_for_the_same() {
        let long = "x".repeat(100_000);
        assert!(Key::login(&long, &long).text.len() < 64);
        assert_eq!(Key::login("Harbour", "ADA"), Key::login("harbour", "ada"));
        assert_ne!(Key::login("a", "b"), Key::login("", "ab"));
        let address = |text| Key::address(Some(text));
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
    }
}
