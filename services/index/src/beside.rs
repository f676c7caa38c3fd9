//! People without a start, who may turn out to have no location at all: in groups of those alike.
//! Must keep every group's masks on the safe side.

use crate::{
    masks::{Masks, Profile},
    octree::MasksOf,
};
use nearhand_domain::StaffId;
use rustc_hash::FxHashMap;

/// The most people in one group.
const GROUP_MAX: usize = 64;
/// A group with room opens again below this.
const GROUP_REOPEN: usize = 32;

/// Somebody without a start, with enough to pass over most without reading their record.
#[derive(Clone, Copy, Debug)]
pub struct Placeless {
    /// Who.
    pub staff: StaffId,
    /// Their number.
    pub slot: u32,
    /// What they can do, roughly.
    pub profile: Profile,
}

/// People of the same preferences for services and a like load, so that bounds are close.
#[derive(Debug)]
pub struct Group {
    key: u64,
    /// Changes since the masks were last exact.
    stale: u16,
    /// What they can do at best: covers all, perhaps a little more.
    pub masks: Masks,
    /// Who they are.
    pub people: Vec<Placeless>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    groups: Vec<Group>,
    free: Vec<u32>,
    /// The group of a kind of people that takes the next one.
    open: FxHashMap<u64, u32>,
    count: usize,
}

impl Placeless {
    pub(crate) fn new(staff: StaffId, slot: u32, masks: &Masks) -> Self {
        Self { staff, slot, profile: Profile::of(masks) }
    }
}

impl Beside {
    /// Puts somebody into an open group of their kind and returns its number.
    pub(crate) fn insert(&mut self, person: Placeless, masks: &Masks) -> u32 {
        let key = masks.kin();
        let id = match self.open.get(&key) {
            Some(&id) if self.groups[id as usize].people.len() < GROUP_MAX => id,
            _ => self.open_group(key),
        };
        let group = &mut self.groups[id as usize];
        group.people.push(person);
        group.masks.merge(masks);
        self.count += 1;
        id
    }

    /// Takes somebody out of their group.
    pub(crate) fn remove(&mut self, id: u32, slot: u32, masks_of: impl MasksOf) {
        let group = &mut self.groups[id as usize];
        let Some(at) = group.people.iter().position(|person| person.slot == slot) else { return };
        group.people.swap_remove(at);
        self.count -= 1;
        if group.people.is_empty() {
            self.close(id);
            return;
        }
        if group.people.len() < GROUP_REOPEN {
            self.open.insert(group.key, id);
        }
        group.touch(masks_of);
    }

    /// Says that somebody's abilities changed.
    pub(crate) fn update(
        &mut self,
        id: u32,
        person: Placeless,
        masks: &Masks,
        masks_of: impl MasksOf,
    ) {
        let group = &mut self.groups[id as usize];
        let same = |held: &&mut Placeless| held.slot == person.slot;
        group.people.iter_mut().filter(same).for_each(|held| *held = person);
        group.masks.merge(masks);
        group.touch(masks_of);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(|group| !group.people.is_empty())
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn groups(&self) -> usize {
        self.groups.len() - self.free.len()
    }

    pub(crate) fn shrink(&mut self) {
        self.groups.iter_mut().for_each(|group| group.people.shrink_to_fit());
        self.groups.shrink_to_fit();
    }

    pub(crate) fn approximate_bytes(&self) -> usize {
        let people: usize = self.groups.iter().map(|group| group.people.capacity()).sum();
        people * size_of::<Placeless>()
            + self.groups.capacity() * (size_of::<Group>() + 16)
            + self.open.capacity() * 18
    }

    fn open_group(&mut self, key: u64) -> u32 {
        let group = Group { key, stale: 0, masks: Masks::EMPTY, people: Vec::new() };
        let id = if let Some(id) = self.free.pop() {
            self.groups[id as usize] = group;
            id
        } else {
            self.groups.push(group);
            u32::try_from(self.groups.len() - 1).unwrap_or(u32::MAX)
        };
        self.open.insert(key, id);
        id
    }

    fn close(&mut self, id: u32) {
        let group = &mut self.groups[id as usize];
        group.people = Vec::new();
        if self.open.get(&group.key) == Some(&id) {
            self.open.remove(&group.key);
        }
        self.free.push(id);
    }
}

impl Group {
    /// Counts a change; after a few the masks are made exact again.
    fn touch(&mut self, masks_of: impl MasksOf) {
        self.stale += 1;
        if usize::from(self.stale) * 4 < self.people.len() {
            return;
        }
        (self.stale, self.masks) = (0, Masks::EMPTY);
        for person in &self.people {
            self.masks.merge(&masks_of(person.slot));
        }
    }
}
