//! An octree of the places people can count from: cubes around the unit sphere, halved along each
//! axis until few enough places are in each, with OR-ed masks. Must keep every envelope at least as
//! large as its content; must know nothing of scores.
//!
//! The surface of a sphere meets about four of a cube's eight parts. The bits of a place's
//! coordinates give its cube. A move within a cube changes only the place; a move out of it costs
//! two descents, where an R-tree removes one rectangle and inserts another.

use crate::{
    envelope::Envelope,
    leaf::Leaf,
    masks::Masks,
    number,
    person::PlaceKind,
    places::Place,
    siblings::{PARTS, Parts, Siblings},
    signature::Signature,
    sphere::{SCALE, Unit},
};
use slab::Slab;

/// A cube's leaves become one again when they hold no more together.
const MERGED_MAX: usize = 24;
/// Levels that halve space: cubes of 49 metres at last. Below those people are told apart by their
/// numbers, for many may share one place.
const SPACE_LEVELS: u8 = 18;
/// Below these, where there is but one person, space is halved on: somebody may have any number of
/// sites in one house.
const SLOT_LEVELS: u8 = SPACE_LEVELS + 10;

/// The cube around everything.
const ROOT: u32 = 0;
/// Around everything there is no cube.
const NONE: u32 = u32::MAX;

/// The tree.
#[derive(Debug)]
pub(crate) struct Octree {
    cubes: Slab<Cube>,
    leaves: usize,
    count: usize,
}

/// A cube that is halved along each axis.
#[derive(Clone, Debug)]
pub(crate) struct Cube {
    siblings: Siblings,
    parts: [Inside; PARTS],
    /// By part, changes since what is known of it was last exact.
    stale: [u8; PARTS],
    /// Which part of which cube this is, and how many halvings below everything.
    around: u32,
    part: u8,
    level: u8,
    /// A place that is or was in it. Between this cube and the one around it levels are left out
    /// at which all places go the way of this one.
    inside: (Unit, u32),
    /// The parts in which there is anything.
    used: Parts,
}

/// What is in a part of a cube.
#[derive(Clone, Debug)]
pub(crate) enum Inside {
    Nothing,
    /// Places that are not told apart further.
    Leaf(Box<Leaf>),
    /// A cube, by number.
    Cube(u32),
}

impl Inside {
    /// The leaf, if it is one.
    pub(crate) fn leaf(&self) -> Option<&Leaf> {
        if let Self::Leaf(leaf) = self { Some(leaf) } else { None }
    }
}

/// A part of a cube.
type PartOf = (u32, usize);

impl Default for Octree {
    fn default() -> Self {
        let root = Cube::empty((NONE, 0), 0, (Unit([0; 3]), 0));
        Self { cubes: [(ROOT as usize, root)].into_iter().collect(), leaves: 0, count: 0 }
    }
}

impl Cube {
    #[expect(clippy::cast_possible_truncation, reason = "one of eight")]
    fn empty((around, part): PartOf, level: u8, inside: (Unit, u32)) -> Self {
        Self {
            siblings: Siblings::EMPTY,
            parts: [const { Inside::Nothing }; PARTS],
            stale: [0; PARTS],
            around,
            part: part as u8,
            level,
            inside,
            used: 0,
        }
    }

    /// What is known of its parts.
    pub(crate) fn siblings(&self) -> &Siblings {
        &self.siblings
    }

    /// What is in a part.
    pub(crate) fn inside(&self, part: usize) -> &Inside {
        &self.parts[part]
    }

    /// The parts in which there is anything.
    pub(crate) fn used(&self) -> Parts {
        self.used
    }

    fn put(&mut self, part: usize, inside: Inside) {
        let bit = 1 << part;
        let used = !matches!(inside, Inside::Nothing);
        self.used = if used { self.used | bit } else { self.used & !bit };
        (self.parts[part], self.stale[part]) = (inside, 0);
    }

    /// The places of a part that is a leaf.
    fn places(&self, part: usize) -> &[Place] {
        self.parts[part].leaf().map_or(&[], Leaf::places)
    }
}

impl Octree {
    /// The cube everything is in.
    pub(crate) fn root(&self) -> &Cube {
        self.cube(ROOT)
    }

    /// The cube of a number that was told.
    pub(crate) fn cube(&self, id: u32) -> &Cube {
        &self.cubes[id as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn leaves(&self) -> usize {
        self.leaves
    }

    /// Puts a place in. Cost: a descent; now and then a leaf is split.
    ///
    /// A person has one place of a kind at a point, so that the smallest cubes' leaves never fill.
    pub(crate) fn insert(&mut self, place: Place, masks: &Masks, masks_of: impl Fn(u32) -> Masks) {
        let mut id = ROOT;
        let part = loop {
            let cube = &mut self.cubes[id as usize];
            let part = digit(place.at, place.slot(), cube.level);
            match &mut cube.parts[part] {
                Inside::Cube(deeper) => {
                    let deeper = *deeper;
                    id = self.towards((id, part), deeper, &place);
                }
                Inside::Leaf(leaf) if leaf.is_full() => self.split((id, part), &masks_of),
                Inside::Leaf(leaf) => {
                    leaf.push(place, &Signature::of(masks));
                    break part;
                }
                Inside::Nothing => {
                    cube.put(part, Inside::Leaf(Box::new(Leaf::new())));
                    self.leaves += 1;
                }
            }
        };
        self.count += 1;
        self.cover((id, part), &Envelope::of(place.at, masks));
    }

    /// Takes a place out.
    pub(crate) fn remove(
        &mut self,
        at: Unit,
        slot: u32,
        kind: PlaceKind,
        masks_of: impl Fn(u32) -> Masks,
    ) {
        let part = self.part_of(at, slot);
        let Some(leaf) = self.leaf_mut(part) else { return };
        if !leaf.remove(at, slot, kind) {
            return;
        }
        let left = leaf.places().len();
        self.count -= 1;
        if left == 0 {
            self.unlink(part);
        } else {
            self.touch(part, masks_of);
            if left <= MERGED_MAX {
                self.merge_if_small(part.0);
            }
        }
    }

    /// Moves a place. Cost: one descent within a leaf's cube; else as taking out and putting in.
    pub(crate) fn relocate(
        &mut self,
        (slot, kind): (u32, PlaceKind),
        (from, to): (Unit, Unit),
        masks_of: impl Fn(u32) -> Masks,
    ) {
        let part = self.part_of(from, slot);
        let level = self.cube(part.0).level + 1;
        let leaf = self.leaf_mut(part);
        let Some(place) = leaf.and_then(|leaf| leaf.place_mut(from, slot, kind)) else { return };
        if same_cube(from, to, level) {
            place.at = to;
            self.extend(part, to);
            return;
        }
        let mut moved = *place;
        moved.at = to;
        self.remove(from, slot, kind, &masks_of);
        self.insert(moved, &masks_of(slot), masks_of);
    }

    /// Writes what the person of a place can do now.
    pub(crate) fn update(&mut self, place: &Place, masks: &Masks, masks_of: impl Fn(u32) -> Masks) {
        let part = self.part_of(place.at, place.slot());
        let Some(leaf) = self.leaf_mut(part) else { return };
        leaf.update(place, masks);
        self.cover(part, &Envelope::of(place.at, masks));
        self.touch(part, masks_of);
    }

    /// Gives back room kept for growing.
    pub(crate) fn shrink(&mut self) {
        for inside in self.cubes.iter_mut().flat_map(|(_, cube)| &mut cube.parts) {
            if let Inside::Leaf(leaf) = inside {
                leaf.shrink();
            }
        }
        self.cubes.shrink_to_fit();
    }

    /// Memory held, in bytes, roughly.
    pub(crate) fn approximate_bytes(&self) -> usize {
        let parts = self.cubes.iter().flat_map(|(_, cube)| &cube.parts);
        let leaves = parts.filter_map(Inside::leaf);
        leaves.map(Leaf::approximate_bytes).sum::<usize>()
            + self.cubes.capacity() * size_of::<Cube>()
    }

    /// The part of a cube that a place is in, or would be.
    fn part_of(&self, at: Unit, slot: u32) -> PartOf {
        let mut id = ROOT;
        loop {
            let cube = self.cube(id);
            let part = digit(at, slot, cube.level);
            match cube.parts[part] {
                Inside::Cube(deeper) => id = deeper,
                _ => return (id, part),
            }
        }
    }

    fn leaf_mut(&mut self, (cube, part): PartOf) -> Option<&mut Leaf> {
        match &mut self.cubes[cube as usize].parts[part] {
            Inside::Leaf(leaf) => Some(leaf),
            _ => None,
        }
    }

    /// The cube in a part that a place goes into: the one there, or a new one around that where
    /// the place goes another way at a level left out.
    #[expect(clippy::cast_possible_truncation, reason = "one of eight")]
    fn towards(&mut self, part: PartOf, there: u32, place: &Place) -> u32 {
        let cube = self.cube(there);
        let (at, slot) = cube.inside;
        let mut left_out = self.cube(part.0).level + 1..cube.level;
        let parts = |level: &u8| digit(place.at, place.slot(), *level) != digit(at, slot, *level);
        let Some(level) = left_out.find(parts) else { return there };
        let mut fork = Cube::empty(part, level, cube.inside);
        let side = digit(at, slot, level);
        fork.siblings.set(side, &cube.siblings.together());
        fork.put(side, Inside::Cube(there));
        let fork = number(self.cubes.insert(fork));
        let cube = &mut self.cubes[there as usize];
        (cube.around, cube.part) = (fork, side as u8);
        self.cubes[part.0 as usize].put(part.1, Inside::Cube(fork));
        fork
    }

    /// Makes a full leaf a cube of smaller ones. What is known of it still covers all.
    fn split(&mut self, (around, part): PartOf, masks_of: &impl Fn(u32) -> Masks) {
        let Some(leaf) = self.leaf_mut((around, part)) else { return };
        let signed: Vec<(Place, Signature)> = leaf.signed().collect();
        let Some(inside) = signed.first().map(|(place, _)| (place.at, place.slot())) else {
            return;
        };
        // What is told apart by nothing but its last levels takes one cube, not one for each.
        let parts_at = |level: u8| {
            let way = digit(inside.0, inside.1, level);
            signed.iter().any(|(place, _)| digit(place.at, place.slot(), level) != way)
        };
        let mut level = self.cube(around).level + 1;
        while !parts_at(level) {
            level += 1;
        }
        let mut parts = [const { None::<Box<Leaf>> }; PARTS];
        for (place, signature) in signed {
            let part = &mut parts[digit(place.at, place.slot(), level)];
            part.get_or_insert_with(|| Box::new(Leaf::new())).push(place, &signature);
        }
        let mut cube = Cube::empty((around, part), level, inside);
        self.leaves -= 1;
        for (part, leaf) in parts.into_iter().enumerate() {
            if let Some(leaf) = leaf {
                cube.siblings.set(part, &exact(leaf.places(), masks_of));
                cube.put(part, Inside::Leaf(leaf));
                self.leaves += 1;
            }
        }
        let id = number(self.cubes.insert(cube));
        self.cubes[around as usize].put(part, Inside::Cube(id));
    }

    /// Takes an empty leaf away, and cubes that are left empty.
    fn unlink(&mut self, (mut id, mut part): PartOf) {
        self.leaves -= 1;
        loop {
            let cube = &mut self.cubes[id as usize];
            cube.put(part, Inside::Nothing);
            cube.siblings.set(part, &Envelope::empty());
            if id == ROOT || cube.used != 0 {
                self.refresh(id);
                self.merge_if_small(id);
                return;
            }
            let around = (cube.around, cube.part.into());
            self.cubes.remove(id as usize);
            (id, part) = around;
        }
    }

    /// Makes a cube a leaf again, and those around it, where few places are left in it.
    fn merge_if_small(&mut self, mut id: u32) {
        while id != ROOT && self.is_small(id) {
            let cube = self.cubes.remove(id as usize);
            let mut merged = Box::new(Leaf::new());
            for inside in &cube.parts {
                if let Inside::Leaf(leaf) = inside {
                    leaf.signed().for_each(|(place, signature)| merged.push(place, &signature));
                    self.leaves -= 1;
                }
            }
            self.leaves += 1;
            self.cubes[cube.around as usize].put(cube.part.into(), Inside::Leaf(merged));
            id = cube.around;
        }
    }

    /// Whether a cube has nothing but leaves that hold few places together.
    fn is_small(&self, id: u32) -> bool {
        let held = self.cube(id).parts.iter().try_fold(0, |held, inside| match inside {
            Inside::Nothing => Some(held),
            Inside::Leaf(leaf) => Some(held + leaf.places().len()),
            Inside::Cube(_) => None,
        });
        held.is_some_and(|held| held <= MERGED_MAX)
    }

    /// Makes what is known of a leaf, and of the cubes around it, cover something.
    fn cover(&mut self, (mut id, mut part): PartOf, envelope: &Envelope) {
        while let Some(cube) = self.cubes.get_mut(id as usize)
            && cube.siblings.cover(part, envelope)
        {
            (id, part) = (cube.around, cube.part.into());
        }
    }

    /// Makes it cover a place of somebody whose abilities it covers.
    fn extend(&mut self, (mut id, mut part): PartOf, at: Unit) {
        while let Some(cube) = self.cubes.get_mut(id as usize)
            && cube.siblings.extend(part, at)
        {
            (id, part) = (cube.around, cube.part.into());
        }
    }

    /// Counts a change of a leaf; after a few, what is known of it is made exact again.
    fn touch(&mut self, (id, part): PartOf, masks_of: impl Fn(u32) -> Masks) {
        let cube = &mut self.cubes[id as usize];
        cube.stale[part] += 1;
        if usize::from(cube.stale[part]) * 4 < cube.places(part).len() && cube.stale[part] < u8::MAX
        {
            return;
        }
        cube.stale[part] = 0;
        let exact = exact(cube.places(part), &masks_of);
        if exact != cube.siblings.envelope(part) {
            cube.siblings.set(part, &exact);
            self.refresh(id);
        }
    }

    /// Makes what is known of a cube, and of those around it, what its parts come to.
    fn refresh(&mut self, mut id: u32) {
        while id != ROOT {
            let cube = self.cube(id);
            let (together, part) = (cube.siblings.together(), usize::from(cube.part));
            id = cube.around;
            let around = &mut self.cubes[id as usize].siblings;
            if together == around.envelope(part) {
                return;
            }
            around.set(part, &together);
        }
    }
}

fn exact(places: &[Place], masks_of: &impl Fn(u32) -> Masks) -> Envelope {
    let mut envelope = Envelope::empty();
    for place in places {
        envelope.cover(&Envelope::of(place.at, &masks_of(place.slot())));
    }
    envelope
}

/// Which eighth of a cube of a level a place lies in.
fn digit(at: Unit, slot: u32, level: u8) -> usize {
    if (SPACE_LEVELS..SLOT_LEVELS).contains(&level) {
        return (slot >> (3 * u32::from(level - SPACE_LEVELS)) & 7) as usize;
    }
    let half = |axis: usize| unsigned(at.0[axis]) >> (30 - halvings(level)) & 1;
    (half(0) << 2 | half(1) << 1 | half(2)) as usize
}

/// How often space has been halved around a cube of a level.
fn halvings(level: u8) -> u8 {
    level.min(SPACE_LEVELS) + level.saturating_sub(SLOT_LEVELS)
}

/// Whether two places of one person lie in one cube of a level.
fn same_cube(a: Unit, b: Unit, level: u8) -> bool {
    let shift = 31 - halvings(level);
    (0..3).all(|axis| (unsigned(a.0[axis]) ^ unsigned(b.0[axis])) >> shift == 0)
}

/// A coordinate in 31 bits, from −1.
fn unsigned(coordinate: i32) -> u32 {
    (coordinate + SCALE + 1).cast_unsigned()
}

/// Sorts places as the tree does: neighbours next to each other.
pub(crate) fn curve_key(at: Unit) -> u64 {
    (0..SPACE_LEVELS).fold(0, |key, level| key << 3 | digit(at, 0, level) as u64)
}

#[cfg(test)]
mod tests;
