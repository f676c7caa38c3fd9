//! Search over the bitmap index, for people whose travel counts for next to nothing: people far
//! away, and people without location. Must judge everybody of them who can still be listed.
//!
//! Nearly every node of the tree has somebody for each ability, so its bounds exclude few of these
//! people. The bitmap index tells who has all abilities at once.

use crate::{
    judge::tie_break::TieBreak,
    search::{
        candidates::Search,
        group_refinement::{BoundedPerson, GroupRefinement, SMALL_GROUP},
    },
};
use nearhand_domain::StaffId;
use nearhand_index::{
    abilities::{BitmapIndex, Predicate},
    people::person::PREFETCH_BATCH,
};
use std::{cmp::Reverse, collections::BinaryHeap};

/// A batch may hold people whose bounds are so many micro-points below that of the best group.
const BATCH_SPREAD: u64 = 500_000;

impl Search<'_, '_> {
    /// Judges the people who are far away and can still be listed.
    pub(super) fn search_far(&mut self) {
        let everybody = self.query.index.abilities().everybody();
        let predicates = self.bounds.far_predicates();
        let mut refinement = self.refinement(everybody, &predicates, self.bounds.far_key(0));
        while let Some(batch) = self.next_batch(&mut refinement, 0) {
            self.judge_by_nearest_place(&batch);
        }
    }

    /// Judges the people who have no location and can still be listed. They earn nothing for travel,
    /// so this comes last, when the threshold is high.
    pub(super) fn search_without_location(&mut self) {
        let most = self.bounds.no_location_key(self.bounds.max_profile_abilities());
        if most < self.threshold || self.query.policy.require_location {
            return;
        }
        let without_location = self.query.index.abilities().without_location();
        let predicates = self.bounds.no_location_predicates();
        let base_key = self.bounds.no_location_key(0);
        let mut refinement = self.refinement(without_location, &predicates, base_key);
        // People who can at best tie come afterwards: few of them have to be judged.
        while let Some(batch) = self.next_batch(&mut refinement, 1) {
            self.judge_candidates(batch.into_iter());
        }
        let ties = |abilities: &u64| self.bounds.no_location_key(*abilities) == self.threshold;
        let tied = refinement.people.into_iter().filter(|(abilities, ..)| ties(abilities));
        self.judge_ties(tied.collect());
    }

    /// The refinement of the people who pass the predicates and can reach the threshold.
    fn refinement<'c>(
        &self,
        index: &'c BitmapIndex,
        predicates: &[Predicate],
        base_key: u64,
    ) -> GroupRefinement<'c> {
        let abilities = self.bounds.max_profile_abilities();
        let losses = self.bounds.loss_classes();
        GroupRefinement::new(index, predicates, losses, (base_key, abilities, self.threshold))
    }

    /// The best people who were not examined, each with an upper bound of their abilities; their
    /// rank keys are at least `above` over the threshold.
    fn next_batch(
        &self,
        refinement: &mut GroupRefinement<'_>,
        above: u64,
    ) -> Option<Vec<(u32, u64)>> {
        loop {
            let group = refinement.best_group();
            let group = group.filter(|&most| refinement.key(most) >= self.threshold);
            let person = refinement.best_person();
            let person = person.filter(|&most| refinement.key(most) >= self.threshold + above);
            if person.is_some() && person >= group {
                let least = group.unwrap_or(0).saturating_sub(BATCH_SPREAD);
                return Some(self.take_batch(refinement, least, above));
            }
            group?;
            self.refine_best_group(refinement);
        }
    }

    /// Takes the best people whose abilities are worth at least `least`.
    fn take_batch(
        &self,
        refinement: &mut GroupRefinement<'_>,
        least: u64,
        above: u64,
    ) -> Vec<(u32, u64)> {
        let mut batch = Vec::with_capacity(PREFETCH_BATCH);
        while let Some(&(abilities, _, slot)) = refinement.people.peek()
            && batch.len() < PREFETCH_BATCH
            && abilities >= least
            && refinement.key(abilities) >= self.threshold + above
        {
            batch.push((slot, abilities));
            refinement.people.pop();
        }
        batch
    }

    /// Splits the best group by its next loss class, or bounds some of its people one by one.
    fn refine_best_group(&self, refinement: &mut GroupRefinement<'_>) {
        let Some(mut group) = refinement.pop_group() else { return };
        if refinement.can_split(&group) {
            return refinement.split(group);
        }
        let some = group.rows.take(SMALL_GROUP);
        let ability_index = self.query.index.abilities();
        // Profiles are read together, so that the processor waits for all of them at once.
        let prefetch = |sum, slot| sum ^ ability_index.profile(slot).prefetch();
        std::hint::black_box(refinement.index.slots(&some).fold(0, prefetch));
        for slot in refinement.index.slots(&some).filter(|slot| !self.examined.contains(slot)) {
            let profile = ability_index.profile(slot);
            let bound = self.bounds.profile_abilities(slot, profile);
            let bound = bound.map(|bound| bound.min(group.abilities));
            if let Some(bound) = bound.filter(|&most| refinement.key(most) >= self.threshold) {
                let load = self.bounds.load_floor(&profile.bits);
                refinement.people.push((bound, Reverse(load), slot));
            }
        }
        refinement.put_back(group);
    }

    /// Judges people without location who can at best tie with the last one listed. They come in
    /// the order of ties, by load and tie break, so that few have to be judged.
    fn judge_ties(&mut self, tied: Vec<BoundedPerson>) {
        let query = self.query;
        // People are read together, so that the processor waits for all of them at once.
        let ids: Vec<StaffId> =
            tied.iter().map(|&(.., slot)| query.index.person(slot).id()).collect();
        let ordered = tied.into_iter().zip(ids).map(|((abilities, Reverse(load), slot), id)| {
            Reverse((load, TieBreak::new(query.case.id, id).prefix(), slot, abilities))
        });
        let mut ordered: BinaryHeap<_> = ordered.collect();
        while let Some(&Reverse((load, tie_break, ..))) = ordered.peek() {
            let last = self.best.last().map(|last| (last.load_ppm(), last.tie_break().prefix()));
            if last.is_some_and(|last| (load, tie_break) > last) {
                return;
            }
            let batch = std::iter::from_fn(|| ordered.pop()).take(PREFETCH_BATCH);
            let batch: Vec<(u32, u64)> =
                batch.map(|Reverse((.., slot, abilities))| (slot, abilities)).collect();
            self.judge_candidates(batch.into_iter());
        }
    }
}
