//! The exact search: best-first over the tree, by upper bounds. Must list the very people in the
//! very order of the scan.

use crate::{bounds::Bounds, judge::Judgement, query::Query, scan::Best};
use nearhand_index::places::{Bucket, Place};

/// People already judged.
#[derive(Debug)]
struct Seen(Vec<u64>);

impl Seen {
    fn new(people: usize) -> Self {
        Self(vec![0; people.div_ceil(64)])
    }

    /// Marks a person; whether they were not marked before.
    fn first(&mut self, slot: u32) -> bool {
        let (word, bit) = (slot as usize / 64, 1 << (slot % 64));
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }
}

/// A search under way.
struct Search<'a, 'q> {
    query: &'a Query<'q>,
    bounds: &'a Bounds<'a, 'q>,
    best: Best,
    seen: Seen,
    /// Raw units that still matter.
    threshold: u64,
    judged: usize,
}

impl Query<'_> {
    /// The best `limit` of the eligible, best first: the same as [`Self::scan`], and fast.
    #[must_use]
    pub fn search(&self, limit: usize) -> Vec<Judgement> {
        self.search_counting(limit).0
    }

    /// The same with how many people had to be looked at.
    #[must_use]
    pub fn search_counting(&self, limit: usize) -> (Vec<Judgement>, usize) {
        let bounds = &Bounds::new(self);
        if limit == 0 || bounds.hopeless() {
            return (Vec::new(), 0);
        }
        let seen = Seen::new(self.index.people().len());
        let best = Best::new(limit);
        let mut search = Search { query: self, bounds, best, seen, threshold: 0, judged: 0 };
        search.run();
        (search.best.into_sorted(), search.judged)
    }
}

impl Search<'_, '_> {
    fn run(&mut self) {
        let (query, bounds) = (self.query, self.bounds);
        if bounds.panel_apart {
            query.panel.iter().for_each(|&slot| self.judge(slot));
            if query.case.panel_required {
                return;
            }
        }
        if let Some(client) = query.client.filter(|_| bounds.visitors_apart) {
            query.index.visitors(client).iter().for_each(|&slot| self.judge(slot));
        }
        let places = query.index.places();
        places.best_first(
            self.threshold,
            |envelope| bounds.node(envelope),
            |bucket| self.visit(bucket),
        );
        // Whoever has a location has been found. Those without earn nothing for travel, and come
        // last, when the threshold is high.
        for bucket in places.beside() {
            if bounds.beside(bucket.masks()).is_some_and(|bound| bound >= self.threshold) {
                let fit = |place: &&Place| place.signature.covers(&query.needs[0].signature);
                bucket.places().iter().filter(fit).for_each(|place| self.judge(place.slot()));
            }
        }
    }

    fn visit(&mut self, bucket: &Bucket) -> u64 {
        if let Some(abilities) = self.bounds.abilities(bucket.masks()) {
            for place in bucket.places() {
                let bound = self.bounds.place(place, abilities);
                if bound.is_some_and(|bound| bound >= self.threshold) {
                    self.judge(place.slot());
                }
            }
        }
        self.threshold
    }

    fn judge(&mut self, slot: u32) {
        if !self.seen.first(slot) {
            return;
        }
        self.judged += 1;
        let travel = self.bounds.travel_at_most(self.query.index.person(slot));
        if let Some(judgement) = self.query.judge_if(slot, self.best.threshold(), travel) {
            self.best.offer(judgement);
            self.threshold = self.bounds.raw(self.best.threshold());
        }
    }
}
