//! Group refinement: a row set of the bitmap index is split by loss classes, the group with the
//! highest upper bound first, until few people are left to look at one by one. Must judge nobody.

use crate::search::{
    loss_classes::{LossClass, TermLosses},
    rank_key::with_points,
};
use nearhand_index::abilities::{BitmapIndex, Predicate, RowSet};
use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

/// Groups of up to so many people are looked at one by one instead of split.
pub(super) const SMALL_GROUP: usize = 32;

/// A person with an upper bound: micro-points of abilities at most, load in millionths at least,
/// and slot. The greatest bound comes first, of equal bounds the one with the lowest load.
pub(super) type BoundedPerson = (u64, Reverse<u32>, u32);

/// The refinement of one row set.
pub(super) struct GroupRefinement<'a> {
    pub(super) index: &'a BitmapIndex,
    losses: Vec<TermLosses>,
    groups: BinaryHeap<Group>,
    /// People of small groups, by their own upper bounds.
    pub(super) people: BinaryHeap<BoundedPerson>,
    /// The best rank key of a person without any points for abilities.
    base_key: u64,
}

/// People who share an upper bound, and the loss class that splits them next.
pub(super) struct Group {
    /// Micro-points of abilities, at most.
    pub(super) abilities: u64,
    pub(super) rows: RowSet,
    /// The term's place among the losses.
    term: usize,
    /// The class's place among the term's.
    class: usize,
}

impl<'a> GroupRefinement<'a> {
    /// Begins with the people of a bitmap index who pass the predicates, have abilities of at most
    /// so many micro-points, and can reach the threshold after the loss of any one term.
    pub(super) fn new(
        index: &'a BitmapIndex,
        predicates: &[Predicate],
        losses: Vec<TermLosses>,
        (base_key, abilities, threshold): (u64, u64, u64),
    ) -> Self {
        let reaches = |class: &&LossClass| {
            with_points(base_key, abilities.saturating_sub(class.lost)) >= threshold
        };
        // The last class that reaches the threshold: everybody else loses too much by this term.
        let last = losses.iter().filter_map(|term| term.0.iter().take_while(reaches).last());
        let last = last.filter_map(|class| class.predicate.as_ref());
        let rows = index.matching(predicates.iter().chain(last));
        let (groups, people) = (BinaryHeap::new(), BinaryHeap::new());
        let mut refinement = Self { index, losses, groups, people, base_key };
        refinement.add(rows, abilities, (0, 0));
        refinement
    }

    /// The rank key of a person with such abilities.
    pub(super) fn key(&self, abilities: u64) -> u64 {
        with_points(self.base_key, abilities)
    }

    /// The upper bound of the best group.
    pub(super) fn best_group(&self) -> Option<u64> {
        self.groups.peek().map(|group| group.abilities)
    }

    /// The upper bound of the best person.
    pub(super) fn best_person(&self) -> Option<u64> {
        self.people.peek().map(|&(abilities, ..)| abilities)
    }

    /// Takes the best group.
    pub(super) fn pop_group(&mut self) -> Option<Group> {
        self.groups.pop()
    }

    /// Whether a group is large and a term is left that splits it.
    pub(super) fn can_split(&self, group: &Group) -> bool {
        group.rows.more_than(SMALL_GROUP) && group.term < self.losses.len()
    }

    /// Splits a group by its next loss class. People outside the class get a lower bound.
    pub(super) fn split(&mut self, mut group: Group) {
        let Group { abilities, term, class, .. } = group;
        let classes = &self.losses[term].0;
        let Some(predicate) = &classes[class].predicate else {
            return self.add(group.rows, abilities, (term + 1, 0));
        };
        let inside = self.index.split(&mut group.rows, predicate);
        let more_loss = classes.get(class + 1).map(|next| next.lost - classes[class].lost);
        self.add(inside, abilities, (term + 1, 0));
        if let Some(lost) = more_loss {
            self.add(group.rows, abilities.saturating_sub(lost), (term, class + 1));
        }
    }

    /// Puts a group back, with the people that are left of it.
    pub(super) fn put_back(&mut self, group: Group) {
        self.add(group.rows, group.abilities, (group.term, group.class));
    }

    fn add(&mut self, rows: RowSet, abilities: u64, (term, class): (usize, usize)) {
        if !rows.is_empty() {
            self.groups.push(Group { abilities, rows, term, class });
        }
    }
}

impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Group {}

impl PartialOrd for Group {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Group {
    /// By upper bound. Of equal bounds the group that was split by more terms is greater.
    fn cmp(&self, other: &Self) -> Ordering {
        (self.abilities, self.term).cmp(&(other.abilities, other.term))
    }
}
