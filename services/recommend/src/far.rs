//! The search among the far, for cases that few near can do: a drive so long counts for next to
//! nothing, and only the ablest can be listed. Nearly every node of the tree has somebody for each
//! ability; the columns tell who has them all.

use crate::{
    bounds::DRIVE_BITS,
    search::{Search, TOGETHER},
};
use nearhand_index::columns::People;
use std::collections::BinaryHeap;

/// Micro-points below the best imaginable, for those who come so close to be looked at first: the
/// more are listed of them, the fewer of the others can be.
const STEPS: [u64; 6] = [0, 2_000_000, 5_000_000, 10_000_000, 20_000_000, u64::MAX];

impl Search<'_, '_> {
    /// Finishes a search that the tree took long for.
    pub(crate) fn visit_far(&mut self) {
        let reach_km = self.bounds.reach_km();
        if reach_km >= self.bounds.limit_km {
            self.visit_within(f64::INFINITY, usize::MAX);
            return;
        }
        self.visit_within(reach_km, usize::MAX);
        let most = self.bounds.most_beyond(reach_km);
        let fit = self.bounds.fit_beyond(reach_km);
        for step in STEPS {
            let points = |search: &Self| search.threshold >> DRIVE_BITS;
            if most < points(self) {
                return;
            }
            let (spare, all) = (step.min(most - points(self)), most - points(self) <= step);
            let mut people = fit.clone();
            self.bounds.keep_sparing(&mut people, spare);
            self.judge_beyond(reach_km, &people);
            if all || points(self) >= most - spare {
                return;
            }
        }
    }

    /// Judges people further away than `reach_km`, the ablest first.
    fn judge_beyond(&mut self, reach_km: f64, people: &People) {
        let (bounds, columns) = (self.bounds, self.query.index.columns());
        let unseen = people.iter().filter(|&slot| !self.seen.has(slot));
        let worth = unseen.filter_map(|slot| {
            let abilities = bounds.profile(slot, columns.profile(slot))?;
            (bounds.rank_from(reach_km, abilities) >= self.threshold).then_some((abilities, slot))
        });
        let mut heap: BinaryHeap<(u64, u32)> = worth.collect();
        let mut some = Vec::with_capacity(TOGETHER);
        while let Some((abilities, slot)) = heap.pop() {
            if bounds.rank_from(reach_km, abilities) < self.threshold {
                break;
            }
            some.push((slot, abilities));
            if some.len() == TOGETHER {
                self.judge_anywhere(&some);
                some.clear();
            }
        }
        self.judge_anywhere(&some);
    }
}
