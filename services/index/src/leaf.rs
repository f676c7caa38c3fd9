//! A leaf of the octree: some places, and what the people there can do, turned on its side. Must
//! tell of each place what the person's signature tells.

use crate::{
    columns::ones,
    masks::Masks,
    person::PlaceKind,
    places::{Place, Shown},
    signature::{SIGNATURE_BITS, Signature, Signed},
    sphere::Unit,
};

/// The most places in one leaf: as many as a word has bits.
pub(crate) const LEAF_MAX: usize = 64;

/// Some places next to each other; for each bit of a signature, a word that tells in whose it is
/// set, so that one word finds all who have an ability.
#[derive(Clone, Debug)]
pub struct Leaf {
    rows: [u64; SIGNATURE_BITS],
    /// Places that are not only ever counted from, but may be where their person is shown.
    shown: u64,
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
        Self { rows: [0; SIGNATURE_BITS], shown: 0, places: Vec::new() }
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
        ones(self.covering_of(self.everybody(), needed))
    }

    /// Those of some places, a bit each, whose people's signatures cover what is needed.
    pub(crate) fn covering_of(&self, some: u64, needed: &Signature) -> u64 {
        needed.bits().fold(some, |some, bit| some & self.rows[bit])
    }

    /// All places.
    pub(crate) fn everybody(&self) -> u64 {
        if self.is_full() { u64::MAX } else { (1 << self.places.len()) - 1 }
    }

    /// The places where people may be shown.
    pub(crate) fn shown(&self) -> u64 {
        self.shown
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
            self.shown &= !(1 << last);
        }
        found.is_some()
    }

    /// Replaces a place by one of the same person and kind.
    pub(crate) fn replace(&mut self, place: Place, masks: &Masks) {
        if let Some(found) = self.find(place.at, place.slot(), place.kind()) {
            self.places[found] = place;
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

    /// Reads the first and the last of some places.
    pub(crate) fn glance(&self, some: u64) -> u32 {
        let read = |at: u32| self.places.get(at as usize).map_or(0, Place::slot);
        read(some.trailing_zeros()) ^ read(63_u32.wrapping_sub(some.leading_zeros()))
    }

    /// Reads what a change will need, so that it is in the cache by then.
    pub(crate) fn glimpse(&self) -> u64 {
        let rows = self.rows.iter().step_by(8).fold(0, |sum, row| sum ^ row);
        self.places.iter().step_by(4).fold(rows, |sum, place| sum ^ u64::from(place.slot()))
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
        let place = &self.places[at];
        let shown = place.shown() != Shown::Never;
        self.shown = with_bit(self.shown, at, shown);
    }
}

fn with_bit(word: u64, at: usize, on: bool) -> u64 {
    word & !(1 << at) | u64::from(on) << at
}
