//! Everybody's profiles turned on their side: for each ability one row of bits over all people, so
//! that those who have several abilities at once are found without looking at anybody else. The
//! tree's nodes cannot tell that: they know what is below them, not whether in one person.

use crate::{
    masks::{Fluency, Gladness, WILLING},
    signature::{LOAD_CLASSES, Profile, Signature},
};

/// Bits of a profile that are abilities, and of its load.
const ABILITIES: usize = 256;
/// For each class of load, those who carry no more.
const LOADS: usize = LOAD_CLASSES as usize;
/// Those who can be candidates at all.
const PRESENT: usize = ABILITIES + LOADS;
/// Those of them without a start, who may turn out to have no location at all.
const PLACELESS: usize = PRESENT + 1;
const COLUMNS: usize = PLACELESS + 1;

/// Profiles by person and by bit. 67 bytes a person.
#[derive(Debug)]
pub struct Columns {
    rows: Vec<Profile>,
    /// By bit, 64 people a word.
    bits: Vec<Vec<u64>>,
    /// By bit, how many people have it.
    counts: Vec<u32>,
}

/// What people are told apart by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test(By);

#[derive(Clone, Debug, PartialEq, Eq)]
enum By {
    /// Any of some lists of columns, by number, of which all must say so.
    Columns(Vec<Vec<usize>>),
    /// People by number, in order.
    Among(Vec<u32>),
}

/// So many people are tested together: eight kilobytes a column, which stay in the nearest cache.
pub const BLOCK: usize = 65_536;
const WORDS: usize = BLOCK / 64;

/// Some people of one block, a bit each.
#[derive(Clone, Debug)]
pub struct People {
    block: usize,
    words: Box<[u64]>,
}

impl Default for Columns {
    fn default() -> Self {
        Self { rows: Vec::new(), bits: vec![Vec::new(); COLUMNS], counts: vec![0; COLUMNS] }
    }
}

impl Columns {
    /// Notes what the active person at `slot` can do, and whether they have no start.
    pub(crate) fn set(&mut self, slot: u32, profile: Profile, placeless: bool) {
        self.grow(slot as usize + 1);
        self.rows[slot as usize] = profile;
        let words = profile.words();
        let class = profile.signature.load_class();
        for at in 0..COLUMNS {
            let on = match at {
                0..ABILITIES => words[at / 64] >> (at % 64) & 1 == 1,
                PRESENT => true,
                PLACELESS => placeless,
                _ => class <= at - ABILITIES,
            };
            self.write(at, slot, on);
        }
    }

    /// Forgets the person at `slot`.
    pub(crate) fn clear(&mut self, slot: u32) {
        if (slot as usize) < self.rows.len() {
            self.rows[slot as usize] = Profile::default();
            (0..COLUMNS).for_each(|at| self.write(at, slot, false));
        }
    }

    /// What the person at `slot` can do; nothing, if they are not active.
    #[must_use]
    pub fn profile(&self, slot: u32) -> &Profile {
        const NOTHING: &Profile = &Profile::NOTHING;
        self.rows.get(slot as usize).unwrap_or(NOTHING)
    }

    /// The active people, block by block.
    pub fn blocks(&self) -> impl Iterator<Item = People> {
        let present = self.bits[PRESENT].chunks(WORDS).enumerate();
        present.map(|(block, words)| People { block, words: words.into() })
    }

    /// The active people who pass some tests, block by block.
    pub fn passing(&self, tests: &[Test]) -> impl Iterator<Item = People> {
        self.blocks().map(move |mut people| {
            tests.iter().for_each(|test| self.keep(&mut people, test));
            people
        })
    }

    /// Leaves only those who pass a test. Cost: a word for every 64 people and every column.
    pub fn keep(&self, people: &mut People, test: &Test) {
        let column = |&bit: &usize| &self.bits[bit][people.block * WORDS..];
        let all = |words: &mut [u64], list: &[usize]| {
            for bit in list {
                words.iter_mut().zip(column(bit)).for_each(|(word, other)| *word &= other);
            }
        };
        match &test.0 {
            By::Columns(lists) if lists.len() == 1 => all(&mut people.words, &lists[0]),
            By::Columns(lists) => {
                let mut any = vec![0_u64; people.words.len()];
                for list in lists {
                    let mut words = people.words.clone();
                    all(&mut words, list);
                    any.iter_mut().zip(&words).for_each(|(any, word)| *any |= word);
                }
                people.words = any.into();
            }
            By::Among(slots) => people.keep_among(slots),
        }
    }

    /// How many are active.
    #[must_use]
    pub fn present(&self) -> u32 {
        self.counts[PRESENT]
    }

    /// How many of the active would pass some tests, if one ability told nothing of another.
    pub(crate) fn expected(&self, tests: &[Test]) -> f64 {
        let all = f64::from(self.present());
        let share = |bit: &usize| f64::from(self.counts[*bit]) / all.max(1.0);
        let passing = |test: &Test| match &test.0 {
            By::Columns(lists) => {
                let of = |list: &Vec<usize>| list.iter().map(share).product::<f64>();
                lists.iter().map(of).sum::<f64>().min(1.0)
            }
            By::Among(_) => 1.0,
        };
        all * tests.iter().map(passing).product::<f64>()
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

    fn write(&mut self, at: usize, slot: u32, on: bool) {
        let (word, bit) = (&mut self.bits[at][slot as usize / 64], slot % 64);
        let was = *word >> bit & 1 == 1;
        *word = *word & !(1 << bit) | u64::from(on) << bit;
        self.counts[at] = self.counts[at] + u32::from(on) - u32::from(was);
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

impl Test {
    /// How many abilities are asked for, each or one of several.
    pub(crate) fn abilities(&self) -> usize {
        match &self.0 {
            By::Columns(lists) => lists.iter().map(Vec::len).max().unwrap_or(0),
            By::Among(_) => 0,
        }
    }

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

    /// Of those without a start.
    #[must_use]
    pub fn placeless() -> Self {
        Self(By::Columns(vec![vec![PLACELESS]]))
    }

    /// Of those of these numbers.
    #[must_use]
    pub fn among(mut slots: Vec<u32>) -> Self {
        slots.sort_unstable();
        Self(By::Among(slots))
    }
}

impl People {
    /// Their numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let first = self.block * BLOCK;
        let words = self.words.iter().enumerate();
        let slot = move |at: usize, bit: usize| u32::try_from(first + at * 64 + bit).ok();
        words.flat_map(move |(at, &word)| ones(word).filter_map(move |bit| slot(at, bit)))
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    fn keep_among(&mut self, slots: &[u32]) {
        let first = self.block * BLOCK;
        let mut words = vec![0_u64; self.words.len()];
        let from = slots.partition_point(|&slot| (slot as usize) < first);
        for at in slots[from..].iter().map(|&slot| slot as usize - first) {
            let Some(word) = words.get_mut(at / 64) else { break };
            *word |= self.words[at / 64] & 1 << (at % 64);
        }
        self.words = words.into();
    }

    /// Takes those of the same block out who are among others.
    pub fn subtract(&mut self, others: &Self) {
        self.words.iter_mut().zip(&others.words).for_each(|(word, other)| *word &= !other);
    }
}

/// The numbers of a word's set bits.
pub(crate) fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros() as usize);
        word &= word.wrapping_sub(1);
        bit
    })
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

    fn all(columns: &Columns) -> People {
        columns.blocks().next().unwrap()
    }

    fn slots(people: &People) -> Vec<u32> {
        assert_eq!(people.iter().count(), people.count());
        people.iter().collect()
    }

    #[test]
    fn tests_leave_those_who_pass_and_no_others() {
        let columns = columns();
        assert_eq!(all(&columns).count(), 199, "all but the cleared one");
        let mut needed = Signature::default();
        needed.need_skill(1, 4);
        let kept = |test: Test, fit: &dyn Fn(u32) -> bool| {
            let mut people = all(&columns);
            columns.keep(&mut people, &test);
            let plain: Vec<u32> = (0..200).filter(|&slot| slot != 10 && fit(slot)).collect();
            assert!(!plain.is_empty() && plain.len() < 199);
            assert_eq!(slots(&people), plain);
            let mut others = all(&columns);
            others.subtract(&people);
            assert_eq!(others.count() + people.count(), 199);
        };
        kept(Test::covering(&needed), &|slot| slot % 3 == 1 && slot % 5 >= 3);
        kept(Test::placeless(), &|slot| slot % 2 == 0);
        kept(Test::speaking(&[1, 3], 3), &|slot| {
            [1, 3].iter().any(|&code| profile(slot).language(code) >= 3)
        });
        kept(Test::glad(&[5, 7], 4), &|slot| {
            [5, 7].iter().any(|&code| profile(slot).region(code) >= 4)
        });
        kept(Test::loaded(450_000), &|slot| profile(slot).signature.load_floor() <= 450_000);
        kept(Test::speaking(&[2], 1), &|slot| profile(slot).language(2) >= 1);
        kept(Test::among(vec![66, 900, 3, 10]), &|slot| slot == 3 || slot == 66);
    }

    #[test]
    fn people_of_later_blocks_have_their_own_numbers() {
        let mut columns = Columns::default();
        let last = u32::try_from(BLOCK).unwrap() + 70;
        columns.set(last, profile(4), false);
        columns.set(3, profile(3), false);
        let found: Vec<u32> = columns.blocks().flat_map(|people| slots(&people)).collect();
        assert_eq!(found, [3, last]);
        let mut needed = Signature::default();
        needed.need_skill(1, 5);
        let kept = columns.blocks().flat_map(|mut people| {
            columns.keep(&mut people, &Test::covering(&needed));
            slots(&people)
        });
        assert_eq!(kept.collect::<Vec<_>>(), [last]);
        let among = columns.blocks().flat_map(|mut people| {
            columns.keep(&mut people, &Test::among(vec![last, 2]));
            slots(&people)
        });
        assert_eq!(among.collect::<Vec<_>>(), [last]);
    }
}
