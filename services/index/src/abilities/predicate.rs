//! Conditions on people that bitmaps can answer. Must say yes to everybody who may fulfil them.

use super::{
    ability_bits::{AbilityBits, LOAD_CLASSES},
    bits::set_bits,
    levels::{Fluency, WILLING, Willingness},
    profile::Profile,
};

/// Bitmaps of the bits of a profile.
pub(super) const PROFILE_BITS: usize = 256;
/// Bitmaps of loads: for each class, the people whose load is in it or below.
const LOADS: usize = LOAD_CLASSES as usize;
/// Where the bitmaps of the 64 coming hours begin: people who may be free then.
pub(super) const FREE_HOURS: usize = PROFILE_BITS + LOADS;
/// The bitmap of all people who are present.
pub(super) const PRESENT: usize = FREE_HOURS + 64;
/// How many bitmaps there are.
pub(super) const BITMAPS: usize = PRESENT + 1;

/// A condition on people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predicate(pub(super) Condition);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// In all bitmaps of at least one of these lists.
    AnyOfAll(Vec<Vec<usize>>),
    /// Among these slots, which are sorted.
    Slots(Vec<u32>),
}

impl Predicate {
    /// People who have all needed ability bits; the load's bits are not looked at.
    #[must_use]
    pub fn has_all(needed: &AbilityBits) -> Self {
        let halves = needed.abilities().into_iter().enumerate();
        let bits = halves.flat_map(|(word, half)| set_bits(half).map(move |bit| word * 64 + bit));
        Self(Condition::AnyOfAll(vec![bits.collect()]))
    }

    /// People who may speak one of the languages at a level of 1 to 4.
    #[must_use]
    pub fn speaks_one_of(codes: &[u32], least: Fluency) -> Self {
        let bits = codes.iter().filter_map(|&code| Profile::language_bit(code, least));
        Self(Condition::AnyOfAll(bits.map(|bit| vec![bit]).collect()))
    }

    /// People who may be willing to work in one of the regions, or may prefer it.
    #[must_use]
    pub fn willing_in_one_of(codes: &[u32], least: Willingness) -> Self {
        let least = least.max(WILLING);
        let lists = codes.iter().map(|&code| Profile::region_bits(code, least).to_vec());
        Self(Condition::AnyOfAll(lists.collect()))
    }

    /// People whose load may be at most so many millionths.
    #[must_use]
    pub fn load_at_most(most_ppm: u32) -> Self {
        Self(Condition::AnyOfAll(vec![vec![PROFILE_BITS + AbilityBits::class_of_load(most_ppm)]]))
    }

    /// People who may be free in each of some coming hours, by the hour's number modulo 64.
    #[must_use]
    pub fn free_in(hours: u64) -> Self {
        let bits = set_bits(hours).map(|hour| FREE_HOURS + hour);
        Self(Condition::AnyOfAll(vec![bits.collect()]))
    }

    /// The people at these slots.
    #[must_use]
    pub fn at_slots(mut slots: Vec<u32>) -> Self {
        slots.sort_unstable();
        Self(Condition::Slots(slots))
    }
}
