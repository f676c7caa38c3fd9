//! A bitmap index: for each ability a bitmap over people. Must have no bit set in a row that no
//! person has.

use super::{
    ability_bits::ReadAbilityBits,
    predicate::{BITMAPS, Condition, FREE_HOURS, PRESENT, PROFILE_BITS, Predicate},
    profile::Profile,
    row_set::RowSet,
};
use crate::numbers::number;
use rustc_hash::FxHashMap;

/// Words of a bitmap that are combined at a time: few enough to stay in the nearest cache.
const BLOCK: usize = 1_024;

/// Bitmaps over some people. About 43 bytes a person.
#[derive(Debug)]
pub struct BitmapIndex {
    /// By ability; 64 rows a word.
    bitmaps: Vec<Vec<u64>>,
    rows: Rows,
}

/// Which person has which row.
#[derive(Debug)]
enum Rows {
    /// A person's row is their slot.
    Slots,
    /// Rows are given out one by one, so that few people take few words.
    Own { slots: Vec<u32>, rows: FxHashMap<u32, u32>, free: Vec<u32> },
}

impl BitmapIndex {
    /// For nearly all people: the rows are their slots.
    pub(super) fn by_slot() -> Self {
        Self { bitmaps: vec![Vec::new(); BITMAPS], rows: Rows::Slots }
    }

    /// For few people: they have rows of their own.
    pub(super) fn by_own_rows() -> Self {
        let rows = Rows::Own { slots: Vec::new(), rows: FxHashMap::default(), free: Vec::new() };
        Self { rows, ..Self::by_slot() }
    }

    /// Writes the profile of the person at `slot`, and the coming hours in which they may be free.
    pub(super) fn set(&mut self, slot: u32, profile: &Profile, free_hours: u64) {
        let row = self.row_for(slot);
        let words = (row as usize + 1).div_ceil(64);
        if self.bitmaps[PRESENT].len() < words {
            self.bitmaps.iter_mut().for_each(|bitmap| bitmap.resize(words, 0));
        }
        let (words, class) = (profile.words(), profile.bits.load_class());
        for bit in 0..BITMAPS {
            let on = match bit {
                0..PROFILE_BITS => words[bit / 64] >> (bit % 64) & 1 == 1,
                PROFILE_BITS..FREE_HOURS => class <= bit - PROFILE_BITS,
                FREE_HOURS..PRESENT => free_hours >> (bit - FREE_HOURS) & 1 == 1,
                _ => true,
            };
            self.write(bit, row, on);
        }
    }

    /// Removes the person at `slot`, if they are here.
    pub(super) fn clear(&mut self, slot: u32) {
        let row = match &mut self.rows {
            Rows::Slots => slot,
            Rows::Own { rows, free, .. } => {
                let Some(row) = rows.remove(&slot) else { return };
                free.push(row);
                row
            }
        };
        if (row as usize) < self.bitmaps[PRESENT].len() * 64 {
            (0..BITMAPS).for_each(|bit| self.write(bit, row, false));
        }
    }

    /// The slots of the people in a row set.
    pub fn slots<'a>(&'a self, people: &'a RowSet) -> impl Iterator<Item = u32> + 'a {
        people.iter().map(|row| match &self.rows {
            Rows::Slots => row,
            Rows::Own { slots, .. } => slots[row as usize],
        })
    }

    /// The people for whom all predicates hold. Cost: a word for each bitmap used and each 64 rows.
    #[must_use]
    pub fn matching<'p>(&self, predicates: impl IntoIterator<Item = &'p Predicate>) -> RowSet {
        let (mut all_of, mut any_of, mut by_slot) = (Vec::new(), Vec::new(), Vec::new());
        for predicate in predicates {
            match &predicate.0 {
                Condition::AnyOfAll(lists) if lists.len() == 1 => all_of.extend(&lists[0]),
                Condition::AnyOfAll(lists) => any_of.push(lists),
                Condition::Slots(_) => by_slot.push(predicate),
            }
        }
        let mut found = RowSet::default();
        let (mut words, mut either, mut these) = (Vec::new(), Vec::new(), Vec::new());
        for first in (0..self.bitmaps[PRESENT].len()).step_by(BLOCK) {
            self.intersect_block(first, &all_of, &mut words);
            for lists in &any_of {
                either.clear();
                either.resize(words.len(), 0);
                for list in *lists {
                    self.intersect_block(first, list, &mut these);
                    either.iter_mut().zip(&these).for_each(|(either, these)| *either |= these);
                }
                words.iter_mut().zip(&either).for_each(|(word, either)| *word &= either);
            }
            found.append(number(first), &words);
        }
        by_slot.into_iter().fold(found, |mut found, predicate| self.split(&mut found, predicate))
    }

    /// Takes the people for whom a predicate holds out of `people` and returns them. Cost: a word
    /// for each bitmap used and each word of `people`.
    pub fn split(&self, people: &mut RowSet, predicate: &Predicate) -> RowSet {
        let bitmap = |bit: &usize| self.bitmaps[*bit].as_slice();
        match &predicate.0 {
            Condition::AnyOfAll(lists) if lists.len() == 1 => {
                let bitmaps: Vec<&[u64]> = lists[0].iter().map(bitmap).collect();
                people.split(|at, word| intersect(&bitmaps, at, word))
            }
            Condition::AnyOfAll(lists) => {
                let lists: Vec<Vec<&[u64]>> =
                    lists.iter().map(|list| list.iter().map(bitmap).collect()).collect();
                people.split(|at, word| {
                    lists.iter().fold(0, |either, list| either | intersect(list, at, word))
                })
            }
            Condition::Slots(slots) => {
                let rows = self.rows_of(slots);
                let mut rest = rows.as_slice();
                people.split(|at, word| {
                    rest = &rest[rest.partition_point(|row| row / 64 < at)..];
                    let here = rest.iter().take_while(|row| *row / 64 == at);
                    here.fold(0, |found, row| found | 1 << (row % 64)) & word
                })
            }
        }
    }

    pub(super) fn approximate_bytes(&self) -> usize {
        let rows = match &self.rows {
            Rows::Slots => 0,
            Rows::Own { slots, rows, free } => {
                (slots.capacity() + free.capacity()) * 4 + rows.capacity() * 10
            }
        };
        self.bitmaps.iter().map(Vec::capacity).sum::<usize>() * 8 + rows
    }

    pub(super) fn shrink(&mut self) {
        self.bitmaps.iter_mut().for_each(Vec::shrink_to_fit);
        if let Rows::Own { slots, .. } = &mut self.rows {
            slots.shrink_to_fit();
        }
    }

    /// The people in a block of words who are in all of some bitmaps.
    fn intersect_block(&self, first: usize, bits: &[usize], words: &mut Vec<u64>) {
        let block = |bit: usize| {
            let bitmap = &self.bitmaps[bit];
            &bitmap[first..bitmap.len().min(first + BLOCK)]
        };
        words.clear();
        words.extend_from_slice(block(PRESENT));
        for &bit in bits {
            words.iter_mut().zip(block(bit)).for_each(|(word, other)| *word &= other);
        }
    }

    /// The row of the person at `slot`; a new one if they have none.
    fn row_for(&mut self, slot: u32) -> u32 {
        match &mut self.rows {
            Rows::Slots => slot,
            Rows::Own { slots, rows, free } => *rows.entry(slot).or_insert_with(|| {
                let row = free.pop().unwrap_or_else(|| {
                    slots.push(slot);
                    number(slots.len() - 1)
                });
                slots[row as usize] = slot;
                row
            }),
        }
    }

    /// The rows of people by their sorted slots, in order. People who are not here are left out.
    fn rows_of(&self, among: &[u32]) -> Vec<u32> {
        match &self.rows {
            Rows::Slots => among.to_vec(),
            Rows::Own { rows, .. } => {
                let here = among.iter().filter_map(|slot| rows.get(slot).copied());
                let mut here: Vec<u32> = here.collect();
                here.sort_unstable();
                here
            }
        }
    }

    fn write(&mut self, bit: usize, row: u32, on: bool) {
        let (word, at) = (&mut self.bitmaps[bit][row as usize / 64], row % 64);
        *word = *word & !(1 << at) | u64::from(on) << at;
    }
}

/// The rows of a word that are in all of some bitmaps.
fn intersect(bitmaps: &[&[u64]], at: u32, word: u64) -> u64 {
    bitmaps.iter().fold(word, |word, bitmap| word & bitmap[at as usize])
}
