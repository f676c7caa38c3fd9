//! Every place a person can count from: H3 cells hold them in buckets, an R-tree with OR-ed
//! masks holds the buckets. Must keep every bound on the safe side; must know nothing of scores.

use crate::{
    cells,
    masks::{Masks, Signature},
    person::PlaceKind,
    sphere::{Bounds, Unit},
};
use h3o::CellIndex;
use rstar::{Envelope as _, ParentNode, RTree, RTreeNode};
use rustc_hash::{FxHashMap, FxHashSet};
use std::{cmp::Ordering, collections::BinaryHeap};

/// The most places in one bucket; a crowded cell has several.
const BUCKET_MAX: usize = 64;
/// Set in the keys of buckets beside the tree, which hold people alike; never in an H3 index.
const BESIDE: u64 = 1 << 63;
/// A bucket with room opens again below this.
const BUCKET_REOPEN: usize = 32;

/// Geometry and abilities of everything below a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Envelope {
    /// Where they are.
    pub bounds: Bounds,
    /// What they can do at best.
    pub masks: Masks,
}

/// One place of one person. 32 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Where.
    pub at: Unit,
    who: u32,
    /// What the person can do, roughly.
    pub signature: Signature,
}

/// What is kept of the places in one H3 cell, beside the places themselves.
#[derive(Debug)]
struct Bucket {
    cell: u64,
    /// As the tree has it: covers all places, perhaps a little more.
    envelope: Envelope,
    /// Changes since the envelope was last exact.
    stale: u16,
}

/// A bucket in the tree.
#[derive(Clone, Debug)]
pub struct Leaf {
    envelope: Envelope,
    bucket: u32,
}

/// Wide nodes: fewer levels to miss the cache on.
#[derive(Clone, Copy, Debug)]
pub struct WideNodes;

impl rstar::RTreeParams for WideNodes {
    const MIN_SIZE: usize = 4;
    const MAX_SIZE: usize = 10;
    const REINSERTION_COUNT: usize = 3;
    type DefaultInsertionStrategy = rstar::RStarInsertionStrategy;
}

/// All places of an organisation.
#[derive(Debug, Default)]
pub struct Places {
    tree: RTree<Leaf, WideNodes>,
    buckets: Vec<Bucket>,
    /// The places of each bucket, apart, so that a search touches nothing else.
    contents: Vec<Vec<Place>>,
    free: Vec<u32>,
    /// The bucket of a cell that takes the next place.
    open: FxHashMap<u64, u32>,
    /// Buckets of people without a start, who may turn out to have no location at all.
    beside: FxHashSet<u32>,
    count: usize,
    /// While many people are loaded, buckets wait for [`Places::finish_bulk`].
    bulk: bool,
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

    fn is_of(&self, slot: u32, kind: PlaceKind) -> bool {
        self.who >> 1 == slot << 2 | kind as u32
    }
}

impl Bucket {
    fn is_beside(&self) -> bool {
        self.cell & BESIDE != 0
    }
}

impl Leaf {
    pub(crate) fn envelope_ref(&self) -> &Envelope {
        &self.envelope
    }

    pub(crate) fn bucket(&self) -> u32 {
        self.bucket
    }
}

impl Places {
    /// Puts a place into its cell's open bucket and returns the bucket's number; without a cell,
    /// into one beside the tree.
    pub(crate) fn insert(&mut self, place: Place, cell: Option<CellIndex>, masks: &Masks) -> u32 {
        let key = cell.map_or_else(|| BESIDE | masks.kin(), u64::from);
        let id = match self.open.get(&key) {
            Some(&id) if self.contents[id as usize].len() < BUCKET_MAX => id,
            _ => self.open_bucket(cell, key),
        };
        self.count += 1;
        self.contents[id as usize].push(place);
        self.cover(id, place.at, masks);
        id
    }

    /// Takes a place out. `masks_of` gives a person's masks by slot.
    pub(crate) fn remove(
        &mut self,
        id: u32,
        slot: u32,
        kind: PlaceKind,
        masks_of: impl Fn(u32) -> Masks,
    ) {
        let places = &mut self.contents[id as usize];
        let Some(at) = places.iter().position(|p| p.is_of(slot, kind)) else { return };
        places.swap_remove(at);
        self.count -= 1;
        let (left, cell) = (places.len(), self.buckets[id as usize].cell);
        if left == 0 {
            self.close(id);
            return;
        }
        if left < BUCKET_REOPEN {
            self.open.insert(cell, id);
        }
        self.touch(id, masks_of);
    }

    /// Moves a place within its bucket's cell.
    pub(crate) fn relocate(&mut self, id: u32, slot: u32, kind: PlaceKind, at: Unit) {
        let places = &mut self.contents[id as usize];
        let Some(place) = places.iter_mut().find(|p| p.is_of(slot, kind)) else { return };
        place.at = at;
        let bucket = &self.buckets[id as usize];
        if !bucket.envelope.bounds.contains_point(&at.to_f32()) {
            let masks = bucket.envelope.masks;
            self.cover(id, at, &masks);
        }
    }

    /// Says that a person's abilities or current place changed.
    pub(crate) fn update(
        &mut self,
        id: u32,
        place: Place,
        masks: &Masks,
        masks_of: impl Fn(u32) -> Masks,
    ) {
        let same = |p: &&mut Place| p.is_of(place.slot(), place.kind());
        for held in self.contents[id as usize].iter_mut().filter(same) {
            (held.who, held.signature) = (place.who, place.signature);
        }
        let at = place.at;
        self.cover(id, at, masks);
        self.touch(id, masks_of);
    }

    /// Where a bucket has a person's place of a kind.
    pub(crate) fn position_in(&self, id: u32, slot: u32, kind: PlaceKind) -> Option<Unit> {
        let places = &self.contents[id as usize];
        places.iter().find(|place| place.is_of(slot, kind)).map(|place| place.at)
    }

    /// Whether a bucket lies in a cell.
    pub(crate) fn is_in(&self, id: u32, cell: CellIndex) -> bool {
        self.buckets[id as usize].cell == u64::from(cell)
    }

    /// Starts loading: the tree is built by [`Self::finish_bulk`].
    pub(crate) fn begin_bulk(&mut self, expected: usize) {
        self.bulk = true;
        self.buckets.reserve(expected / 16);
        self.contents.reserve(expected / 16);
    }

    /// Builds the tree of all buckets. O(n log n).
    pub(crate) fn finish_bulk(&mut self) {
        self.bulk = false;
        let mut leaves = Vec::with_capacity(self.buckets.len());
        self.contents.iter_mut().for_each(Vec::shrink_to_fit);
        for ((bucket, places), id) in self.buckets.iter().zip(&self.contents).zip(0u32..) {
            if !places.is_empty() && !bucket.is_beside() {
                leaves.push(Leaf { envelope: bucket.envelope, bucket: id });
            }
        }
        self.buckets.shrink_to_fit();
        self.contents.shrink_to_fit();
        self.tree = RTree::bulk_load_with_params(leaves);
    }

    /// How many places there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many buckets hold them.
    #[must_use]
    pub fn buckets(&self) -> usize {
        self.tree.size() + self.beside.len()
    }

    /// Buckets of the active people who have neither home nor base, in no order. Their places
    /// there are nowhere; other places of theirs are in the tree.
    pub fn beside(&self) -> impl Iterator<Item = (&Masks, &[Place])> {
        let of = |&id: &u32| {
            (&self.buckets[id as usize].envelope.masks, &self.contents[id as usize][..])
        };
        self.beside.iter().map(of)
    }

    /// Visits buckets' places, best bound first, for as long as bounds reach the threshold.
    ///
    /// `bound` gives the best possible value below a node and whatever else `visit` wants to know
    /// of it, or `None` to pass it over; `visit` returns the threshold from then on. Buckets that
    /// just reach it are still visited. Cost: a heap operation per node opened.
    pub fn best_first<'a>(
        &'a self,
        mut threshold: u64,
        mut bound: impl FnMut(&Envelope) -> Option<Bound>,
        mut visit: impl FnMut(&'a [Place], u64) -> u64,
    ) {
        let mut heap: BinaryHeap<Ranked<'a>> = BinaryHeap::with_capacity(256);
        push_children(self.tree.root(), threshold, &mut bound, &mut heap);
        while let Some(best) = heap.pop() {
            if best.bound < threshold {
                break;
            }
            match best.node {
                Node::Bucket(id, note) => threshold = visit(&self.contents[id as usize], note),
                Node::Parent(parent) => push_children(parent, threshold, &mut bound, &mut heap),
            }
        }
    }

    /// Visits all buckets whose envelope passes, in no order.
    pub fn each<'a>(
        &'a self,
        mut passes: impl FnMut(&Envelope) -> bool,
        mut visit: impl FnMut(&'a [Place]),
    ) {
        let mut stack: Vec<&RTreeNode<Leaf>> = self.tree.root().children().iter().collect();
        while let Some(node) = stack.pop() {
            match node {
                RTreeNode::Leaf(leaf) if passes(&leaf.envelope) => {
                    visit(&self.contents[leaf.bucket as usize]);
                }
                RTreeNode::Parent(parent) if passes(&parent.envelope()) => {
                    stack.extend(parent.children());
                }
                _ => {}
            }
        }
    }

    /// Memory held, in bytes, roughly.
    #[must_use]
    pub fn approximate_bytes(&self) -> usize {
        let places: usize = self.contents.iter().map(Vec::capacity).sum();
        places * size_of::<Place>()
            + self.buckets.capacity() * (size_of::<Bucket>() + size_of::<Vec<Place>>() + 16)
            + self.open.capacity() * 18
            + self.tree.size() * size_of::<RTreeNode<Leaf>>() * 4 / 3
    }

    fn open_bucket(&mut self, cell: Option<CellIndex>, key: u64) -> u32 {
        let bounds = cell.map_or_else(|| Bounds::from_point([0.0; 3]), cells::bounds);
        let envelope = Envelope { bounds, masks: Masks::EMPTY };
        let bucket = Bucket { cell: key, envelope, stale: 0 };
        let id = if let Some(id) = self.free.pop() {
            self.buckets[id as usize] = bucket;
            id
        } else {
            self.buckets.push(bucket);
            self.contents.push(Vec::new());
            u32::try_from(self.buckets.len() - 1).unwrap_or(u32::MAX)
        };
        self.open.insert(key, id);
        if cell.is_none() {
            self.beside.insert(id);
        }
        id
    }

    fn close(&mut self, id: u32) {
        self.contents[id as usize] = Vec::new();
        let bucket = &self.buckets[id as usize];
        if self.open.get(&bucket.cell) == Some(&id) {
            self.open.remove(&bucket.cell);
        }
        let leaf = Leaf { envelope: bucket.envelope, bucket: id };
        self.free.push(id);
        if !self.beside.remove(&id) && !self.bulk {
            self.tree.remove(&leaf);
        }
    }

    /// Makes the envelope cover a place; the tree follows only when it has to.
    fn cover(&mut self, id: u32, at: Unit, masks: &Masks) {
        let bucket = &mut self.buckets[id as usize];
        let fresh = bucket.envelope.masks == Masks::EMPTY;
        let mut wider = bucket.envelope;
        wider.masks.merge(masks);
        wider.bounds.merge(&Bounds::from_point(at.to_f32()));
        if wider != bucket.envelope {
            self.replace(id, wider, fresh);
        }
    }

    /// Counts a change; after a few the envelope is made exact again.
    fn touch(&mut self, id: u32, masks_of: impl Fn(u32) -> Masks) {
        let bucket = &mut self.buckets[id as usize];
        bucket.stale += 1;
        if usize::from(bucket.stale) * 4 < self.contents[id as usize].len() || self.bulk {
            return;
        }
        bucket.stale = 0;
        let mut exact = Envelope { bounds: bucket.envelope.bounds, masks: Masks::EMPTY };
        let places = self.contents[id as usize].iter();
        places.for_each(|place| exact.masks.merge(&masks_of(place.slot())));
        if exact != bucket.envelope {
            self.replace(id, exact, false);
        }
    }

    fn replace(&mut self, id: u32, envelope: Envelope, fresh: bool) {
        let bucket = &mut self.buckets[id as usize];
        let old = Leaf { envelope: bucket.envelope, bucket: id };
        bucket.envelope = envelope;
        if self.bulk || bucket.is_beside() {
            return;
        }
        if !fresh {
            self.tree.remove(&old);
        }
        self.tree.insert(Leaf { envelope, bucket: id });
    }
}

/// What is said of a node.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// The best possible value below it.
    pub best: u64,
    /// What visiting a bucket is to be told.
    pub note: u64,
}

struct Ranked<'a> {
    bound: u64,
    node: Node<'a>,
}

enum Node<'a> {
    Bucket(u32, u64),
    Parent(&'a ParentNode<Leaf>),
}

fn push_children<'a>(
    parent: &'a ParentNode<Leaf>,
    threshold: u64,
    bound: &mut impl FnMut(&Envelope) -> Option<Bound>,
    heap: &mut BinaryHeap<Ranked<'a>>,
) {
    for child in parent.children() {
        let bound = match child {
            RTreeNode::Leaf(leaf) => bound(&leaf.envelope),
            RTreeNode::Parent(parent) => bound(&parent.envelope()),
        };
        let Some(bound) = bound.filter(|bound| bound.best >= threshold) else { continue };
        let node = match child {
            RTreeNode::Leaf(leaf) => Node::Bucket(leaf.bucket, bound.note),
            RTreeNode::Parent(parent) => Node::Parent(parent),
        };
        heap.push(Ranked { bound: bound.best, node });
    }
}

impl PartialEq for Ranked<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bound == other.bound
    }
}

impl Eq for Ranked<'_> {}

impl PartialOrd for Ranked<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound.cmp(&other.bound)
    }
}
