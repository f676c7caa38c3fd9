//! The best candidates so far, in order. Must order them as [`Judgement::order`] does.

use crate::judge::judgement::Judgement;

/// The best `limit` candidates offered so far.
#[derive(Debug)]
pub(super) struct TopK {
    limit: usize,
    /// Best first.
    sorted: Vec<Judgement>,
}

impl TopK {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, sorted: Vec::with_capacity(limit.min(1_000) + 1) }
    }

    /// The score a candidate must reach to be listed: the last one's when the list is full, else 0.
    pub(super) fn threshold(&self) -> u64 {
        self.last().map_or(0, |last| last.score)
    }

    /// The last candidate of a full list.
    pub(super) fn last(&self) -> Option<&Judgement> {
        self.sorted.last().filter(|_| self.sorted.len() >= self.limit)
    }

    /// Lists a candidate if it is good enough. Cost: a binary search and an insertion.
    pub(super) fn offer(&mut self, judgement: Judgement) {
        if self.limit == 0 || judgement.score < self.threshold() {
            return;
        }
        let at = self.sorted.partition_point(|known| known.order(&judgement).is_lt());
        self.sorted.insert(at, judgement);
        self.sorted.truncate(self.limit);
    }

    pub(super) fn into_sorted(self) -> Vec<Judgement> {
        self.sorted
    }
}
