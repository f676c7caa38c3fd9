//! The linear scan: judges everybody. Must stay as plain as it is, for the search is held to it.

use crate::{judge::Judgement, query::Query};

impl Query<'_> {
    /// The best `limit` of the eligible, best first, by judging everybody. O(people).
    #[must_use]
    pub fn scan(&self, limit: usize) -> Vec<Judgement> {
        let mut best = Best::new(limit);
        for slot in 0..u32::try_from(self.index.people().len()).unwrap_or(u32::MAX) {
            let judgement = self.judge(slot);
            if judgement.failed.is_empty() {
                best.offer(judgement);
            }
        }
        best.into_sorted()
    }
}

/// The best so far, in order.
#[derive(Debug)]
pub(crate) struct Best {
    limit: usize,
    sorted: Vec<Judgement>,
}

impl Best {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, sorted: Vec::with_capacity(limit.min(1_000) + 1) }
    }

    /// What a score must at least be to matter: the last one's when the list is full.
    pub(crate) fn threshold(&self) -> u64 {
        self.last().map_or(0, |last| last.score)
    }

    /// The last one of a full list: whom to come before.
    pub(crate) fn last(&self) -> Option<&Judgement> {
        self.sorted.last().filter(|_| self.sorted.len() >= self.limit)
    }

    pub(crate) fn offer(&mut self, judgement: Judgement) {
        if self.limit == 0 || judgement.score < self.threshold() {
            return;
        }
        let at = self.sorted.partition_point(|known| known.order(&judgement).is_lt());
        self.sorted.insert(at, judgement);
        self.sorted.truncate(self.limit);
    }

    pub(crate) fn into_sorted(self) -> Vec<Judgement> {
        self.sorted
    }
}
