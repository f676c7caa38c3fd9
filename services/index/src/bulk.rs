//! Loading many people at once, neighbours next to each other in memory. Must give the index that
//! putting them in one by one gives.

use crate::{
    OrgIndex, Person, PersonParts, number, octree,
    person::{Ability, Booking, Licence, Rare},
};
use nearhand_domain::{OrganizationId, time::Interval};
use std::ops::Range;

/// An index whose people are still being told, in any order. Nothing refers to them yet, so that
/// they can be put in order at the end.
#[derive(Debug)]
pub(crate) struct Loading {
    /// Its people own nothing on the heap.
    pub(crate) index: OrgIndex,
    /// By person.
    belongings: Vec<Belongings>,
    attic: Attic,
}

/// What people own on the heap, all in a row until their order is known: so that it can be
/// allocated in that order, and nothing is left behind in between.
#[derive(Debug, Default)]
struct Attic {
    abilities: Vec<Ability>,
    licences: Vec<Licence>,
    time_off: Vec<Interval>,
    bookings: Vec<Booking>,
    visits: Vec<(u32, i64)>,
    rare: Vec<Option<Rare>>,
}

/// Where in the attic somebody's things are.
#[derive(Debug)]
struct Belongings {
    abilities: Range<u32>,
    licences: Range<u32>,
    rare: Option<RareBelongings>,
}

#[derive(Debug)]
struct RareBelongings {
    at: u32,
    time_off: Range<u32>,
    bookings: Range<u32>,
    visits: Range<u32>,
}

impl Loading {
    /// Into an index without people.
    pub(crate) fn new(index: OrgIndex) -> Self {
        Self { index, belongings: Vec::new(), attic: Attic::default() }
    }

    /// Takes a person in, replacing the record of the same id.
    pub(crate) fn put(&mut self, parts: PersonParts, now: i64) {
        let index = &mut self.index;
        let mut person = parts.into_person(&mut index.vocabulary, &mut index.schedules, now);
        let belongings = self.attic.take(&mut person);
        if let Some(slot) = index.slot(person.id) {
            let old = std::mem::replace(&mut index.people[slot as usize], person);
            old.hours.into_iter().for_each(|hours| index.schedules.release(hours));
            self.belongings[slot as usize] = belongings;
        } else {
            index.push(person);
            self.belongings.push(belongings);
        }
    }

    /// The index, with everybody in it. O(n log n).
    pub(crate) fn finish(self) -> OrgIndex {
        let Self { mut index, belongings, mut attic } = self;
        let order = order(&index.people);
        permute(&mut index.people, &order);
        index.people.shrink_to_fit();
        index.slots.clear();
        for (slot, &(_, before)) in (0..).zip(&order) {
            attic.give_back(&belongings[before as usize], &mut index.people[slot as usize]);
            index.number(slot);
            index.attach(slot);
        }
        index.places.shrink();
        index.columns.shrink();
        index
    }
}

impl Attic {
    /// Takes what a person owns.
    fn take(&mut self, person: &mut Person) -> Belongings {
        let abilities = stash(&mut self.abilities, &mut person.abilities);
        let licences = stash(&mut self.licences, &mut person.licences);
        let rare = person.rare.take().map(|mut rare| {
            let of = RareBelongings {
                at: number(self.rare.len()),
                time_off: stash(&mut self.time_off, &mut rare.time_off),
                bookings: stash(&mut self.bookings, &mut rare.bookings),
                visits: stash(&mut self.visits, &mut rare.visits),
            };
            self.rare.push(Some(*rare));
            of
        });
        Belongings { abilities, licences, rare }
    }

    fn give_back(&mut self, of: &Belongings, person: &mut Person) {
        person.abilities = fetch(&self.abilities, &of.abilities);
        person.licences = fetch(&self.licences, &of.licences);
        person.rare = of.rare.as_ref().and_then(|of| {
            let mut rare = self.rare[of.at as usize].take()?;
            let bookings = fetch(&self.bookings, &of.bookings);
            rare.time_off = fetch(&self.time_off, &of.time_off);
            rare.visits = fetch(&self.visits, &of.visits);
            let mut rare = Box::new(rare);
            rare.bookings = bookings;
            Some(rare)
        });
    }
}

fn stash<T: Copy>(into: &mut Vec<T>, from: &mut Box<[T]>) -> Range<u32> {
    let start = number(into.len());
    into.extend_from_slice(from);
    *from = Box::default();
    start..number(into.len())
}

fn fetch<T: Copy>(from: &[T], range: &Range<u32>) -> Box<[T]> {
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
        people: impl IntoIterator<Item = PersonParts>,
        now: i64,
    ) -> Self {
        let mut loading = Loading::new(Self::new(id, now));
        people.into_iter().for_each(|parts| loading.put(parts, now));
        loading.finish()
    }
}

/// People by their fix or else their start, neighbours next to each other, each with the number so far.
fn order(people: &[Person]) -> Vec<(u64, u32)> {
    let mut order: Vec<(u64, u32)> = people.iter().map(near_key).zip(0..).collect();
    let id = |number: u32| people[number as usize].id;
    order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| id(a.1).cmp(&id(b.1))));
    order
}

/// Puts things in order without a second copy of them, each cycle followed once. O(n).
fn permute<T>(things: &mut [T], order: &[(u64, u32)]) {
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

/// Sorts neighbours next to each other, by the fix or else the start.
fn near_key(person: &Person) -> u64 {
    let ping = person.ping.as_ref().map(|_| person.ping_at);
    let at = ping.or_else(|| person.start.map(|_| person.start_at));
    at.map_or(u64::MAX, octree::curve_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put_in_order(order: &[u32]) {
        let mut things: Vec<u32> = (0..).take(order.len()).collect();
        let keyed: Vec<(u64, u32)> = order.iter().map(|&before| (0, before)).collect();
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
    fn one_late_comer_among_many_in_order_is_moved_in_one_pass() {
        // A walk from the start of the cycle for each of them would take hours.
        let many = 2_000_000;
        let order: Vec<u32> = [many - 1].into_iter().chain(0..many - 1).collect();
        put_in_order(&order);
    }
}
