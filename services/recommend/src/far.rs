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
    /// Judges whoever is beyond the reach and can still be listed.
    pub(crate) fn visit_far(&mut self) {
        let most = self.bounds.most_beyond();
        let fit = self.bounds.fit_beyond();
        for step in STEPS {
            let Some(gap) = most.checked_sub(self.points()) else { return };
            let mut people = fit.clone();
            self.bounds.keep_sparing(&mut people, step.min(gap));
            self.judge_far(&people);
            if gap <= step || self.points() >= most - step {
                return;
            }
        }
    }

    /// Micro-points that still matter.
    fn points(&self) -> u64 {
        self.threshold >> DRIVE_BITS
    }

    /// Judges people beyond the reach, the ablest first.
    fn judge_far(&mut self, people: &People) {
        let (bounds, columns) = (self.bounds, self.query.index.columns());
        let unseen = people.iter().filter(|&slot| !self.seen.has(slot));
        let worth = unseen.filter_map(|slot| {
            let abilities = bounds.profile(slot, columns.profile(slot))?;
            (bounds.beyond(abilities) >= self.threshold).then_some((abilities, slot))
        });
        let mut heap: BinaryHeap<(u64, u32)> = worth.collect();
        let mut some = Vec::with_capacity(TOGETHER);
        while let Some((abilities, slot)) = heap.pop() {
            if bounds.beyond(abilities) < self.threshold {
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
