//! Places in rows, in the order of a curve through space, with a box around each row: a tree of
//! two levels, of which the upper is read from end to end faster than branches could be chosen.

use crate::{
    octree::curve_key,
    places::Place,
    sphere::{SCALE, Unit},
};

#[cfg(test)]
pub(super) mod tests;

/// The most places of a row: as many as a word has bits.
pub(crate) const ROW: usize = 64;
/// Rows that are made at once are left some room.
const PACKED: usize = 56;
/// Rows with fewer are joined with the next, if both go well into one.
const FEW: usize = 16;

/// Where on the curve a place is; different for different places.
type Key = (u64, u32);

/// Places of people.
#[expect(clippy::vec_box, reason = "rows come in between, and pointers move faster than rows")]
#[derive(Debug, Default)]
pub(crate) struct List {
    rows: Vec<Box<Row>>,
    /// Between each two rows, the first key that would be in the second.
    edges: Vec<Key>,
    /// By axis and row, the box around its places.
    low: [Vec<i32>; 3],
    high: [Vec<i32>; 3],
}

/// Some places, at least one, component by component.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(crate) struct Row {
    axes: [[i32; ROW]; 3],
    who: [u32; ROW],
    len: usize,
}

/// By row, squared chords in squared fixed-point units that no place is nearer, or farther, than,
/// to single precision.
#[derive(Debug)]
pub(crate) struct Reaches {
    pub(crate) nearest: Vec<f32>,
    pub(crate) farthest: Vec<f32>,
}

impl List {
    /// A list of places in any order. O(n log n).
    pub(crate) fn of(places: impl IntoIterator<Item = Place>) -> Self {
        let places = places.into_iter().map(|place| (key(&place), place));
        let mut places: Vec<(Key, Place)> = places.collect();
        places.sort_unstable_by_key(|(key, _)| *key);
        let mut list = Self::default();
        for some in places.chunks(PACKED) {
            let mut row = Row::EMPTY;
            some.iter().for_each(|(_, place)| row.push(place));
            list.add(list.rows.len(), some[0].0, row);
        }
        list
    }

    /// Puts a place in. Cost: finding its row; now and then that is split.
    pub(crate) fn insert(&mut self, place: &Place) {
        let key = key(place);
        if self.rows.is_empty() {
            self.add(0, key, Row::EMPTY);
        }
        let mut row = self.row_of(key);
        if self.rows[row].len == ROW {
            let (middle, upper) = self.rows[row].split();
            self.fit(row);
            self.add(row + 1, middle, upper);
            row = self.row_of(key);
        }
        self.rows[row].push(place);
        self.cover(row, place.at);
    }

    /// Takes a place out, if it is here.
    pub(crate) fn remove(&mut self, place: &Place) {
        let row = self.row_of(key(place));
        let found = self.rows.get(row).and_then(|row| row.find(place));
        let Some(at) = found else { return };
        let here = &mut self.rows[row];
        here.remove(at);
        if here.len == 0 {
            self.take(row);
            return;
        }
        if self.is_at_side(row, place.at) {
            self.fit(row);
        }
        self.join_if_few(row);
    }

    /// Replaces a place by one of the same person.
    pub(crate) fn replace(&mut self, old: &Place, new: &Place) {
        let row = self.row_of(key(old));
        let found = self.rows.get(row).and_then(|row| row.find(old));
        if let Some(at) = found.filter(|_| row == self.row_of(key(new))) {
            self.rows[row].set(at, new);
            if self.is_at_side(row, old.at) {
                self.fit(row);
            } else {
                self.cover(row, new.at);
            }
        } else {
            self.remove(old);
            self.insert(new);
        }
    }

    /// Reads of what a change at a place will need as much as is worth it.
    pub(crate) fn warm(&self, place: &Place) -> u32 {
        let row = self.rows.get(self.row_of(key(place)));
        row.map_or(0, |row| row.who.iter().step_by(16).fold(0, |sum, who| sum ^ who))
    }

    /// How near and how far places may be, row by row.
    pub(crate) fn reaches(&self, from: Unit) -> Reaches {
        let mut nearest = vec![0.0; self.rows.len()];
        let mut farthest = nearest.clone();
        for (axis, from) in from.0.into_iter().enumerate() {
            let sides = self.low[axis].iter().zip(&self.high[axis]);
            let sums = nearest.iter_mut().zip(&mut farthest);
            for ((nearest, farthest), (&low, &high)) in sums.zip(sides) {
                let (below, above) = (single(low - from), single(from - high));
                let gap = below.max(above).max(0.0);
                *nearest += gap * gap;
                let reach = below.min(above);
                *farthest += reach * reach;
            }
        }
        Reaches { nearest, farthest }
    }

    /// A row by its number.
    pub(crate) fn row(&self, row: usize) -> &Row {
        &self.rows[row]
    }

    /// All places, in no order.
    #[cfg(test)]
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> {
        self.rows.iter().flat_map(|row| (0..row.len).map(|at| row.place(at)))
    }

    pub(crate) fn approximate_bytes(&self) -> usize {
        self.rows.len() * (size_of::<Row>() + 16) + self.rows.capacity() * 48
    }

    /// The row a key is in, or would be.
    fn row_of(&self, key: Key) -> usize {
        self.edges.partition_point(|&edge| edge <= key)
    }

    fn add(&mut self, row: usize, first: Key, places: Row) {
        self.rows.insert(row, Box::new(places));
        if row > 0 {
            self.edges.insert(row - 1, first);
        }
        for axis in 0..3 {
            self.low[axis].insert(row, SCALE);
            self.high[axis].insert(row, -SCALE);
        }
        self.fit(row);
    }

    fn take(&mut self, row: usize) -> Row {
        if !self.edges.is_empty() {
            self.edges.remove(row.saturating_sub(1));
        }
        for axis in 0..3 {
            self.low[axis].remove(row);
            self.high[axis].remove(row);
        }
        *self.rows.remove(row)
    }

    fn join_if_few(&mut self, row: usize) {
        let len = |row: usize| self.rows.get(row).map_or(ROW, |row| row.len);
        if len(row) < FEW && len(row) + len(row + 1) <= PACKED {
            let next = self.take(row + 1);
            (0..next.len).for_each(|at| self.rows[row].push(&next.place(at)));
            self.fit(row);
        }
    }

    /// Whether a place may hold a side of a row's box where it is.
    fn is_at_side(&self, row: usize, at: Unit) -> bool {
        (0..3).any(|axis| at.0[axis] == self.low[axis][row] || at.0[axis] == self.high[axis][row])
    }

    /// Makes a row's box cover a place.
    fn cover(&mut self, row: usize, at: Unit) {
        for (axis, component) in at.0.into_iter().enumerate() {
            let (low, high) = (&mut self.low[axis][row], &mut self.high[axis][row]);
            (*low, *high) = ((*low).min(component), (*high).max(component));
        }
    }

    /// Makes a row's box no larger than its places need.
    fn fit(&mut self, row: usize) {
        let here = &self.rows[row];
        for (axis, all) in here.axes.iter().enumerate() {
            let all = all[..here.len].iter();
            self.low[axis][row] = all.clone().fold(SCALE, |low, &this| low.min(this));
            self.high[axis][row] = all.fold(-SCALE, |high, &this| high.max(this));
        }
    }
}

impl Row {
    const EMPTY: Self = Self { axes: [[0; ROW]; 3], who: [0; ROW], len: 0 };

    /// How far each place is, in squared fixed-point units.
    pub(crate) fn squared_chords(&self, from: Unit) -> [f32; ROW] {
        let [x, y, z] = &self.axes;
        let mut chords = [0.0; ROW];
        for (this, ((x, y), z)) in chords.iter_mut().zip(x.iter().zip(y).zip(z)) {
            let [x, y, z] = [x - from.0[0], y - from.0[1], z - from.0[2]].map(single);
            *this = x * x + y * y + z * z;
        }
        chords[self.len..].fill(f32::INFINITY);
        chords
    }

    /// The place of a number below that of the row's places.
    pub(crate) fn place(&self, at: usize) -> Place {
        Place::listed(Unit(self.axes.map(|axis| axis[at])), self.who[at])
    }

    fn find(&self, place: &Place) -> Option<usize> {
        self.who[..self.len].iter().position(|&who| who == place.who())
    }

    fn set(&mut self, at: usize, place: &Place) {
        self.who[at] = place.who();
        for (axis, component) in self.axes.iter_mut().zip(place.at.0) {
            axis[at] = component;
        }
    }

    /// Puts a place in where there is room.
    fn push(&mut self, place: &Place) {
        self.len += 1;
        self.set(self.len - 1, place);
    }

    /// Takes one out; the last takes its seat.
    fn remove(&mut self, at: usize) {
        self.len -= 1;
        let last = self.place(self.len);
        self.set(at, &last);
    }

    /// Keeps the lower half and gives the other, with its first key.
    fn split(&mut self) -> (Key, Self) {
        let places = (0..self.len).map(|at| self.place(at));
        let mut places: Vec<(Key, Place)> = places.map(|place| (key(&place), place)).collect();
        places.sort_unstable_by_key(|(key, _)| *key);
        let (lower, upper) = places.split_at(places.len() / 2);
        let mut halves = [Self::EMPTY, Self::EMPTY];
        for (half, some) in halves.iter_mut().zip([lower, upper]) {
            some.iter().for_each(|(_, place)| half.push(place));
        }
        let [lower, higher] = halves;
        *self = lower;
        (upper[0].0, higher)
    }
}

fn key(place: &Place) -> Key {
    (curve_key(place.at), place.who())
}

/// In Earth radii, what nobody is nearer than who is beyond a squared chord.
pub(crate) fn at_least(squared: f32) -> f64 {
    (f64::from(squared) * (1.0 - 1e-6)).sqrt() / f64::from(SCALE)
}

/// In squared fixed-point units, to single precision, what is certainly no nearer than a squared
/// chord in Earth radii: whoever is farther away is so in truth.
#[expect(clippy::cast_possible_truncation, reason = "what is lost is added before")]
pub(crate) fn at_most(squared: f64) -> f32 {
    let scale = f64::from(SCALE);
    (squared * scale * scale * (1.0 + 1e-6)) as f32
}

#[expect(clippy::cast_precision_loss, reason = "1 in 10 million is enough")]
fn single(difference: i32) -> f32 {
    difference as f32
}
