//! Loads many people at once and puts neighbours next to each other in memory. Must give the same
//! index as putting them in one by one.

use crate::{
    OrgIndex, Person, PersonInput,
    geometry::cells::CellPath,
    numbers::number,
    people::{
        Ability,
        person::{Booking, Licence, Rare},
    },
};
use nearhand_domain::{OrganizationId, time::Interval};
use std::ops::Range;

/// An index whose people still arrive, in any order. Nothing refers to their records yet, so that
/// the records can be sorted at the end.
#[derive(Debug)]
pub(crate) struct BulkLoad {
    /// Its people own nothing on the heap; that is staged.
    pub(crate) index: OrgIndex,
    /// By person: what of the staging area is theirs.
    staged: Vec<StagedRanges>,
    staging: Staging,
}

/// What people own on the heap, in a few large lists until the order of people is known. Then it is
/// allocated in that order, so that neighbours are next to each other and no gaps are left.
#[derive(Debug, Default)]
struct Staging {
    abilities: Vec<Ability>,
    licences: Vec<Licence>,
    time_off: Vec<Interval>,
    bookings: Vec<Booking>,
    visits: Vec<(u32, i64)>,
    rare: Vec<Option<Rare>>,
}

/// The ranges of one person.
#[derive(Debug)]
struct StagedRanges {
    abilities: Range<u32>,
    licences: Range<u32>,
    rare: Option<StagedRareRanges>,
}

#[derive(Debug)]
struct StagedRareRanges {
    at: u32,
    time_off: Range<u32>,
    bookings: Range<u32>,
    visits: Range<u32>,
}

impl BulkLoad {
    /// Loads into an index without people.
    pub(crate) fn new(index: OrgIndex) -> Self {
        Self { index, staged: Vec::new(), staging: Staging::default() }
    }

    /// Adds a person, replacing the record of the same id.
    pub(crate) fn put(&mut self, input: PersonInput, now: i64) {
        let index = &mut self.index;
        let mut person = input.into_person(&mut index.vocabulary, &mut index.schedules, now);
        let staged = self.staging.take(&mut person);
        if let Some(slot) = index.slot(person.id) {
            let old = std::mem::replace(&mut index.people[slot as usize], person);
            old.hours.into_iter().for_each(|hours| index.schedules.release(hours));
            self.staged[slot as usize] = staged;
        } else {
            index.push(person);
            self.staged.push(staged);
        }
    }

    /// The index, with everybody in it. O(n log n).
    pub(crate) fn finish(self) -> OrgIndex {
        let Self { mut index, staged, mut staging } = self;
        let order = order(&index.people);
        permute(&mut index.people, &order);
        index.people.shrink_to_fit();
        index.slots.clear();
        for (slot, &(_, before)) in (0..).zip(&order) {
            staging.restore(&staged[before as usize], &mut index.people[slot as usize]);
            index.number(slot);
            let person = &mut index.people[slot as usize];
            if let Some(work) = index.pending_work.remove(&person.id) {
                // A copy, so that neighbours are next to each other.
                person.set_work(work.clone());
            }
            index.attach(slot);
        }
        index.tree.shrink();
        index.abilities.shrink();
        index.booked.shrink();
        index
    }
}

impl Staging {
    /// Takes over what a person owns.
    fn take(&mut self, person: &mut Person) -> StagedRanges {
        let abilities = stage(&mut self.abilities, &mut person.abilities);
        let licences = stage(&mut self.licences, &mut person.licences);
        let rare = person.rare.take().map(|mut rare| {
            let of = StagedRareRanges {
                at: number(self.rare.len()),
                time_off: stage(&mut self.time_off, &mut rare.time_off),
                bookings: stage(&mut self.bookings, &mut rare.work.bookings),
                visits: stage(&mut self.visits, &mut rare.work.visits),
            };
            self.rare.push(Some(*rare));
            of
        });
        StagedRanges { abilities, licences, rare }
    }

    /// Gives a person back what they own.
    fn restore(&mut self, of: &StagedRanges, person: &mut Person) {
        person.abilities = unstage(&self.abilities, &of.abilities);
        person.licences = unstage(&self.licences, &of.licences);
        person.rare = of.rare.as_ref().and_then(|of| {
            let mut rare = self.rare[of.at as usize].take()?;
            let bookings = unstage(&self.bookings, &of.bookings);
            rare.time_off = unstage(&self.time_off, &of.time_off);
            rare.work.visits = unstage(&self.visits, &of.visits);
            let mut rare = Box::new(rare);
            rare.work.bookings = bookings;
            Some(rare)
        });
    }
}

fn stage<T: Copy>(into: &mut Vec<T>, from: &mut Box<[T]>) -> Range<u32> {
    let start = number(into.len());
    into.extend_from_slice(from);
    *from = Box::default();
    start..number(into.len())
}

fn unstage<T: Copy>(from: &[T], range: &Range<u32>) -> Box<[T]> {
    from[range.start as usize..range.end as usize].into()
}

impl OrgIndex {
    /// Fills an empty index with many people; equal to one [`Self::put`] each, much faster.
    ///
    /// O(n log n), and for a moment what people own on the heap twice; neighbours get neighbouring
    /// numbers and memory, so that searches touch little of it. Of people of the same id the last
    /// one counts.
    #[must_use]
    pub fn bulk_load(
        id: OrganizationId,
        people: impl IntoIterator<Item = PersonInput>,
        now: i64,
    ) -> Self {
        let mut loading = BulkLoad::new(Self::new(id, now));
        people.into_iter().for_each(|input| loading.put(input, now));
        loading.finish()
    }
}

/// The slots of people in the order of their cells.
fn order(people: &[Person]) -> Vec<(CellPath, u32)> {
    let mut order: Vec<(CellPath, u32)> = people.iter().map(cell_key).zip(0..).collect();
    let id = |number: u32| people[number as usize].id;
    order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| id(a.1).cmp(&id(b.1))));
    order
}

/// Puts things in order in place, by following each cycle of the permutation once. O(n).
fn permute<T>(things: &mut [T], order: &[(CellPath, u32)]) {
    let mut done = vec![false; things.len()];
    for first in 0..things.len() {
        let mut at = first;
        while !std::mem::replace(&mut done[at], true) {
            let from = order[at].1 as usize;
            if from != first {
                things.swap(at, from);
                at = from;
            }
        }
    }
}

/// The cell of a person's fix, or else of their start. Cells next to each other mostly have paths
/// next to each other.
fn cell_key(person: &Person) -> CellPath {
    let ping = person.ping.as_ref().map(|_| person.ping_at);
    let at = ping.or_else(|| person.start.map(|_| person.start_at));
    at.map_or(CellPath::LAST, |at| at.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put_in_order(order: &[u32]) {
        let mut things: Vec<u32> = (0..).take(order.len()).collect();
        let keyed: Vec<(CellPath, u32)> =
            order.iter().map(|&before| (CellPath::default(), before)).collect();
        permute(&mut things, &keyed);
        assert_eq!(things, order);
    }

    #[test]
    fn things_are_put_in_any_order() {
        put_in_order(&[]);
        put_in_order(&[0]);
        put_in_order(&[2, 0, 1, 3, 5, 4]);
        put_in_order(&[4, 3, 2, 1, 0]);
        let scattered: Vec<u32> = (0..1_009).map(|n| n * 601 % 1_009).collect();
        put_in_order(&scattered);
    }

    #[test]
    fn one_item_out_of_order_among_many_is_moved_in_one_pass() {
        // Following the cycle anew from each of its items would take hours.
        let many = 2_000_000;
        let order: Vec<u32> = [many - 1].into_iter().chain(0..many - 1).collect();
        put_in_order(&order);
    }
}
