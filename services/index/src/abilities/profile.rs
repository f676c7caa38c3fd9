//! All bits of one person: the ability bits, and the languages and regions that do not fit there.
//! Must be conservative like [`Masks`].

use super::{
    ability_bits::{AbilityBits, folded},
    bloom::Bloom,
    levels::{Fluency, PREFERRED, Willingness, region_willingness},
    masks::{LANGUAGES, Masks, ReadMasks, slot},
};

/// A person's ability bits, and the languages and regions that do not fit there. 32 bytes.
///
/// Languages: four levels of 16 slots. Regions: the filters of [`Masks`] folded to 32 bits each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Everything but languages and regions.
    pub bits: AbilityBits,
    languages: u64,
    regions: [u32; 2],
}

const LANGUAGE_SLOTS: u32 = 16;

impl Profile {
    /// Of a person without abilities.
    pub const NOTHING: Self = Self { bits: AbilityBits::NOTHING, languages: 0, regions: [0; 2] };

    /// Of a person's masks.
    #[must_use]
    pub fn of(masks: &Masks) -> Self {
        let languages = (0..4u32).fold(0, |all, level| {
            let mask = masks.word(LANGUAGES + level as usize);
            all | folded(mask, LANGUAGE_SLOTS) << (level * LANGUAGE_SLOTS)
        });
        let regions = masks.regions().map(Bloom::folded);
        Self { bits: AbilityBits::of(masks), languages, regions }
    }

    /// The best fluency in a language.
    #[must_use]
    pub fn language(&self, code: u32) -> Fluency {
        let column = self.languages >> (slot(code) % LANGUAGE_SLOTS);
        let speaks = |level: &u8| column >> (u32::from(level - 1) * LANGUAGE_SLOTS) & 1 == 1;
        (1..=4u8).rev().find(speaks).unwrap_or(0)
    }

    /// The best willingness for a region; never below unstated.
    #[must_use]
    pub fn region(&self, code: u32) -> Willingness {
        let bits = Bloom::of(code).folded();
        region_willingness(self.regions.map(|filter| bits & !filter == 0))
    }

    /// Reads one word, so that the profile is in the cache when it is needed. Many such reads wait
    /// for memory at the same time.
    #[must_use]
    pub fn prefetch(&self) -> u64 {
        self.languages
    }

    /// All bits, word by word.
    pub(crate) fn words(&self) -> [u64; 4] {
        let [first, second] = self.bits.words();
        let regions = u64::from(self.regions[1]) << 32 | u64::from(self.regions[0]);
        [first, second, self.languages, regions]
    }

    /// The number of the bit for a language at a level of 1 to 4.
    pub(crate) fn language_bit(code: u32, level: Fluency) -> Option<usize> {
        let row = u32::from(level).checked_sub(1).filter(|row| *row < 4)?;
        Some(128 + (row * LANGUAGE_SLOTS + slot(code) % LANGUAGE_SLOTS) as usize)
    }

    /// The numbers of the bits for a region: preferred, or else at least willing.
    pub(crate) fn region_bits(code: u32, least: Willingness) -> [usize; 2] {
        let bits = Bloom::of(code).folded();
        let row = if least >= PREFERRED { 32 } else { 0 };
        [bits.trailing_zeros(), 31 - bits.leading_zeros()].map(|bit| 192 + row + bit as usize)
    }
}
