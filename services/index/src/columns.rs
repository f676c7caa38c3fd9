//! Everybody's profiles turned on their side: for each ability one row of bits over all people, so
//! that those who have several abilities at once are found without looking at anybody else. The
//! tree's nodes cannot tell that: they know what is below them, not whether in one person.

use crate::masks::{Fluency, Gladness, Profile, Signature, WILLING};

/// Bits of a profile that are abilities, and of its load.
const ABILITIES: usize = 256;
/// For each class of load, those who carry no more.
const LOADS: usize = 16;
/// Those who can be candidates at all.
const PRESENT: usize = ABILITIES + LOADS;
const COLUMNS: usize = PRESENT + 1;

/// Profiles by person and by bit. 66 bytes a person.
#[derive(Debug)]
pub struct Columns {
    rows: Vec<Profile>,
    /// By bit, 64 people a word.
    bits: Vec<Vec<u64>>,
}

/// Some people, a bit each.
#[derive(Clone, Debug)]
pub struct People(Vec<u64>);

impl Default for Columns {
    fn default() -> Self {
        Self { rows: Vec::new(), bits: vec![Vec::new(); COLUMNS] }
    }
}

impl Columns {
    /// Notes what the active person at `slot` can do.
    pub(crate) fn set(&mut self, slot: u32, profile: Profile) {
        self.grow(slot as usize + 1);
        self.rows[slot as usize] = profile;
        let words = profile.words();
        let class = profile.signature.load_class();
        for (at, column) in self.bits.iter_mut().enumerate() {
            let on = match at {
                0..ABILITIES => words[at / 64] >> (at % 64) & 1 == 1,
                PRESENT => true,
                _ => class <= at - ABILITIES,
            };
            write(column, slot, on);
        }
    }

    /// Forgets the person at `slot`.
    pub(crate) fn clear(&mut self, slot: u32) {
        if (slot as usize) < self.rows.len() {
            self.rows[slot as usize] = Profile::default();
            self.bits.iter_mut().for_each(|column| write(column, slot, false));
        }
    }

    /// What the person at `slot` can do; nothing, if they are not active.
    #[must_use]
    pub fn profile(&self, slot: u32) -> &Profile {
        const NOTHING: &Profile = &Profile::NOTHING;
        self.rows.get(slot as usize).unwrap_or(NOTHING)
    }

    /// The active people whose signatures cover what is needed. Cost: a word for every 64 people
    /// and every bit needed.
    #[must_use]
    pub fn covering(&self, needed: &Signature) -> People {
        let mut people = People(self.bits[PRESENT].clone());
        self.keep_covering(&mut people, needed);
        people
    }

    /// Leaves only those whose signatures cover what is needed.
    pub fn keep_covering(&self, people: &mut People, needed: &Signature) {
        for (word, half) in needed.abilities().into_iter().enumerate() {
            for bit in ones(half) {
                people.keep(&self.bits[word * 64 + bit]);
            }
        }
    }

    /// Leaves only those who may speak one of the languages at a level.
    pub fn keep_speakers(&self, people: &mut People, codes: &[u32], least: Fluency) {
        let columns = codes.iter().filter_map(|&code| Profile::language_bit(code, least));
        people.keep_any(columns.map(|bit| vec![&self.bits[bit][..]]).collect());
    }

    /// Leaves only those who may be so glad (at least willing) to work in one of the regions.
    pub fn keep_glad(&self, people: &mut People, codes: &[u32], least: Gladness) {
        if least >= WILLING {
            let columns = codes.iter().map(|&code| Profile::region_bits(code, least));
            let rows = |bits: [usize; 2]| bits.map(|bit| &self.bits[bit][..]).to_vec();
            people.keep_any(columns.map(rows).collect());
        }
    }

    /// Leaves only those whose load may be no more than so many millionths.
    pub fn keep_loads(&self, people: &mut People, most_ppm: u32) {
        people.keep(&self.bits[ABILITIES + Signature::class_of_load(most_ppm)]);
    }

    /// Memory held, in bytes, roughly.
    #[must_use]
    pub fn approximate_bytes(&self) -> usize {
        let words: usize = self.bits.iter().map(Vec::capacity).sum();
        self.rows.capacity() * size_of::<Profile>() + words * 8
    }

    pub(crate) fn shrink(&mut self) {
        self.rows.shrink_to_fit();
        self.bits.iter_mut().for_each(Vec::shrink_to_fit);
    }

    fn grow(&mut self, people: usize) {
        if people > self.rows.len() {
            self.rows.resize(people, Profile::default());
            let words = people.div_ceil(64);
            if self.bits[PRESENT].len() < words {
                self.bits.iter_mut().for_each(|column| column.resize(words, 0));
            }
        }
    }
}

impl People {
    /// Their numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(&self.0).flat_map(|(at, &word)| {
            ones(word).filter_map(move |bit| Some(at * 64 + u32::try_from(bit).ok()?))
        })
    }

    fn keep(&mut self, column: &[u64]) {
        self.0.iter_mut().zip(column).for_each(|(word, other)| *word &= other);
    }

    /// Leaves those who are in all columns of one of the lists.
    fn keep_any(&mut self, lists: Vec<Vec<&[u64]>>) {
        for (at, word) in self.0.iter_mut().enumerate() {
            let all = |list: &Vec<&[u64]>| list.iter().fold(u64::MAX, |all, row| all & row[at]);
            *word &= lists.iter().fold(0, |any, list| any | all(list));
        }
    }
}

/// The numbers of a word's set bits.
fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros() as usize);
        word &= word.wrapping_sub(1);
        bit
    })
}

fn write(column: &mut [u64], slot: u32, on: bool) {
    let (word, bit) = (&mut column[slot as usize / 64], 1_u64 << (slot % 64));
    *word = if on { *word | bit } else { *word & !bit };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masks::{HourSet, Masks};

    fn profile(slot: u32) -> Profile {
        let mut masks = Masks::unstated(HourSet::ALL, slot % 7 * 200_000);
        masks.set_skill(slot % 3, 1 + u8::try_from(slot % 5).unwrap());
        masks.set_language(slot % 4, u8::try_from(slot % 5).unwrap());
        masks.set_region(slot % 11, u8::try_from(slot % 5).unwrap());
        Profile::of(&masks)
    }

    fn columns() -> Columns {
        let mut columns = Columns::default();
        (0..200).for_each(|slot| columns.set(slot, profile(slot)));
        columns.clear(10);
        columns.clear(999);
        columns
    }

    #[test]
    fn those_who_cover_what_is_needed_are_found_and_no_others() {
        let columns = columns();
        let mut needed = Signature::default();
        assert_eq!(columns.covering(&needed).iter().count(), 199, "all but the cleared one");
        needed.need_skill(1, 4);
        let fit = |slot: &u32| *slot != 10 && profile(*slot).signature.covers(&needed);
        let plain: Vec<u32> = (0..200).filter(fit).collect();
        assert_eq!(columns.covering(&needed).iter().collect::<Vec<_>>(), plain);
        assert!(plain.contains(&4) && plain.iter().all(|slot| slot % 3 == 1 && slot % 5 >= 3));
    }

    #[test]
    fn languages_regions_and_loads_leave_whoever_may_do() {
        let columns = columns();
        let all = columns.covering(&Signature::default());
        let kept = |keep: &dyn Fn(&mut People), fit: &dyn Fn(&Profile) -> bool| {
            let mut people = all.clone();
            keep(&mut people);
            let plain = all.iter().filter(|&slot| fit(&profile(slot)));
            assert!(people.iter().count() < 199);
            assert_eq!(people.iter().collect::<Vec<_>>(), plain.collect::<Vec<_>>());
        };
        kept(&|people| columns.keep_speakers(people, &[1, 3], 3), &|profile| {
            [1, 3].iter().any(|&code| profile.language(code) >= 3)
        });
        kept(&|people| columns.keep_glad(people, &[5, 7], 4), &|profile| {
            [5, 7].iter().any(|&code| profile.region(code) >= 4)
        });
        kept(&|people| columns.keep_loads(people, 450_000), &|profile| {
            profile.signature.load_floor() <= 450_000
        });
    }
}
