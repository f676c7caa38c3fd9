//! Which places a person has in the tree, and keeping them there. Must leave what a place is
//! worth to ranking.

use crate::{
    OrgIndex, cells,
    masks::{Masks, Signature},
    person::{NOWHERE, Ping, PlaceKind, flag},
    places::Place,
    sphere::Unit,
    version::Entity,
};
use h3o::CellIndex;
use nearhand_domain::Position;

impl OrgIndex {
    /// Replaces the fix of the person at `slot`; `cell` is its bucket cell.
    pub(crate) fn move_ping(&mut self, slot: u32, ping: Ping, at: Unit, cell: CellIndex) {
        let person = &mut self.people[slot as usize];
        if let Some(old) = &person.ping {
            self.sum.remove(Entity::Position, person.id.0, old.fix_at_ms);
        }
        self.sum.add(Entity::Position, person.id.0, ping.fix_at_ms);
        (person.ping, person.ping_at) = (Some(ping), at);
        let bucket = person.ping_bucket;
        let permitted = self.permits(slot);
        let person = &mut self.people[slot as usize];
        person.flags =
            person.flags & !flag::PING_PERMITTED | if permitted { flag::PING_PERMITTED } else { 0 };
        let placed = permitted && person.is_active() && self.may_count(&ping);
        if placed && bucket != NOWHERE && self.places.is_in(bucket, cell) {
            self.places.relocate(bucket, slot, PlaceKind::Ping, at);
        } else if placed || bucket != NOWHERE {
            self.replace_ping(slot, placed.then_some((at, cell)));
        }
    }

    /// Moves the ping's place to another cell, in, or out.
    fn replace_ping(&mut self, slot: u32, to: Option<(Unit, CellIndex)>) {
        let masks = self.people[slot as usize].masks(&self.schedules);
        let signature = Signature::of(&masks);
        let old = self.people[slot as usize].ping_bucket;
        let masks_of = |slot: u32| self.people[slot as usize].masks(&self.schedules);
        if old != NOWHERE {
            self.places.remove(old, slot, PlaceKind::Ping, masks_of);
        }
        let bucket = to.map_or(NOWHERE, |(at, cell)| {
            let place = Place::new(at, slot, PlaceKind::Ping, true, signature);
            self.places.insert(place, Some(cell), &masks)
        });
        let person = &self.people[slot as usize];
        let (start, at) = (person.start_bucket, person.start_at);
        // The start is where the person is shown only without a ping.
        if start != NOWHERE && (old == NOWHERE) != (bucket == NOWHERE) {
            let place = Place::new(at, slot, PlaceKind::Start, bucket == NOWHERE, signature);
            self.places.update(start, place, &masks, masks_of);
        }
        self.people[slot as usize].ping_bucket = bucket;
    }

    /// Puts an active person's places into the tree.
    pub(crate) fn place(&mut self, slot: u32) {
        let base = self.base;
        let person = &mut self.people[slot as usize];
        if person.flags & flag::START_IS_OWN == 0 {
            person.start = base;
            person.start_at = base.map_or(Unit([0; 3]), Unit::new);
        }
        if !person.is_active() {
            return;
        }
        let person = &self.people[slot as usize];
        let masks = person.masks(&self.schedules);
        let ping = person.ping().filter(|ping| self.may_count(ping)).map(|ping| ping.position);
        let start = person.start;
        let mut extra: Vec<(Position, PlaceKind)> = Vec::new();
        extra.extend(person.last_job().map(|job| (job.position, PlaceKind::LastJob)));
        let booked = person.bookings().iter().filter(|booking| !booking.cancelled);
        extra.extend(booked.filter_map(|b| b.position).map(|at| (at, PlaceKind::Booking)));
        let shown = ping.is_none();
        let start = self.insert(slot, start, PlaceKind::Start, shown, &masks);
        let ping = ping.map(|at| self.insert(slot, Some(at), PlaceKind::Ping, true, &masks));
        let buckets: Box<[(u32, PlaceKind)]> = extra
            .into_iter()
            .map(|(at, kind)| (self.insert(slot, Some(at), kind, false, &masks), kind))
            .collect();
        let person = &mut self.people[slot as usize];
        person.start_bucket = start;
        person.ping_bucket = ping.unwrap_or(NOWHERE);
        if let Some(rare) = &mut person.rare {
            rare.buckets = buckets;
        }
    }

    fn insert(
        &mut self,
        slot: u32,
        at: Option<Position>,
        kind: PlaceKind,
        current: bool,
        masks: &Masks,
    ) -> u32 {
        let unit = at.map_or(Unit([0; 3]), Unit::new);
        let place = Place::new(unit, slot, kind, current, Signature::of(masks));
        let cell = at.map(|at| cells::cell(at, cells::BUCKET_RESOLUTION));
        self.places.insert(place, cell, masks)
    }

    /// Takes a person's places out of the tree.
    pub(crate) fn unplace(&mut self, slot: u32) {
        let person = &mut self.people[slot as usize];
        let mut buckets = vec![
            (std::mem::replace(&mut person.start_bucket, NOWHERE), PlaceKind::Start),
            (std::mem::replace(&mut person.ping_bucket, NOWHERE), PlaceKind::Ping),
        ];
        if let Some(rare) = &mut person.rare {
            buckets.extend(std::mem::take(&mut rare.buckets));
        }
        for (bucket, kind) in buckets.into_iter().filter(|(bucket, _)| *bucket != NOWHERE) {
            let masks_of = |slot: u32| self.people[slot as usize].masks(&self.schedules);
            self.places.remove(bucket, slot, kind, masks_of);
        }
    }

    /// Makes the nodes above a person cover what the person has become.
    pub(crate) fn refresh_masks(&mut self, slot: u32) {
        let person = &self.people[slot as usize];
        let masks = person.masks(&self.schedules);
        let signature = Signature::of(&masks);
        let shown = person.ping_bucket == NOWHERE;
        let masks_of = |slot: u32| self.people[slot as usize].masks(&self.schedules);
        let mut update = |bucket: u32, at: Unit, kind, current| {
            if bucket != NOWHERE {
                let place = Place::new(at, slot, kind, current, signature);
                self.places.update(bucket, place, &masks, masks_of);
            }
        };
        update(person.start_bucket, person.start_at, PlaceKind::Start, shown);
        update(person.ping_bucket, person.ping_at, PlaceKind::Ping, true);
        if let Some(rare) = &person.rare {
            for (id, kind) in &rare.buckets {
                if let Some(at) = self.places.position_in(*id, slot, *kind) {
                    let place = Place::new(at, slot, *kind, false, signature);
                    self.places.update(*id, place, &masks, masks_of);
                }
            }
        }
    }
}
