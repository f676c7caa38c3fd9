//! The search among people who may have no location: they earn nothing for travel, and tie in great
//! numbers.

use crate::{
    judge::{Judgement, lot},
    search::{Search, TOGETHER},
};
use nearhand_index::places::Placeless;
use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

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
        let load = |worth: &Self| worth.person.profile.signature.load_floor();
        self.abilities.cmp(&other.abilities).then_with(|| load(other).cmp(&load(self)))
    }
}

impl Search<'_, '_> {
    /// Whoever has a location has been found. Those without earn nothing for travel, and come
    /// late, when the threshold is high.
    pub(crate) fn visit_beside(&mut self) {
        let (query, bounds) = (self.query, self.bounds);
        let useless = query.policy.require_location
            || bounds.nowhere(bounds.all_abilities()) < self.threshold;
        if useless {
            return;
        }
        let worth = |group| Some((bounds.beside(group)?, group));
        let threshold = self.threshold;
        let groups = query.index.places().beside().filter_map(worth);
        let near = groups.filter(|(all, _)| bounds.nowhere(*all) >= threshold);
        let people = near.flat_map(|(_, group)| {
            let worth = |person| Some((bounds.placeless(person)?, person));
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
            Reverse((person.profile.signature.load_floor(), lot, person.slot, abilities))
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
}
