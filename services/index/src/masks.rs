//! What the people below a node can do at best, OR-ed together. Must be conservative: a set bit
//! means "perhaps somebody", a clear one "certainly nobody". Codes share 64 slots: what one can,
//! all of its slot seem able to. Regions, of which there are many and few in one place, have a
//! Bloom filter each for willing and preferred.

use crate::bloom::Bloom;

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

/// Loads in nodes are rounded down to this many millionths, so that they seldom change.
const LOAD_STEP: u32 = 50_000;

/// Best abilities of a group of people. 192 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masks {
    pub(crate) services: [u64; 4],
    /// Regions somebody is willing to work in, and those somebody prefers.
    pub(crate) regions: [Bloom; 2],
    pub(crate) clients: Bloom,
    pub(crate) skills: [u64; 5],
    pub(crate) languages: [u64; 4],
    pub(crate) licences: u64,
    pub(crate) hours: HourSet,
    pub(crate) load_floor: u32,
}

/// Hours of a UTC week, Thursday 00:00 first (the epoch's weekday): 168 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HourSet(pub [u64; 3]);

/// Hours in a week.
pub const WEEK_H: i64 = 168;

impl HourSet {
    /// No hour.
    pub const EMPTY: Self = Self([0; 3]);
    /// Every hour.
    pub const ALL: Self = Self([u64::MAX; 3]);

    /// Adds the hours touched by `[start, end)` in Unix seconds.
    pub fn insert(&mut self, start: i64, end: i64) {
        let (first, past) = (start.div_euclid(3_600), (end + 3_599).div_euclid(3_600));
        if past - first >= WEEK_H {
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

/// The slot of a code.
pub(crate) fn slot(code: u32) -> u32 {
    code % 64
}

fn bit(code: u32) -> u64 {
    1 << slot(code)
}

/// The best level whose bit is set.
fn best<const N: usize>(levels: &[u64; N], code: u32) -> u8 {
    let mut level = 0;
    for (mask, at) in levels.iter().zip(1u8..) {
        if mask & bit(code) != 0 {
            level = at;
        }
    }
    level
}

/// The best gladness. Only codes below 64 have slots of their own for `never` and `avoid`; of the
/// others somebody has always stated nothing.
fn best_gladness(levels: &[u64; 4], code: u32) -> Gladness {
    let level = best(levels, code);
    if code < 64 { level } else { level.max(UNSTATED) }
}

impl Masks {
    /// Nobody.
    pub const EMPTY: Self = Self {
        services: [0; 4],
        regions: [Bloom::EMPTY; 2],
        clients: Bloom::EMPTY,
        skills: [0; 5],
        languages: [0; 4],
        licences: 0,
        hours: HourSet::EMPTY,
        load_floor: u32::MAX,
    };

    /// Somebody who has stated nothing, works in `hours`, and carries at least `load_ppm`.
    #[must_use]
    pub fn unstated(hours: HourSet, load_ppm: u32) -> Self {
        let unstated = [u64::MAX, u64::MAX, 0, 0];
        let load_floor = load_ppm / LOAD_STEP * LOAD_STEP;
        Self { services: unstated, hours, load_floor, ..Self::EMPTY }
    }

    /// Records a person's stated gladness for a service.
    pub fn set_service(&mut self, code: u32, gladness: Gladness) {
        set_gladness(&mut self.services, code, gladness);
    }

    /// Records a person's stated gladness for a region.
    pub fn set_region(&mut self, code: u32, gladness: Gladness) {
        for (filter, least) in self.regions.iter_mut().zip([WILLING, PREFERRED]) {
            if gladness >= least {
                filter.merge(Bloom::of(code));
            }
        }
    }

    /// Records a person's skill level, 1 to 5.
    pub fn set_skill(&mut self, code: u32, level: u8) {
        set_up_to(&mut self.skills, code, level);
    }

    /// Records a person's fluency.
    pub fn set_language(&mut self, code: u32, fluency: Fluency) {
        set_up_to(&mut self.languages, code, fluency);
    }

    /// Records a licence held, whatever its dates.
    pub fn set_licence(&mut self, code: u32) {
        self.licences |= bit(code);
    }

    /// Records a client visited.
    pub fn set_client(&mut self, code: u32) {
        self.clients.merge(Bloom::of(code));
    }

    /// Whether somebody may have visited a client.
    #[must_use]
    pub fn has_visited(&self, code: u32) -> bool {
        self.clients.has(code)
    }

    /// The best gladness for a service.
    #[must_use]
    pub fn service(&self, code: u32) -> Gladness {
        best_gladness(&self.services, code)
    }

    /// The best gladness for a region; never below [`UNSTATED`].
    #[must_use]
    pub fn region(&self, code: u32) -> Gladness {
        region_gladness(self.regions.map(|filter| filter.has(code)))
    }

    /// The best level of a skill, 0 to 5.
    #[must_use]
    pub fn skill(&self, code: u32) -> u8 {
        best(&self.skills, code)
    }

    /// Whether somebody may have a skill at a level of 1 to 5; reads one word.
    #[must_use]
    pub fn has_skill(&self, code: u32, level: u8) -> bool {
        let of_level = usize::from(level).checked_sub(1).and_then(|at| self.skills.get(at));
        of_level.is_none_or(|mask| mask & bit(code) != 0)
    }

    /// The best fluency in a language.
    #[must_use]
    pub fn language(&self, code: u32) -> Fluency {
        best(&self.languages, code)
    }

    /// Whether somebody may hold a licence.
    #[must_use]
    pub fn licence(&self, code: u32) -> bool {
        self.licences & bit(code) != 0
    }

    /// Whether somebody may work in all these hours.
    #[must_use]
    pub fn works(&self, needed: &HourSet) -> bool {
        self.hours.covers(needed)
    }

    /// Nobody's load at the kept hours is below this, in millionths.
    #[must_use]
    pub fn load_floor(&self) -> u32 {
        self.load_floor
    }

    /// Takes another group in.
    pub fn merge(&mut self, other: &Self) {
        or(&mut self.services, &other.services);
        for (into, from) in self.regions.iter_mut().zip(other.regions) {
            into.merge(from);
        }
        self.clients.merge(other.clients);
        or(&mut self.skills, &other.skills);
        or(&mut self.languages, &other.languages);
        or(&mut self.hours.0, &other.hours.0);
        self.licences |= other.licences;
        self.load_floor = self.load_floor.min(other.load_floor);
    }
}

pub(crate) fn or<const N: usize>(into: &mut [u64; N], from: &[u64; N]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into |= from;
    }
}

fn set_gladness(levels: &mut [u64; 4], code: u32, gladness: Gladness) {
    let bit = bit(code);
    for (mask, level) in levels.iter_mut().zip(1u8..) {
        if gladness >= level {
            *mask |= bit;
        } else if code < 64 && level <= UNSTATED {
            *mask &= !bit;
        }
    }
}

fn set_up_to<const N: usize>(levels: &mut [u64; N], code: u32, level: u8) {
    let bit = bit(code);
    for (mask, at) in levels.iter_mut().zip(1u8..) {
        if level >= at {
            *mask |= bit;
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
