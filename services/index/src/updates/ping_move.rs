//! Moves a person to their newest fix. Must keep the fix out of the tree while it does not count.

use super::{placement::masks_of, version::Entity};
use crate::{
    OrgIndex,
    geometry::IndexPoint,
    people::person::{Ping, flag},
    tree::{PlaceKey, PlaceKind},
};

impl OrgIndex {
    /// Replaces the fix of the person at `slot`.
    pub(crate) fn move_ping(&mut self, slot: u32, ping: Ping, at: IndexPoint) {
        let person = &mut self.people[slot as usize];
        if let Some(old) = &person.ping {
            self.sum.remove(Entity::Position, person.id.0, old.version());
        }
        self.sum.add(Entity::Position, person.id.0, ping.version());
        let from = std::mem::replace(&mut person.ping_at, at);
        person.ping = Some(ping);
        let permitted = self.permits(slot);
        let person = &mut self.people[slot as usize];
        let was_placed = person.has(flag::PING_PLACED);
        person.set(flag::PING_PERMITTED, permitted);
        let placed = permitted && person.is_active() && self.may_count(&ping);
        self.people[slot as usize].set(flag::PING_PLACED, placed);
        let key = |point| PlaceKey { point, slot, kind: PlaceKind::Ping };
        match (was_placed, placed) {
            (true, true) => self.tree.relocate(key(from), at, masks_of!(self)),
            (true, false) => self.tree.remove(key(from), masks_of!(self)),
            (false, true) => {
                let masks = masks_of!(self)(slot);
                self.tree.insert(key(at), &masks, masks_of!(self));
            }
            (false, false) => {}
        }
    }
}
