//! What one person can do, in few bits: stored beside every place and as bitmaps, so that most
//! people are skipped without reading their record. Must be conservative like [`Masks`].

use crate::{
    bloom::Bloom,
    columns::ones,
    masks::{
        Able, Fluency, Gladness, HourSet, LANGUAGES, LICENCES, Masks, PREFERRED, SERVICES, SKILLS,
        UNSTATED, WILLING, region_gladness, slot,
    },
};

/// A person's abilities folded into 128 bits, kept beside every place so that most people are
/// passed over without reading their record. Conservative like [`Masks`], and closer, for it is
/// of one person.
///
/// First word: skills by level (5 × 12 slots) and the load in sixteenths (4 bits). Second word:
/// services not `never`, willing and preferred (3 × 10), licences (6), languages at b2 (6), hours
/// of the day in pairs (12), days of the week (7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signature([u64; 2]);

/// Bits of a signature.
pub(crate) const SIGNATURE_BITS: usize = 128;
/// Loads are told apart in steps of so many millionths.
pub const LOAD_UNIT: u32 = 62_500;
/// Classes of load; the last is everything above.
pub const LOAD_CLASSES: u32 = 16;
const SKILL_SLOTS: u32 = 12;
const LOAD_SHIFT: u32 = 60;
const SERVICE_SLOTS: u32 = 10;
const LICENCE_SHIFT: u32 = 30;
const LANGUAGE_SHIFT: u32 = 36;
const HOUR_SHIFT: u32 = 42;
const DAY_SHIFT: u32 = 54;

impl Signature {
    /// Of a person's masks.
    #[must_use]
    pub fn of(masks: &Masks) -> Self {
        let mut first = (Self::class_of_load(masks.load_floor()) as u64) << LOAD_SHIFT;
        for level in 0..5u32 {
            let mask = masks.word(SKILLS + level as usize);
            first |= folded(mask, SKILL_SLOTS) << (level * SKILL_SLOTS);
        }
        let mut second = masks.word(SERVICES) & ((1 << SERVICE_SLOTS) - 1);
        second |= folded(masks.word(SERVICES + 2), SERVICE_SLOTS) << SERVICE_SLOTS;
        second |= folded(masks.word(SERVICES + 3), SERVICE_SLOTS) << (2 * SERVICE_SLOTS);
        second |= folded(masks.word(LICENCES), 6) << LICENCE_SHIFT;
        second |= folded(masks.word(LANGUAGES + 1), 6) << LANGUAGE_SHIFT;
        Self([first, second | folded_hours(&masks.hours())])
    }

    /// So many skills have slots of their own, and levels that are a person's own.
    pub const EXACT_SKILLS: usize = SKILL_SLOTS as usize;

    /// A signature of bits in their order.
    pub(crate) fn from_bits(bits: impl Iterator<Item = bool>) -> Self {
        let mut words = [0; 2];
        for (at, bit) in bits.enumerate() {
            words[at / 64] |= u64::from(bit) << (at % 64);
        }
        Self(words)
    }

    /// The numbers of the bits that are set.
    pub(crate) fn bits(&self) -> impl Iterator<Item = usize> {
        ones(self.0[0]).chain(ones(self.0[1]).map(|bit| 64 + bit))
    }

    /// The class that a load of so many millionths falls into.
    pub(crate) fn class_of_load(ppm: u32) -> usize {
        (ppm / LOAD_UNIT).min(LOAD_CLASSES - 1) as usize
    }

    /// The bits that are abilities: all but the load's.
    pub(crate) fn abilities(&self) -> [u64; 2] {
        [self.0[0] & ((1 << LOAD_SHIFT) - 1), self.0[1]]
    }

    /// Adds a service that must be stated as willing, or preferred.
    pub fn need_gladness(&mut self, code: u32, least: Gladness) {
        let row = u32::from(least.clamp(WILLING, PREFERRED) - UNSTATED);
        self.0[1] |= 1 << (row * SERVICE_SLOTS + slot(code) % SERVICE_SLOTS);
    }

    /// Adds a service that must not be `never`.
    pub fn need_service(&mut self, code: u32) {
        if code < SERVICE_SLOTS {
            self.0[1] |= 1 << code;
        }
    }

    /// Adds a skill needed at a level of 1 to 5.
    pub fn need_skill(&mut self, code: u32, level: u8) {
        if let Some(row) = u32::from(level).checked_sub(1).filter(|row| *row < 5) {
            self.0[0] |= 1 << (row * SKILL_SLOTS + slot(code) % SKILL_SLOTS);
        }
    }

    /// Adds a licence needed.
    pub fn need_licence(&mut self, code: u32) {
        self.0[1] |= 1 << (LICENCE_SHIFT + slot(code) % 6);
    }

    /// Adds a language needed at b2 or better.
    pub fn need_language(&mut self, code: u32) {
        self.0[1] |= 1 << (LANGUAGE_SHIFT + slot(code) % 6);
    }

    /// Adds hours of the UTC week to be worked in.
    pub fn need_hours(&mut self, hours: &HourSet) {
        self.0[1] |= folded_hours(hours);
    }
}

/// What a signature tells, wherever its bits are kept.
pub trait Signed {
    /// Whether a bit is set, the first word's first.
    fn bit(&self, bit: usize) -> bool;

    /// Whether everything needed is here.
    fn covers(&self, needed: &Signature) -> bool {
        needed.bits().all(|bit| self.bit(bit))
    }

    /// The best gladness for a service.
    fn service(&self, code: u32) -> Gladness {
        let slot = slot(code) % SERVICE_SLOTS;
        let has = |row: u32| self.bit((64 + row * SERVICE_SLOTS + slot) as usize);
        match (has(2), has(1)) {
            (true, _) => PREFERRED,
            (false, true) => WILLING,
            _ if code < SERVICE_SLOTS && !has(0) => 0,
            _ => UNSTATED,
        }
    }

    /// The best level of a skill, 0 to 5.
    fn skill(&self, code: u32) -> u8 {
        let slot = slot(code) % SKILL_SLOTS;
        let has = |level: &u8| self.bit((u32::from(level - 1) * SKILL_SLOTS + slot) as usize);
        (1..=5).rev().find(has).unwrap_or(0)
    }

    /// The class of the least load at the kept hours.
    fn load_class(&self) -> usize {
        let bit = |at| usize::from(self.bit(LOAD_SHIFT as usize + at)) << at;
        (0..4).map(bit).sum()
    }

    /// The load at the kept hours is not below this, in millionths.
    fn load_floor(&self) -> u32 {
        u32::try_from(self.load_class()).unwrap_or(0) * LOAD_UNIT
    }
}

impl Signed for Signature {
    fn bit(&self, bit: usize) -> bool {
        self.0[bit / 64] >> (bit % 64) & 1 == 1
    }

    fn load_class(&self) -> usize {
        usize::try_from(self.0[0] >> LOAD_SHIFT).unwrap_or(0)
    }

    fn covers(&self, needed: &Self) -> bool {
        (needed.0[0] & !self.0[0]) | (needed.0[1] & !self.0[1]) == 0
    }
}

fn folded(mut mask: u64, slots: u32) -> u64 {
    let mut folded = 0;
    while mask != 0 {
        folded |= mask & ((1 << slots) - 1);
        mask >>= slots;
    }
    folded
}

/// Pairs of hours of the day in 12 bits and days of the week in 7, at their places.
fn folded_hours(hours: &HourSet) -> u64 {
    let (mut folded, mut any_day) = (0, 0_u64);
    for day in 0..7u32 {
        let (word, at) = ((day * 24 / 64) as usize, day * 24 % 64);
        let low = hours.0[word] >> at;
        let high = if at > 40 { hours.0[word + 1] << (64 - at) } else { 0 };
        let of_day = (low | high) & 0xFF_FFFF;
        any_day |= of_day;
        folded |= u64::from(of_day != 0) << (DAY_SHIFT + day);
    }
    for pair in 0..12 {
        folded |= u64::from(any_day >> (2 * pair) & 3 != 0) << (HOUR_SHIFT + pair);
    }
    folded
}

/// A person's signature, and the languages and regions it has no room for. 32 bytes.
///
/// Languages: four levels of 16 slots. Regions: the filters of [`Masks`] folded to 32 bits each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Everything else.
    pub signature: Signature,
    languages: u64,
    regions: [u32; 2],
}

const LANGUAGE_SLOTS: u32 = 16;

impl Profile {
    /// Of somebody who can do nothing.
    pub const NOTHING: Self = Self { signature: Signature([0; 2]), languages: 0, regions: [0; 2] };

    /// Of a person's masks.
    #[must_use]
    pub fn of(masks: &Masks) -> Self {
        let languages = (0..4u32).fold(0, |all, level| {
            let mask = masks.word(LANGUAGES + level as usize);
            all | folded(mask, LANGUAGE_SLOTS) << (level * LANGUAGE_SLOTS)
        });
        let regions = masks.regions().map(Bloom::folded);
        Self { signature: Signature::of(masks), languages, regions }
    }

    /// The best fluency in a language.
    #[must_use]
    pub fn language(&self, code: u32) -> Fluency {
        let column = self.languages >> (slot(code) % LANGUAGE_SLOTS);
        let speaks = |level: &u8| column >> (u32::from(level - 1) * LANGUAGE_SLOTS) & 1 == 1;
        (1..=4u8).rev().find(speaks).unwrap_or(0)
    }

    /// The best gladness for a region; never below [`UNSTATED`].
    #[must_use]
    pub fn region(&self, code: u32) -> Gladness {
        let bits = Bloom::of(code).folded();
        region_gladness(self.regions.map(|filter| bits & !filter == 0))
    }

    /// Reads a little, so that many are waited for at once.
    #[must_use]
    pub fn glimpse(&self) -> u64 {
        self.languages
    }

    /// All bits, a word after the other.
    pub(crate) fn words(&self) -> [u64; 4] {
        let [first, second] = self.signature.0;
        let regions = u64::from(self.regions[1]) << 32 | u64::from(self.regions[0]);
        [first, second, self.languages, regions]
    }

    /// Which bit tells of a language at a level of 1 to 4.
    pub(crate) fn language_bit(code: u32, level: Fluency) -> Option<usize> {
        let row = u32::from(level).checked_sub(1).filter(|row| *row < 4)?;
        Some(128 + (row * LANGUAGE_SLOTS + slot(code) % LANGUAGE_SLOTS) as usize)
    }

    /// Which bits tell of a region somebody prefers, or else is willing to work in.
    pub(crate) fn region_bits(code: u32, least: Gladness) -> [usize; 2] {
        let bits = Bloom::of(code).folded();
        let row = if least >= PREFERRED { 32 } else { 0 };
        [bits.trailing_zeros(), 31 - bits.leading_zeros()].map(|bit| 192 + row + bit as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masks::HourSet;

    #[test]
    fn a_signature_never_denies_what_the_masks_allow() {
        for day in 0..7 {
            for hour in 0..24 {
                let mut hours = HourSet::EMPTY;
                hours.insert((day * 24 + hour) * 3_600, (day * 24 + hour) * 3_600 + 60);
                let signature = Signature::of(&Masks::unstated(hours, 0));
                let mut needed = Signature::default();
                needed.need_hours(&hours);
                assert!(signature.covers(&needed));
                assert_eq!(needed.0[1].count_ones(), 2, "one hour and one day");
                assert!(!Signature::of(&Masks::unstated(HourSet::EMPTY, 0)).covers(&needed));
            }
        }
        for code in 0..70 {
            let mut masks = Masks::unstated(HourSet::EMPTY, 0);
            masks.set_skill(code, 4);
            masks.set_licence(code);
            masks.set_language(code, 2);
            masks.set_service(code, 1);
            let mut needed = Signature::default();
            needed.need_skill(code, 4);
            needed.need_licence(code);
            needed.need_language(code);
            needed.need_service(code);
            assert!(Signature::of(&masks).covers(&needed));
            for (gladness, least) in [(3, 3), (4, 3), (4, 4)] {
                let (mut masks, mut needed) =
                    (Masks::unstated(HourSet::EMPTY, 0), Signature::default());
                masks.set_service(code, gladness);
                needed.need_gladness(code, least);
                assert!(Signature::of(&masks).covers(&needed));
                masks = Masks::unstated(HourSet::EMPTY, 0);
                masks.set_service(code, least - 1);
                assert!(!Signature::of(&masks).covers(&needed));
            }
            assert_eq!(Signature::of(&masks).skill(code), 4);
            assert_eq!(Signature::of(&masks).service(code), UNSTATED);
            needed.need_skill(code, 5);
            assert!(!Signature::of(&masks).covers(&needed));
        }
    }
}
