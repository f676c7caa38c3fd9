//! What finds a place in the tree: the digits of its way from the root. Must tell every two places
//! apart at some level, except places of different kinds that one person has at one point.

use super::place::PlaceKind;
use crate::geometry::{IndexPoint, cells::PATH_LEVELS, sphere::SCALE};

/// Below the levels of the path, cells of about one metre, people are told apart by ten digits of
/// their slots: many may share one place.
const SLOT_LEVELS: u8 = PATH_LEVELS + 10;
/// Below these, the places of one person are told apart by the last bits of their coordinates: one
/// person may have any number of sites in one cell. A cell is less than this many bits wide.
const LAST_BITS: u8 = 12;

/// A place of a person, with its way through the tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlaceKey {
    pub(crate) point: IndexPoint,
    pub(crate) slot: u32,
    pub(crate) kind: PlaceKind,
}

impl PlaceKey {
    /// Which child of a node of this level the place is in.
    pub(super) fn digit(&self, level: u8) -> usize {
        if level < PATH_LEVELS {
            return self.point.path.digit(level);
        }
        if level < SLOT_LEVELS {
            return (self.slot >> (3 * u32::from(level - PATH_LEVELS)) & 7) as usize;
        }
        let bit = (LAST_BITS - 1).saturating_sub(level - SLOT_LEVELS);
        let of_axis = |axis: usize| unsigned(self.point.unit.0[axis]) >> bit & 1;
        (of_axis(0) << 2 | of_axis(1) << 1 | of_axis(2)) as usize
    }

    /// Whether two places of one person have the same digits above a level.
    pub(super) fn shares(&self, other: &Self, level: u8) -> bool {
        self.point.path.shares(other.point.path, level)
            && (SLOT_LEVELS..level).all(|level| self.digit(level) == other.digit(level))
    }
}

/// A coordinate without sign, in 31 bits.
fn unsigned(coordinate: i32) -> u32 {
    (coordinate + SCALE + 1).cast_unsigned()
}
