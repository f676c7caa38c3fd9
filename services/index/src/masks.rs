//! What the people below a node can do at best, OR-ed together. Must be conservative: a set bit
//! means "perhaps somebody", a clear one "certainly nobody". Codes share 64 slots: what one can,
//! all of its slot seem able to. Regions, of which there are many and few in one place, have a
//! Bloom filter each for willing and preferred.

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
    services: [u64; 4],
    /// Regions somebody is willing to work in, and those somebody prefers.
    regions: [Bloom; 2],
    clients: Bloom,
    skills: [u64; 5],
    languages: [u64; 4],
    licences: u64,
    hours: HourSet,
    load_floor: u32,
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

/// A Bloom filter of 128 bits and two hashes (Bloom 1970), for words of which there are many and few
/// in one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bloom([u64; 2]);

impl Bloom {
    const EMPTY: Self = Self([0; 2]);

    #[expect(clippy::cast_possible_truncation, reason = "the halves of a word")]
    fn of(code: u32) -> Self {
        // Multiplicative hashing (Knuth, TAOCP 6.4), by the golden ratio.
        let mixed = code.wrapping_mul(0x9E37_79B1) >> 25;
        let bits: u128 = 1 << (code & 127) | 1 << mixed;
        Self([bits as u64, (bits >> 64) as u64])
    }

    fn merge(&mut self, other: Self) {
        or(&mut self.0, &other.0);
    }

    fn has(self, code: u32) -> bool {
        let bits = Self::of(code).0;
        bits[0] & !self.0[0] | bits[1] & !self.0[1] == 0
    }

    /// In 32 bits, to be asked by [`Self::folded`] codes.
    #[expect(clippy::cast_possible_truncation, reason = "the halves of a word")]
    fn folded(self) -> u32 {
        let both = self.0[0] | self.0[1];
        both as u32 | (both >> 32) as u32
    }
}

/// The slot of a code.
fn slot(code: u32) -> u32 {
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

fn or<const N: usize>(into: &mut [u64; N], from: &[u64; N]) {
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

/// A person's abilities folded into 128 bits, kept beside every place so that most people are
/// passed over without reading their record. Conservative like [`Masks`], and closer, for it is
/// of one person.
///
/// First word: skills by level (5 × 12 slots) and the load in sixteenths (4 bits). Second word:
/// services not `never`, willing and preferred (3 × 10), licences (6), languages at b2 (6), hours
/// of the day in pairs (12), days of the week (7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signature([u64; 2]);

/// The best gladness, from whether somebody may be willing and may prefer. Of a region in neither
/// filter, somebody has perhaps stated nothing.
fn region_gladness([willing, preferred]: [bool; 2]) -> Gladness {
    match (willing, preferred) {
        (_, true) => PREFERRED,
        (true, false) => WILLING,
        _ => UNSTATED,
    }
}

const SKILL_SLOTS: u32 = 12;
const LOAD_SHIFT: u32 = 60;
const LOAD_UNIT: u32 = 62_500;
const SERVICE_SLOTS: u32 = 10;
const LICENCE_SHIFT: u32 = 30;
const LANGUAGE_SHIFT: u32 = 36;
const HOUR_SHIFT: u32 = 42;
const DAY_SHIFT: u32 = 54;

impl Signature {
    /// Of a person's masks.
    #[must_use]
    pub fn of(masks: &Masks) -> Self {
        let mut first = (Self::class_of_load(masks.load_floor) as u64) << LOAD_SHIFT;
        for (level, mask) in (0u32..).zip(masks.skills) {
            first |= folded(mask, SKILL_SLOTS) << (level * SKILL_SLOTS);
        }
        let mut second = masks.services[0] & ((1 << SERVICE_SLOTS) - 1);
        second |= folded(masks.services[2], SERVICE_SLOTS) << SERVICE_SLOTS;
        second |= folded(masks.services[3], SERVICE_SLOTS) << (2 * SERVICE_SLOTS);
        second |= folded(masks.licences, 6) << LICENCE_SHIFT;
        second |= folded(masks.languages[1], 6) << LANGUAGE_SHIFT;
        Self([first, second | folded_hours(&masks.hours)])
    }

    /// The best gladness for a service.
    #[must_use]
    pub fn service(&self, code: u32) -> Gladness {
        let has = |row: u32, slot: u32| self.0[1] >> (row * SERVICE_SLOTS + slot) & 1 == 1;
        let slot = slot(code) % SERVICE_SLOTS;
        match (has(2, slot), has(1, slot)) {
            (true, _) => PREFERRED,
            (false, true) => WILLING,
            _ if code < SERVICE_SLOTS && !has(0, slot) => 0,
            _ => UNSTATED,
        }
    }

    /// So many skills have slots of their own, and levels that are a person's own.
    pub const EXACT_SKILLS: usize = SKILL_SLOTS as usize;

    /// The best level of a skill, 0 to 5.
    #[must_use]
    pub fn skill(&self, code: u32) -> u8 {
        let column = self.0[0] >> (slot(code) % SKILL_SLOTS);
        let level = |at: &u32| column >> (at * SKILL_SLOTS) & 1 == 1;
        (0..5u32).rev().find(level).and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0)
    }

    /// The load at the kept hours is not below this, in millionths.
    #[must_use]
    pub fn load_floor(&self) -> u32 {
        u32::try_from(self.load_class()).unwrap_or(0) * LOAD_UNIT
    }

    pub(crate) fn load_class(&self) -> usize {
        usize::try_from(self.0[0] >> LOAD_SHIFT).unwrap_or(0)
    }

    /// The class that a load of so many millionths falls into, 0 to 15.
    pub(crate) fn class_of_load(ppm: u32) -> usize {
        (ppm / LOAD_UNIT).min(15) as usize
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
        if (1..=5).contains(&level) {
            self.0[0] |= 1 << (u32::from(level - 1) * SKILL_SLOTS + slot(code) % SKILL_SLOTS);
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

    /// Whether everything needed is here.
    #[must_use]
    pub fn covers(&self, needed: &Self) -> bool {
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
        let levels = (0u32..).zip(masks.languages);
        let languages = levels.fold(0, |all, (level, mask)| {
            all | folded(mask, LANGUAGE_SLOTS) << (level * LANGUAGE_SLOTS)
        });
        let regions = masks.regions.map(Bloom::folded);
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
