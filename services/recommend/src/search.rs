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
/// The most people who are far away and looked at by themselves; if more of them fit, the tree
/// knows better which.
const MOST_FAR: usize = 50_000;

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
    /// The people of one bucket to be judged, and what their abilities are worth at most.
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
        self.search_within(limit, None)
    }

    /// The same, telling near from far at another distance in kilometres: only the cost depends
    /// on it.
    #[must_use]
    pub fn search_within(&self, limit: usize, reach_km: Option<f64>) -> (Vec<Judgement>, usize) {
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
        search.run(reach_km.unwrap_or_else(|| bounds.reach_km()));
        (search.best.into_sorted(), search.judged)
    }
}

impl Search<'_, '_> {
    fn run(&mut self, reach_km: f64) {
        let (query, bounds) = (self.query, self.bounds);
        let all = bounds.all_abilities();
        if query.case.panel_required && bounds.panel_apart {
            self.judge_apart(&query.panel, all);
            return;
        }
        self.visit_within(reach_km);
        if !self.judge_beyond(reach_km) {
            self.visit_within(f64::INFINITY);
        }
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
        let worth = |(masks, places)| Some((bounds.beside(masks)?, places));
        let mut groups: Vec<(u64, &[Place])> =
            query.index.places().beside().filter_map(worth).collect();
        groups.sort_unstable_by_key(|(note, _)| std::cmp::Reverse(*note));
        let needed = &query.needs[0].signature;
        for (note, places) in groups {
            if bounds.nowhere(note >> 32) < self.threshold {
                break;
            }
            let threshold = self.threshold;
            let worth = |place: &Place| {
                let abilities = bounds.abilities_of(&place.signature, note);
                let fit = place.signature.covers(needed);
                (fit && bounds.nowhere(abilities) >= threshold).then_some(abilities)
            };
            self.judge_bucket(places, worth);
        }
    }

    fn visit(&mut self, places: &[Place], note: u64) -> u64 {
        let (bounds, threshold) = (self.bounds, self.threshold);
        self.judge_bucket(places, |place| bounds.place(place, note, threshold));
        self.threshold
    }

    /// Walks through the tree as far as `reach_km`.
    fn visit_within(&mut self, reach_km: f64) {
        let (query, bounds) = (self.query, self.bounds);
        query.index.places().best_first(
            self.threshold,
            |envelope| bounds.node(envelope, reach_km),
            |places, note| self.visit(places, note),
        );
    }

    /// Judges whoever is beyond `reach_km` and can still be listed; false if they are too many.
    ///
    /// So far away a drive counts for next to nothing, and only the ablest can be listed. Nearly
    /// every node of the tree has somebody for each ability; the columns tell who has them all.
    fn judge_beyond(&mut self, reach_km: f64) -> bool {
        let (query, bounds) = (self.query, self.bounds);
        let Some(needed) = bounds.needed_beyond(reach_km, self.threshold) else { return true };
        let columns = query.index.columns();
        let Some(fit) = columns.covering(&needed, MOST_FAR) else { return false };
        let note = bounds.anybody();
        let mut some = Vec::with_capacity(TOGETHER);
        for chunk in fit.chunks(TOGETHER) {
            some.clear();
            let unseen = chunk.iter().filter(|slot| !self.seen.has(**slot));
            some.extend(
                unseen.map(|&slot| (slot, bounds.abilities_of(&columns.signature(slot), note))),
            );
            some.retain(|&(slot, abilities)| {
                bounds.beyond(reach_km, abilities) >= self.threshold && self.seen.first(slot)
            });
            self.judge_anywhere(&some);
        }
        true
    }

    /// Judges those people of a bucket who may be worth it.
    fn judge_bucket(&mut self, places: &[Place], worth: impl Fn(&Place) -> Option<u64>) {
        let mut near = std::mem::take(&mut self.near);
        near.clear();
        for place in places {
            if let Some(abilities) = worth(place)
                && self.seen.first(place.slot())
            {
                near.push((place.slot(), abilities));
            }
        }
        self.warm(near.iter().map(|&(slot, _)| slot));
        near.iter().for_each(|&(slot, abilities)| self.judge_anew(slot, abilities));
        self.near = near;
    }

    /// Judges people the nodes' bounds did not reckon with, unless they were judged fully.
    fn judge_apart(&mut self, slots: &[u32], abilities: u64) {
        for some in slots.chunks(TOGETHER) {
            let anew = some.iter().filter(|slot| !self.settled.has(**slot));
            let anew: Vec<(u32, u64)> = anew.map(|&slot| (slot, abilities)).collect();
            self.judge_anywhere(&anew);
        }
    }

    /// Judges people, wherever they are, who may be worth it.
    fn judge_anywhere(&mut self, people: &[(u32, u64)]) {
        let (query, bounds) = (self.query, self.bounds);
        let mut near = std::mem::take(&mut self.near);
        near.clear();
        near.extend(people.iter().copied().filter(|&(slot, abilities)| {
            let far = bounds.glance(slot, abilities) < self.threshold;
            !(far && query.index.person(slot).has_little())
        }));
        self.warm(near.iter().map(|&(slot, _)| slot));
        for &(slot, abilities) in &near {
            let far = bounds.glance(slot, abilities) < self.threshold;
            if !(far && query.only_start_or_ping(query.index.person(slot))) {
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
