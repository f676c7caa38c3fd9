//! What the people below a node can do at best, OR-ed together. Must be conservative: a set bit
//! means "perhaps somebody", a clear one "certainly nobody". Codes share 64 slots: what one can,
//! all of its slot seem able to. Regions, of which there are many and few in one place, have a
//! Bloom filter each for willing and preferred.

use crate::bloom::Bloom;
use nearhand_domain::time::HOUR_S;

/// How gladly, as an ordinal: 0 never, 1 avoid, 2 unstated, 3 willing, 4 preferred.
pub type Gladness = u8;

/// The ordinal of a preference nobody stated.
pub const UNSTATED: Gladness = 2;
/// The ordinal of `willing`.
pub const WILLING: Gladness = 3;
/// The ordinal of `preferred`.
pub const PREFERRED: Gladness = 4;

/// The languages' classes: 0 below b1, 1 b1, 2 b2, 3 c1, 4 c2 or native.
pub type Fluency = u8;

/// Loads are told apart in steps of so many millionths, so that they seldom change.
const LOAD_STEP: u32 = 50_000;
/// The class of all loads from there on.
const LAST_LOAD: u32 = 63;

/// Best abilities of a group of people, word by word, so that two groups' together are the words
/// OR-ed. 192 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masks(pub(crate) [u64; WORDS]);

/// Words of [`Masks`], and where each ability's begin.
pub(crate) const WORDS: usize = 24;
/// By gladness, 1 to 4.
pub(crate) const SERVICES: usize = 0;
/// A filter of those somebody is willing to work in, and one of those somebody prefers.
pub(crate) const REGIONS: usize = 4;
pub(crate) const CLIENTS: usize = 8;
/// By level, 1 to 5.
pub(crate) const SKILLS: usize = 10;
/// By fluency, 1 to 4.
pub(crate) const LANGUAGES: usize = 15;
pub(crate) const LICENCES: usize = 19;
pub(crate) const HOURS: usize = 20;
/// By class of load, for each whether somebody carries no more.
pub(crate) const LOADS: usize = 23;

/// Hours of a UTC week, Thursday 00:00 first (the epoch's weekday): 168 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HourSet(pub [u64; 3]);

/// Hours in a week.
pub const WEEK_H: i64 = 168;

impl HourSet {
    /// No hour.
    pub const EMPTY: Self = Self([0; 3]);
    /// Every hour, and no bit beyond: those who work round the clock have no others.
    pub const ALL: Self = Self([u64::MAX, u64::MAX, u64::MAX >> (3 * 64 - WEEK_H)]);

    /// Adds the hours touched by `[start, end)` in Unix seconds.
    pub fn insert(&mut self, start: i64, end: i64) {
        let (first, past) = (start.div_euclid(HOUR_S), -(end.saturating_neg().div_euclid(HOUR_S)));
        if past.saturating_sub(first) >= WEEK_H {
            *self = Self::ALL;
            return;
        }
        for hour in first..past {
            let bit = hour.rem_euclid(WEEK_H).unsigned_abs();
            if let Some(word) = usize::try_from(bit / 64).ok().and_then(|word| self.0.get_mut(word))
            {
                *word |= 1 << (bit % 64);
            }
        }
    }

    /// Whether every hour of `needed` is among these.
    #[must_use]
    pub fn covers(&self, needed: &Self) -> bool {
        (0..3).all(|word| needed.0[word] & !self.0[word] == 0)
    }
}

/// So many codes of a kind have slots of their own.
pub(crate) const SLOTS: u32 = 64;

/// The slot of a code.
pub(crate) fn slot(code: u32) -> u32 {
    code % SLOTS
}

fn bit(code: u32) -> u64 {
    1 << slot(code)
}

/// A group of people, by the words of their [`Masks`], wherever those are kept.
pub trait Able {
    /// A word by its number.
    fn word(&self, at: usize) -> u64;

    /// The best gladness for a service. Only codes below 64 have slots of their own for `never`
    /// and `avoid`; of the others somebody has always stated nothing.
    fn service(&self, code: u32) -> Gladness {
        let level = best::<4>(self, SERVICES, code);
        if code < SLOTS { level } else { level.max(UNSTATED) }
    }

    /// The best gladness for a region; never below [`UNSTATED`].
    fn region(&self, code: u32) -> Gladness {
        region_gladness([0, 2].map(|row| filter(self, REGIONS + row).has(code)))
    }

    /// The best level of a skill, 0 to 5.
    fn skill(&self, code: u32) -> u8 {
        best::<5>(self, SKILLS, code)
    }

    /// The best fluency in a language.
    fn language(&self, code: u32) -> Fluency {
        best::<4>(self, LANGUAGES, code)
    }

    /// Whether somebody may hold a licence.
    fn licence(&self, code: u32) -> bool {
        self.word(LICENCES) & bit(code) != 0
    }

    /// Whether somebody may have visited a client.
    fn has_visited(&self, code: u32) -> bool {
        filter(self, CLIENTS).has(code)
    }

    /// When somebody may work.
    fn hours(&self) -> HourSet {
        HourSet([0, 1, 2].map(|word| self.word(HOURS + word)))
    }

    /// Nobody's load at the kept hours is below this, in millionths.
    fn load_floor(&self) -> u32 {
        self.word(LOADS).trailing_zeros() * LOAD_STEP
    }
}

impl Able for Masks {
    fn word(&self, at: usize) -> u64 {
        self.0[at]
    }
}

/// The best of some levels whose bit is set.
fn best<const LEVELS: usize>(group: &(impl Able + ?Sized), first: usize, code: u32) -> u8 {
    let mut level = 0;
    for (at, this) in (first..first + LEVELS).zip(1u8..) {
        if group.word(at) & bit(code) != 0 {
            level = this;
        }
    }
    level
}

fn filter(group: &(impl Able + ?Sized), at: usize) -> Bloom {
    Bloom([group.word(at), group.word(at + 1)])
}

impl Masks {
    /// Nobody.
    pub const EMPTY: Self = Self([0; WORDS]);

    /// Somebody who has stated nothing, works in `hours`, and carries at least `load_ppm`.
    #[must_use]
    pub fn unstated(hours: HourSet, load_ppm: u32) -> Self {
        let mut masks = Self::EMPTY;
        masks.0[SERVICES..SERVICES + 2].fill(u64::MAX);
        masks.0[HOURS..HOURS + 3].copy_from_slice(&hours.0);
        masks.0[LOADS] = u64::MAX << (load_ppm / LOAD_STEP).min(LAST_LOAD);
        masks
    }

    /// Records a person's stated gladness for a service.
    pub fn set_service(&mut self, code: u32, gladness: Gladness) {
        let bit = bit(code);
        for (mask, level) in self.0[SERVICES..SERVICES + 4].iter_mut().zip(1u8..) {
            if gladness >= level {
                *mask |= bit;
            } else if code < SLOTS && level <= UNSTATED {
                *mask &= !bit;
            }
        }
    }

    /// Records a person's stated gladness for a region.
    pub fn set_region(&mut self, code: u32, gladness: Gladness) {
        for (row, least) in [WILLING, PREFERRED].into_iter().enumerate() {
            if gladness >= least {
                self.add_to_filter(REGIONS + 2 * row, code);
            }
        }
    }

    /// Records a person's skill level, 1 to 5.
    pub fn set_skill(&mut self, code: u32, level: u8) {
        self.set_up_to::<5>(SKILLS, code, level);
    }

    /// Records a person's fluency.
    pub fn set_language(&mut self, code: u32, fluency: Fluency) {
        self.set_up_to::<4>(LANGUAGES, code, fluency);
    }

    /// Records a licence held, whatever its dates.
    pub fn set_licence(&mut self, code: u32) {
        self.0[LICENCES] |= bit(code);
    }

    /// Records a client visited.
    pub fn set_client(&mut self, code: u32) {
        self.add_to_filter(CLIENTS, code);
    }

    /// Takes another group in.
    pub fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(into, from)| *into |= from);
    }

    /// The filters of regions somebody is willing to work in, and prefers.
    pub(crate) fn regions(&self) -> [Bloom; 2] {
        [0, 2].map(|row| filter(self, REGIONS + row))
    }

    fn add_to_filter(&mut self, at: usize, code: u32) {
        let [low, high] = Bloom::of(code).0;
        self.0[at] |= low;
        self.0[at + 1] |= high;
    }

    fn set_up_to<const LEVELS: usize>(&mut self, first: usize, code: u32, level: u8) {
        for (mask, at) in self.0[first..first + LEVELS].iter_mut().zip(1u8..) {
            if level >= at {
                *mask |= bit(code);
            }
        }
    }
}

/// The best gladness, from whether somebody may be willing and may prefer. Of a region in neither
/// filter, somebody has perhaps stated nothing.
pub(crate) fn region_gladness([willing, preferred]: [bool; 2]) -> Gladness {
    match (willing, preferred) {
        (_, true) => PREFERRED,
        (true, false) => WILLING,
        _ => UNSTATED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_of_hours_is_every_hour_wherever_it_begins() {
        for start in [0, 7, -3_600, 1_800_000_000, i64::MIN, i64::MAX - 700_000] {
            let mut hours = HourSet::EMPTY;
            (0..7).for_each(|day| {
                let at = start.saturating_add(day * 24 * HOUR_S);
                hours.insert(at, at + 24 * HOUR_S);
            });
            assert_eq!(hours, HourSet::ALL);
        }
        let mut hours = HourSet::EMPTY;
        hours.insert(0, (WEEK_H - 1) * HOUR_S);
        assert!(HourSet::ALL.covers(&hours) && !hours.covers(&HourSet::ALL));
        hours.insert(i64::MIN, i64::MAX);
        assert_eq!(hours, HourSet::ALL);
    }

    #[test]
    fn levels_read_back_as_set_and_codes_share_slots() {
        let mut masks = Masks::unstated(HourSet::EMPTY, 123_456);
        masks.set_service(3, 0);
        masks.set_service(4, 1);
        masks.set_service(65, 0);
        masks.set_service(66, 4);
        masks.set_region(5, 4);
        masks.set_skill(6, 3);
        masks.set_language(7, 2);
        let services = [3, 4, 67, 1, 65, 66, 2, 130];
        assert_eq!(services.map(|code| masks.service(code)), [0, 1, 2, 2, 2, 4, 4, 4]);
        assert_eq!([5, 6].map(|code| masks.region(code)), [4, 2]);
        assert_eq!([6, 7, 70].map(|code| masks.skill(code)), [3, 0, 3]);
        assert_eq!([7, 8].map(|code| masks.language(code)), [2, 0]);
        assert_eq!(masks.load_floor(), 100_000);
        masks.set_licence(64);
        assert!(!masks.licence(1) && masks.licence(64) && masks.licence(0));
    }
}
