//! Every place a person can count from, in an octree. Must know nothing of scores.

use crate::{
    leaf::Leaf,
    masks::Masks,
    octree::{Cube, Inside, Octree},
    person::PlaceKind,
    siblings::{PARTS, Parts, Siblings, each},
    sphere::{Bounds, Unit},
};
use std::{cmp::Ordering, collections::BinaryHeap};

/// One place of one person. 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where.
    pub at: Unit,
    who: u32,
}

/// All places of an organisation.
#[derive(Debug, Default)]
pub struct Places {
    pub(crate) tree: Octree,
}

impl Place {
    /// A place of the person at `slot` (below 2³⁰).
    #[must_use]
    pub fn new(at: Unit, slot: u32, kind: PlaceKind) -> Self {
        Self { at, who: slot << 2 | kind as u32 }
    }

    /// The person's number.
    #[must_use]
    pub fn slot(&self) -> u32 {
        self.who >> 2
    }

    /// Why the place counts.
    #[must_use]
    pub fn kind(&self) -> PlaceKind {
        match self.who & 3 {
            0 => PlaceKind::Start,
            1 => PlaceKind::Ping,
            2 => PlaceKind::LastJob,
            _ => PlaceKind::Booking,
        }
    }

    pub(crate) fn is_of(&self, slot: u32, kind: PlaceKind) -> bool {
        self.who == slot << 2 | kind as u32
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
    pub(crate) fn insert(&mut self, place: Place, masks: &Masks, masks_of: impl Fn(u32) -> Masks) {
        self.tree.insert(place, masks, masks_of);
    }

    /// Visits leaves, best bound first, for as long as bounds reach the threshold.
    ///
    /// `rank` names the parts of a cube that may matter: the best possible value in each, and a
    /// note that `visit` gets with the leaf. `visit` returns the threshold from then on. Leaves
    /// that just reach it are still visited. Cost: a heap operation per part that may matter.
    pub fn best_first<'a, N>(
        &'a self,
        mut threshold: u64,
        mut rank: impl FnMut(&Siblings, Parts, &mut Ranking<N>),
        mut visit: impl FnMut(&'a Leaf, N) -> u64,
    ) {
        let mut heap: BinaryHeap<Ranked<'a, N>> = BinaryHeap::with_capacity(OFTEN_ENOUGH);
        let mut ranking = Ranking(Vec::with_capacity(PARTS));
        let mut open = |cube: &'a Cube, threshold: u64, heap: &mut BinaryHeap<_>| {
            rank(cube.siblings(), cube.used(), &mut ranking);
            let worth = ranking.0.drain(..).filter(|bound| bound.best >= threshold);
            heap.extend(worth.map(|Bound { part, best, note }| Ranked {
                inside: cube.inside(part),
                best,
                note,
            }));
        };
        open(self.tree.root(), threshold, &mut heap);
        while let Some(Ranked { best, note, inside }) = heap.pop() {
            if best < threshold {
                break;
            }
            match inside {
                Inside::Leaf(leaf) => {
                    threshold = visit(leaf, note);
                }
                Inside::Cube(cube) => open(self.tree.cube(*cube), threshold, &mut heap),
                Inside::Nothing => {}
            }
        }
    }

    /// Visits all leaves whose bounds pass, in no order.
    pub fn each<'a>(
        &'a self,
        passes: impl Fn(&Bounds) -> bool,
        mut visit: impl FnMut(&'a [Place]),
    ) {
        let mut stack = vec![self.tree.root()];
        while let Some(cube) = stack.pop() {
            let around = |part: &usize| passes(&cube.siblings().part(*part).bounds());
            for part in each(cube.used()).filter(around) {
                match cube.inside(part) {
                    Inside::Leaf(leaf) => visit(leaf.places()),
                    Inside::Cube(cube) => stack.push(self.tree.cube(*cube)),
                    Inside::Nothing => {}
                }
            }
        }
    }

    /// Memory held, in bytes, roughly.
    #[must_use]
    pub fn approximate_bytes(&self) -> usize {
        self.tree.approximate_bytes()
    }
}

/// Room for as many parts waiting for their visit as most searches need.
const OFTEN_ENOUGH: usize = 64;

/// The parts of a cube that may matter.
#[derive(Debug)]
pub struct Ranking<N>(Vec<Bound<N>>);

#[derive(Debug)]
struct Bound<N> {
    part: usize,
    best: u64,
    note: N,
}

impl<N> Ranking<N> {
    /// Adds a part with the best possible value in it, and what visiting a leaf is to be told.
    pub fn add(&mut self, part: usize, best: u64, note: N) {
        self.0.push(Bound { part, best, note });
    }
}

struct Ranked<'a, N> {
    inside: &'a Inside,
    best: u64,
    note: N,
}

impl<N> PartialEq for Ranked<'_, N> {
    fn eq(&self, other: &Self) -> bool {
        self.best == other.best
    }
}

impl<N> Eq for Ranked<'_, N> {}

impl<N> PartialOrd for Ranked<'_, N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<N> Ord for Ranked<'_, N> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.best.cmp(&other.best)
    }
}
