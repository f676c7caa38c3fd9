//! Best-first search through the tree of places. Must skip a node only if its upper bound is below
//! the threshold, or if it is far away and the bitmap search follows.

use crate::search::candidates::Search;
use std::cell::Cell;

impl Search<'_, '_> {
    /// Judges the candidates of leaves, the best bound first. Once it has visited `far_leaves` far
    /// leaves, it skips all other far ones. Returns whether it skipped none.
    pub(super) fn search_tree(&mut self, far_leaves: usize) -> bool {
        let (query, bounds, left) = (self.query, self.bounds, Cell::new(far_leaves));
        query.index.tree().best_first(
            self.threshold,
            |envelopes, children, ranking| {
                let far_too = left.get() > 0;
                bounds.bound_children(envelopes, children, |child, key, bound| {
                    if far_too || !bound.far {
                        ranking.add(child, key, bound);
                    }
                });
            },
            |leaf, bound| {
                if left.get() > 0 || !bound.far {
                    left.set(left.get().saturating_sub(usize::from(bound.far)));
                    self.judge_candidates(bounds.leaf_candidates(leaf, bound, self.threshold));
                }
                self.threshold
            },
        );
        left.get() > 0
    }
}
