//! One place of one person, as the tree's leaves hold it. Must say nothing of what it is worth.

use crate::geometry::sphere::Unit;

/// Why a place is one a person can count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    /// Home, or the base of people without one.
    Start = 0,
    /// The newest fix.
    Ping = 1,
    /// The site of the last finished job.
    LastJob = 2,
    /// The site of a booking.
    Booking = 3,
}

/// One place of one person. 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where.
    pub at: Unit,
    who: u32,
}

impl Place {
    /// A place of the person at `slot` (below 2³⁰).
    #[must_use]
    pub fn new(at: Unit, slot: u32, kind: PlaceKind) -> Self {
        Self { at, who: slot << 2 | kind as u32 }
    }

    /// The person's slot.
    #[must_use]
    pub fn slot(&self) -> u32 {
        self.who >> 2
    }

    /// Why the place counts.
    #[must_use]
    pub fn kind(&self) -> PlaceKind {
        match self.who & 3 {
            0 => PlaceKind::Start,
            1 => PlaceKind::Ping,
            2 => PlaceKind::LastJob,
            _ => PlaceKind::Booking,
        }
    }

    pub(super) fn is_of(&self, slot: u32, kind: PlaceKind) -> bool {
        self.who == slot << 2 | kind as u32
    }
}
