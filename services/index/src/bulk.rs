//! Loading many people at once, neighbours next to each other in memory. Must give the index that
//! putting them in one by one gives.

use crate::{
    OrgIndex, Person, PersonParts, octree,
    person::{Ability, Booking, Licence, Rare},
};
use nearhand_domain::{OrganizationId, time::Interval};
use std::ops::Range;

/// What people own on the heap, all in a row until their order is known: so that it can be
/// allocated in that order, and nothing is left behind in between.
#[derive(Default)]
struct Attic {
    abilities: Vec<Ability>,
    licences: Vec<Licence>,
    time_off: Vec<Interval>,
    bookings: Vec<Booking>,
    visits: Vec<(u32, i64)>,
    rare: Vec<Option<Rare>>,
}

/// A person whose belongings are in the attic.
struct Draft {
    near_key: u64,
    person: Person,
    abilities: Range<usize>,
    licences: Range<usize>,
    rare: Option<RareDraft>,
}

struct RareDraft {
    at: usize,
    time_off: Range<usize>,
    bookings: Range<usize>,
    visits: Range<usize>,
}

fn stash<T: Copy>(into: &mut Vec<T>, from: &mut Box<[T]>) -> Range<usize> {
    let start = into.len();
    into.extend_from_slice(from);
    *from = Box::default();
    start..into.len()
}

impl Attic {
    fn take(&mut self, mut person: Person) -> Draft {
        let near_key = near_key(&person);
        let abilities = stash(&mut self.abilities, &mut person.abilities);
        let licences = stash(&mut self.licences, &mut person.licences);
        let rare = person.rare.take().map(|mut rare| {
            let draft = RareDraft {
                at: self.rare.len(),
                time_off: stash(&mut self.time_off, &mut rare.time_off),
                bookings: stash(&mut self.bookings, &mut rare.bookings),
                visits: stash(&mut self.visits, &mut rare.visits),
            };
            self.rare.push(Some(*rare));
            draft
        });
        Draft { near_key, person, abilities, licences, rare }
    }

    fn give_back(&mut self, draft: Draft) -> Person {
        let mut person = draft.person;
        person.abilities = self.abilities[draft.abilities].into();
        person.licences = self.licences[draft.licences].into();
        person.rare = draft.rare.and_then(|draft| {
            let mut rare = self.rare[draft.at].take()?;
            let bookings = self.bookings[draft.bookings].into();
            rare.time_off = self.time_off[draft.time_off].into();
            rare.visits = self.visits[draft.visits].into();
            let mut rare = Box::new(rare);
            rare.bookings = bookings;
            Some(rare)
        });
        person
    }
}

impl OrgIndex {
    /// Fills an empty index with many people; equal to one [`Self::put`] each, much faster.
    ///
    /// O(n log n), and for a moment about 1.5 times the memory; neighbours get neighbouring
    /// numbers and memory, so that searches touch little of it.
    #[must_use]
    pub fn bulk_load(
        id: OrganizationId,
        people: impl IntoIterator<Item = PersonParts>,
        now: i64,
    ) -> Self {
        let mut index = Self::new(id, now);
        index.fill(people, now);
        index
    }

    /// [`Self::bulk_load`] into an index without people.
    pub(crate) fn fill(&mut self, people: impl IntoIterator<Item = PersonParts>, now: i64) {
        let mut attic = Attic::default();
        let mut drafts: Vec<Draft> = Vec::new();
        for parts in people {
            let person = parts.into_person(&mut self.vocabulary, &mut self.schedules, now);
            drafts.push(attic.take(person));
        }
        drafts.sort_unstable_by_key(|draft| (draft.near_key, draft.person.id));
        self.people.reserve_exact(drafts.len());
        self.slots.reserve(drafts.len(), |_| 0);
        for draft in drafts {
            let person = attic.give_back(draft);
            self.put_person(person);
        }
        self.places.shrink();
        self.columns.shrink();
    }
}

/// Sorts neighbours next to each other, by where a person is shown.
fn near_key(person: &Person) -> u64 {
    let ping = person.ping.as_ref().map(|_| person.ping_at);
    let at = ping.or_else(|| person.start.map(|_| person.start_at));
    at.map_or(u64::MAX, octree::curve_key)
}
