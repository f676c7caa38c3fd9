//! Sets of people by number, one bit each.

/// A set of people of an index.
#[derive(Debug, Default)]
pub(crate) struct Slots(Vec<u64>);

impl Slots {
    /// The empty set, with room for so many people. O(people / 64).
    pub(crate) fn new(people: usize) -> Self {
        Self(vec![0; people.div_ceil(64)])
    }

    /// Whether somebody is in it.
    pub(crate) fn has(&self, slot: u32) -> bool {
        self.0.get(slot as usize / 64).is_some_and(|word| word & (1 << (slot % 64)) != 0)
    }

    /// Puts somebody in; whether they were not in it before.
    pub(crate) fn insert(&mut self, slot: u32) -> bool {
        let (word, bit) = (&mut self.0[slot as usize / 64], 1 << (slot % 64));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }
}
