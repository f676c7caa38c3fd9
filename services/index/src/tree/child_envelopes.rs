//! The envelopes of a node's eight children, stored word by word: one test of all eight reads one
//! cache line. Must always cover every person below, and may cover a little more.
//!
//! A search waits for memory more than it computes, so what is read together is stored together.

use super::envelope::Envelope;
use crate::{
    abilities::{
        bits::set_bits,
        levels::BEST_LEVEL,
        masks::{LICENCES, Masks, ReadMasks, SKILLS, WORDS, slot},
    },
    geometry::sphere::{Bounds, Unit, chord_at_least},
};
use rstar::Envelope as _;

/// Children of a node: as many as a digit has values. H3 cells have seven; groups of base cells and digits of slots
/// use all eight.
pub(crate) const CHILDREN: usize = 8;

/// A set of a node's children, a bit each.
pub type ChildSet = u8;

/// The numbers of the children in a set.
pub fn members(set: ChildSet) -> impl Iterator<Item = usize> {
    set_bits(set.into())
}

/// The envelopes of a node's children. The envelope of an empty child is empty.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct ChildEnvelopes {
    masks: [[u64; CHILDREN]; WORDS],
    low: [[f32; CHILDREN]; 3],
    high: [[f32; CHILDREN]; 3],
}

impl ChildEnvelopes {
    pub(crate) const EMPTY: Self = Self {
        masks: [[0; CHILDREN]; WORDS],
        low: [[f32::MAX; CHILDREN]; 3],
        high: [[f32::MIN; CHILDREN]; 3],
    };

    /// Children in which somebody may have a skill at a level of 1 to 5.
    #[must_use]
    pub fn with_skill(&self, code: u32, level: u8) -> ChildSet {
        // The masks say nothing of other levels.
        let row = level.checked_sub(1).filter(|row| *row < BEST_LEVEL);
        row.map_or(ChildSet::MAX, |row| self.with_bit(SKILLS + usize::from(row), code))
    }

    /// Children in which somebody may hold a licence.
    #[must_use]
    pub fn with_licence(&self, code: u32) -> ChildSet {
        self.with_bit(LICENCES, code)
    }

    fn with_bit(&self, word: usize, code: u32) -> ChildSet {
        let slot = slot(code);
        let bit_of = |(child, word): (usize, &u64)| ((word >> slot & 1) as ChildSet) << child;
        self.masks[word].iter().enumerate().map(bit_of).fold(0, |set, bit| set | bit)
    }

    /// Lower bounds of the chords from `from` to everything in each child, in Earth radii. They mean
    /// nothing for empty children.
    #[must_use]
    pub fn chords_at_least(&self, from: [f32; 3]) -> [f32; CHILDREN] {
        let mut sums = [0.0; CHILDREN];
        for ((low, high), from) in self.low.iter().zip(&self.high).zip(from) {
            for ((sum, low), high) in sums.iter_mut().zip(low).zip(high) {
                let gap = (low - from).max(from - high).max(0.0);
                *sum += gap * gap;
            }
        }
        sums.map(chord_at_least)
    }

    /// The envelope of one child.
    #[must_use]
    pub fn child(&self, child: usize) -> ChildEnvelope<'_> {
        ChildEnvelope { envelopes: self, child }
    }

    pub(crate) fn envelope(&self, child: usize) -> Envelope {
        let masks = Masks(std::array::from_fn(|word| self.masks[word][child]));
        Envelope { bounds: self.child(child).bounds(), masks }
    }

    pub(crate) fn set(&mut self, child: usize, envelope: &Envelope) {
        for (row, word) in self.masks.iter_mut().zip(envelope.masks.0) {
            row[child] = word;
        }
        for axis in 0..3 {
            self.low[axis][child] = envelope.bounds.lower()[axis];
            self.high[axis][child] = envelope.bounds.upper()[axis];
        }
    }

    /// Makes a child's envelope cover another; whether that changed it.
    pub(crate) fn cover(&mut self, child: usize, envelope: &Envelope) -> bool {
        let mut added = 0;
        for (row, word) in self.masks.iter_mut().zip(envelope.masks.0) {
            added |= word & !row[child];
            row[child] |= word;
        }
        self.widen(child, &envelope.bounds) || added != 0
    }

    /// Makes a child's box cover a point; whether that changed it.
    pub(crate) fn widen_to(&mut self, child: usize, at: Unit) -> bool {
        self.widen(child, &Bounds::from_point(at.to_f32()))
    }

    fn widen(&mut self, child: usize, bounds: &Bounds) -> bool {
        let mut wider = false;
        for axis in 0..3 {
            let (low, high) = (&mut self.low[axis][child], &mut self.high[axis][child]);
            wider |= bounds.lower()[axis] < *low || bounds.upper()[axis] > *high;
            *low = low.min(bounds.lower()[axis]);
            *high = high.max(bounds.upper()[axis]);
        }
        wider
    }

    /// The envelope of all children together.
    pub(crate) fn union(&self) -> Envelope {
        let masks = self.masks.map(|row| row.iter().fold(0, |all, word| all | word));
        let low = self.low.map(|row| row.into_iter().fold(f32::MAX, f32::min));
        let high = self.high.map(|row| row.into_iter().fold(f32::MIN, f32::max));
        if low[0] > high[0] {
            return Envelope::empty();
        }
        Envelope { bounds: Bounds::from_corners(low, high), masks: Masks(masks) }
    }
}

/// The envelope of one child, read in place.
#[derive(Clone, Copy, Debug)]
pub struct ChildEnvelope<'a> {
    envelopes: &'a ChildEnvelopes,
    child: usize,
}

impl ReadMasks for ChildEnvelope<'_> {
    fn word(&self, at: usize) -> u64 {
        self.envelopes.masks[at][self.child]
    }
}

impl ChildEnvelope<'_> {
    /// The box around everything in it.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        let of = |rows: &[[f32; CHILDREN]; 3]| rows.map(|row| row[self.child]);
        let (low, high) = (of(&self.envelopes.low), of(&self.envelopes.high));
        if low[0] > high[0] { Bounds::new_empty() } else { Bounds::from_corners(low, high) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::sphere::{arc_km_at_least, haversine_km};
    use nearhand_domain::Position;
    use proptest::prelude::*;

    fn position() -> impl Strategy<Value = Position> {
        (-900_000_000i32..=900_000_000, -1_800_000_000i32..1_800_000_000)
            .prop_filter_map("null island", |(lat, lng)| Position::from_e7(lat, lng).ok())
    }

    fn near(at: Position) -> impl Strategy<Value = Position> {
        let (lat, lng) = at.e7();
        (-20_000i32..20_000, -20_000i32..20_000).prop_filter_map("range", move |(a, b)| {
            Position::from_e7((lat + a).clamp(-900_000_000, 900_000_000), lng.saturating_add(b))
                .ok()
        })
    }

    proptest! {
        #[test]
        fn bounds_hold_nearby((a, b) in position().prop_flat_map(|a| (Just(a), near(a)))) {
            let (exact, from) = (haversine_km(a, b), Unit::new(a));
            prop_assert!(from.km_at_least(Unit::new(b)) <= exact);
            let mut envelopes = ChildEnvelopes::EMPTY;
            envelopes.widen_to(3, Unit::new(b));
            let nearest = envelopes.chords_at_least(from.to_f32())[3];
            prop_assert!(arc_km_at_least(f64::from(nearest)) <= exact);
        }
    }
}
