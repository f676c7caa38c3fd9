//! A node of the tree and its children. Must keep the set of used children true.

use super::{
    child_envelopes::{CHILDREN, ChildEnvelopes, ChildSet},
    leaf::Leaf,
    place::Place,
    place_key::PlaceKey,
};

/// A child of a node, by the node's number and the child's digit.
pub(super) type ChildOf = (u32, usize);

/// A node: an H3 cell. Above the base cells it is a group of them, and below the finest resolution a
/// part of one cell.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) envelopes: ChildEnvelopes,
    children: [Child; CHILDREN],
    /// By child: changes since its envelope was last exact.
    pub(super) stale: [u8; CHILDREN],
    /// The parent, and which of its children this is.
    pub(super) parent: u32,
    pub(super) digit: u8,
    /// Which digit of a path leads from this node to a child.
    pub(super) level: u8,
    /// A place that is or was below this node. Between the parent and this node, levels are left
    /// out at which all places have the digits of this place.
    pub(super) sample: PlaceKey,
    used: ChildSet,
}

/// What is below a digit.
#[derive(Clone, Debug)]
pub(super) enum Child {
    Empty,
    /// Places that are not told apart further.
    Leaf(Box<Leaf>),
    /// A node, by number.
    Node(u32),
}

impl Child {
    /// The leaf, if it is one.
    pub(super) fn leaf(&self) -> Option<&Leaf> {
        if let Self::Leaf(leaf) = self { Some(leaf) } else { None }
    }
}

impl Node {
    #[expect(clippy::cast_possible_truncation, reason = "one of eight")]
    pub(super) fn empty((parent, digit): ChildOf, level: u8, sample: PlaceKey) -> Self {
        Self {
            envelopes: ChildEnvelopes::EMPTY,
            children: [const { Child::Empty }; CHILDREN],
            stale: [0; CHILDREN],
            parent,
            digit: digit as u8,
            level,
            sample,
            used: 0,
        }
    }

    /// The envelopes of its children.
    pub(super) fn envelopes(&self) -> &ChildEnvelopes {
        &self.envelopes
    }

    /// One child.
    pub(super) fn child(&self, child: usize) -> &Child {
        &self.children[child]
    }

    /// All children.
    pub(super) fn children(&self) -> &[Child; CHILDREN] {
        &self.children
    }

    /// The children that are not empty.
    pub(super) fn used(&self) -> ChildSet {
        self.used
    }

    /// Replaces a child; its envelope is the caller's to set.
    pub(super) fn put(&mut self, at: usize, child: Child) {
        let bit = 1 << at;
        let used = !matches!(child, Child::Empty);
        self.used = if used { self.used | bit } else { self.used & !bit };
        (self.children[at], self.stale[at]) = (child, 0);
    }

    /// The leaf of a child, to be changed.
    pub(super) fn leaf_mut(&mut self, child: usize) -> Option<&mut Leaf> {
        match &mut self.children[child] {
            Child::Leaf(leaf) => Some(leaf),
            _ => None,
        }
    }

    /// The places of a child that is a leaf.
    pub(super) fn places(&self, child: usize) -> &[Place] {
        self.children[child].leaf().map_or(&[], Leaf::places)
    }
}
