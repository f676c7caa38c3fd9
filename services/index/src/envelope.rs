//! How the R-tree handles geometry with masks beside it. Must let geometry alone decide where
//! things go; masks are only merged.

use crate::{
    masks::Masks,
    places::{Envelope, Leaf},
    sphere::Bounds,
};
use rstar::{Envelope as RtreeEnvelope, RTreeObject};

impl RTreeObject for Leaf {
    type Envelope = Envelope;

    fn envelope(&self) -> Envelope {
        *self.envelope_ref()
    }
}

/// Two leaves are one if they are of the same bucket.
impl PartialEq for Leaf {
    fn eq(&self, other: &Self) -> bool {
        self.bucket() == other.bucket()
    }
}

impl RtreeEnvelope for Envelope {
    type Point = [f32; 3];

    fn new_empty() -> Self {
        Self { bounds: Bounds::new_empty(), masks: Masks::EMPTY }
    }

    fn contains_point(&self, point: &[f32; 3]) -> bool {
        self.bounds.contains_point(point)
    }

    fn contains_envelope(&self, other: &Self) -> bool {
        self.bounds.contains_envelope(&other.bounds)
    }

    fn merge(&mut self, other: &Self) {
        self.bounds.merge(&other.bounds);
        self.masks.merge(&other.masks);
    }

    fn merged(&self, other: &Self) -> Self {
        let mut merged = *self;
        merged.merge(other);
        merged
    }

    fn intersects(&self, other: &Self) -> bool {
        self.bounds.intersects(&other.bounds)
    }

    fn intersection_area(&self, other: &Self) -> f32 {
        self.bounds.intersection_area(&other.bounds)
    }

    fn area(&self) -> f32 {
        self.bounds.area()
    }

    fn distance_2(&self, point: &[f32; 3]) -> f32 {
        self.bounds.distance_2(point)
    }

    fn min_max_dist_2(&self, point: &[f32; 3]) -> f32 {
        self.bounds.min_max_dist_2(point)
    }

    fn center(&self) -> [f32; 3] {
        self.bounds.center()
    }

    fn perimeter_value(&self) -> f32 {
        self.bounds.perimeter_value()
    }

    fn sort_envelopes<T: RTreeObject<Envelope = Self>>(axis: usize, envelopes: &mut [T]) {
        envelopes.sort_unstable_by(|a, b| lower(a, axis).total_cmp(&lower(b, axis)));
    }

    fn partition_envelopes<T: RTreeObject<Envelope = Self>>(
        axis: usize,
        envelopes: &mut [T],
        selection_size: usize,
    ) {
        envelopes.select_nth_unstable_by(selection_size, |a, b| {
            lower(a, axis).total_cmp(&lower(b, axis))
        });
    }
}

fn lower<T: RTreeObject<Envelope = Envelope>>(object: &T, axis: usize) -> f32 {
    object.envelope().bounds.lower()[axis]
}
