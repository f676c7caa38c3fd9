//! The bitmaps of some people, one for each ability. Must have no bit set for a number that nobody
//! has.

use super::{ABILITIES, By, COLUMNS, PRESENT, People, Test};
use crate::{
    number,
    signature::{Profile, Signed},
};
use rustc_hash::FxHashMap;

/// So many words of a column are tested together: they stay in the nearest cache.
const BLOCK: usize = 1_024;

/// Columns of bits over some people. 35 bytes a person.
#[derive(Debug)]
pub struct Crowd {
    /// By bit, 64 people a word.
    bits: Vec<Vec<u64>>,
    numbers: Numbers,
}

/// What the people of a crowd are numbered by.
#[derive(Debug)]
enum Numbers {
    /// Their numbers in the index.
    Slots,
    /// Numbers of their own, so that few people are in few words.
    Own { slots: Vec<u32>, numbers: FxHashMap<u32, u32>, free: Vec<u32> },
}

impl Crowd {
    /// A crowd of nearly everybody.
    pub(super) fn of_most() -> Self {
        Self { bits: vec![Vec::new(); COLUMNS], numbers: Numbers::Slots }
    }

    /// A crowd of few.
    pub(super) fn of_few() -> Self {
        let numbers =
            Numbers::Own { slots: Vec::new(), numbers: FxHashMap::default(), free: Vec::new() };
        Self { numbers, ..Self::of_most() }
    }

    /// Notes what the person at `slot` can do.
    pub(super) fn set(&mut self, slot: u32, profile: &Profile) {
        let number = self.number_for(slot);
        let words = (number as usize + 1).div_ceil(64);
        if self.bits[PRESENT].len() < words {
            self.bits.iter_mut().for_each(|column| column.resize(words, 0));
        }
        let (words, class) = (profile.words(), profile.signature.load_class());
        for at in 0..COLUMNS {
            let on = match at {
                0..ABILITIES => words[at / 64] >> (at % 64) & 1 == 1,
                PRESENT => true,
                _ => class <= at - ABILITIES,
            };
            self.write(at, number, on);
        }
    }

    /// Forgets the person at `slot`, if they are here.
    pub(super) fn clear(&mut self, slot: u32) {
        let number = match &mut self.numbers {
            Numbers::Slots => slot,
            Numbers::Own { numbers, free, .. } => {
                let Some(number) = numbers.remove(&slot) else { return };
                free.push(number);
                number
            }
        };
        if (number as usize) < self.bits[PRESENT].len() * 64 {
            (0..COLUMNS).for_each(|at| self.write(at, number, false));
        }
    }

    /// Numbers in the index of some of these people.
    pub fn slots<'a>(&'a self, people: &'a People) -> impl Iterator<Item = u32> + 'a {
        people.iter().map(|number| match &self.numbers {
            Numbers::Slots => number,
            Numbers::Own { slots, .. } => slots[number as usize],
        })
    }

    /// Those who pass some tests.
    #[must_use]
    pub fn passing<'t>(&self, tests: impl IntoIterator<Item = &'t Test>) -> People {
        let (mut plain, mut others, mut named) = (Vec::new(), Vec::new(), Vec::new());
        for test in tests {
            match &test.0 {
                By::Columns(lists) if lists.len() == 1 => plain.extend(&lists[0]),
                By::Columns(lists) => others.push(lists),
                By::Among(_) => named.push(test),
            }
        }
        let mut people = People::default();
        let (mut words, mut any, mut these) = (Vec::new(), Vec::new(), Vec::new());
        for first in (0..self.bits[PRESENT].len()).step_by(BLOCK) {
            self.block(first, &plain, &mut words);
            for lists in &others {
                any.clear();
                any.resize(words.len(), 0);
                for list in *lists {
                    self.block(first, list, &mut these);
                    any.iter_mut().zip(&these).for_each(|(any, these)| *any |= these);
                }
                words.iter_mut().zip(&any).for_each(|(word, any)| *word &= any);
            }
            people.add(number(first), &words);
        }
        named.into_iter().fold(people, |mut people, test| self.split(&mut people, test))
    }

    /// Those present in a block of words who are in all of some columns.
    fn block(&self, first: usize, columns: &[usize], words: &mut Vec<u64>) {
        let of = |bit: usize| {
            let column = &self.bits[bit];
            &column[first..column.len().min(first + BLOCK)]
        };
        words.clear();
        words.extend_from_slice(of(PRESENT));
        for &bit in columns {
            words.iter_mut().zip(of(bit)).for_each(|(word, other)| *word &= other);
        }
    }

    /// Takes those out of some people who pass a test. Cost: a word for every column and every
    /// word with people.
    pub fn split(&self, people: &mut People, test: &Test) -> People {
        let column = |bit: &usize| self.bits[*bit].as_slice();
        match &test.0 {
            By::Columns(lists) if lists.len() == 1 => {
                let columns: Vec<&[u64]> = lists[0].iter().map(column).collect();
                people.split(|at, word| all(&columns, at, word))
            }
            By::Columns(lists) => {
                let lists: Vec<Vec<&[u64]>> =
                    lists.iter().map(|list| list.iter().map(column).collect()).collect();
                people.split(|at, word| lists.iter().fold(0, |any, list| any | all(list, at, word)))
            }
            By::Among(slots) => {
                let numbers = self.numbers_of(slots);
                let mut rest = numbers.as_slice();
                people.split(|at, word| {
                    rest = &rest[rest.partition_point(|number| number / 64 < at)..];
                    let here = rest.iter().take_while(|number| *number / 64 == at);
                    here.fold(0, |some, number| some | 1 << (number % 64)) & word
                })
            }
        }
    }

    pub(super) fn approximate_bytes(&self) -> usize {
        let numbers = match &self.numbers {
            Numbers::Slots => 0,
            Numbers::Own { slots, numbers, free } => {
                (slots.capacity() + free.capacity()) * 4 + numbers.capacity() * 10
            }
        };
        self.bits.iter().map(Vec::capacity).sum::<usize>() * 8 + numbers
    }

    pub(super) fn shrink(&mut self) {
        self.bits.iter_mut().for_each(Vec::shrink_to_fit);
        if let Numbers::Own { slots, .. } = &mut self.numbers {
            slots.shrink_to_fit();
        }
    }

    /// The number of the person at `slot`, a new one if they have none.
    fn number_for(&mut self, slot: u32) -> u32 {
        match &mut self.numbers {
            Numbers::Slots => slot,
            Numbers::Own { slots, numbers, free } => *numbers.entry(slot).or_insert_with(|| {
                let number = free.pop().unwrap_or_else(|| {
                    slots.push(slot);
                    number(slots.len() - 1)
                });
                slots[number as usize] = slot;
                number
            }),
        }
    }

    /// The numbers of those here, in order, by their sorted numbers in the index.
    fn numbers_of(&self, among: &[u32]) -> Vec<u32> {
        match &self.numbers {
            Numbers::Slots => among.to_vec(),
            Numbers::Own { numbers, .. } => {
                let here = among.iter().filter_map(|slot| numbers.get(slot).copied());
                let mut here: Vec<u32> = here.collect();
                here.sort_unstable();
                here
            }
        }
    }

    fn write(&mut self, at: usize, number: u32, on: bool) {
        let (word, bit) = (&mut self.bits[at][number as usize / 64], number % 64);
        *word = *word & !(1 << bit) | u64::from(on) << bit;
    }
}

/// Those of a word who are in all of some columns.
fn all(columns: &[&[u64]], at: u32, word: u64) -> u64 {
    columns.iter().fold(word, |word, column| word & column[at as usize])
}
