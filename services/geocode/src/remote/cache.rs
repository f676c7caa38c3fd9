//! Answers remembered in memory, bounded in number and age. Errors are not remembered.

use crate::{address::GeocodeMatch, geocoder::CacheLimits};
use parking_lot::Mutex;
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// The query as it is sent: two addresses with one query have one answer.
type Key = Vec<(&'static str, String)>;

/// Remembered answers, shared by all callers.
pub(crate) struct Cache {
    limits: CacheLimits,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_key: HashMap<Key, Entry>,
    /// Counts uses: the entry with the smallest number was not used for longest.
    uses: u64,
}

struct Entry {
    found: GeocodeMatch,
    until: Instant,
    used: u64,
}

impl Cache {
    pub(crate) fn new(limits: CacheLimits) -> Self {
        Self { limits, entries: Mutex::default() }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<GeocodeMatch> {
        let mut entries = self.entries.lock();
        entries.uses += 1;
        let uses = entries.uses;
        let entry = entries.by_key.get_mut(key).filter(|entry| entry.until > Instant::now())?;
        entry.used = uses;
        Some(entry.found.clone())
    }

    pub(crate) fn put(&self, key: Key, found: GeocodeMatch) {
        if self.limits.entries == 0 {
            return;
        }
        let now = Instant::now();
        let mut entries = self.entries.lock();
        entries.uses += 1;
        let used = entries.uses;
        if entries.by_key.len() >= self.limits.entries && !entries.by_key.contains_key(&key) {
            entries.make_room(now);
        }
        let until = now + self.age(&found);
        entries.by_key.insert(key, Entry { found, until, used });
    }

    /// Forgets all answers.
    pub(crate) fn clear(&self) {
        self.entries.lock().by_key.clear();
    }

    fn age(&self, found: &GeocodeMatch) -> Duration {
        match found {
            GeocodeMatch::Nothing { .. } => self.limits.nothing,
            GeocodeMatch::Ok(_) | GeocodeMatch::Ambiguous(_) => self.limits.found,
        }
    }
}

impl Entries {
    /// Drops what is too old, and if nothing is, the entry that was not used for longest. It looks at
    /// all entries: microseconds for thousands, once per answer of a service.
    fn make_room(&mut self, now: Instant) {
        let before = self.by_key.len();
        self.by_key.retain(|_, entry| entry.until > now);
        if self.by_key.len() == before {
            let oldest =
                self.by_key.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.by_key.remove(&key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        vec![("q", text.to_owned())]
    }

    const LIMITS: CacheLimits = CacheLimits {
        entries: 2,
        found: Duration::from_secs(100),
        nothing: Duration::from_secs(10),
    };

    #[tokio::test(start_paused = true)]
    async fn old_answers_are_forgotten_and_negative_ones_sooner() {
        let cache = Cache::new(LIMITS);
        cache.put(key("a"), GeocodeMatch::Ambiguous(Vec::new()));
        cache.put(key("b"), GeocodeMatch::nothing("none"));
        tokio::time::advance(Duration::from_secs(9)).await;
        assert!(cache.get(&key("a")).is_some() && cache.get(&key("b")).is_some());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(cache.get(&key("a")).is_some() && cache.get(&key("b")).is_none());
        tokio::time::advance(Duration::from_secs(90)).await;
        assert!(cache.get(&key("a")).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_answer_not_used_for_longest_goes_first() {
        let cache = Cache::new(LIMITS);
        for name in ["a", "b"] {
            cache.put(key(name), GeocodeMatch::Ambiguous(Vec::new()));
        }
        assert!(cache.get(&key("a")).is_some());
        cache.put(key("c"), GeocodeMatch::Ambiguous(Vec::new()));
        assert!(cache.get(&key("a")).is_some() && cache.get(&key("c")).is_some());
        assert!(cache.get(&key("b")).is_none());
    }
}
