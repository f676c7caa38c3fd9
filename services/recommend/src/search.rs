//! The exact search: best-first over the tree, by upper bounds. Must list the very people in the
//! very order of the scan.

use crate::{bounds::Bounds, judge::Judgement, query::Query, scan::Best};
use nearhand_index::places::{Group, Place, Placeless};

/// People already judged.
#[derive(Debug)]
struct Seen(Vec<u64>);

impl Seen {
    fn new(people: usize) -> Self {
        Self(vec![0; people.div_ceil(64)])
    }

    fn has(&self, slot: u32) -> bool {
        self.0[slot as usize / 64] & (1 << (slot % 64)) != 0
    }

    /// Marks a person; whether they were not marked before.
    fn first(&mut self, slot: u32) -> bool {
        let (word, bit) = (slot as usize / 64, 1 << (slot % 64));
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }
}

/// People looked at together, so that their records are waited for together.
const TOGETHER: usize = 32;

/// A search under way.
struct Search<'a, 'q> {
    query: &'a Query<'q>,
    bounds: &'a Bounds<'a, 'q>,
    best: Best,
    seen: Seen,
    /// Those whose own abilities were judged, the panel and visits among them.
    settled: Seen,
    /// Ranks that still matter.
    threshold: u64,
    judged: usize,
    /// The people of one leaf or group to be judged, and what their abilities are worth at most.
    near: Vec<(u32, u64)>,
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
        let none = || Seen::new(self.index.people().len());
        let mut search = Search {
            query: self,
            bounds,
            best: Best::new(limit),
            seen: none(),
            settled: none(),
            threshold: 0,
            judged: 0,
            near: Vec::new(),
        };
        search.run();
        (search.best.into_sorted(), search.judged)
    }
}

impl Search<'_, '_> {
    fn run(&mut self) {
        let (query, bounds) = (self.query, self.bounds);
        let all = bounds.all_abilities();
        if query.case.panel_required && bounds.panel_apart {
            self.judge_apart(&query.panel, all);
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
            self.judge_apart(&query.panel, all);
        }
        if let Some(client) = query.client.filter(|_| bounds.visitors_apart) {
            self.judge_apart(query.index.visitors(client), all);
        }
    }

    /// Whoever has a location has been found. Those without earn nothing for travel, and come
    /// late, when the threshold is high.
    fn visit_beside(&mut self) {
        let (query, bounds) = (self.query, self.bounds);
        if bounds.nowhere(bounds.all_abilities()) < self.threshold {
            return;
        }
        let worth = |group| Some((bounds.beside(group)?, group));
        let mut groups: Vec<(u64, &Group)> =
            query.index.places().beside().filter_map(worth).collect();
        groups.sort_unstable_by_key(|(note, _)| std::cmp::Reverse(*note));
        for (note, group) in groups {
            if bounds.nowhere(note >> 32) < self.threshold {
                break;
            }
            let threshold = self.threshold;
            let worth = |person: &Placeless| {
                let abilities = bounds.placeless(person, note)?;
                let worth = bounds.nowhere(abilities) >= threshold;
                worth.then_some((person.slot, abilities))
            };
            self.judge_some(group.people.iter().filter_map(worth));
        }
    }

    fn visit(&mut self, places: &[Place], note: u64) -> u64 {
        let (bounds, threshold) = (self.bounds, self.threshold);
        let worth = |place: &Place| Some((place.slot(), bounds.place(place, note, threshold)?));
        self.judge_some(places.iter().filter_map(worth));
        self.threshold
    }

    /// Judges people who may be worth it, with what their abilities are worth at most.
    fn judge_some(&mut self, some: impl Iterator<Item = (u32, u64)>) {
        let mut near = std::mem::take(&mut self.near);
        near.clear();
        near.extend(some.filter(|&(slot, _)| self.seen.first(slot)));
        self.warm(near.iter().map(|&(slot, _)| slot));
        near.iter().for_each(|&(slot, abilities)| self.judge_anew(slot, abilities));
        self.near = near;
    }

    /// Judges people the nodes' bounds did not reckon with, unless they were judged fully.
    fn judge_apart(&mut self, slots: &[u32], abilities: u64) {
        let (query, bounds) = (self.query, self.bounds);
        for some in slots.chunks(TOGETHER) {
            let near = |slot: &u32| {
                let person = query.index.person(*slot);
                let far = bounds.glance(person, abilities) < self.threshold;
                let passed_over = far && person.has_little();
                !passed_over && !self.settled.has(*slot)
            };
            let near: Vec<u32> = some.iter().copied().filter(near).collect();
            self.warm(near.iter().copied());
            for slot in near {
                let person = query.index.person(slot);
                let far = bounds.glance(person, abilities) < self.threshold;
                if !(far && query.only_start_or_ping(person)) {
                    self.judge_anew(slot, abilities);
                }
            }
        }
    }

    fn warm(&self, slots: impl Iterator<Item = u32>) {
        let people = slots.map(|slot| self.query.index.person(slot));
        std::hint::black_box(people.fold(0, |sum, person| sum ^ person.warm()));
    }

    fn judge_anew(&mut self, slot: u32, abilities: u64) {
        self.judged += 1;
        let travel = self.bounds.travel_at_most(self.query.index.person(slot));
        if self.bounds.person(abilities, travel) < self.threshold {
            return;
        }
        self.settled.first(slot);
        if let Some(judgement) = self.query.judge_if(slot, self.best.threshold(), travel) {
            self.best.offer(judgement);
            self.threshold = self
                .best
                .last()
                .map_or(0, |last| self.bounds.to_beat(last.score(), last.eta_milli_min()));
        }
    }
}
