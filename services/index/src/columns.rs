//! Bitmaps by ability over all people: an intersection finds the people who have several abilities
//! at once. The tree cannot tell that: a node knows which abilities are below it, not whether one
//! person has them all. Must hold nobody who is not active.

use crate::{
    masks::{Fluency, Gladness, WILLING},
    signature::{LOAD_CLASSES, Profile, Signature},
};

mod crowd;
mod people;
pub use crowd::Crowd;
pub use people::People;
pub(crate) use people::ones;

/// Bits of a profile that are abilities, and of its load.
const ABILITIES: usize = 256;
/// For each class of load, those who carry no more.
const LOADS: usize = LOAD_CLASSES as usize;
/// Those who can be candidates at all.
const PRESENT: usize = ABILITIES + LOADS;
const COLUMNS: usize = PRESENT + 1;

/// Profiles by person and by bit. 67 bytes a person.
#[derive(Debug)]
pub struct Columns {
    rows: Vec<Profile>,
    everybody: Crowd,
    placeless: Crowd,
}

/// A predicate on people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test(By);

#[derive(Clone, Debug, PartialEq, Eq)]
enum By {
    /// Any of some lists of columns, by number, of which all must say so.
    Columns(Vec<Vec<usize>>),
    /// People by their numbers in the index, in order.
    Among(Vec<u32>),
}

impl Default for Columns {
    fn default() -> Self {
        Self { rows: Vec::new(), everybody: Crowd::of_most(), placeless: Crowd::of_few() }
    }
}

impl Columns {
    /// Notes what the active person at `slot` can do, and whether they have no start.
    pub(crate) fn set(&mut self, slot: u32, profile: Profile, placeless: bool) {
        if self.rows.len() <= slot as usize {
            self.rows.resize(slot as usize + 1, Profile::default());
        }
        self.rows[slot as usize] = profile;
        self.everybody.set(slot, &profile);
        if placeless {
            self.placeless.set(slot, &profile);
        } else {
            self.placeless.clear(slot);
        }
    }

    /// Forgets the person at `slot`.
    pub(crate) fn clear(&mut self, slot: u32) {
        if let Some(row) = self.rows.get_mut(slot as usize) {
            *row = Profile::default();
            self.everybody.clear(slot);
            self.placeless.clear(slot);
        }
    }

    /// What the person at `slot` can do; nothing, if they are not active.
    #[must_use]
    pub fn profile(&self, slot: u32) -> &Profile {
        const NOTHING: &Profile = &Profile::NOTHING;
        self.rows.get(slot as usize).unwrap_or(NOTHING)
    }

    /// The active people, by their numbers in the index.
    #[must_use]
    pub fn everybody(&self) -> &Crowd {
        &self.everybody
    }

    /// Those of them without a start, who may turn out to have no location at all: seldom many.
    #[must_use]
    pub fn placeless(&self) -> &Crowd {
        &self.placeless
    }

    /// Memory held, in bytes, roughly.
    #[must_use]
    pub fn approximate_bytes(&self) -> usize {
        let crowds = self.everybody.approximate_bytes() + self.placeless.approximate_bytes();
        self.rows.capacity() * size_of::<Profile>() + crowds
    }

    pub(crate) fn shrink(&mut self) {
        self.rows.shrink_to_fit();
        self.everybody.shrink();
        self.placeless.shrink();
    }
}

impl Test {
    /// Of those whose signatures cover what is needed.
    #[must_use]
    pub fn covering(needed: &Signature) -> Self {
        let halves = needed.abilities().into_iter().enumerate();
        let bits = halves.flat_map(|(word, half)| ones(half).map(move |bit| word * 64 + bit));
        Self(By::Columns(vec![bits.collect()]))
    }

    /// Of those who may speak one of the languages at a level of 1 to 4.
    #[must_use]
    pub fn speaking(codes: &[u32], least: Fluency) -> Self {
        let bits = codes.iter().filter_map(|&code| Profile::language_bit(code, least));
        Self(By::Columns(bits.map(|bit| vec![bit]).collect()))
    }

    /// Of those who may be so glad, at least willing, to work in one of the regions.
    #[must_use]
    pub fn glad(codes: &[u32], least: Gladness) -> Self {
        let least = least.max(WILLING);
        let lists = codes.iter().map(|&code| Profile::region_bits(code, least).to_vec());
        Self(By::Columns(lists.collect()))
    }

    /// Of those whose load may be no more than so many millionths.
    #[must_use]
    pub fn loaded(most_ppm: u32) -> Self {
        Self(By::Columns(vec![vec![ABILITIES + Signature::class_of_load(most_ppm)]]))
    }

    /// Of those of these numbers.
    #[must_use]
    pub fn among(mut slots: Vec<u32>) -> Self {
        slots.sort_unstable();
        Self(By::Among(slots))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        masks::{HourSet, Masks},
        signature::Signed,
    };

    fn profile(slot: u32) -> Profile {
        let mut masks = Masks::unstated(HourSet::ALL, slot % 7 * 200_000);
        masks.set_skill(slot % 3, 1 + u8::try_from(slot % 5).unwrap());
        masks.set_language(slot % 4, u8::try_from(slot % 5).unwrap());
        masks.set_region(slot % 11, u8::try_from(slot % 5).unwrap());
        Profile::of(&masks)
    }

    fn columns() -> Columns {
        let mut columns = Columns::default();
        (0..200).for_each(|slot| columns.set(slot, profile(slot), slot % 2 == 0));
        columns.clear(10);
        columns.clear(999);
        columns
    }

    fn all(crowd: &Crowd) -> People {
        crowd.passing(&[])
    }

    fn slots(crowd: &Crowd, people: &People) -> Vec<u32> {
        assert_eq!(people.iter().count(), people.count());
        let mut slots: Vec<u32> = crowd.slots(people).collect();
        slots.sort_unstable();
        slots
    }

    /// Holds a test to what is so, alone and after another, of everybody and of the placeless.
    fn passed(columns: &Columns, test: &Test, fit: &dyn Fn(u32) -> bool) {
        for (crowd, every) in [(columns.everybody(), 1), (columns.placeless(), 2)] {
            let plain = |fit: &dyn Fn(u32) -> bool| -> Vec<u32> {
                (0..200).filter(|&n| n != 10 && n % every == 0 && fit(n)).collect()
            };
            let fitting = plain(fit);
            assert!(!fitting.is_empty() && fitting.len() < 199 / every as usize);
            assert_eq!(slots(crowd, &crowd.passing([test])), fitting);
            let heavy = Test::loaded(450_000);
            let light = |n| fit(n) && profile(n).signature.load_floor() <= 450_000;
            assert_eq!(slots(crowd, &crowd.passing([&heavy, test])), plain(&light));
            let mut others = all(crowd);
            assert_eq!(slots(crowd, &crowd.split(&mut others, test)), fitting);
            assert_eq!(slots(crowd, &others), plain(&|n| !fit(n)));
        }
    }

    #[test]
    fn tests_find_those_who_pass_and_no_others() {
        let columns = columns();
        assert_eq!(all(columns.everybody()).count(), 199, "all but the cleared one");
        assert_eq!(all(columns.placeless()).count(), 99);
        let mut needed = Signature::default();
        needed.need_skill(1, 4);
        let kept = |test: Test, fit: &dyn Fn(u32) -> bool| passed(&columns, &test, fit);
        kept(Test::covering(&needed), &|slot| slot % 3 == 1 && slot % 5 >= 3);
        kept(Test::speaking(&[1, 3, 2], 3), &|slot| {
            [1, 2, 3].iter().any(|&code| profile(slot).language(code) >= 3)
        });
        kept(Test::glad(&[5, 7], 4), &|slot| {
            [5, 7].iter().any(|&code| profile(slot).region(code) >= 4)
        });
        kept(Test::loaded(450_000), &|slot| profile(slot).signature.load_floor() <= 450_000);
        kept(Test::speaking(&[2], 1), &|slot| profile(slot).language(2) >= 1);
        kept(Test::among(vec![66, 900, 3, 10, 130]), &|slot| [3, 66, 130].contains(&slot));
    }

    #[test]
    fn people_are_taken_by_whole_words() {
        let columns = columns();
        let mut rest = all(columns.everybody());
        let counts: Vec<usize> = (0..4).map(|_| rest.take(64).count()).collect();
        assert_eq!(counts, [127, 64, 8, 0]);
        assert_eq!(rest.count(), 0);
    }

    #[test]
    fn people_far_apart_have_their_own_numbers() {
        let mut columns = Columns::default();
        let last = 65_536 + 70;
        columns.set(last, profile(4), false);
        columns.set(3, profile(3), true);
        assert_eq!(slots(columns.everybody(), &all(columns.everybody())), [3, last]);
        let mut needed = Signature::default();
        needed.need_skill(1, 5);
        let able = columns.everybody().passing(&[Test::covering(&needed)]);
        assert_eq!(slots(columns.everybody(), &able), [last]);
    }

    #[test]
    fn numbers_of_the_placeless_are_given_again() {
        let mut columns = columns();
        let bytes = columns.approximate_bytes();
        for slot in 0..100 {
            columns.set(2 * slot, profile(slot), false);
            columns.set(2 * slot + 1, profile(slot + 7), true);
        }
        let odd: Vec<u32> = (0..100).map(|slot| 2 * slot + 1).collect();
        let placeless = columns.placeless();
        assert_eq!(slots(placeless, &all(placeless)), odd);
        let among = placeless.passing(&[Test::among(vec![4, 7, 99])]);
        assert_eq!(slots(placeless, &among), [7, 99]);
        columns.clear(7);
        assert_eq!(slots(columns.placeless(), &all(columns.placeless())).len(), 99);
        assert!(columns.approximate_bytes() < bytes * 2);
    }
}
