//! The abilities of one person in 128 bits. They are stored beside every place and as bitmaps, so
//! that a search skips most people without reading their records. Must be conservative like
//! [`Masks`].

use super::{
    bits::set_bits,
    hour_set::HourSet,
    levels::{PREFERRED, UNSTATED, WILLING, Willingness},
    masks::{LANGUAGES, LICENCES, Masks, ReadMasks, SERVICES, SKILLS, slot},
};

/// A person's abilities folded into 128 bits. Conservative like [`Masks`], and closer, because they
/// are of one person.
///
/// First word: skills by level (5 × 12 slots) and the load in sixteenths (4 bits). Second word:
/// services not `never`, willing and preferred (3 × 10), licences (6), languages at b2 (6), hours
/// of the day in pairs (12), days of the week (7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AbilityBits([u64; 2]);

/// How many bits there are.
pub(crate) const ABILITY_BITS: usize = 128;
/// The width of a class of load, in millionths.
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

impl AbilityBits {
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

    /// Skills with codes below this have a slot of their own, so that their levels are exact.
    pub const EXACT_SKILLS: usize = SKILL_SLOTS as usize;

    /// Made of bits in their order.
    pub(crate) fn from_bits(bits: impl Iterator<Item = bool>) -> Self {
        let mut words = [0; 2];
        for (at, bit) in bits.enumerate() {
            words[at / 64] |= u64::from(bit) << (at % 64);
        }
        Self(words)
    }

    /// The numbers of the set bits.
    pub(crate) fn bits(&self) -> impl Iterator<Item = usize> {
        set_bits(self.0[0]).chain(set_bits(self.0[1]).map(|bit| 64 + bit))
    }

    /// The class of a load in millionths.
    pub(crate) fn class_of_load(ppm: u32) -> usize {
        (ppm / LOAD_UNIT).min(LOAD_CLASSES - 1) as usize
    }

    /// No ability.
    pub(super) const NOTHING: Self = Self([0; 2]);

    /// The two words.
    pub(super) fn words(self) -> [u64; 2] {
        self.0
    }

    /// The bits without those of the load.
    pub(crate) fn abilities(&self) -> [u64; 2] {
        [self.0[0] & ((1 << LOAD_SHIFT) - 1), self.0[1]]
    }

    /// Requires a service to be stated as willing, or as preferred.
    pub fn need_willingness(&mut self, code: u32, least: Willingness) {
        let row = u32::from(least.clamp(WILLING, PREFERRED) - UNSTATED);
        self.0[1] |= 1 << (row * SERVICE_SLOTS + slot(code) % SERVICE_SLOTS);
    }

    /// Requires that a service is not `never`.
    pub fn need_service(&mut self, code: u32) {
        if code < SERVICE_SLOTS {
            self.0[1] |= 1 << code;
        }
    }

    /// Requires a skill at a level of 1 to 5.
    pub fn need_skill(&mut self, code: u32, level: u8) {
        if let Some(row) = u32::from(level).checked_sub(1).filter(|row| *row < 5) {
            self.0[0] |= 1 << (row * SKILL_SLOTS + slot(code) % SKILL_SLOTS);
        }
    }

    /// Requires a licence.
    pub fn need_licence(&mut self, code: u32) {
        self.0[1] |= 1 << (LICENCE_SHIFT + slot(code) % 6);
    }

    /// Requires a language at b2 or better.
    pub fn need_language(&mut self, code: u32) {
        self.0[1] |= 1 << (LANGUAGE_SHIFT + slot(code) % 6);
    }

    /// Requires working hours in the UTC week.
    pub fn need_hours(&mut self, hours: &HourSet) {
        self.0[1] |= folded_hours(hours);
    }
}

/// Reads ability bits, wherever they are kept.
pub trait ReadAbilityBits {
    /// Whether a bit is set; bit 0 is the lowest of the first word.
    fn bit(&self, bit: usize) -> bool;

    /// Whether all bits of `needed` are set.
    fn covers(&self, needed: &AbilityBits) -> bool {
        needed.bits().all(|bit| self.bit(bit))
    }

    /// The best willingness for a service.
    fn service(&self, code: u32) -> Willingness {
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

    /// The class of the lower load of the two kept hours.
    fn load_class(&self) -> usize {
        let bit = |at| usize::from(self.bit(LOAD_SHIFT as usize + at)) << at;
        (0..4).map(bit).sum()
    }

    /// A lower bound of the load at the kept hours, in millionths.
    fn load_floor(&self) -> u32 {
        u32::try_from(self.load_class()).unwrap_or(0) * LOAD_UNIT
    }
}

impl ReadAbilityBits for AbilityBits {
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

pub(super) fn folded(mut mask: u64, slots: u32) -> u64 {
    let mut folded = 0;
    while mask != 0 {
        folded |= mask & ((1 << slots) - 1);
        mask >>= slots;
    }
    folded
}

/// Pairs of hours of the day in 12 bits and days of the week in 7, shifted to their places.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ability_bits_never_deny_what_the_masks_allow() {
        for day in 0..7 {
            for hour in 0..24 {
                let mut hours = HourSet::EMPTY;
                hours.insert((day * 24 + hour) * 3_600, (day * 24 + hour) * 3_600 + 60);
                let bits = AbilityBits::of(&Masks::unstated(hours, 0));
                let mut needed = AbilityBits::default();
                needed.need_hours(&hours);
                assert!(bits.covers(&needed));
                assert_eq!(needed.0[1].count_ones(), 2, "one hour and one day");
                assert!(!AbilityBits::of(&Masks::unstated(HourSet::EMPTY, 0)).covers(&needed));
            }
        }
        for code in 0..70 {
            let mut masks = Masks::unstated(HourSet::EMPTY, 0);
            masks.set_skill(code, 4);
            masks.set_licence(code);
            masks.set_language(code, 2);
            masks.set_service(code, 1);
            let mut needed = AbilityBits::default();
            needed.need_skill(code, 4);
            needed.need_licence(code);
            needed.need_language(code);
            needed.need_service(code);
            assert!(AbilityBits::of(&masks).covers(&needed));
            for (willingness, least) in [(3, 3), (4, 3), (4, 4)] {
                let (mut masks, mut needed) =
                    (Masks::unstated(HourSet::EMPTY, 0), AbilityBits::default());
                masks.set_service(code, willingness);
                needed.need_willingness(code, least);
                assert!(AbilityBits::of(&masks).covers(&needed));
                masks = Masks::unstated(HourSet::EMPTY, 0);
                masks.set_service(code, least - 1);
                assert!(!AbilityBits::of(&masks).covers(&needed));
            }
            assert_eq!(AbilityBits::of(&masks).skill(code), 4);
            assert_eq!(AbilityBits::of(&masks).service(code), UNSTATED);
            needed.need_skill(code, 5);
            assert!(!AbilityBits::of(&masks).covers(&needed));
        }
    }
}
