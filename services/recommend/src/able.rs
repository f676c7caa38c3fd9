//! The search by abilities, for those whose way counts for next to nothing: the far, and people
//! without location. Nearly every node of the tree has somebody for each ability; the columns tell
//! who has them all.

use crate::{
    bounds::DRIVE_BITS,
    judge::lot,
    profiles::Facet,
    search::{Search, TOGETHER},
};
use nearhand_index::{
    columns::{People, Test},
    signature::Signed,
};
use std::{cmp::Reverse, collections::BinaryHeap};

/// Micro-points below the best imaginable, for those who come so close to be looked at first: the
/// more are listed of them, the fewer of the others can be.
const STEPS: [u64; 10] = [
    0,
    1_500_000,
    3_000_000,
    5_000_000,
    7_000_000,
    10_000_000,
    14_000_000,
    20_000_000,
    30_000_000,
    u64::MAX,
];
/// So few people are looked at rather than told apart further.
const FEW: usize = 48;

/// People by what their abilities are worth at most: the ablest first, of those alike the one with
/// the least load.
type Ablest = BinaryHeap<(u64, Reverse<u32>, u32)>;

/// A walk through people told apart by one term after another.
struct Walk<J> {
    /// Nobody has more micro-points.
    most: u64,
    /// Who loses more of them comes later.
    step: u64,
    /// Who loses no more of them has been looked at.
    done: Option<u64>,
    judge: J,
}

impl Search<'_, '_> {
    /// Judges whoever is beyond the reach and can still be listed.
    pub(crate) fn visit_far(&mut self) {
        let bounds = self.bounds;
        let most = bounds.most_able() + bounds.way(bounds.reach_km);
        self.visit_able(&bounds.fit_beyond(), most, Self::judge_far);
    }

    /// Judges whoever has no location and can still be listed. They earn nothing for travel, and
    /// come late, when the threshold is high.
    pub(crate) fn visit_placeless(&mut self) {
        let bounds = self.bounds;
        let most = bounds.nowhere(bounds.most_able());
        if most >= self.threshold && !self.query.policy.require_location {
            self.visit_able(&bounds.fit_placeless(), most >> DRIVE_BITS, Self::judge_placeless);
        }
    }

    /// Judges those who pass all tests and can reach the threshold, where nobody has more than
    /// `most` micro-points.
    fn visit_able(&mut self, fit: &[Test], most: u64, judge: impl Fn(&mut Self, &People)) {
        let blocks: Vec<People> = self.query.index.columns().passing(fit).collect();
        let facets = self.bounds.facets();
        let mut walk = Walk { most, step: 0, done: None, judge };
        for step in STEPS {
            walk.step = step;
            for people in &blocks {
                self.tell_apart(&walk, &facets, people, 0);
            }
            let gap = most.saturating_sub(self.points());
            if gap <= step {
                return;
            }
            walk.done = Some(step);
        }
    }

    /// Judges those of some people, who lose at least so many micro-points by the terms before,
    /// who can still reach the threshold.
    fn tell_apart<J: Fn(&mut Self, &People)>(
        &mut self,
        walk: &Walk<J>,
        facets: &[Facet],
        people: &People,
        lost: u64,
    ) {
        let few = people.count() <= FEW;
        let Some((facet, others)) = facets.split_first().filter(|_| !few) else {
            if walk.done.is_none_or(|done| lost > done) {
                (walk.judge)(self, people);
            }
            return;
        };
        let mut rest = people.clone();
        for class in &facet.0 {
            let lost = lost + class.lost;
            if lost > walk.step || self.points() > walk.most.saturating_sub(lost) {
                return;
            }
            let mut these = rest.clone();
            if let Some(test) = &class.test {
                self.query.index.columns().keep(&mut these, test);
                rest.subtract(&these);
            }
            if these.count() > 0 {
                self.tell_apart(walk, others, &these, lost);
            }
        }
    }

    /// Micro-points that still matter.
    fn points(&self) -> u64 {
        self.threshold >> DRIVE_BITS
    }

    /// Those among people whose abilities may be worth looking at.
    fn ablest(&self, people: &People, worth: impl Fn(u64) -> bool) -> Ablest {
        let columns = self.query.index.columns();
        let unseen = people.iter().filter(|slot| !self.seen.contains(slot));
        let able = unseen.filter_map(|slot| {
            let profile = columns.profile(slot);
            let abilities = self.bounds.profile(slot, profile).filter(|&points| worth(points))?;
            Some((abilities, Reverse(profile.signature.load_floor()), slot))
        });
        able.collect()
    }

    fn judge_far(&mut self, people: &People) {
        let bounds = self.bounds;
        let mut heap = self.ablest(people, |able| bounds.beyond(able) >= self.threshold);
        let mut some = Vec::with_capacity(TOGETHER);
        while let Some((abilities, _, slot)) = heap.pop() {
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

    fn judge_placeless(&mut self, people: &People) {
        let bounds = self.bounds;
        let mut heap = self.ablest(people, |able| bounds.nowhere(able) >= self.threshold);
        while let Some(&(best, ..)) = heap.peek() {
            if bounds.nowhere(best) <= self.threshold {
                break;
            }
            let able = std::iter::from_fn(|| heap.pop()).take(TOGETHER);
            let some: Vec<(u32, u64)> =
                able.map(|(abilities, _, slot)| (slot, abilities)).collect();
            self.judge_some(some.into_iter());
        }
        // None of the rest can do more than tie.
        let tie = |able: &u64| bounds.nowhere(*able) == self.threshold;
        let ties = heap.into_iter().filter(|(able, ..)| tie(able));
        self.judge_ties(ties.collect());
    }

    /// Judges people without location who can at best tie with the last one listed: in the order
    /// of ties, by load and lot, so that few have to be.
    fn judge_ties(&mut self, ties: Vec<(u64, Reverse<u32>, u32)>) {
        let query = self.query;
        let drawn = |(abilities, Reverse(load), slot)| {
            let lot = lot(query.case.id, query.index.person(slot).id());
            Reverse((load, lot.as_prefix(), slot, abilities))
        };
        let mut drawn: BinaryHeap<_> = ties.into_iter().map(drawn).collect();
        while let Some(&Reverse((load, lot, ..))) = drawn.peek() {
            let last = self.best.last().map(|last| (last.load_ppm(), last.lot().as_prefix()));
            if last.is_some_and(|last| (load, lot) > last) {
                return;
            }
            let some = std::iter::from_fn(|| drawn.pop()).take(TOGETHER);
            let some: Vec<(u32, u64)> =
                some.map(|Reverse((.., slot, abilities))| (slot, abilities)).collect();
            self.judge_some(some.into_iter());
        }
    }
}
