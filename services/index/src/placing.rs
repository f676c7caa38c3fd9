//! Keeps a person's places in the tree, and what the person can do in the columns. Must not decide
//! what a place is worth; ranking does.

use crate::{
    OrgIndex, Person,
    masks::Masks,
    person::{Ping, PlaceKind, flag},
    places::Place,
    signature::Profile,
    sphere::Unit,
    version::Entity,
};

/// The masks of a person by number, borrowing no more of the index than they need.
macro_rules! masks_of {
    ($index:expr) => {
        |slot: u32| $index.people[slot as usize].masks(&$index.schedules)
    };
}

impl OrgIndex {
    /// Replaces the fix of the person at `slot`.
    pub(crate) fn move_ping(&mut self, slot: u32, ping: Ping, at: Unit) {
        let person = &mut self.people[slot as usize];
        if let Some(old) = &person.ping {
            self.sum.remove(Entity::Position, person.id.0, old.fix_at_ms);
        }
        self.sum.add(Entity::Position, person.id.0, ping.fix_at_ms);
        let from = std::mem::replace(&mut person.ping_at, at);
        person.ping = Some(ping);
        let permitted = self.permits(slot);
        let person = &mut self.people[slot as usize];
        let was_placed = person.has(flag::PING_PLACED);
        person.set(flag::PING_PERMITTED, permitted);
        let placed = permitted && person.is_active() && self.may_count(&ping);
        self.people[slot as usize].set(flag::PING_PLACED, placed);
        match (was_placed, placed) {
            (true, true) => {
                let which = (slot, PlaceKind::Ping);
                self.places.tree.relocate(which, (from, at), masks_of!(self));
            }
            (true, false) => {
                self.places.tree.remove(from, slot, PlaceKind::Ping, masks_of!(self));
            }
            (false, true) => {
                let masks = masks_of!(self)(slot);
                let place = ping_place(&self.people[slot as usize], slot);
                self.places.insert(place, &masks, masks_of!(self));
            }
            (false, false) => {}
        }
    }

    /// Puts an active person's places into the tree, and their abilities into the columns.
    pub(crate) fn place(&mut self, slot: u32) {
        let base = self.base;
        let person = &mut self.people[slot as usize];
        if !person.has(flag::START_IS_OWN) {
            person.start = base;
            person.start_at = base.map_or(Unit([0; 3]), Unit::new);
        }
        if !person.is_active() {
            return;
        }
        let placed = self.people[slot as usize].ping().is_some_and(|ping| self.may_count(ping));
        let person = &mut self.people[slot as usize];
        person.set(flag::PING_PLACED, placed);
        let (masks, person) = (masks_of!(self)(slot), &self.people[slot as usize]);
        for place in places(person, slot) {
            self.places.insert(place, &masks, masks_of!(self));
        }
        self.note(slot, &masks);
    }

    /// Takes a person out of the tree and the columns.
    pub(crate) fn unplace(&mut self, slot: u32) {
        let person = &self.people[slot as usize];
        if !person.is_active() {
            return;
        }
        for place in places(person, slot) {
            self.places.tree.remove(place.at, slot, place.kind(), masks_of!(self));
        }
        self.columns.clear(slot);
        self.people[slot as usize].set(flag::PING_PLACED, false);
    }

    /// Makes the nodes above an active person cover what the person has become.
    pub(crate) fn refresh_masks(&mut self, slot: u32) {
        let masks = masks_of!(self)(slot);
        let person = &self.people[slot as usize];
        for place in places(person, slot) {
            self.places.tree.update(&place, &masks, masks_of!(self));
        }
        self.note(slot, &masks);
    }

    /// Notes in the columns what the active person at `slot` can do.
    fn note(&mut self, slot: u32, masks: &Masks) {
        let placeless = self.people[slot as usize].start.is_none();
        self.columns.set(slot, Profile::of(masks), placeless);
    }
}

/// The places that a person, active and as the record stands, has in the tree.
fn places(person: &Person, slot: u32) -> Vec<Place> {
    let start = person.start.map(|_| Place::new(person.start_at, slot, PlaceKind::Start));
    let ping = person.has(flag::PING_PLACED).then(|| ping_place(person, slot));
    let job = person.last_job();
    let job = job.map(|job| Place::new(Unit::new(job.position), slot, PlaceKind::LastJob));
    // A point is one place however often it is booked: nothing tells those apart.
    let booked = person.bookings().iter().filter(|booking| !booking.cancelled);
    let sites = booked.filter_map(|booking| booking.position).map(Unit::new);
    let mut sites: Vec<Unit> = sites.collect();
    sites.sort_unstable_by_key(|site| site.0);
    sites.dedup();
    let sites = sites.into_iter().map(|site| Place::new(site, slot, PlaceKind::Booking));
    start.into_iter().chain(ping).chain(job).chain(sites).collect()
}

fn ping_place(person: &Person, slot: u32) -> Place {
    Place::new(person.ping_at, slot, PlaceKind::Ping)
}
