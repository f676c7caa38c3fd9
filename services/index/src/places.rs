//! Every place a person can count from, in an octree. Must know nothing of scores.

use crate::{
    envelope::Envelope,
    masks::Masks,
    octree::{Below, MasksOf, Octree},
    person::PlaceKind,
    signature::Signature,
    sphere::Unit,
};
use std::{cmp::Ordering, collections::BinaryHeap};

/// One place of one person. 32 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Where.
    pub at: Unit,
    who: u32,
    /// What the person can do, roughly.
    pub signature: Signature,
}

/// All places of an organisation.
#[derive(Debug, Default)]
pub struct Places {
    pub(crate) tree: Octree,
}

impl Place {
    /// A place of the person at `slot` (below 2²⁹). `current`: the one place the person is shown
    /// at, the counted fix or else the start.
    #[must_use]
    pub fn new(at: Unit, slot: u32, kind: PlaceKind, current: bool, signature: Signature) -> Self {
        Self { at, who: slot << 3 | (kind as u32) << 1 | u32::from(current), signature }
    }

    /// The person's number.
    #[must_use]
    pub fn slot(&self) -> u32 {
        self.who >> 3
    }

    /// Why the place counts.
    #[must_use]
    pub fn kind(&self) -> PlaceKind {
        match (self.who >> 1) & 3 {
            0 => PlaceKind::Start,
            1 => PlaceKind::Ping,
            2 => PlaceKind::LastJob,
            _ => PlaceKind::Booking,
        }
    }

    /// Whether this is where the person is shown.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.who & 1 == 1
    }

    pub(crate) fn is_of(&self, slot: u32, kind: PlaceKind) -> bool {
        self.who >> 1 == slot << 2 | kind as u32
    }
}

impl Places {
    /// How many places there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many leaves hold them.
    #[must_use]
    pub fn leaves(&self) -> usize {
        self.tree.leaves()
    }

    /// Gives back room kept for growing.
    pub(crate) fn shrink(&mut self) {
        self.tree.shrink();
    }

    /// Puts a place in.
    pub(crate) fn insert(&mut self, place: Place, masks: &Masks, masks_of: impl MasksOf) {
        self.tree.insert(place, masks, masks_of);
    }

    /// Visits leaves' places, best bound first, for as long as bounds reach the threshold.
    ///
    /// `bound` gives the best possible value below a node and whatever else `visit` wants to know
    /// of it, or `None` to pass it over; `visit` returns the threshold from then on. Leaves that
    /// just reach it are still visited. Cost: a heap operation per node opened.
    pub fn best_first<'a, N>(
        &'a self,
        mut threshold: u64,
        mut bound: impl FnMut(&Envelope) -> Option<Bound<N>>,
        mut visit: impl FnMut(&'a [Place], N) -> u64,
    ) {
        let mut heap: BinaryHeap<Ranked<N>> = BinaryHeap::with_capacity(256);
        heap.extend(self.rank(self.tree.root(), threshold, &mut bound));
        while let Some(best) = heap.pop() {
            if best.bound.best < threshold {
                break;
            }
            match self.tree.below(best.node) {
                Below::Places(places) => threshold = visit(places, best.bound.note),
                Below::Nodes(children) => {
                    let known = children.into_iter().filter(|&child| self.tree.exists(child));
                    heap.extend(known.filter_map(|child| self.rank(child, threshold, &mut bound)));
                }
            }
        }
    }

    /// Visits all leaves whose envelope passes, in no order.
    pub fn each<'a>(
        &'a self,
        mut passes: impl FnMut(&Envelope) -> bool,
        mut visit: impl FnMut(&'a [Place]),
    ) {
        let mut stack = vec![self.tree.root()];
        while let Some(node) = stack.pop() {
            if !self.tree.exists(node) || !passes(self.tree.envelope(node)) {
                continue;
            }
            match self.tree.below(node) {
                Below::Places(places) => visit(places),
                Below::Nodes(children) => stack.extend(children),
            }
        }
    }

    /// Memory held, in bytes, roughly.
    #[must_use]
    pub fn approximate_bytes(&self) -> usize {
        self.tree.approximate_bytes()
    }

    fn rank<N>(
        &self,
        node: u32,
        threshold: u64,
        bound: &mut impl FnMut(&Envelope) -> Option<Bound<N>>,
    ) -> Option<Ranked<N>> {
        let bound = bound(self.tree.envelope(node)).filter(|bound| bound.best >= threshold)?;
        Some(Ranked { bound, node })
    }
}

/// What is said of a node.
#[derive(Clone, Copy, Debug)]
pub struct Bound<N> {
    /// The best possible value below it.
    pub best: u64,
    /// What visiting a leaf is to be told.
    pub note: N,
}

struct Ranked<N> {
    bound: Bound<N>,
    node: u32,
}

impl<N> PartialEq for Ranked<N> {
    fn eq(&self, other: &Self) -> bool {
        self.bound.best == other.bound.best
    }
}

impl<N> Eq for Ranked<N> {}

impl<N> PartialOrd for Ranked<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<N> Ord for Ranked<N> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound.best.cmp(&other.bound.best)
    }
}
