//! An envelope: a box around places and the OR-ed masks of their people. Must always cover all of
//! them, and may cover a little more.

use crate::{
    abilities::Masks,
    geometry::sphere::{Bounds, Unit},
};
use rstar::Envelope as _;

/// A box and masks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Envelope {
    /// The box around their places.
    pub(crate) bounds: Bounds,
    /// Their best abilities.
    pub(crate) masks: Masks,
}

impl Envelope {
    /// Of no place.
    pub(crate) fn empty() -> Self {
        Self { bounds: Bounds::new_empty(), masks: Masks::EMPTY }
    }

    /// Of one place.
    pub(crate) fn of(at: Unit, masks: &Masks) -> Self {
        Self { bounds: Bounds::from_point(at.to_f32()), masks: *masks }
    }

    /// Makes it cover another.
    pub(crate) fn cover(&mut self, other: &Self) {
        self.bounds.merge(&other.bounds);
        self.masks.merge(&other.masks);
    }
}
