//! The tree of the places people can count from: its shape is the hierarchy of H3 cells, and every
//! node keeps the envelopes of its children as an R-tree does, with OR-ed masks. Must keep every
//! envelope at least as large as its content; must know nothing of scores.
//!
//! The digits of a place's path say which child it is in, so that neither a split nor a move
//! compares rectangles. A move within a leaf's cell changes only the place. A move to another leaf
//! costs two descents, where an R-tree removes one rectangle and inserts another. H3's cells do not
//! lie exactly in their parents; the search stays exact because it goes by the envelopes.
//!
//! Measured against cubes around the unit sphere in place of cells, with the binaries alternated five
//! times: recommendations among a million people take as long (the ratios of the 99th percentiles
//! were 0.97 to 1.12, the median 1.03).

use super::{
    child_envelopes::CHILDREN,
    envelope::Envelope,
    leaf::Leaf,
    node::{Child, ChildOf, Node},
    place::{Place, PlaceKind},
    place_key::PlaceKey,
};
use crate::{
    abilities::{AbilityBits, Masks},
    geometry::{IndexPoint, cells::CellPath, sphere::Unit},
    numbers::number,
};
use slab::Slab;

/// A node's leaves become one leaf again when they hold no more places together.
const MERGED_MAX: usize = 24;

/// The number of the root.
const ROOT: u32 = 0;
/// The parent of the root.
const NONE: u32 = u32::MAX;

/// All places of an organisation.
#[derive(Debug)]
pub struct CellTree {
    nodes: Slab<Node>,
    leaves: usize,
    count: usize,
}

impl Default for CellTree {
    fn default() -> Self {
        let sample = PlaceKey { point: IndexPoint::default(), slot: 0, kind: PlaceKind::Start };
        let root = Node::empty((NONE, 0), 0, sample);
        Self { nodes: [(ROOT as usize, root)].into_iter().collect(), leaves: 0, count: 0 }
    }
}

impl CellTree {
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

    /// How many leaves hold them.
    #[must_use]
    pub fn leaves(&self) -> usize {
        self.leaves
    }

    /// Memory held, in bytes, roughly.
    #[must_use]
    pub fn approximate_bytes(&self) -> usize {
        let children = self.nodes.iter().flat_map(|(_, node)| node.children());
        let leaves = children.filter_map(Child::leaf);
        leaves.map(Leaf::approximate_bytes).sum::<usize>()
            + self.nodes.capacity() * size_of::<Node>()
    }

    /// The root.
    pub(super) fn root(&self) -> &Node {
        self.node(ROOT)
    }

    /// The node of a number.
    pub(super) fn node(&self, id: u32) -> &Node {
        &self.nodes[id as usize]
    }

    /// Puts a place in. Cost: a descent; now and then a leaf is split.
    ///
    /// A person has one place of a kind at a point, so that the leaves of the lowest level never
    /// fill.
    pub(crate) fn insert(
        &mut self,
        place: PlaceKey,
        masks: &Masks,
        masks_of: impl Fn(u32) -> Masks,
    ) {
        let mut id = ROOT;
        let child = loop {
            let node = &mut self.nodes[id as usize];
            let child = place.digit(node.level);
            match node.child(child) {
                Child::Node(below) => {
                    let below = *below;
                    id = self.node_towards((id, child), below, &place);
                }
                Child::Leaf(leaf) if leaf.is_full() => self.split((id, child), &masks_of),
                Child::Leaf(_) => break child,
                Child::Empty => {
                    node.put(child, Child::Leaf(Box::new(Leaf::new())));
                    self.leaves += 1;
                }
            }
        };
        if let Some(leaf) = self.leaf_mut((id, child)) {
            let at = Place::new(place.point.unit, place.slot, place.kind);
            leaf.push(at, place.point.path, &AbilityBits::of(masks));
            self.count += 1;
            self.cover((id, child), &Envelope::of(place.point.unit, masks));
        }
    }

    /// Takes a place out.
    pub(crate) fn remove(&mut self, place: PlaceKey, masks_of: impl Fn(u32) -> Masks) {
        let child = self.child_of(&place);
        let Some(leaf) = self.leaf_mut(child) else { return };
        if !leaf.remove(place.point.unit, place.slot, place.kind) {
            return;
        }
        let left = leaf.places().len();
        self.count -= 1;
        if left == 0 {
            self.unlink(child);
        } else {
            self.count_change(child, masks_of);
            if left <= MERGED_MAX {
                self.merge_if_small(child.0);
            }
        }
    }

    /// Moves a place. Cost: one descent within a leaf's cell; else as taking out and putting in.
    pub(crate) fn relocate(
        &mut self,
        from: PlaceKey,
        to: IndexPoint,
        masks_of: impl Fn(u32) -> Masks,
    ) {
        let child = self.child_of(&from);
        let level = self.node(child.0).level + 1;
        let moved = PlaceKey { point: to, ..from };
        if !from.shares(&moved, level) {
            self.remove(from, &masks_of);
            self.insert(moved, &masks_of(from.slot), masks_of);
        } else if let Some(leaf) = self.leaf_mut(child)
            && leaf.relocate((from.slot, from.kind), from.point.unit, to)
        {
            self.widen(child, to.unit);
        }
    }

    /// Writes what the person of a place can do now.
    pub(crate) fn update(
        &mut self,
        place: PlaceKey,
        masks: &Masks,
        masks_of: impl Fn(u32) -> Masks,
    ) {
        let child = self.child_of(&place);
        let Some(leaf) = self.leaf_mut(child) else { return };
        leaf.update(place.point.unit, (place.slot, place.kind), masks);
        self.cover(child, &Envelope::of(place.point.unit, masks));
        self.count_change(child, masks_of);
    }

    /// Gives back room kept for growing.
    pub(crate) fn shrink(&mut self) {
        for (_, node) in &mut self.nodes {
            for child in 0..CHILDREN {
                node.leaf_mut(child).into_iter().for_each(Leaf::shrink);
            }
        }
        self.nodes.shrink_to_fit();
    }

    /// The child that holds a place, or would hold it.
    fn child_of(&self, place: &PlaceKey) -> ChildOf {
        let mut id = ROOT;
        loop {
            let node = self.node(id);
            let child = place.digit(node.level);
            match node.child(child) {
                Child::Node(below) => id = *below,
                _ => return (id, child),
            }
        }
    }

    fn leaf_mut(&mut self, (node, child): ChildOf) -> Option<&mut Leaf> {
        self.nodes[node as usize].leaf_mut(child)
    }

    /// The node below a child that a place goes into: the node there, or a new one between, if the
    /// place has another digit at a level that was left out.
    #[expect(clippy::cast_possible_truncation, reason = "one of eight")]
    fn node_towards(&mut self, child: ChildOf, there: u32, place: &PlaceKey) -> u32 {
        let node = self.node(there);
        let sample = node.sample;
        let mut left_out = self.node(child.0).level + 1..node.level;
        let differs = |level: &u8| place.digit(*level) != sample.digit(*level);
        let Some(level) = left_out.find(differs) else { return there };
        let mut between = Node::empty(child, level, sample);
        let digit = sample.digit(level);
        between.envelopes.set(digit, &node.envelopes.union());
        between.put(digit, Child::Node(there));
        let between = number(self.nodes.insert(between));
        let node = &mut self.nodes[there as usize];
        (node.parent, node.digit) = (between, digit as u8);
        self.nodes[child.0 as usize].put(child.1, Child::Node(between));
        between
    }

    /// Replaces a full leaf by a node with smaller leaves. Its parent's envelope still covers all.
    fn split(&mut self, (parent, child): ChildOf, masks_of: &impl Fn(u32) -> Masks) {
        let Some(leaf) = self.leaf_mut((parent, child)) else { return };
        let entries: Vec<(Place, CellPath, AbilityBits)> = leaf.entries().collect();
        let key = |(place, path, _): &(Place, CellPath, AbilityBits)| PlaceKey {
            point: IndexPoint { unit: place.at, path: *path },
            slot: place.slot(),
            kind: place.kind(),
        };
        let Some(sample) = entries.first().map(key) else { return };
        // Levels at which all places have the same digit are left out: people at one address cost
        // one node, not one for each level.
        let differs = |level: u8| {
            let digit = sample.digit(level);
            entries.iter().map(key).any(|place| place.digit(level) != digit)
        };
        let mut level = self.node(parent).level + 1;
        while !differs(level) {
            level += 1;
        }
        let mut leaves = [const { None::<Box<Leaf>> }; CHILDREN];
        for entry in entries {
            let leaf = &mut leaves[key(&entry).digit(level)];
            let (place, path, bits) = entry;
            leaf.get_or_insert_with(|| Box::new(Leaf::new())).push(place, path, &bits);
        }
        let mut node = Node::empty((parent, child), level, sample);
        self.leaves -= 1;
        for (digit, leaf) in leaves.into_iter().enumerate() {
            if let Some(leaf) = leaf {
                node.envelopes.set(digit, &exact(leaf.places(), masks_of));
                node.put(digit, Child::Leaf(leaf));
                self.leaves += 1;
            }
        }
        let id = number(self.nodes.insert(node));
        self.nodes[parent as usize].put(child, Child::Node(id));
    }

    /// Removes an empty leaf, and the nodes that are empty then.
    fn unlink(&mut self, (mut id, mut child): ChildOf) {
        self.leaves -= 1;
        loop {
            let node = &mut self.nodes[id as usize];
            node.put(child, Child::Empty);
            node.envelopes.set(child, &Envelope::empty());
            if id == ROOT || node.used() != 0 {
                self.refresh_parents(id);
                self.merge_if_small(id);
                return;
            }
            let parent = (node.parent, node.digit.into());
            self.nodes.remove(id as usize);
            (id, child) = parent;
        }
    }

    /// Makes a node a leaf again, and then its parents, while they hold few places.
    fn merge_if_small(&mut self, mut id: u32) {
        while id != ROOT && self.is_small(id) {
            let node = self.nodes.remove(id as usize);
            let mut merged = Box::new(Leaf::new());
            for leaf in node.children().iter().filter_map(Child::leaf) {
                for (place, path, bits) in leaf.entries() {
                    merged.push(place, path, &bits);
                }
                self.leaves -= 1;
            }
            self.leaves += 1;
            self.nodes[node.parent as usize].put(node.digit.into(), Child::Leaf(merged));
            id = node.parent;
        }
    }

    /// Whether a node has only leaves, which hold few places together.
    fn is_small(&self, id: u32) -> bool {
        let held = self.node(id).children().iter().try_fold(0, |held, child| match child {
            Child::Empty => Some(held),
            Child::Leaf(leaf) => Some(held + leaf.places().len()),
            Child::Node(_) => None,
        });
        held.is_some_and(|held| held <= MERGED_MAX)
    }

    /// Makes the envelopes of a leaf and of its parents cover another envelope.
    fn cover(&mut self, (mut id, mut child): ChildOf, envelope: &Envelope) {
        while let Some(node) = self.nodes.get_mut(id as usize)
            && node.envelopes.cover(child, envelope)
        {
            (id, child) = (node.parent, node.digit.into());
        }
    }

    /// Makes their boxes cover a point; the masks cover its person already.
    fn widen(&mut self, (mut id, mut child): ChildOf, at: Unit) {
        while let Some(node) = self.nodes.get_mut(id as usize)
            && node.envelopes.widen_to(child, at)
        {
            (id, child) = (node.parent, node.digit.into());
        }
    }

    /// Counts a change of a leaf. After some changes, its envelope is made exact again.
    fn count_change(&mut self, (id, child): ChildOf, masks_of: impl Fn(u32) -> Masks) {
        let node = &mut self.nodes[id as usize];
        let places = node.places(child).len();
        let stale = &mut node.stale[child];
        *stale += 1;
        if usize::from(*stale) * 4 < places && *stale < u8::MAX {
            return;
        }
        *stale = 0;
        let exact = exact(node.places(child), &masks_of);
        if exact != node.envelopes.envelope(child) {
            node.envelopes.set(child, &exact);
            self.refresh_parents(id);
        }
    }

    /// Makes the envelopes of a node and of its parents the union of their children's.
    fn refresh_parents(&mut self, mut id: u32) {
        while id != ROOT {
            let node = self.node(id);
            let (union, child) = (node.envelopes.union(), usize::from(node.digit));
            id = node.parent;
            let envelopes = &mut self.nodes[id as usize].envelopes;
            if union == envelopes.envelope(child) {
                return;
            }
            envelopes.set(child, &union);
        }
    }
}

fn exact(places: &[Place], masks_of: &impl Fn(u32) -> Masks) -> Envelope {
    let mut envelope = Envelope::empty();
    for place in places {
        envelope.cover(&Envelope::of(place.at, &masks_of(place.slot())));
    }
    envelope
}

#[cfg(test)]
mod tests;
