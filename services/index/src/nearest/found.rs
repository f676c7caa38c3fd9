//! The nearest seen so far. Must read the record of nobody who is certainly too far away.

use crate::places::Place;
use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

/// What quantised unit vectors may be off against each other, in Earth radii.
const SLACK: f64 = 2e-8;

/// Places seen, nearest first: those that count, and those of which only their person's record
/// tells. Records are read only when nothing nearer is left, so that few are.
pub(super) struct Found {
    k: usize,
    pub(super) near: Vec<(u64, Place)>,
    /// The farthest that matters: the k-th, give or take the quantisation.
    limit: u64,
    pending: BinaryHeap<Reverse<Pending>>,
}

struct Pending {
    distance: u64,
    place: Place,
}

impl Found {
    /// Of the `k` nearest, at least one.
    pub(super) fn new(k: usize) -> Self {
        let near = Vec::with_capacity(2 * k.min(100));
        Self { k, near, limit: u64::MAX, pending: BinaryHeap::new() }
    }

    /// Beyond that distance nothing matters.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// The same as a squared chord in squared Earth radii.
    pub(super) fn reach(&self) -> f64 {
        if self.limit == u64::MAX { f64::INFINITY } else { f64::from_bits(self.limit) }
    }

    /// Takes in a place of which only its person's record tells whether it counts.
    pub(super) fn wait(&mut self, distance: u64, place: Place) {
        self.pending.push(Reverse(Pending { distance, place }));
    }

    /// Takes in a place that counts.
    pub(super) fn add(&mut self, distance: u64, place: Place) {
        if distance > self.limit {
            return;
        }
        let at = self.near.partition_point(|&(other, _)| other <= distance);
        self.near.insert(at, (distance, place));
        if let Some(&(kth, _)) = self.near.get(self.k - 1) {
            self.limit = distance_key(f64::from_bits(kth).sqrt() + SLACK);
            while self.near.last().is_some_and(|&(last, _)| last > self.limit) {
                self.near.pop();
            }
        }
    }

    /// Looks at the records of those nearer than `distance`.
    pub(super) fn settle(&mut self, distance: u64, counts: impl Fn(&Place) -> bool) {
        while let Some(Reverse(next)) = self.pending.peek() {
            let Pending { distance: this, place } = *next;
            if this > distance.min(self.limit) {
                break;
            }
            self.pending.pop();
            if counts(&place) {
                self.add(this, place);
            }
        }
    }
}

impl PartialEq for Pending {
    fn eq(&self, other: &Self) -> bool {
        self.distance == other.distance
    }
}

impl Eq for Pending {}

impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pending {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance.cmp(&other.distance)
    }
}

/// A squared chord as a number of the same order.
pub(super) fn distance_key(chord: f64) -> u64 {
    (chord * chord).to_bits()
}
