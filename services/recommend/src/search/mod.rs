//! The exact search for the best candidates. Must list the same people in the same order as the
//! scan.
//!
//! 1. `tree_search` walks the tree of places best-first, by the upper bounds of its nodes.
//! 2. `bitmap_search` finds the people who are far away or have no location, by their abilities.
//! 3. `candidates` judges the people that both find, and keeps the threshold.
//!
//! Upper bounds: `travel_bounds` by distance, `bounds` of nodes and leaves, `person_bounds` of one
//! person, `score_tables` for look-ups, `rank_key` to compare them. `group_refinement` and
//! `loss_classes` split people for the bitmap search. `viewport` limits the search to a part of the
//! map. `scan` is the reference.

mod bitmap_search;
mod bounds;
mod candidates;
mod group_refinement;
mod loss_classes;
mod person_bounds;
mod rank_key;
mod scan;
mod score_tables;
mod top_k;
mod travel_bounds;
mod tree_search;
mod viewport;

use crate::{
    judge::judgement::Judgement,
    query::Query,
    search::{bounds::Bounds, candidates::Search, top_k::TopK},
};

/// Far leaves that the tree search visits before it leaves far people to the bitmap search. Most
/// cases need fewer.
const FAR_LEAVES: usize = 64;

/// A scope, or a set of groups, of up to so many people is judged whole, at half a microsecond
/// each.
const SMALL_SCOPE: usize = 5_000;

impl Query<'_> {
    /// The best `limit` of the eligible, best first: the same as [`Self::scan`], and fast. Cost:
    /// usually hundreds of people are judged; everybody when a rule is waived.
    #[must_use]
    pub fn search(&self, limit: usize) -> Vec<Judgement> {
        self.search_counting(limit).0
    }

    /// The same, and how many people were looked at.
    #[must_use]
    pub fn search_counting(&self, limit: usize) -> (Vec<Judgement>, usize) {
        if let Some(found) = self.search_viewport(limit) {
            return found;
        }
        if !self.waived.is_empty() {
            return (self.scan(limit), self.index.people().len());
        }
        if let Some(few) = self.few_people() {
            return self.judge_all(limit, &few);
        }
        self.search_with_budget(limit, FAR_LEAVES)
    }

    /// The same where every rule is judged. The tree search visits up to `far_leaves` far leaves
    /// before the bitmap search takes over; only the cost depends on it.
    #[must_use]
    pub fn search_with_budget(&self, limit: usize, far_leaves: usize) -> (Vec<Judgement>, usize) {
        let bounds = &Bounds::new(self);
        if limit == 0 || bounds.nobody_is_eligible() {
            return (Vec::new(), 0);
        }
        let mut search = Search::new(self, bounds, limit);
        search.run(far_leaves);
        search.into_result()
    }

    /// The people who may be candidates, where they are few.
    fn few_people(&self) -> Option<Vec<u32>> {
        if let Some(only) = self.only.as_ref().filter(|only| only.slots().len() <= SMALL_SCOPE) {
            let seen = only.slots().iter().copied().filter(|&slot| self.may_see(slot));
            return Some(seen.collect());
        }
        self.scope.filter(|scope| scope.len() <= SMALL_SCOPE).and_then(|_| self.visible_slots())
    }

    /// The same for few people: all of them are judged. The tree would lead past all the others.
    fn judge_all(&self, limit: usize, slots: &[u32]) -> (Vec<Judgement>, usize) {
        let mut best = TopK::new(limit);
        for &slot in slots {
            let judgement = self.judge(slot);
            if judgement.failed().is_empty() && self.is_inside(&judgement) {
                best.offer(judgement);
            }
        }
        (best.into_sorted(), slots.len())
    }
}

impl Search<'_, '_> {
    fn run(&mut self, far_leaves: usize) {
        let (query, bounds) = (self.query, self.bounds);
        if query.case.panel_required && bounds.panel_separate {
            self.judge_panel();
            return;
        }
        if !self.search_tree(far_leaves) {
            self.search_far();
        }
        self.search_without_location();
        self.judge_booked();
        // The bounds of nodes leave the panel out.
        if bounds.panel_separate {
            self.judge_panel();
        }
    }
}
