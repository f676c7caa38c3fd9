//! The linear scan: it judges everybody. Must stay as simple as it is, because tests compare the
//! search with it.

use crate::{judge::judgement::Judgement, query::Query, search::top_k::TopK};

impl Query<'_> {
    /// The best `limit` of the eligible, best first, by judging everybody. O(people).
    #[must_use]
    pub fn scan(&self, limit: usize) -> Vec<Judgement> {
        let mut best = TopK::new(limit);
        for slot in 0..u32::try_from(self.index.people().len()).unwrap_or(u32::MAX) {
            let judgement = self.judge(slot);
            if !self.may_see(slot) {
                continue;
            }
            if judgement.failed.is_empty() && self.is_inside(&judgement) {
                best.offer(judgement);
            }
        }
        best.into_sorted()
    }
}
