//! The exact search: best-first over the tree, by upper bounds. Must list the very people in the
//! very order of the scan.

use crate::{bounds::Bounds, judge::Judgement, query::Query, scan::Best};
use nearhand_index::person::TOGETHER;
use rustc_hash::FxHashSet;
use std::cell::Cell;

/// Leaves visited far away before people are found by their abilities: more than most cases take.
const PATIENCE: usize = 64;

/// A search under way.
pub(crate) struct Search<'a, 'q> {
    pub(crate) query: &'a Query<'q>,
    pub(crate) bounds: &'a Bounds<'a, 'q>,
    pub(crate) best: Best,
    /// Those judged, or found not worth it: hundreds, where a bit for everybody would have to be
    /// cleared for each case.
    pub(crate) seen: FxHashSet<u32>,
    /// Those whose own abilities were judged, the panel among them.
    settled: FxHashSet<u32>,
    /// Ranks that still matter.
    pub(crate) threshold: u64,
    judged: usize,
    /// The people of one leaf to be judged, and what their abilities are worth at most.
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
        self.search_with_patience(limit, PATIENCE)
    }

    /// The same, visiting so many leaves far away before people there are found by their
    /// abilities: only the cost depends on it.
    #[must_use]
    pub fn search_with_patience(&self, limit: usize, patience: usize) -> (Vec<Judgement>, usize) {
        let bounds = &Bounds::new(self);
        if limit == 0 || bounds.hopeless() {
            return (Vec::new(), 0);
        }
        let mut search = Search {
            query: self,
            bounds,
            best: Best::new(limit),
            seen: FxHashSet::default(),
            settled: FxHashSet::default(),
            threshold: 0,
            judged: 0,
            near: Vec::new(),
        };
        search.run(patience);
        (search.best.into_sorted(), search.judged)
    }
}

impl Search<'_, '_> {
    fn run(&mut self, patience: usize) {
        let (query, bounds) = (self.query, self.bounds);
        let all = bounds.all_abilities();
        if query.case.panel_required && bounds.panel_apart {
            self.judge_apart(&query.panel, all);
            return;
        }
        self.visit_tree(patience);
        self.visit_placeless();
        // The nodes' bounds did not reckon with the panel.
        if bounds.panel_apart {
            self.judge_apart(&query.panel, all);
        }
    }

    /// Walks through the tree. When it leads to many leaves far away, only the near ones are
    /// visited from then on, and the far people found by their abilities.
    fn visit_tree(&mut self, patience: usize) {
        let (query, bounds, left) = (self.query, self.bounds, Cell::new(patience));
        query.index.places().best_first(
            self.threshold,
            |siblings, parts, ranking| {
                let patient = left.get() > 0;
                bounds.rank(siblings, parts, |part, best, note| {
                    if patient || !note.far {
                        ranking.add(part, best, note);
                    }
                });
            },
            |leaf, note| {
                if left.get() > 0 || !note.far {
                    left.set(left.get().saturating_sub(usize::from(note.far)));
                    self.judge_some(bounds.able_at(leaf, note, self.threshold));
                }
                self.threshold
            },
        );
        if left.get() == 0 {
            self.visit_far();
        }
    }

    /// Judges people who may be worth it, with what their abilities are worth at most.
    pub(crate) fn judge_some(&mut self, some: impl Iterator<Item = (u32, u64)>) {
        let mut near = std::mem::take(&mut self.near);
        near.clear();
        near.extend(some.filter(|&(slot, _)| self.seen.insert(slot)));
        self.look_closer(&mut near);
        self.warm(near.iter().map(|&(slot, _)| slot));
        near.iter().for_each(|&(slot, abilities)| self.judge_anew(slot, abilities));
        self.near = near;
    }

    /// Leaves those out whose profiles tell more than their leaf did.
    fn look_closer(&self, people: &mut Vec<(u32, u64)>) {
        if !self.bounds.profiles_tell() {
            return;
        }
        let columns = self.query.index.columns();
        let glimpse = |sum, &(slot, _): &(u32, u64)| sum ^ columns.profile(slot).glimpse();
        std::hint::black_box(people.iter().fold(0, glimpse));
        people.retain_mut(|(slot, abilities)| {
            let able = self.bounds.profile(*slot, columns.profile(*slot));
            *abilities = able.map_or(0, |able| able.min(*abilities));
            able.is_some()
        });
    }

    /// Judges people the nodes' bounds did not reckon with, unless they were judged fully.
    fn judge_apart(&mut self, slots: &[u32], abilities: u64) {
        for some in slots.chunks(TOGETHER) {
            let anew = some.iter().filter(|slot| !self.settled.contains(*slot));
            let anew: Vec<(u32, u64)> = anew.map(|&slot| (slot, abilities)).collect();
            self.judge_anywhere(&anew);
        }
    }

    /// Judges people, wherever they are, who may be worth it.
    pub(crate) fn judge_anywhere(&mut self, people: &[(u32, u64)]) {
        let (query, bounds) = (self.query, self.bounds);
        let mut near = std::mem::take(&mut self.near);
        near.clear();
        let glimpse = |sum, &(slot, _): &(u32, u64)| sum ^ query.index.person(slot).glimpse();
        std::hint::black_box(people.iter().fold(0, glimpse));
        let most = people.iter().map(|&(_, abilities)| abilities).max().unwrap_or(0);
        let chord = bounds.chord_within(most, self.threshold);
        let within = |&(slot, _): &(u32, u64)| !bounds.is_beyond(query.index.person(slot), chord);
        near.extend(people.iter().copied().filter(within));
        self.warm(near.iter().map(|&(slot, _)| slot));
        for &(slot, abilities) in &near {
            if bounds.glance(slot, abilities) >= self.threshold {
                self.seen.insert(slot);
                self.judge_anew(slot, abilities);
            }
        }
        self.near = near;
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
