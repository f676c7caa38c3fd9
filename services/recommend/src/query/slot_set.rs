//! A set of people by their places in the index. Must be used only with the index it was made for.

use nearhand_domain::StaffId;
use nearhand_index::OrgIndex;

/// A set of slots: a list to walk through, and a bit for each person of the index to look one up.
#[derive(Debug)]
pub(crate) struct SlotSet {
    /// Ascending, each once.
    slots: Vec<u32>,
    bits: Vec<u64>,
}

impl SlotSet {
    /// The people that the index knows. Cost: one look-up each, and a bit for each person of the
    /// index.
    pub(crate) fn new(index: &OrgIndex, slots: Vec<u32>) -> Self {
        let mut bits = vec![0; index.people().len().div_ceil(64)];
        for &slot in &slots {
            bits[slot as usize / 64] |= 1_u64 << (slot % 64);
        }
        Self { slots, bits }
    }

    /// Whether a person is in it.
    pub(crate) fn contains(&self, slot: u32) -> bool {
        self.bits.get(slot as usize / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    /// Everybody in it, ascending.
    pub(crate) fn slots(&self) -> &[u32] {
        &self.slots
    }
}

/// The people's places in the index, ascending, each once.
pub(crate) fn slots_of(index: &OrgIndex, ids: &[StaffId]) -> Vec<u32> {
    let mut slots: Vec<u32> = ids.iter().filter_map(|&id| index.slot(id)).collect();
    slots.sort_unstable();
    slots.dedup();
    slots
}
