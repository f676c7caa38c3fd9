//! Best-first search through the tree: the node with the best upper bound is opened next (Hjaltason
//! and Samet 1999). Must know nothing of how bounds are made.

use super::{
    cell_tree::CellTree,
    child_envelopes::{CHILDREN, ChildEnvelopes, ChildSet, members},
    leaf::Leaf,
    node::{Child, Node},
    place::Place,
};
use crate::geometry::sphere::Bounds;
use std::{cmp::Ordering, collections::BinaryHeap};

/// The heap's room at the start: enough for most searches.
const HEAP_CAPACITY: usize = 64;

/// The children of one node that may matter, with their upper bounds.
#[derive(Debug)]
pub struct BoundedChildren<N>(Vec<Bounded<N>>);

#[derive(Debug)]
struct Bounded<N> {
    child: usize,
    best: u64,
    note: N,
}

impl<N> BoundedChildren<N> {
    /// Adds a child with the upper bound of everything in it, and a note for the visit of a leaf.
    pub fn add(&mut self, child: usize, best: u64, note: N) {
        self.0.push(Bounded { child, best, note });
    }
}

impl CellTree {
    /// Visits leaves, best upper bound first, for as long as bounds reach the threshold.
    ///
    /// `bound` adds the children of a node that may matter. `visit` gets a leaf with its note and
    /// returns the threshold from then on. Leaves whose bound equals the threshold are still
    /// visited. Cost: a heap operation for each child that may matter.
    pub fn best_first<'a, N>(
        &'a self,
        mut threshold: u64,
        mut bound: impl FnMut(&ChildEnvelopes, ChildSet, &mut BoundedChildren<N>),
        mut visit: impl FnMut(&'a Leaf, N) -> u64,
    ) {
        let mut heap: BinaryHeap<Waiting<'a, N>> = BinaryHeap::with_capacity(HEAP_CAPACITY);
        let mut bounded = BoundedChildren(Vec::with_capacity(CHILDREN));
        let mut open = |node: &'a Node, threshold: u64, heap: &mut BinaryHeap<_>| {
            bound(node.envelopes(), node.used(), &mut bounded);
            let reaching = bounded.0.drain(..).filter(|bounded| bounded.best >= threshold);
            heap.extend(reaching.map(|Bounded { child, best, note }| Waiting {
                child: node.child(child),
                best,
                note,
            }));
        };
        open(self.root(), threshold, &mut heap);
        while let Some(Waiting { best, note, child }) = heap.pop() {
            if best < threshold {
                break;
            }
            match child {
                Child::Leaf(leaf) => {
                    threshold = visit(leaf, note);
                }
                Child::Node(node) => open(self.node(*node), threshold, &mut heap),
                Child::Empty => {}
            }
        }
    }

    /// Visits the places of all leaves whose boxes pass, in no order. Cost: the nodes that pass.
    pub fn each<'a>(
        &'a self,
        passes: impl Fn(&Bounds) -> bool,
        mut visit: impl FnMut(&'a [Place]),
    ) {
        let mut stack = vec![self.root()];
        while let Some(node) = stack.pop() {
            let passing = |child: &usize| passes(&node.envelopes().child(*child).bounds());
            for child in members(node.used()).filter(passing) {
                match node.child(child) {
                    Child::Leaf(leaf) => visit(leaf.places()),
                    Child::Node(node) => stack.push(self.node(*node)),
                    Child::Empty => {}
                }
            }
        }
    }
}

/// A child that waits for its visit.
struct Waiting<'a, N> {
    child: &'a Child,
    best: u64,
    note: N,
}

impl<N> PartialEq for Waiting<'_, N> {
    fn eq(&self, other: &Self) -> bool {
        self.best == other.best
    }
}

impl<N> Eq for Waiting<'_, N> {}

impl<N> PartialOrd for Waiting<'_, N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<N> Ord for Waiting<'_, N> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.best.cmp(&other.best)
    }
}
