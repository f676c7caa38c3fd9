//! Who can do what: every active person's profile, by person and as bitmaps. A node of the tree
//! knows which abilities are below it, not whether one person has them all; an intersection of
//! bitmaps tells that. Must hold nobody who is not active.

use super::{
    bitmap_index::BitmapIndex,
    masks::{Masks, ReadMasks},
    profile::Profile,
};

/// The profiles of all active people. About 75 bytes a person.
#[derive(Debug)]
pub struct AbilityIndex {
    profiles: Vec<Profile>,
    everybody: BitmapIndex,
    /// People without a start, as few rows as there are such people.
    without_location: BitmapIndex,
}

impl Default for AbilityIndex {
    fn default() -> Self {
        Self {
            profiles: Vec::new(),
            everybody: BitmapIndex::by_slot(),
            without_location: BitmapIndex::by_own_rows(),
        }
    }
}

impl AbilityIndex {
    /// Writes what the active person at `slot` can do, by their masks.
    pub(crate) fn set(&mut self, slot: u32, masks: &Masks, without_location: bool) {
        let (profile, free_hours) = (Profile::of(masks), masks.free_hours());
        if self.profiles.len() <= slot as usize {
            self.profiles.resize(slot as usize + 1, Profile::default());
        }
        self.profiles[slot as usize] = profile;
        self.everybody.set(slot, &profile, free_hours);
        if without_location {
            self.without_location.set(slot, &profile, free_hours);
        } else {
            self.without_location.clear(slot);
        }
    }

    /// Removes the person at `slot`.
    pub(crate) fn clear(&mut self, slot: u32) {
        if let Some(row) = self.profiles.get_mut(slot as usize) {
            *row = Profile::default();
            self.everybody.clear(slot);
            self.without_location.clear(slot);
        }
    }

    /// The profile of the person at `slot`; an empty one if they are not active.
    #[must_use]
    pub fn profile(&self, slot: u32) -> &Profile {
        const NOTHING: &Profile = &Profile::NOTHING;
        self.profiles.get(slot as usize).unwrap_or(NOTHING)
    }

    /// All active people; rows are their slots.
    #[must_use]
    pub fn everybody(&self) -> &BitmapIndex {
        &self.everybody
    }

    /// Active people without a home or base. Without a usable fix they have no location at all.
    /// Usually they are few.
    #[must_use]
    pub fn without_location(&self) -> &BitmapIndex {
        &self.without_location
    }

    /// Memory held, in bytes, roughly.
    #[must_use]
    pub fn approximate_bytes(&self) -> usize {
        let bitmaps =
            self.everybody.approximate_bytes() + self.without_location.approximate_bytes();
        self.profiles.capacity() * size_of::<Profile>() + bitmaps
    }

    pub(crate) fn shrink(&mut self) {
        self.profiles.shrink_to_fit();
        self.everybody.shrink();
        self.without_location.shrink();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abilities::{
        ability_bits::{AbilityBits, ReadAbilityBits},
        hour_set::HourSet,
        predicate::Predicate,
        row_set::RowSet,
    };

    fn masks(slot: u32) -> Masks {
        let mut masks = Masks::unstated(HourSet::ALL, slot % 7 * 200_000);
        masks.set_skill(slot % 3, 1 + u8::try_from(slot % 5).unwrap());
        masks.set_language(slot % 4, u8::try_from(slot % 5).unwrap());
        masks.set_region(slot % 11, u8::try_from(slot % 5).unwrap());
        masks.set_free_hours(!(1 << (slot % 6)));
        masks
    }

    fn profile(slot: u32) -> Profile {
        Profile::of(&masks(slot))
    }

    fn index() -> AbilityIndex {
        let mut index = AbilityIndex::default();
        (0..200).for_each(|slot| index.set(slot, &masks(slot), slot % 2 == 0));
        index.clear(10);
        index.clear(999);
        index
    }

    fn all(bitmaps: &BitmapIndex) -> RowSet {
        bitmaps.matching(&[])
    }

    fn slots(bitmaps: &BitmapIndex, people: &RowSet) -> Vec<u32> {
        assert_eq!(people.iter().count(), people.count());
        let mut slots: Vec<u32> = bitmaps.slots(people).collect();
        slots.sort_unstable();
        slots
    }

    /// Compares a predicate with a plain loop, alone and after another predicate, in both indexes.
    fn check(index: &AbilityIndex, test: &Predicate, fit: &dyn Fn(u32) -> bool) {
        for (bitmaps, every) in [(index.everybody(), 1), (index.without_location(), 2)] {
            let plain = |fit: &dyn Fn(u32) -> bool| -> Vec<u32> {
                (0..200).filter(|&n| n != 10 && n % every == 0 && fit(n)).collect()
            };
            let fitting = plain(fit);
            assert!(!fitting.is_empty() && fitting.len() < 199 / every as usize);
            assert_eq!(slots(bitmaps, &bitmaps.matching([test])), fitting);
            let heavy = Predicate::load_at_most(450_000);
            let light = |n| fit(n) && profile(n).bits.load_floor() <= 450_000;
            assert_eq!(slots(bitmaps, &bitmaps.matching([&heavy, test])), plain(&light));
            let mut others = all(bitmaps);
            assert_eq!(slots(bitmaps, &bitmaps.split(&mut others, test)), fitting);
            assert_eq!(slots(bitmaps, &others), plain(&|n| !fit(n)));
        }
    }

    #[test]
    fn predicates_find_the_people_they_hold_for_and_no_others() {
        let index = index();
        assert_eq!(all(index.everybody()).count(), 199, "all but the cleared one");
        assert_eq!(all(index.without_location()).count(), 99);
        let mut needed = AbilityBits::default();
        needed.need_skill(1, 4);
        let kept = |test: Predicate, fit: &dyn Fn(u32) -> bool| check(&index, &test, fit);
        kept(Predicate::has_all(&needed), &|slot| slot % 3 == 1 && slot % 5 >= 3);
        kept(Predicate::speaks_one_of(&[1, 3, 2], 3), &|slot| {
            [1, 2, 3].iter().any(|&code| profile(slot).language(code) >= 3)
        });
        kept(Predicate::willing_in_one_of(&[5, 7], 4), &|slot| {
            [5, 7].iter().any(|&code| profile(slot).region(code) >= 4)
        });
        kept(Predicate::load_at_most(450_000), &|slot| profile(slot).bits.load_floor() <= 450_000);
        kept(Predicate::speaks_one_of(&[2], 1), &|slot| profile(slot).language(2) >= 1);
        kept(Predicate::free_in(0b101), &|slot| ![0, 2].contains(&(slot % 6)));
        kept(Predicate::at_slots(vec![66, 900, 3, 10, 130]), &|slot| [3, 66, 130].contains(&slot));
    }

    #[test]
    fn rows_are_taken_by_whole_words() {
        let index = index();
        let mut rest = all(index.everybody());
        let counts: Vec<usize> = (0..4).map(|_| rest.take(64).count()).collect();
        assert_eq!(counts, [127, 64, 8, 0]);
        assert_eq!(rest.count(), 0);
    }

    #[test]
    fn slots_far_apart_keep_their_rows() {
        let mut index = AbilityIndex::default();
        let last = 65_536 + 70;
        index.set(last, &masks(4), false);
        index.set(3, &masks(3), true);
        assert_eq!(slots(index.everybody(), &all(index.everybody())), [3, last]);
        let mut needed = AbilityBits::default();
        needed.need_skill(1, 5);
        let able = index.everybody().matching(&[Predicate::has_all(&needed)]);
        assert_eq!(slots(index.everybody(), &able), [last]);
    }

    #[test]
    fn rows_of_people_without_location_are_used_again() {
        let mut index = index();
        let bytes = index.approximate_bytes();
        for slot in 0..100 {
            index.set(2 * slot, &masks(slot), false);
            index.set(2 * slot + 1, &masks(slot + 7), true);
        }
        let odd: Vec<u32> = (0..100).map(|slot| 2 * slot + 1).collect();
        let without_location = index.without_location();
        assert_eq!(slots(without_location, &all(without_location)), odd);
        let among = without_location.matching(&[Predicate::at_slots(vec![4, 7, 99])]);
        assert_eq!(slots(without_location, &among), [7, 99]);
        index.clear(7);
        assert_eq!(slots(index.without_location(), &all(index.without_location())).len(), 99);
        assert!(index.approximate_bytes() < bytes * 2);
    }
}
