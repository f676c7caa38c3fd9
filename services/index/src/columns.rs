//! Everybody's signatures turned on their side: for each ability one row of bits over all people,
//! so that those who have several abilities at once are found without looking at anybody else.
//! The tree's nodes cannot tell that: they know what is below them, not whether in one person.

use crate::masks::Signature;

/// Bits of a signature.
const COLUMNS: usize = 128;
/// The column of those who can be candidates at all: one of the load's, which is no ability.
const PRESENT: usize = 60;
/// The bits of the first word that are abilities.
const ABILITIES: u64 = (1 << PRESENT) - 1;

/// Signatures by person and by bit. 32 bytes a person.
#[derive(Debug)]
pub struct Columns {
    rows: Vec<Signature>,
    /// By bit of the signature, 64 people a word.
    bits: Vec<Vec<u64>>,
}

impl Default for Columns {
    fn default() -> Self {
        Self { rows: Vec::new(), bits: vec![Vec::new(); COLUMNS] }
    }
}

impl Columns {
    /// Notes what the active person at `slot` can do.
    pub(crate) fn set(&mut self, slot: u32, signature: Signature) {
        self.grow(slot as usize + 1);
        let [first, second] = signature.0;
        self.write(slot, [first & ABILITIES | 1 << PRESENT, second]);
        self.rows[slot as usize] = signature;
    }

    /// Forgets the person at `slot`.
    pub(crate) fn clear(&mut self, slot: u32) {
        if (slot as usize) < self.rows.len() {
            self.write(slot, [0, 0]);
            self.rows[slot as usize] = Signature::default();
        }
    }

    /// What the person at `slot` can do; nothing, if they are not active.
    #[must_use]
    pub fn signature(&self, slot: u32) -> Signature {
        self.rows.get(slot as usize).copied().unwrap_or_default()
    }

    /// The active people whose signatures cover what is needed, by number; `None` if there are
    /// more than `most`. Cost: a word for every 64 people and every bit needed, and a little for
    /// everyone found.
    #[must_use]
    pub fn covering(&self, needed: &Signature, most: usize) -> Option<Vec<u32>> {
        let [first, second] = needed.0;
        let wanted = u128::from(second) << 64 | u128::from(first & ABILITIES | 1 << PRESENT);
        let columns: Vec<&[u64]> = (0..COLUMNS)
            .filter(|bit| wanted >> bit & 1 == 1)
            .map(|bit| &self.bits[bit][..])
            .collect();
        let mut found = Vec::new();
        for word in 0..self.rows.len().div_ceil(64) {
            let mut both = columns.iter().fold(u64::MAX, |both, column| both & column[word]);
            if found.len() + both.count_ones() as usize > most {
                return None;
            }
            while both != 0 {
                let slot = word * 64 + both.trailing_zeros() as usize;
                found.push(u32::try_from(slot).unwrap_or(u32::MAX));
                both &= both - 1;
            }
        }
        Some(found)
    }

    /// Memory held, in bytes, roughly.
    #[must_use]
    pub fn approximate_bytes(&self) -> usize {
        let words: usize = self.bits.iter().map(Vec::capacity).sum();
        self.rows.capacity() * size_of::<Signature>() + words * 8
    }

    fn grow(&mut self, people: usize) {
        if people <= self.rows.len() {
            return;
        }
        self.rows.resize(people, Signature::default());
        let words = people.div_ceil(64);
        if self.bits[PRESENT].len() < words {
            self.bits.iter_mut().for_each(|column| column.resize(words, 0));
        }
    }

    /// Writes a person's bits down their columns.
    fn write(&mut self, slot: u32, bits: [u64; 2]) {
        let (word, bit) = (slot as usize / 64, 1_u64 << (slot % 64));
        for (at, column) in self.bits.iter_mut().enumerate() {
            if bits[at / 64] >> (at % 64) & 1 == 1 {
                column[word] |= bit;
            } else {
                column[word] &= !bit;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masks::{HourSet, Masks};

    fn able(skill: u32, level: u8) -> Signature {
        let mut masks = Masks::unstated(HourSet::ALL, 900_000);
        masks.set_skill(skill, level);
        Signature::of(&masks)
    }

    #[test]
    fn those_who_cover_what_is_needed_are_found_and_no_others() {
        let mut columns = Columns::default();
        for slot in 0..200 {
            columns.set(slot, able(slot % 3, 1 + u8::try_from(slot % 5).unwrap()));
        }
        columns.set(7, Signature::default());
        columns.clear(10);
        columns.clear(999);
        let mut needed = Signature::default();
        assert_eq!(columns.covering(&needed, 200).unwrap().len(), 199, "all but the cleared one");
        assert!(columns.covering(&needed, 198).is_none(), "too many");
        needed.need_skill(1, 4);
        let plain: Vec<u32> =
            (0..200).filter(|&slot| columns.signature(slot).covers(&needed)).collect();
        assert_eq!(columns.covering(&needed, 200).unwrap(), plain);
        assert!(plain.contains(&4) && plain.iter().all(|slot| slot % 3 == 1 && slot % 5 >= 3));
    }
}
