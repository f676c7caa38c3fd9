//! Who has any place within a rectangle. Must leave out nobody who could be shown there.

use super::rectangle::Rectangle;
use crate::{OrgIndex, tree::Place};
use rstar::Envelope as _;

impl OrgIndex {
    /// Slots of the active people who have a place of any kind in or next to a rectangle, each
    /// once, ascending. Cost: the leaves the rectangle touches.
    #[must_use]
    pub fn people_in(&self, within: Rectangle) -> Vec<u32> {
        let around = within.bounds();
        let mut slots = Vec::new();
        self.tree.each(
            |bounds| bounds.intersects(&around),
            |places| {
                let inside = places.iter().filter(|p| around.contains_point(&p.at.to_f32()));
                slots.extend(inside.map(Place::slot));
            },
        );
        slots.sort_unstable();
        slots.dedup();
        slots
    }
}
