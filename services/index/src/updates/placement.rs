//! Keeps a person's places in the tree, and the person's abilities in the ability index. Must not
//! decide what a place is worth; ranking does.

use crate::{
    OrgIndex, Person,
    abilities::Masks,
    geometry::IndexPoint,
    people::person::flag,
    tree::{PlaceKey, PlaceKind},
};

/// The masks of the person at a slot. A macro, because a function would borrow the whole index.
macro_rules! masks_of {
    ($index:expr) => {
        |slot: u32| $index.people[slot as usize].masks(&$index.schedules)
    };
}
pub(super) use masks_of;

impl OrgIndex {
    /// Puts an active person into the tree and into the ability index.
    pub(crate) fn place(&mut self, slot: u32) {
        let base = self.base;
        let person = &mut self.people[slot as usize];
        if !person.has(flag::START_IS_OWN) {
            person.start = base;
            person.start_at = base.map_or_else(IndexPoint::default, IndexPoint::of);
        }
        if !person.is_active() {
            return;
        }
        let placed = self.people[slot as usize].ping().is_some_and(|ping| self.may_count(ping));
        let person = &mut self.people[slot as usize];
        person.set(flag::PING_PLACED, placed);
        let (masks, person) = (masks_of!(self)(slot), &self.people[slot as usize]);
        for place in places(person, slot) {
            self.tree.insert(place, &masks, masks_of!(self));
        }
        self.index_abilities(slot, &masks);
    }

    /// Takes a person out of the tree and out of the ability index.
    pub(crate) fn unplace(&mut self, slot: u32) {
        let person = &self.people[slot as usize];
        if !person.is_active() {
            return;
        }
        for place in places(person, slot) {
            self.tree.remove(place, masks_of!(self));
        }
        self.abilities.clear(slot);
        self.people[slot as usize].set(flag::PING_PLACED, false);
    }

    /// Writes what an active person can do now, and makes the nodes above cover it.
    pub(crate) fn refresh_masks(&mut self, slot: u32) {
        let masks = masks_of!(self)(slot);
        let person = &self.people[slot as usize];
        for place in places(person, slot) {
            self.tree.update(place, &masks, masks_of!(self));
        }
        self.index_abilities(slot, &masks);
    }

    fn index_abilities(&mut self, slot: u32, masks: &Masks) {
        let without_location = self.people[slot as usize].start.is_none();
        self.abilities.set(slot, masks, without_location);
    }
}

/// The places that a person, active and as the record stands, has in the tree.
fn places(person: &Person, slot: u32) -> Vec<PlaceKey> {
    let start = person.start.map(|_| (person.start_at, PlaceKind::Start));
    let ping = person.has(flag::PING_PLACED).then_some((person.ping_at, PlaceKind::Ping));
    let job = person.last_job();
    let job = job.map(|job| (IndexPoint::of(job.position), PlaceKind::LastJob));
    // Bookings at one point are one place. Of positions that fall on one point, always the same one
    // is taken.
    let booked = person.bookings().iter().filter(|booking| !booking.cancelled);
    let sites = booked.filter_map(|booking| booking.position).map(IndexPoint::of);
    let mut sites: Vec<IndexPoint> = sites.collect();
    sites.sort_unstable_by_key(|site| (site.unit.0, site.path));
    sites.dedup_by_key(|site| site.unit);
    let sites = sites.into_iter().map(|site| (site, PlaceKind::Booking));
    let places = start.into_iter().chain(ping).chain(job).chain(sites);
    places.map(|(point, kind)| PlaceKey { point, slot, kind }).collect()
}
