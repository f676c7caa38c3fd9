//! The exact search: best-first over the tree, by upper bounds. Must list the very people in the
//! very order of the scan.

use crate::{
    bounds::Bounds,
    judge::{Judgement, lot},
    query::Query,
    scan::Best,
    slots::Slots,
};
use nearhand_index::places::{Place, Placeless};
use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

/// People looked at together, so that their records are waited for together.
const TOGETHER: usize = 32;

/// A search under way.
struct Search<'a, 'q> {
    query: &'a Query<'q>,
    bounds: &'a Bounds<'a, 'q>,
    best: Best,
    seen: Slots,
    /// Those whose own abilities were judged, the panel among them.
    settled: Slots,
    /// Ranks that still matter.
    threshold: u64,
    judged: usize,
    /// The people of one leaf or group to be judged, and what their abilities are worth at most.
    near: Vec<(u32, u64)>,
}

/// Somebody without location, and what their abilities are worth at most: those worth most first,
/// and of them those with the least load.
struct Worth<'a> {
    abilities: u64,
    person: &'a Placeless,
}

impl<'a> Worth<'a> {
    fn new((abilities, person): (u64, &'a Placeless)) -> Self {
        Self { abilities, person }
    }
}

impl PartialEq for Worth<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Worth<'_> {}

impl PartialOrd for Worth<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Worth<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let load = |worth: &Self| worth.person.signature.load_floor();
        self.abilities.cmp(&other.abilities).then_with(|| load(other).cmp(&load(self)))
    }
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
        let none = || Slots::new(self.index.people().len());
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
        // The nodes' bounds did not reckon with the panel.
        if bounds.panel_apart {
            self.judge_apart(&query.panel, all);
        }
    }

    /// Whoever has a location has been found. Those without earn nothing for travel, and come
    /// late, when the threshold is high.
    fn visit_beside(&mut self) {
        let (query, bounds) = (self.query, self.bounds);
        let useless = query.policy.require_location
            || bounds.nowhere(bounds.all_abilities()) < self.threshold;
        if useless {
            return;
        }
        let worth = |group| Some((bounds.beside(group)?, group));
        let threshold = self.threshold;
        let groups = query.index.places().beside().filter_map(worth);
        let near = groups.filter(|(note, _)| bounds.nowhere(note >> 32) >= threshold);
        let people = near.flat_map(|(note, group)| {
            let worth = move |person| Some((bounds.placeless(person, note)?, person));
            group.people.iter().filter_map(worth)
        });
        let people = people.filter(|(abilities, _)| bounds.nowhere(*abilities) >= threshold);
        let mut heap: BinaryHeap<Worth<'_>> = people.map(Worth::new).collect();
        let mut some = Vec::with_capacity(TOGETHER);
        while let Some(best) = heap.pop() {
            let rank = bounds.nowhere(best.abilities);
            if rank < self.threshold {
                break;
            }
            some.push((best.person.slot, best.abilities));
            if some.len() == TOGETHER || heap.is_empty() {
                self.judge_some(some.drain(..));
            }
            if rank == self.threshold {
                self.judge_some(some.drain(..));
                self.judge_ties(heap.drain().filter(|worth| worth.abilities == best.abilities));
            }
        }
        self.judge_some(some.into_iter());
    }

    /// Judges people without location who can at best tie with the last one listed: in the order
    /// of ties, by load and lot, so that few have to be.
    fn judge_ties<'p>(&mut self, ties: impl Iterator<Item = Worth<'p>>) {
        let case = self.query.case.id;
        let key = |Worth { abilities, person }| {
            let lot = lot(case, person.staff).as_prefix();
            Reverse((person.signature.load_floor(), lot, person.slot, abilities))
        };
        let mut drawn: BinaryHeap<_> = ties.map(key).collect();
        while let Some(&Reverse((load, lot, ..))) = drawn.peek() {
            let lost = |last: &Judgement| (load, lot) > (last.load_ppm(), last.lot().as_prefix());
            if self.best.last().is_some_and(lost) {
                return;
            }
            let some = std::iter::from_fn(|| drawn.pop()).take(TOGETHER);
            let some: Vec<_> =
                some.map(|Reverse((.., slot, abilities))| (slot, abilities)).collect();
            self.judge_some(some.into_iter());
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
        near.extend(some.filter(|&(slot, _)| self.seen.insert(slot)));
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
        self.settled.insert(slot);
        if let Some(judgement) = self.query.judge_if(slot, self.best.threshold(), travel) {
            self.best.offer(judgement);
            self.threshold = self
                .best
                .last()
                .map_or(0, |last| self.bounds.to_beat(last.score(), last.eta_milli_min()));
        }
    }
}
