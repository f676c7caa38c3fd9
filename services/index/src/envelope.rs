//! What is known of everybody below a node: where they are and what they can do at best. Must
//! always cover all of them, perhaps a little more.

use crate::{
    masks::Masks,
    sphere::{Bounds, Unit},
};
use rstar::Envelope as _;

/// Geometry and abilities of everything below a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Envelope {
    /// Where they are.
    pub(crate) bounds: Bounds,
    /// What they can do at best.
    pub(crate) masks: Masks,
}

impl Envelope {
    /// Of nobody.
    pub(crate) fn empty() -> Self {
        Self { bounds: Bounds::new_empty(), masks: Masks::EMPTY }
    }

    /// Of one place.
    pub(crate) fn of(at: Unit, masks: &Masks) -> Self {
        Self { bounds: Bounds::from_point(at.to_f32()), masks: *masks }
    }

    /// Takes others in.
    pub(crate) fn cover(&mut self, other: &Self) {
        self.bounds.merge(&other.bounds);
        self.masks.merge(&other.masks);
    }
}
