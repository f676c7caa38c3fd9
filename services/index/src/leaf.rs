//! A leaf of the octree: up to 64 places, and the signatures of their people as a bit matrix by
//! ability. Must hold for each place exactly its person's signature.

use crate::{
    columns::ones,
    masks::Masks,
    person::PlaceKind,
    places::Place,
    signature::{SIGNATURE_BITS, Signature, Signed},
    sphere::Unit,
};

/// The most places in one leaf: as many as a word has bits.
pub(crate) const LEAF_MAX: usize = 64;

/// Some places next to each other. For each bit of a signature there is one word with a bit for
/// each place, so that one word finds all people who have an ability.
#[derive(Clone, Debug)]
pub struct Leaf {
    rows: [u64; SIGNATURE_BITS],
    places: Vec<Place>,
}

/// The person of one place.
#[derive(Clone, Copy, Debug)]
pub struct Occupant<'a> {
    leaf: &'a Leaf,
    at: usize,
}

impl Signed for Occupant<'_> {
    fn bit(&self, bit: usize) -> bool {
        self.leaf.rows[bit] >> self.at & 1 == 1
    }
}

impl Leaf {
    pub(crate) fn new() -> Self {
        Self { rows: [0; SIGNATURE_BITS], places: Vec::new() }
    }

    /// The places.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The person of a place by its number.
    #[must_use]
    pub fn occupant(&self, at: usize) -> Occupant<'_> {
        Occupant { leaf: self, at }
    }

    /// The numbers of the places of people whose signature covers what is needed. Cost: a word for
    /// each bit needed.
    pub fn covering(&self, needed: &Signature) -> impl Iterator<Item = usize> + use<> {
        let everybody = if self.is_full() { u64::MAX } else { (1 << self.places.len()) - 1 };
        ones(needed.bits().fold(everybody, |some, bit| some & self.rows[bit]))
    }

    pub(crate) fn is_full(&self) -> bool {
        self.places.len() >= LEAF_MAX
    }

    pub(crate) fn push(&mut self, place: Place, signature: &Signature) {
        self.places.push(place);
        self.write(self.places.len() - 1, signature);
    }

    /// Takes a place out; whether it was here.
    pub(crate) fn remove(&mut self, at: Unit, slot: u32, kind: PlaceKind) -> bool {
        let found = self.find(at, slot, kind);
        if let Some(found) = found {
            let last = self.places.len() - 1;
            let signature = self.signature(last);
            self.places.swap_remove(found);
            if found < last {
                self.write(found, &signature);
            }
        }
        found.is_some()
    }

    /// Writes what the person of a place can do now.
    pub(crate) fn update(&mut self, place: &Place, masks: &Masks) {
        if let Some(found) = self.find(place.at, place.slot(), place.kind()) {
            self.write(found, &Signature::of(masks));
        }
    }

    pub(crate) fn place_mut(&mut self, at: Unit, slot: u32, kind: PlaceKind) -> Option<&mut Place> {
        let found = self.find(at, slot, kind)?;
        self.places.get_mut(found)
    }

    /// Places with the signatures of their people.
    pub(crate) fn signed(&self) -> impl Iterator<Item = (Place, Signature)> {
        self.places.iter().enumerate().map(|(at, place)| (*place, self.signature(at)))
    }

    pub(crate) fn shrink(&mut self) {
        self.places.shrink_to_fit();
    }

    pub(crate) fn approximate_bytes(&self) -> usize {
        size_of::<Self>() + self.places.capacity() * size_of::<Place>() + 32
    }

    fn find(&self, at: Unit, slot: u32, kind: PlaceKind) -> Option<usize> {
        self.places.iter().position(|place| place.is_of(slot, kind) && place.at == at)
    }

    fn signature(&self, at: usize) -> Signature {
        Signature::from_bits(self.rows.iter().map(|row| row >> at & 1 == 1))
    }

    fn write(&mut self, at: usize, signature: &Signature) {
        for (bit, row) in self.rows.iter_mut().enumerate() {
            *row = with_bit(*row, at, signature.bit(bit));
        }
    }
}

fn with_bit(word: u64, at: usize, on: bool) -> u64 {
    word & !(1 << at) | u64::from(on) << at
}
