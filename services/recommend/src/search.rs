//! The exact search: best-first over the tree, by upper bounds. Must list the very people in the
//! very order of the scan.

use crate::{bounds::Bounds, judge::Judgement, query::Query, scan::Best};
use nearhand_index::places::Place;

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
    /// Ranks that still matter.
    threshold: u64,
    judged: usize,
    /// The people of one bucket to be judged.
    near: Vec<u32>,
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
        let mut search =
            Search { query: self, bounds, best, seen, threshold: 0, judged: 0, near: Vec::new() };
        search.run();
        (search.best.into_sorted(), search.judged)
    }
}

impl Search<'_, '_> {
    fn run(&mut self) {
        let (query, bounds) = (self.query, self.bounds);
        let all = bounds.all_abilities();
        if query.case.panel_required && bounds.panel_apart {
            query.panel.iter().for_each(|&slot| self.judge_apart(slot, all));
            return;
        }
        let places = query.index.places();
        places.best_first(
            0,
            |envelope| bounds.node(envelope),
            |places, abilities| self.visit(places, abilities),
        );
        self.visit_beside();
        // Then those the nodes' bounds did not reckon with.
        if bounds.panel_apart {
            query.panel.iter().for_each(|&slot| self.judge_apart(slot, all));
        }
        if let Some(client) = query.client.filter(|_| bounds.visitors_apart) {
            query.index.visitors(client).iter().for_each(|&slot| self.judge_apart(slot, all));
        }
    }

    /// Whoever has a location has been found. Those without earn nothing for travel, and come
    /// late, when the threshold is high.
    fn visit_beside(&mut self) {
        let (query, bounds) = (self.query, self.bounds);
        if bounds.nowhere(bounds.all_abilities()) < self.threshold {
            return;
        }
        let worth = |(masks, places)| Some((bounds.beside(masks)?, places));
        let mut groups: Vec<(u64, &[Place])> =
            query.index.places().beside().filter_map(worth).collect();
        groups.sort_unstable_by_key(|(abilities, _)| std::cmp::Reverse(*abilities));
        for (abilities, places) in groups {
            if bounds.nowhere(abilities) < self.threshold {
                break;
            }
            for place in places {
                if place.signature.covers(&query.needs[0].signature) {
                    self.judge(place.slot(), abilities);
                }
            }
        }
    }

    fn visit(&mut self, places: &[Place], abilities: u64) -> u64 {
        self.near.clear();
        for place in places {
            let bound = self.bounds.place(place, abilities);
            if bound.is_some_and(|bound| bound >= self.threshold) && self.seen.first(place.slot()) {
                self.near.push(place.slot());
            }
        }
        let near = std::mem::take(&mut self.near);
        self.warm(&near);
        near.iter().for_each(|&slot| self.judge_anew(slot, abilities));
        self.near = near;
        self.threshold
    }

    fn warm(&self, slots: &[u32]) {
        let people = slots.iter().map(|&slot| self.query.index.person(slot));
        std::hint::black_box(people.fold(0, |sum, person| sum ^ person.warm()));
    }

    /// Judges a person the nodes' bounds did not reckon with, whether seen or not.
    fn judge_apart(&mut self, slot: u32, abilities: u64) {
        let person = self.query.index.person(slot);
        let far = self.bounds.glance(person, abilities) < self.threshold;
        if (far && self.query.only_start_or_ping(person)) || self.best.lists(slot) {
            return;
        }
        self.judge_anew(slot, abilities);
    }

    /// Judges a person once, given the most their abilities may be worth.
    fn judge(&mut self, slot: u32, abilities: u64) {
        if self.seen.first(slot) {
            self.judge_anew(slot, abilities);
        }
    }

    fn judge_anew(&mut self, slot: u32, abilities: u64) {
        self.judged += 1;
        let travel = self.bounds.travel_at_most(self.query.index.person(slot));
        if self.bounds.person(abilities, travel) < self.threshold {
            return;
        }
        if let Some(judgement) = self.query.judge_if(slot, self.best.threshold(), travel) {
            self.best.offer(judgement);
            self.threshold = self
                .best
                .last()
                .map_or(0, |last| self.bounds.to_beat(last.score(), last.eta_milli_min()));
        }
    }
}
