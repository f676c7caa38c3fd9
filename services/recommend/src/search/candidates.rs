//! The state of one search, and how its candidates are judged. Must drop a person only if an upper
//! bound is below the threshold.

use crate::{
    judge::judgement::Judgement,
    query::Query,
    search::{bounds::Bounds, rank_key::key_to_precede, top_k::TopK},
};
use nearhand_index::people::person::PREFETCH_BATCH;
use rustc_hash::FxHashSet;

/// A running search.
pub(super) struct Search<'a, 'q> {
    pub(super) query: &'a Query<'q>,
    pub(super) bounds: &'a Bounds<'a, 'q>,
    pub(super) best: TopK,
    /// The rank key a person must reach to be listed.
    pub(super) threshold: u64,
    /// Slots of people who were judged or dropped. They are hundreds; a bit for everybody would
    /// have to be cleared for each case.
    pub(super) examined: FxHashSet<u32>,
    /// Slots of people who were judged fully, the panel included.
    fully_judged: FxHashSet<u32>,
    judged_count: usize,
    /// The people to judge next, each with an upper bound of their abilities. Kept to save
    /// allocations.
    batch: Vec<(u32, u64)>,
}

impl<'a, 'q> Search<'a, 'q> {
    pub(super) fn new(query: &'a Query<'q>, bounds: &'a Bounds<'a, 'q>, limit: usize) -> Self {
        Self {
            query,
            bounds,
            best: TopK::new(limit),
            threshold: 0,
            examined: FxHashSet::default(),
            fully_judged: FxHashSet::default(),
            judged_count: 0,
            batch: Vec::new(),
        }
    }

    /// The best, in order, and how many people were looked at.
    pub(super) fn into_result(self) -> (Vec<Judgement>, usize) {
        (self.best.into_sorted(), self.judged_count)
    }

    /// Judges people who were not examined before, each with an upper bound of their abilities.
    pub(super) fn judge_candidates(&mut self, people: impl Iterator<Item = (u32, u64)>) {
        let mut batch = std::mem::take(&mut self.batch);
        batch.clear();
        batch.extend(people.filter(|&(slot, _)| self.examined.insert(slot)));
        self.tighten_by_profile(&mut batch);
        self.prefetch(batch.iter().map(|&(slot, _)| slot));
        batch.iter().for_each(|&(slot, abilities)| self.judge_one(slot, abilities));
        self.batch = batch;
    }

    /// Judges people anywhere, by the nearest place that may count.
    pub(super) fn judge_by_nearest_place(&mut self, people: &[(u32, u64)]) {
        let (query, bounds) = (self.query, self.bounds);
        let mut batch = std::mem::take(&mut self.batch);
        batch.clear();
        let prefetch =
            |sum, &(slot, _): &(u32, u64)| sum ^ query.index.person(slot).prefetch_location();
        std::hint::black_box(people.iter().fold(0, prefetch));
        let most = people.iter().map(|&(_, abilities)| abilities).max().unwrap_or(0);
        let chord = bounds.travel.longest_chord(most, self.threshold);
        let within = |&(slot, _): &(u32, u64)| !bounds.is_beyond(query.index.person(slot), chord);
        batch.extend(people.iter().copied().filter(within));
        self.prefetch(batch.iter().map(|&(slot, _)| slot));
        for &(slot, abilities) in &batch {
            if bounds.nearest_place_key(slot, abilities) >= self.threshold {
                self.examined.insert(slot);
                self.judge_one(slot, abilities);
            }
        }
        self.batch = batch;
    }

    /// Judges the people on the panel: the bounds of nodes leave the panel out, so they may have been
    /// dropped too early.
    pub(super) fn judge_panel(&mut self) {
        let query = self.query;
        self.judge_again(&query.panel);
    }

    /// Judges the people who are booked for this very case: that booking does not count, but the
    /// bounds of nodes take them for busy.
    pub(super) fn judge_booked(&mut self) {
        let query = self.query;
        let mut booked: Vec<u32> = query.index.booked_for(query.case.id).collect();
        booked.sort_unstable();
        booked.dedup();
        self.judge_again(&booked);
    }

    /// Judges people who were not judged fully.
    fn judge_again(&mut self, people: &[u32]) {
        let abilities = self.bounds.max_abilities();
        for some in people.chunks(PREFETCH_BATCH) {
            let open = some.iter().filter(|slot| !self.fully_judged.contains(*slot));
            let open: Vec<(u32, u64)> = open.map(|&slot| (slot, abilities)).collect();
            self.judge_by_nearest_place(&open);
        }
    }

    /// Lowers the upper bounds by people's profiles, and drops people who are not eligible by them.
    fn tighten_by_profile(&self, people: &mut Vec<(u32, u64)>) {
        if !self.bounds.profiles_show_more() {
            return;
        }
        let ability_index = self.query.index.abilities();
        let prefetch = |sum, &(slot, _): &(u32, u64)| sum ^ ability_index.profile(slot).prefetch();
        std::hint::black_box(people.iter().fold(0, prefetch));
        people.retain_mut(|(slot, abilities)| {
            let bound = self.bounds.profile_abilities(*slot, ability_index.profile(*slot));
            *abilities = bound.map_or(0, |bound| bound.min(*abilities));
            bound.is_some()
        });
    }

    /// Reads something of each person, so that the processor waits for all of them at once.
    fn prefetch(&self, slots: impl Iterator<Item = u32>) {
        let people = slots.map(|slot| self.query.index.person(slot));
        std::hint::black_box(people.fold(0, |sum, person| sum ^ person.prefetch_record()));
    }

    fn judge_one(&mut self, slot: u32, abilities: u64) {
        // People outside the scope or the groups are dropped before they can raise the threshold.
        let outside = self.query.only.as_ref().is_some_and(|only| !only.contains(slot));
        if outside || !self.query.may_see(slot) {
            return;
        }
        self.judged_count += 1;
        let travel = self.bounds.travel_at_most(self.query.index.person(slot));
        if self.bounds.person_key(abilities, travel) < self.threshold {
            return;
        }
        self.fully_judged.insert(slot);
        if let Some(judgement) = self.query.judge_if(slot, self.best.threshold(), travel)
            && self.query.is_inside(&judgement)
        {
            self.best.offer(judgement);
            self.threshold = self
                .best
                .last()
                .map_or(0, |last| key_to_precede(last.score(), last.eta_milli_min()));
        }
    }
}
