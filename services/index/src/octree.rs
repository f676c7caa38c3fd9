//! An octree of the places people can count from: cubes around the unit sphere, halved along each
//! axis until few enough places are in each, with OR-ed masks. Must keep every envelope on the
//! safe side; must know nothing of scores.
//!
//! The surface of a sphere meets about four of a cube's eight parts, and a place's cube is told by
//! the bits of its coordinates: whoever moves within a cube changes nothing but the place, and
//! whoever leaves it costs two descents, where an R-tree takes a rectangle out and puts another in.

use crate::{
    envelope::Envelope,
    masks::Masks,
    person::PlaceKind,
    places::Place,
    sphere::{SCALE, Unit},
};

/// The most places in one leaf.
const LEAF_MAX: usize = 32;
/// Leaves of one parent become one again when they hold no more together.
const MERGED_MAX: usize = 12;
/// Levels that halve space: cubes of 49 metres at last.
const SPACE_LEVELS: u8 = 18;
/// Below those people are told apart by their numbers, for many may share one place.
const LEVELS: u8 = SPACE_LEVELS + 10;

const ROOT: u32 = 0;
const NONE: u32 = u32::MAX;

/// Gives a person's masks by number.
pub(crate) trait MasksOf: Fn(u32) -> Masks {}
impl<F: Fn(u32) -> Masks> MasksOf for F {}

/// The tree.
#[derive(Debug)]
pub(crate) struct Octree {
    nodes: Vec<Node>,
    free: Vec<u32>,
    leaves: usize,
    count: usize,
}

#[derive(Debug)]
struct Node {
    body: Body,
    parent: u32,
    /// Changes since the envelope was last exact.
    stale: u16,
    level: u8,
    envelope: Envelope,
}

#[derive(Debug)]
enum Body {
    Leaf(Vec<Place>),
    Inner([u32; 8]),
}

/// What is below a node.
pub(crate) enum Below<'a> {
    Places(&'a [Place]),
    Nodes([u32; 8]),
}

impl Default for Octree {
    fn default() -> Self {
        let root = Node::leaf(Vec::new(), NONE, 0, Envelope::empty());
        Self { nodes: vec![root], free: Vec::new(), leaves: 1, count: 0 }
    }
}

impl Node {
    fn leaf(places: Vec<Place>, parent: u32, level: u8, envelope: Envelope) -> Self {
        Self { body: Body::Leaf(places), parent, stale: 0, level, envelope }
    }

    fn places(&self) -> &[Place] {
        match &self.body {
            Body::Leaf(places) => places,
            Body::Inner(_) => &[],
        }
    }
}

impl Octree {
    /// The node everything is below.
    pub(crate) fn root(&self) -> u32 {
        ROOT
    }

    /// Whether a number among a node's children is a node.
    pub(crate) fn exists(&self, node: u32) -> bool {
        node != NONE
    }

    pub(crate) fn envelope(&self, node: u32) -> &Envelope {
        &self.nodes[node as usize].envelope
    }

    pub(crate) fn below(&self, node: u32) -> Below<'_> {
        match &self.nodes[node as usize].body {
            Body::Leaf(places) => Below::Places(places),
            Body::Inner(children) => Below::Nodes(*children),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn leaves(&self) -> usize {
        self.leaves
    }

    /// Puts a place in. Cost: a descent; now and then a leaf is split.
    pub(crate) fn insert(&mut self, place: Place, masks: &Masks, masks_of: impl MasksOf) {
        let mut id = ROOT;
        loop {
            let level = self.nodes[id as usize].level;
            match &mut self.nodes[id as usize].body {
                Body::Leaf(places) if places.len() < LEAF_MAX || level == LEVELS => {
                    places.push(place);
                    break;
                }
                Body::Leaf(_) => self.split(id, &masks_of),
                Body::Inner(children) => {
                    let digit = digit(place.at, place.slot(), level);
                    id = match children[digit] {
                        NONE => self.add_leaf(id, digit, level + 1),
                        child => child,
                    };
                }
            }
        }
        self.count += 1;
        self.cover(id, &Envelope::of(place.at, masks));
    }

    /// Takes a place out.
    pub(crate) fn remove(&mut self, at: Unit, slot: u32, kind: PlaceKind, masks_of: impl MasksOf) {
        let Some(id) = self.leaf_of(at, slot) else { return };
        let Body::Leaf(places) = &mut self.nodes[id as usize].body else { return };
        let held = |place: &Place| place.is_of(slot, kind) && place.at == at;
        let Some(found) = places.iter().position(held) else { return };
        places.swap_remove(found);
        let left = places.len();
        self.count -= 1;
        if left == 0 {
            self.unlink(id);
        } else {
            self.touch(id, masks_of);
            if left <= MERGED_MAX {
                self.merge_if_small(self.nodes[id as usize].parent);
            }
        }
    }

    /// Moves a place. Cost: one descent within a leaf's cube; else as taking out and putting in.
    pub(crate) fn relocate(
        &mut self,
        (slot, kind): (u32, PlaceKind),
        (from, to): (Unit, Unit),
        masks_of: impl MasksOf,
    ) {
        let Some(id) = self.leaf_of(from, slot) else { return };
        let node = &mut self.nodes[id as usize];
        let level = node.level;
        let Body::Leaf(places) = &mut node.body else { return };
        let held = |place: &&mut Place| place.is_of(slot, kind) && place.at == from;
        let Some(place) = places.iter_mut().find(held) else { return };
        if same_cube(from, to, level) {
            place.at = to;
            self.extend(id, to);
            return;
        }
        let mut moved = *place;
        moved.at = to;
        self.remove(from, slot, kind, &masks_of);
        self.insert(moved, &masks_of(slot), masks_of);
    }

    /// Says that a person's abilities or the place they are shown at changed.
    pub(crate) fn update(&mut self, place: Place, masks: &Masks, masks_of: impl MasksOf) {
        let Some(id) = self.leaf_of(place.at, place.slot()) else { return };
        let Body::Leaf(places) = &mut self.nodes[id as usize].body else { return };
        let same = |held: &&mut Place| held.is_of(place.slot(), place.kind());
        places.iter_mut().filter(same).filter(|held| held.at == place.at).for_each(|held| {
            *held = place;
        });
        self.cover(id, &Envelope::of(place.at, masks));
        self.touch(id, masks_of);
    }

    /// Reads what a change at a place will need, so that it is in the cache by then.
    pub(crate) fn warm(&self, at: Unit, slot: u32) -> u32 {
        let leaf = self.leaf_of(at, slot).map(|id| &self.nodes[id as usize]);
        leaf.map_or(0, |leaf| leaf.places().iter().step_by(2).map(Place::slot).sum())
    }

    /// Gives back room kept for growing.
    pub(crate) fn shrink(&mut self) {
        for node in &mut self.nodes {
            if let Body::Leaf(places) = &mut node.body {
                places.shrink_to_fit();
            }
        }
        self.nodes.shrink_to_fit();
    }

    /// Memory held, in bytes, roughly.
    pub(crate) fn approximate_bytes(&self) -> usize {
        let room = |node: &Node| match &node.body {
            Body::Leaf(places) => places.capacity() * size_of::<Place>() + 16,
            Body::Inner(_) => 0,
        };
        self.nodes.iter().map(room).sum::<usize>() + self.nodes.capacity() * size_of::<Node>()
    }

    fn leaf_of(&self, at: Unit, slot: u32) -> Option<u32> {
        let (mut id, mut level) = (ROOT, 0);
        loop {
            match &self.nodes.get(id as usize)?.body {
                Body::Leaf(_) => return Some(id),
                Body::Inner(children) => id = children[digit(at, slot, level)],
            }
            level += 1;
        }
    }

    fn add(&mut self, node: Node) -> u32 {
        if let Some(id) = self.free.pop() {
            self.nodes[id as usize] = node;
            return id;
        }
        self.nodes.push(node);
        u32::try_from(self.nodes.len() - 1).unwrap_or(NONE)
    }

    fn add_leaf(&mut self, parent: u32, digit: usize, level: u8) -> u32 {
        let id = self.add(Node::leaf(Vec::new(), parent, level, Envelope::empty()));
        self.leaves += 1;
        if let Body::Inner(children) = &mut self.nodes[parent as usize].body {
            children[digit] = id;
        }
        id
    }

    /// Makes a full leaf the parent of smaller ones. Its envelope still covers all.
    fn split(&mut self, id: u32, masks_of: &impl MasksOf) {
        let level = self.nodes[id as usize].level;
        let body = std::mem::replace(&mut self.nodes[id as usize].body, Body::Inner([NONE; 8]));
        let Body::Leaf(places) = body else { return };
        let mut parts: [Vec<Place>; 8] = Default::default();
        for place in places {
            parts[digit(place.at, place.slot(), level)].push(place);
        }
        self.leaves -= 1;
        for (digit, part) in parts.into_iter().enumerate().filter(|(_, part)| !part.is_empty()) {
            let child = self.add_leaf(id, digit, level + 1);
            let envelope = exact(&part, masks_of);
            let node = &mut self.nodes[child as usize];
            (node.body, node.envelope) = (Body::Leaf(part), envelope);
        }
    }

    /// Takes an empty leaf away, and parents that are left without children.
    fn unlink(&mut self, mut id: u32) {
        loop {
            let parent = self.nodes[id as usize].parent;
            if matches!(self.nodes[id as usize].body, Body::Leaf(_)) {
                self.leaves -= 1;
            }
            if parent == NONE {
                self.nodes[ROOT as usize] = Node::leaf(Vec::new(), NONE, 0, Envelope::empty());
                self.leaves += 1;
                return;
            }
            self.discard(id);
            if let Body::Inner(children) = &mut self.nodes[parent as usize].body {
                children.iter_mut().filter(|child| **child == id).for_each(|child| *child = NONE);
                if children.iter().any(|&child| child != NONE) {
                    self.refresh(parent);
                    self.merge_if_small(parent);
                    return;
                }
            }
            id = parent;
        }
    }

    fn discard(&mut self, id: u32) {
        self.nodes[id as usize].body = Body::Leaf(Vec::new());
        self.free.push(id);
    }

    /// Makes a parent a leaf again, and its parents, where few places are left below it.
    fn merge_if_small(&mut self, mut id: u32) {
        while let Some(children) = self.small(id) {
            let mut places = Vec::with_capacity(MERGED_MAX);
            for child in children.into_iter().filter(|&child| child != NONE) {
                places.extend_from_slice(self.nodes[child as usize].places());
                self.discard(child);
                self.leaves -= 1;
            }
            let node = &mut self.nodes[id as usize];
            (node.body, node.stale, id) = (Body::Leaf(places), 0, node.parent);
            self.leaves += 1;
        }
    }

    /// The children of a parent of leaves that hold few places together.
    fn small(&self, id: u32) -> Option<[u32; 8]> {
        let Body::Inner(children) = self.nodes.get(id as usize)?.body else { return None };
        let mut held = 0;
        for child in children.into_iter().filter(|&child| child != NONE) {
            match &self.nodes[child as usize].body {
                Body::Leaf(places) => held += places.len(),
                Body::Inner(_) => return None,
            }
        }
        (held <= MERGED_MAX).then_some(children)
    }

    /// Makes a node and those above it cover something.
    fn cover(&mut self, mut id: u32, envelope: &Envelope) {
        while let Some(node) = self.nodes.get_mut(id as usize) {
            if !node.envelope.cover(envelope) {
                return;
            }
            id = node.parent;
        }
    }

    /// Makes a node and those above it cover a place of somebody whose abilities they cover.
    fn extend(&mut self, mut id: u32, at: Unit) {
        while let Some(node) = self.nodes.get_mut(id as usize) {
            if !node.envelope.extend(at) {
                return;
            }
            id = node.parent;
        }
    }

    /// Counts a change of a leaf; after a few its envelope is made exact again.
    fn touch(&mut self, id: u32, masks_of: impl MasksOf) {
        let node = &mut self.nodes[id as usize];
        let Body::Leaf(places) = &node.body else { return };
        node.stale += 1;
        if usize::from(node.stale) * 4 < places.len() {
            return;
        }
        node.stale = 0;
        let exact = exact(places, &masks_of);
        if exact != node.envelope {
            node.envelope = exact;
            let parent = node.parent;
            self.refresh(parent);
        }
    }

    /// Makes the envelopes of a node and those above it what their children's come to.
    fn refresh(&mut self, mut id: u32) {
        while let Some(Node { body: Body::Inner(children), .. }) = self.nodes.get(id as usize) {
            let mut exact = Envelope::empty();
            for child in children.iter().filter(|&&child| child != NONE) {
                exact.cover(&self.nodes[*child as usize].envelope);
            }
            let node = &mut self.nodes[id as usize];
            if exact == node.envelope {
                return;
            }
            (node.envelope, id) = (exact, node.parent);
        }
    }
}

fn exact(places: &[Place], masks_of: &impl MasksOf) -> Envelope {
    let mut envelope = Envelope::empty();
    for place in places {
        envelope.cover(&Envelope::of(place.at, &masks_of(place.slot())));
    }
    envelope
}

/// Which eighth of a cube of a level a place lies in.
fn digit(at: Unit, slot: u32, level: u8) -> usize {
    if level < SPACE_LEVELS {
        let half = |axis: usize| unsigned(at.0[axis]) >> (30 - level) & 1;
        (half(0) << 2 | half(1) << 1 | half(2)) as usize
    } else {
        (slot >> (3 * u32::from(level - SPACE_LEVELS)) & 7) as usize
    }
}

/// Whether two places of one person lie in one cube of a level.
fn same_cube(a: Unit, b: Unit, level: u8) -> bool {
    let shift = 31 - level.min(SPACE_LEVELS);
    (0..3).all(|axis| (unsigned(a.0[axis]) ^ unsigned(b.0[axis])) >> shift == 0)
}

/// A coordinate in 31 bits, from −1.
fn unsigned(coordinate: i32) -> u32 {
    (coordinate + SCALE + 1).cast_unsigned()
}

/// Sorts places as the tree does: neighbours next to each other.
pub(crate) fn curve_key(at: Unit) -> u64 {
    (0..SPACE_LEVELS).fold(0, |key, level| key << 3 | digit(at, 0, level) as u64)
}

#[cfg(test)]
mod tests;
