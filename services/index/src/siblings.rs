//! The envelopes of a cube's eight parts, stored word by word: one test of all eight reads one cache
//! line. Must always cover every person below, and may cover a little more.

use crate::{
    columns::ones,
    envelope::Envelope,
    masks::{Able, LICENCES, Masks, SKILLS, WORDS, slot},
    person::BEST_LEVEL,
    sphere::{Bounds, Unit, chord_at_least},
};
use rstar::Envelope as _;

/// Parts of a cube.
pub(crate) const PARTS: usize = 8;

/// Some of the parts of a cube, a bit each.
pub type Parts = u8;

/// The numbers of some parts.
pub fn each(parts: Parts) -> impl Iterator<Item = usize> {
    ones(parts.into())
}

/// Envelopes of a cube's parts. Empty parts hold nobody.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct Siblings {
    masks: [[u64; PARTS]; WORDS],
    low: [[f32; PARTS]; 3],
    high: [[f32; PARTS]; 3],
}

impl Siblings {
    pub(crate) const EMPTY: Self = Self {
        masks: [[0; PARTS]; WORDS],
        low: [[f32::MAX; PARTS]; 3],
        high: [[f32::MIN; PARTS]; 3],
    };

    /// Parts in which somebody may have a skill at a level of 1 to 5.
    #[must_use]
    pub fn with_skill(&self, code: u32, level: u8) -> Parts {
        // Of any other level the masks tell nothing.
        let row = level.checked_sub(1).filter(|row| *row < BEST_LEVEL);
        row.map_or(Parts::MAX, |row| self.with_bit(SKILLS + usize::from(row), code))
    }

    /// Parts in which somebody may hold a licence.
    #[must_use]
    pub fn with_licence(&self, code: u32) -> Parts {
        self.with_bit(LICENCES, code)
    }

    fn with_bit(&self, word: usize, code: u32) -> Parts {
        let slot = slot(code);
        let of_part = |(part, word): (usize, &u64)| ((word >> slot & 1) as Parts) << part;
        self.masks[word].iter().enumerate().map(of_part).fold(0, |parts, part| parts | part)
    }

    /// Lower bounds of the chords from `from` to anybody in each part, in Earth radii; meaningless
    /// of empty ones.
    #[must_use]
    pub fn chords_at_least(&self, from: [f32; 3]) -> [f32; PARTS] {
        let mut sums = [0.0; PARTS];
        for ((low, high), from) in self.low.iter().zip(&self.high).zip(from) {
            for ((sum, low), high) in sums.iter_mut().zip(low).zip(high) {
                let gap = (low - from).max(from - high).max(0.0);
                *sum += gap * gap;
            }
        }
        sums.map(chord_at_least)
    }

    /// What is known of one part.
    #[must_use]
    pub fn part(&self, part: usize) -> Part<'_> {
        Part { siblings: self, part }
    }

    pub(crate) fn envelope(&self, part: usize) -> Envelope {
        let masks = Masks(std::array::from_fn(|word| self.masks[word][part]));
        Envelope { bounds: self.part(part).bounds(), masks }
    }

    pub(crate) fn set(&mut self, part: usize, envelope: &Envelope) {
        for (row, word) in self.masks.iter_mut().zip(envelope.masks.0) {
            row[part] = word;
        }
        for axis in 0..3 {
            self.low[axis][part] = envelope.bounds.lower()[axis];
            self.high[axis][part] = envelope.bounds.upper()[axis];
        }
    }

    /// Takes others into a part; whether that changed anything.
    pub(crate) fn cover(&mut self, part: usize, envelope: &Envelope) -> bool {
        let mut news = 0;
        for (row, word) in self.masks.iter_mut().zip(envelope.masks.0) {
            news |= word & !row[part];
            row[part] |= word;
        }
        self.widen(part, &envelope.bounds) || news != 0
    }

    /// Takes a place into a part, leaving abilities; whether that changed anything.
    pub(crate) fn extend(&mut self, part: usize, at: Unit) -> bool {
        self.widen(part, &Bounds::from_point(at.to_f32()))
    }

    fn widen(&mut self, part: usize, bounds: &Bounds) -> bool {
        let mut wider = false;
        for axis in 0..3 {
            let (low, high) = (&mut self.low[axis][part], &mut self.high[axis][part]);
            wider |= bounds.lower()[axis] < *low || bounds.upper()[axis] > *high;
            *low = low.min(bounds.lower()[axis]);
            *high = high.max(bounds.upper()[axis]);
        }
        wider
    }

    /// What all parts come to.
    pub(crate) fn together(&self) -> Envelope {
        let masks = self.masks.map(|row| row.iter().fold(0, |all, word| all | word));
        let low = self.low.map(|row| row.into_iter().fold(f32::MAX, f32::min));
        let high = self.high.map(|row| row.into_iter().fold(f32::MIN, f32::max));
        if low[0] > high[0] {
            return Envelope::empty();
        }
        Envelope { bounds: Bounds::from_corners(low, high), masks: Masks(masks) }
    }
}

/// One part of a cube and what is known of everybody in it.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    siblings: &'a Siblings,
    part: usize,
}

impl Able for Part<'_> {
    fn word(&self, at: usize) -> u64 {
        self.siblings.masks[at][self.part]
    }
}

impl Part<'_> {
    /// Where they are.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        let of = |rows: &[[f32; PARTS]; 3]| rows.map(|row| row[self.part]);
        let (low, high) = (of(&self.siblings.low), of(&self.siblings.high));
        if low[0] > high[0] { Bounds::new_empty() } else { Bounds::from_corners(low, high) }
    }
}
