//! A leaf of the tree: up to 64 places, and the ability bits of their people as a bit matrix by
//! ability. Must hold for each place exactly its person's ability bits.

use super::place::{Place, PlaceKind};
use crate::{
    abilities::{ABILITY_BITS, AbilityBits, Masks, ReadAbilityBits, bits::set_bits},
    geometry::{IndexPoint, cells::CellPath, sphere::Unit},
};

/// The most places in one leaf: as many as a word has bits.
pub(crate) const LEAF_MAX: usize = 64;

/// Some places next to each other. For each ability bit there is one word with a bit for each
/// place, so that one word finds all people who have an ability.
#[derive(Clone, Debug)]
pub struct Leaf {
    rows: [u64; ABILITY_BITS],
    places: Vec<Place>,
    /// By place; apart from them, because a search does not read paths.
    paths: Vec<CellPath>,
}

/// The person of one place.
#[derive(Clone, Copy, Debug)]
pub struct LeafPerson<'a> {
    leaf: &'a Leaf,
    at: usize,
}

impl ReadAbilityBits for LeafPerson<'_> {
    fn bit(&self, bit: usize) -> bool {
        self.leaf.rows[bit] >> self.at & 1 == 1
    }
}

impl Leaf {
    pub(super) fn new() -> Self {
        Self { rows: [0; ABILITY_BITS], places: Vec::new(), paths: Vec::new() }
    }

    /// The places.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The person of a place by its number.
    #[must_use]
    pub fn person_at(&self, at: usize) -> LeafPerson<'_> {
        LeafPerson { leaf: self, at }
    }

    /// The numbers of the places whose people have all needed bits. Cost: a word for each needed
    /// bit.
    pub fn covering(&self, needed: &AbilityBits) -> impl Iterator<Item = usize> + use<> {
        let all = if self.is_full() { u64::MAX } else { (1 << self.places.len()) - 1 };
        set_bits(needed.bits().fold(all, |people, bit| people & self.rows[bit]))
    }

    pub(super) fn is_full(&self) -> bool {
        self.places.len() >= LEAF_MAX
    }

    pub(super) fn push(&mut self, place: Place, path: CellPath, bits: &AbilityBits) {
        self.places.push(place);
        self.paths.push(path);
        self.write(self.places.len() - 1, bits);
    }

    /// Takes a place out; whether it was here.
    pub(super) fn remove(&mut self, at: Unit, slot: u32, kind: PlaceKind) -> bool {
        let found = self.find(at, slot, kind);
        if let Some(found) = found {
            let last = self.places.len() - 1;
            let bits = self.bits_of(last);
            self.places.swap_remove(found);
            self.paths.swap_remove(found);
            if found < last {
                self.write(found, &bits);
            }
        }
        found.is_some()
    }

    /// Writes what the person of a place can do now.
    pub(super) fn update(&mut self, at: Unit, (slot, kind): (u32, PlaceKind), masks: &Masks) {
        if let Some(found) = self.find(at, slot, kind) {
            self.write(found, &AbilityBits::of(masks));
        }
    }

    /// Moves a place within the leaf's cell; whether it was here.
    pub(super) fn relocate(
        &mut self,
        (slot, kind): (u32, PlaceKind),
        from: Unit,
        to: IndexPoint,
    ) -> bool {
        let found = self.find(from, slot, kind);
        if let Some(found) = found {
            (self.places[found].at, self.paths[found]) = (to.unit, to.path);
        }
        found.is_some()
    }

    /// The places, each with its path and its person's ability bits.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Place, CellPath, AbilityBits)> {
        let places = self.places.iter().zip(&self.paths).enumerate();
        places.map(|(at, (place, path))| (*place, *path, self.bits_of(at)))
    }

    pub(super) fn shrink(&mut self) {
        self.places.shrink_to_fit();
        self.paths.shrink_to_fit();
    }

    pub(super) fn approximate_bytes(&self) -> usize {
        size_of::<Self>()
            + self.places.capacity() * size_of::<Place>()
            + self.paths.capacity() * size_of::<CellPath>()
            + 48
    }

    fn find(&self, at: Unit, slot: u32, kind: PlaceKind) -> Option<usize> {
        self.places.iter().position(|place| place.is_of(slot, kind) && place.at == at)
    }

    fn bits_of(&self, at: usize) -> AbilityBits {
        AbilityBits::from_bits(self.rows.iter().map(|row| row >> at & 1 == 1))
    }

    fn write(&mut self, at: usize, bits: &AbilityBits) {
        for (bit, row) in self.rows.iter_mut().enumerate() {
            *row = with_bit(*row, at, bits.bit(bit));
        }
    }
}

fn with_bit(word: u64, at: usize, on: bool) -> u64 {
    word & !(1 << at) | u64::from(on) << at
}
