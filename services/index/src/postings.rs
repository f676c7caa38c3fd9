//! Posting lists: of each rare level of a skill, where those who have it are shown, component by
//! component, so that all of them are measured in less time than a tree takes to lead to the first.
//! Must list the very people whom the columns name.

use crate::{
    places::Place,
    sphere::{SCALE, Unit},
};

#[cfg(test)]
mod tests;

/// Levels of skills, as many as a signature tells apart.
pub(crate) const LISTED: usize = 60;
/// What not even one in so many has is rare.
const RARE: u32 = 64;
/// The most people listed of one ability: more no longer stay in the cache.
const MOST: u32 = 1 << 14;
/// Minima kept while measuring, each of every so many-th place: neighbours, who are listed next to
/// each other, fall into different ones.
pub(crate) const LANES: usize = 64;

/// By level of a skill, as numbered by signatures, its list if it is rare.
#[derive(Debug)]
pub(crate) struct Postings {
    lists: Vec<Option<List>>,
    /// Which have a list, a bit each.
    listed: u64,
}

/// Places by the number of their people.
#[derive(Debug, Default)]
pub(crate) struct List {
    who: Vec<u32>,
    axes: [Vec<i32>; 3],
}

/// What is to become of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    Drop,
    /// There is none, and there should be.
    Make,
}

impl Default for Postings {
    fn default() -> Self {
        Self { lists: (0..LISTED).map(|_| None).collect(), listed: 0 }
    }
}

impl Postings {
    /// Those who have an ability, if it is rare.
    pub(crate) fn list(&self, ability: usize) -> Option<&List> {
        self.lists.get(ability)?.as_ref()
    }

    /// Abilities with lists, a bit each.
    pub(crate) fn listed(&self) -> u64 {
        self.listed
    }

    /// Whether an ability that `having` of `present` people have is to have a list. A list is made
    /// later than one is dropped, so that none comes and goes all the time.
    pub(crate) fn verdict(&self, ability: usize, having: u32, present: u32) -> Verdict {
        let limit = (present / RARE).min(MOST);
        match self.list(ability) {
            Some(_) if having > limit => Verdict::Drop,
            None if having <= limit * 3 / 4 => Verdict::Make,
            _ => Verdict::Keep,
        }
    }

    /// Gives an ability a list, or takes it away.
    pub(crate) fn put(&mut self, ability: usize, list: Option<List>) {
        self.listed = self.listed & !(1 << ability) | u64::from(list.is_some()) << ability;
        self.lists[ability] = list;
    }

    /// Says where somebody who has an ability is shown; nowhere, if they no longer have it.
    pub(crate) fn tell(&mut self, ability: usize, slot: u32, places: &[Option<Place>]) {
        if let Some(list) = &mut self.lists[ability] {
            list.tell(slot, places);
        }
    }

    pub(crate) fn approximate_bytes(&self) -> usize {
        self.lists.iter().flatten().map(|list| list.who.capacity() * size_of::<Place>()).sum()
    }
}

impl List {
    fn place(&self, at: usize) -> Option<Place> {
        let [x, y, z] = &self.axes;
        Some(Place::listed(Unit([*x.get(at)?, y[at], z[at]]), self.who[at]))
    }

    /// Replaces all places of somebody. Cost: a binary search, and moving those behind if they
    /// become more or fewer.
    pub(crate) fn tell(&mut self, slot: u32, places: &[Option<Place>]) {
        let mut at = self.who.partition_point(|&who| Place::slot_of(who) < slot);
        let is_here = |list: &Self, at: usize| {
            list.who.get(at).is_some_and(|&who| Place::slot_of(who) == slot)
        };
        for place in places.iter().flatten() {
            if is_here(self, at) {
                self.who[at] = place.who();
                for (axis, component) in self.axes.iter_mut().zip(place.at.0) {
                    axis[at] = component;
                }
            } else {
                self.who.insert(at, place.who());
                for (axis, component) in self.axes.iter_mut().zip(place.at.0) {
                    axis.insert(at, component);
                }
            }
            at += 1;
        }
        while is_here(self, at) {
            self.who.remove(at);
            self.axes.iter_mut().for_each(|axis| {
                axis.remove(at);
            });
        }
    }

    /// Measures everybody.
    pub(crate) fn survey(&self, from: Unit) -> Survey<'_> {
        let mut survey = Survey {
            list: self,
            from,
            lanes: [f32::INFINITY; LANES],
            rows: Vec::with_capacity(self.who.len() / LANES + 1),
        };
        (0..=self.who.len() / LANES).for_each(|row| survey.add(&self.row(from, row)));
        survey
    }

    /// Squared chords of a row; what is over in the last one is infinitely far.
    fn row(&self, from: Unit, row: usize) -> [f32; LANES] {
        let axes = self.axes.each_ref().map(|axis| &axis[row * LANES..]);
        if let [Some(x), Some(y), Some(z)] = axes.map(|axis| axis.first_chunk::<LANES>()) {
            return squared_chords([x, y, z], from);
        }
        let mut last = [[0; LANES]; 3];
        last.iter_mut().zip(axes).for_each(|(last, axis)| last[..axis.len()].copy_from_slice(axis));
        let mut chords = squared_chords(last.each_ref(), from);
        chords[axes[0].len()..].fill(f32::INFINITY);
        chords
    }
}

/// How far the places of a list are, by squared chords in squared fixed-point units, to 1 in a
/// million.
#[derive(Debug)]
pub(crate) struct Survey<'a> {
    list: &'a List,
    from: Unit,
    /// The least of every so many-th place.
    lanes: [f32; LANES],
    /// The least of each row of so many.
    rows: Vec<f32>,
}

impl Survey<'_> {
    fn add(&mut self, row: &[f32; LANES]) {
        for (least, &this) in self.lanes.iter_mut().zip(row) {
            *least = lesser(*least, this);
        }
        let mut left = *row;
        for half in [32, 16, 8, 4, 2, 1] {
            for at in 0..half {
                left[at] = lesser(left[at], left[at + half]);
            }
        }
        self.rows.push(left[0]);
    }

    /// What at least so many do not exceed, and hardly more than need be.
    pub(crate) fn within_reach_of(&self, many: usize) -> f32 {
        let mut lanes = self.lanes;
        let nth = many.max(1) - 1;
        if nth < LANES {
            *lanes.select_nth_unstable_by(nth, f32::total_cmp).1
        } else {
            f32::INFINITY
        }
    }

    /// The places beyond one distance and within another.
    pub(crate) fn between(&self, beyond: f32, within: f32, mut found: impl FnMut(Place)) {
        let rows = self.rows.iter().enumerate().filter(|(_, least)| **least <= within);
        for (row, _) in rows {
            // Measuring again costs less than keeping what was measured.
            let chords = self.list.row(self.from, row);
            let seats = chords.iter().enumerate();
            let seats = seats.filter(|(_, chord)| **chord > beyond && **chord <= within);
            let places = seats.filter_map(|(seat, _)| self.list.place(row * LANES + seat));
            places.for_each(&mut found);
        }
    }
}

fn lesser(one: f32, other: f32) -> f32 {
    if other < one { other } else { one }
}

#[expect(clippy::cast_precision_loss, reason = "1 in 10 million is enough")]
fn squared_chords([x, y, z]: [&[i32; LANES]; 3], from: Unit) -> [f32; LANES] {
    let mut row = [0.0; LANES];
    for (this, ((x, y), z)) in row.iter_mut().zip(x.iter().zip(y).zip(z)) {
        let [x, y, z] = [x - from.0[0], y - from.0[1], z - from.0[2]].map(|gap| gap as f32);
        *this = x * x + y * y + z * z;
    }
    row
}

/// In squared Earth radii, what nobody beyond a distance is nearer than.
pub(crate) fn at_least(beyond: f32) -> f64 {
    f64::from(beyond) * (1.0 - 1e-6) / (f64::from(SCALE) * f64::from(SCALE))
}
