//! Which places a person has in the tree, and keeping them there. Must leave what a place is
//! worth to ranking.

use crate::{
    OrgIndex, Person,
    person::{Ping, PlaceKind, flag},
    places::{Place, Shown},
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
        let before = self.noted(slot);
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
                self.refresh_start(slot);
            }
            (false, true) => {
                let masks = masks_of!(self)(slot);
                let place = ping_place(&self.people[slot as usize], slot);
                self.places.insert(place, &masks, masks_of!(self));
                self.refresh_start(slot);
            }
            (false, false) => {}
        }
        self.relist(slot, &before);
    }

    /// Reads what [`Self::move_ping`] will need.
    pub(crate) fn warm(&self, slot: u32, to: Unit) -> u64 {
        let tree = &self.places.tree;
        let places = tree.warm(self.person(slot).ping_at, slot) ^ tree.warm(to, slot);
        let ping = Place::new(to, slot, PlaceKind::Ping, Shown::Always);
        places ^ self.warm_lists(slot, &ping)
    }

    /// The start is where a person is shown only without a ping.
    fn refresh_start(&mut self, slot: u32) {
        let person = &self.people[slot as usize];
        if person.start.is_some() && person.is_active() {
            let masks = masks_of!(self)(slot);
            let place = start_place(person, slot);
            self.places.tree.update(place, &masks, masks_of!(self));
        }
    }

    /// Puts an active person's places into the tree.
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
        self.tracked_since = self.tracked_since.max(person.always_tracked_since());
        for place in places(person, slot) {
            self.places.insert(place, &masks, masks_of!(self));
        }
        self.note(slot, Some(Profile::of(&masks)));
    }

    /// Takes a person's places out of the tree.
    pub(crate) fn unplace(&mut self, slot: u32) {
        let person = &self.people[slot as usize];
        if !person.is_active() {
            return;
        }
        for place in places(person, slot) {
            self.places.tree.remove(place.at, slot, place.kind(), masks_of!(self));
        }
        self.note(slot, None);
        self.people[slot as usize].set(flag::PING_PLACED, false);
    }

    /// Makes the nodes above an active person cover what the person has become.
    pub(crate) fn refresh_masks(&mut self, slot: u32) {
        let masks = masks_of!(self)(slot);
        let person = &self.people[slot as usize];
        for place in places(person, slot) {
            self.places.tree.update(place, &masks, masks_of!(self));
        }
        self.note(slot, Some(Profile::of(&masks)));
    }
}

/// The places that a person, active and as the record stands, has in the tree.
fn places(person: &Person, slot: u32) -> Vec<Place> {
    let job = person.last_job().map(|job| (job.position, PlaceKind::LastJob));
    // A point is one place however often it is booked: nothing tells those apart.
    let booked = person.bookings().iter().filter(|booking| !booking.cancelled);
    let sites = booked.filter_map(|booking| booking.position).map(Unit::new);
    let mut sites: Vec<Unit> = sites.collect();
    sites.sort_unstable_by_key(|site| site.0);
    sites.dedup();
    let extra = job.map(|(at, kind)| (Unit::new(at), kind)).into_iter();
    let extra = extra.chain(sites.into_iter().map(|site| (site, PlaceKind::Booking)));
    let extra = extra.map(|(at, kind)| Place::new(at, slot, kind, Shown::Never));
    shown_places(person, slot).into_iter().flatten().chain(extra).collect()
}

/// Those of them that an active person may be shown at.
pub(crate) fn shown_places(person: &Person, slot: u32) -> [Option<Place>; 2] {
    let start = person.start.map(|_| start_place(person, slot));
    [start, person.has(flag::PING_PLACED).then(|| ping_place(person, slot))]
}

fn start_place(person: &Person, slot: u32) -> Place {
    let shown = match (person.has(flag::PING_PLACED), person.always_tracked_since()) {
        (false, _) => Shown::Always,
        (true, None) => Shown::Sometimes,
        (true, Some(_)) => Shown::Never,
    };
    Place::new(person.start_at, slot, PlaceKind::Start, shown)
}

fn ping_place(person: &Person, slot: u32) -> Place {
    let always = person.always_tracked_since().is_some();
    let shown = if always { Shown::Always } else { Shown::Sometimes };
    Place::new(person.ping_at, slot, PlaceKind::Ping, shown)
}
