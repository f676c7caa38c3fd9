//! The best abilities of a group of people as OR-ed masks. Must be conservative: a set bit means
//! "perhaps somebody", a clear bit "certainly nobody".
//!
//! Codes share 64 slots, so an ability of one code seems to belong to every code of its slot.
//! Regions have Bloom filters instead, one for willing and one for preferred: an organisation has
//! hundreds of regions, and a neighbourhood few. With 64 slots, a dozen other cities seemed to
//! prefer the region of a case. Clients have one filter, for the same reason.

use super::{
    bloom::Bloom,
    hour_set::HourSet,
    levels::{Fluency, PREFERRED, UNSTATED, WILLING, Willingness, region_willingness},
};

/// The width of a class of load, in millionths: wide, so that a class seldom changes.
const LOAD_STEP: u32 = 50_000;
/// The class of all loads from its lower edge on.
const LAST_LOAD: u32 = 63;

/// The best abilities of a group of people. The masks of two groups together are their words
/// OR-ed. 200 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masks(pub(crate) [u64; WORDS]);

/// Words of [`Masks`]. The constants below say where each ability's words begin.
pub(crate) const WORDS: usize = 25;
/// By willingness, 1 to 4.
pub(crate) const SERVICES: usize = 0;
/// Two filters: regions that somebody is willing to work in, and regions that somebody prefers.
pub(crate) const REGIONS: usize = 4;
pub(crate) const CLIENTS: usize = 8;
/// By level, 1 to 5.
pub(crate) const SKILLS: usize = 10;
/// By fluency, 1 to 4.
pub(crate) const LANGUAGES: usize = 15;
pub(crate) const LICENCES: usize = 19;
pub(crate) const HOURS: usize = 20;
/// By class of load: whether somebody's load is in this class or below.
pub(crate) const LOADS: usize = 23;
/// By coming hour: whether somebody may be free.
pub(crate) const FREE_HOURS: usize = 24;

/// Slots of one kind of code. Codes below this have a slot of their own.
pub(crate) const SLOTS: u32 = 64;

/// The slot of a code.
pub(crate) fn slot(code: u32) -> u32 {
    code % SLOTS
}

fn bit(code: u32) -> u64 {
    1 << slot(code)
}

/// Reads the masks of a group, wherever its words are kept.
pub trait ReadMasks {
    /// A word by its number.
    fn word(&self, at: usize) -> u64;

    /// The best willingness for a service. Codes from 64 on share slots, so their `never` and
    /// `avoid` are not kept: for them the answer is at least [`UNSTATED`].
    fn service(&self, code: u32) -> Willingness {
        let level = best::<4>(self, SERVICES, code);
        if code < SLOTS { level } else { level.max(UNSTATED) }
    }

    /// The best willingness for a region; never below [`UNSTATED`].
    fn region(&self, code: u32) -> Willingness {
        region_willingness([0, 2].map(|row| filter(self, REGIONS + row).has(code)))
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

    /// The hours in which somebody may work.
    fn hours(&self) -> HourSet {
        HourSet([0, 1, 2].map(|word| self.word(HOURS + word)))
    }

    /// The coming hours in which somebody may be free, by the hour's number modulo 64.
    fn free_hours(&self) -> u64 {
        self.word(FREE_HOURS)
    }

    /// A lower bound of everybody's load at the kept hours, in millionths.
    fn load_floor(&self) -> u32 {
        self.word(LOADS).trailing_zeros() * LOAD_STEP
    }
}

impl ReadMasks for Masks {
    fn word(&self, at: usize) -> u64 {
        self.0[at]
    }
}

/// The highest level whose bit is set.
fn best<const LEVELS: usize>(group: &(impl ReadMasks + ?Sized), first: usize, code: u32) -> u8 {
    let mut level = 0;
    for (at, this) in (first..first + LEVELS).zip(1u8..) {
        if group.word(at) & bit(code) != 0 {
            level = this;
        }
    }
    level
}

fn filter(group: &(impl ReadMasks + ?Sized), at: usize) -> Bloom {
    Bloom([group.word(at), group.word(at + 1)])
}

impl Masks {
    /// Of an empty group.
    pub const EMPTY: Self = Self([0; WORDS]);

    /// Of a person without stated abilities who works in `hours` and has a load of `load_ppm`.
    #[must_use]
    pub fn unstated(hours: HourSet, load_ppm: u32) -> Self {
        let mut masks = Self::EMPTY;
        masks.0[SERVICES..SERVICES + 2].fill(u64::MAX);
        masks.0[HOURS..HOURS + 3].copy_from_slice(&hours.0);
        masks.0[FREE_HOURS] = u64::MAX;
        masks.0[LOADS] = u64::MAX << (load_ppm / LOAD_STEP).min(LAST_LOAD);
        masks
    }

    /// Records a person's stated willingness for a service.
    pub fn set_service(&mut self, code: u32, willingness: Willingness) {
        let bit = bit(code);
        for (mask, level) in self.0[SERVICES..SERVICES + 4].iter_mut().zip(1u8..) {
            if willingness >= level {
                *mask |= bit;
            } else if code < SLOTS && level <= UNSTATED {
                *mask &= !bit;
            }
        }
    }

    /// Records a person's stated willingness for a region.
    pub fn set_region(&mut self, code: u32, willingness: Willingness) {
        for (row, least) in [WILLING, PREFERRED].into_iter().enumerate() {
            if willingness >= least {
                self.add_to_filter(REGIONS + 2 * row, code);
            }
        }
    }

    /// Records the coming hours in which a person may be free.
    pub fn set_free_hours(&mut self, hours: u64) {
        self.0[FREE_HOURS] = hours;
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

    /// Adds another group.
    pub fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(into, from)| *into |= from);
    }

    /// The filters of the regions that somebody is willing to work in, and prefers.
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

#[cfg(test)]
mod tests {
    use super::*;

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
