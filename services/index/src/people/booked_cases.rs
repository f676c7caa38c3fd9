//! Which people are booked for a case. May name people of another case with the same hash, and a
//! person twice: the caller must judge each person once.
//!
//! Bookings of one case share a chain of the table, so it suits cases with up to some hundred people.

use hashbrown::HashTable;
use nearhand_domain::CaseId;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

/// Slots by the hash of a case. About 10 bytes a booking.
#[derive(Debug, Default)]
pub(crate) struct BookedCases {
    entries: HashTable<Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    case: u32,
    slot: u32,
}

impl BookedCases {
    /// Adds a booking of the person at `slot`.
    pub(crate) fn add(&mut self, case: CaseId, slot: u32) {
        let case = short_hash(case);
        self.entries.insert_unique(spread(case), Entry { case, slot }, |entry| spread(entry.case));
    }

    /// Removes it.
    pub(crate) fn remove(&mut self, case: CaseId, slot: u32) {
        let entry = Entry { case: short_hash(case), slot };
        if let Ok(found) = self.entries.find_entry(spread(entry.case), |other| *other == entry) {
            found.remove();
        }
    }

    /// The slots of the people who are booked for a case, and perhaps of others.
    pub(crate) fn people(&self, case: CaseId) -> impl Iterator<Item = u32> {
        let case = short_hash(case);
        let found = self.entries.iter_hash(spread(case));
        found.filter(move |entry| entry.case == case).map(|entry| entry.slot)
    }

    /// Memory held, in bytes, roughly.
    pub(crate) fn approximate_bytes(&self) -> usize {
        self.entries.capacity() * (size_of::<Entry>() + 2)
    }

    /// Gives back room kept for growing.
    pub(crate) fn shrink(&mut self) {
        self.entries.shrink_to_fit(|entry| spread(entry.case));
    }
}

/// Half of a case's hash: the table need not find the case itself.
fn short_hash(case: CaseId) -> u32 {
    u32::try_from(FxBuildHasher.hash_one(case) >> 32).unwrap_or(0)
}

/// A hash of 64 bits for the table, by multiplicative hashing (Knuth, TAOCP 6.4).
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn people_are_found_by_case_until_their_booking_is_removed() {
        let case = |n: u32| CaseId::from(Uuid::from_u128(u128::from(n)));
        let mut booked = BookedCases::default();
        for slot in 0..3_000 {
            booked.add(case(slot % 1_000), slot);
        }
        booked.remove(case(7), 1_007);
        booked.remove(case(7), 8);
        let people = |n: u32| {
            let mut people: Vec<u32> = booked.people(case(n)).collect();
            people.sort_unstable();
            people
        };
        assert_eq!(people(7), [7, 2_007]);
        assert_eq!(people(8), [8, 1_008, 2_008]);
        assert_eq!(people(1_000), [0; 0]);
    }
}
