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

/// Whether a place is the one its person is shown at: the fix if it may be used at the instant of
/// asking, else the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It is not, unless tracking may not be permitted for that the instant is too early.
    Never = 0,
    /// That depends on the instant.
    Sometimes = 1,
    /// It is, with the same exception.
    Always = 2,
}

/// All places of an organisation.
#[derive(Debug, Default)]
pub struct Places {
    pub(crate) tree: Octree,
}

impl Place {
    /// A place of the person at `slot` (below 2²⁸).
    #[must_use]
    pub fn new(at: Unit, slot: u32, kind: PlaceKind, shown: Shown) -> Self {
        Self { at, who: slot << 4 | (kind as u32) << 2 | shown as u32 }
    }

    /// The person's number.
    #[must_use]
    pub fn slot(&self) -> u32 {
        self.who >> 4
    }

    /// Why the place counts.
    #[must_use]
    pub fn kind(&self) -> PlaceKind {
        match (self.who >> 2) & 3 {
            0 => PlaceKind::Start,
            1 => PlaceKind::Ping,
            2 => PlaceKind::LastJob,
            _ => PlaceKind::Booking,
        }
    }

    /// Whether this is where the person is shown.
    #[must_use]
    pub fn shown(&self) -> Shown {
        match self.who & 3 {
            0 => Shown::Never,
            1 => Shown::Sometimes,
            _ => Shown::Always,
        }
    }

    /// A place that was listed, from what was kept of it.
    pub(crate) fn listed(at: Unit, who: u32) -> Self {
        Self { at, who }
    }

    /// What is to be kept of it beside where it is.
    pub(crate) fn who(&self) -> u32 {
        self.who
    }

    pub(crate) fn is_of(&self, slot: u32, kind: PlaceKind) -> bool {
        self.who >> 2 == slot << 2 | kind as u32
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
    /// `rank` says of some parts of a cube which may matter: the best possible value in each, and
    /// whatever else `visit` wants to know of it; `visit` returns the threshold from then on.
    /// Leaves that just reach it are still visited. Cost: a heap operation per part that may
    /// matter.
    pub fn best_first<'a, N>(
        &'a self,
        mut threshold: u64,
        mut rank: impl FnMut(&Siblings, Parts, &mut Ranking<N>),
        mut visit: impl FnMut(Visit<'a, N>) -> u64,
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
                    let next = heap.peek().and_then(|next| next.inside.leaf());
                    threshold = visit(Visit { leaf, best, note, next });
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

/// Room for as many parts waiting for their visit as most searches need. Without notes it takes 1
/// KiB, the most that glibc's allocator keeps at hand for each thread.
const OFTEN_ENOUGH: usize = 64;

/// A leaf whose turn it is.
#[derive(Debug)]
pub struct Visit<'a, N> {
    /// The leaf.
    pub leaf: &'a Leaf,
    /// The best possible value in it.
    pub best: u64,
    /// What was noted when it was ranked.
    pub note: N,
    /// The leaf that probably comes next: to have it read meanwhile.
    pub next: Option<&'a Leaf>,
}

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
