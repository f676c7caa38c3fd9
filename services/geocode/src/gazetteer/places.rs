//! The embedded table of places, read where it lies: nothing is decoded at start and nothing is held
//! on the heap. It does not choose between places.
//!
//! The format, little-endian. A header: `NHPLACE1`, the number of places and of other spellings
//! (u32 each), the lengths of five sections (u32 each). The sections:
//! 1. Records of 11 bytes, in order of the folded name, the most populous first among equals:
//!    latitude and longitude in 0.0001 degrees (i24 each), region (u16), population (u24).
//! 2. and 3. The names of the places in the same order, front-coded.
//! 4. and 5. Other spellings, folded and sorted, front-coded, each followed by its place (u24).
//!
//! Front coding: an entry is the number of bytes it shares with the entry before, the number of its
//! other bytes, and those bytes. Every 16th entry shares nothing, and a table of u32 says where it
//! starts. A search halves these blocks and then reads one or two of them.

use super::fold::fold;
use nearhand_domain::Position;
use std::{cmp::Ordering, ops::Range, sync::OnceLock};

static DATA: &[u8] = include_bytes!("../../data/places.bin");
const HEADER: usize = 36;
const RECORD: usize = 11;
const BLOCK: usize = 16;

/// One place of the table, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PlaceNumber(u32);

/// The table.
pub(crate) struct Places {
    records: &'static [u8],
    names: FrontCoded,
    others: FrontCoded,
}

/// The table of this binary.
pub(crate) fn places() -> &'static Places {
    static PLACES: OnceLock<Places> = OnceLock::new();
    PLACES.get_or_init(|| Places::read(DATA))
}

impl Places {
    fn read(data: &'static [u8]) -> Self {
        let (count, others) = (u32_at(data, 8), u32_at(data, 12));
        let mut at = HEADER;
        let mut section = |number: usize| {
            let from = at;
            at += u32_at(data, 16 + 4 * number);
            data.get(from..at).unwrap_or_default()
        };
        let records = section(0);
        let names = FrontCoded { starts: section(1), body: section(2), count, tail: 0 };
        let others = FrontCoded { starts: section(3), body: section(4), count: others, tail: 3 };
        Self { records, names, others }
    }

    /// Every place that bears the folded name, as its name or as another spelling, each once.
    pub(crate) fn named(&self, key: &str) -> Vec<PlaceNumber> {
        let mut found: Vec<PlaceNumber> = Vec::new();
        self.names.each_equal(key, fold, |number, _| found.push(PlaceNumber(number)));
        self.others.each_equal(key, str::to_owned, |_, tail| found.push(PlaceNumber(u24(tail))));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The name of a place, as its people write it.
    pub(crate) fn name(&self, place: PlaceNumber) -> String {
        self.names.get(place.0 as usize)
    }

    /// Where it lies. None only for a place that the table lacks or a damaged table.
    pub(crate) fn position(&self, place: PlaceNumber) -> Option<Position> {
        let (lat, lng) = self.degrees_e4(place)?;
        Position::from_e7(lat * 1_000, lng * 1_000).ok()
    }

    /// Number of its region in the table of regions.
    pub(crate) fn region(&self, place: PlaceNumber) -> usize {
        self.record(place).map_or(usize::MAX, |r| usize::from(u16::from_le_bytes([r[6], r[7]])))
    }

    /// How many people live there, 0 when that is not known.
    pub(crate) fn population(&self, place: PlaceNumber) -> u32 {
        self.record(place).map_or(0, |r| u24(&r[8..]))
    }

    /// All places, in order of their folded names.
    pub(crate) fn all(&self) -> impl Iterator<Item = PlaceNumber> + use<> {
        (0..u32::try_from(self.names.count).unwrap_or(0)).map(PlaceNumber)
    }

    fn degrees_e4(&self, place: PlaceNumber) -> Option<(i32, i32)> {
        self.record(place).map(|r| (i24(&r[..3]), i24(&r[3..6])))
    }

    fn record(&self, place: PlaceNumber) -> Option<&'static [u8]> {
        let from = place.0 as usize * RECORD;
        self.records.get(from..from + RECORD)
    }
}

/// A sorted list of texts, front-coded, each with `tail` bytes behind it.
struct FrontCoded {
    starts: &'static [u8],
    body: &'static [u8],
    count: usize,
    tail: usize,
}

impl FrontCoded {
    /// Calls `found` with the number and the tail of every entry whose key equals `key`.
    fn each_equal(&self, key: &str, key_of: fn(&str) -> String, mut found: impl FnMut(u32, &[u8])) {
        // The first block whose first entry is not before the key; the run may begin in the block before.
        let after = partition(self.blocks(), |block| {
            let mut first = String::new();
            self.read_block(block, 1, |_, name, _| first = key_of(name));
            first.as_str() < key
        });
        for block in after.saturating_sub(1)..self.blocks() {
            let mut beyond = false;
            self.read_block(block, BLOCK, |number, name, tail| {
                match key_of(name).as_str().cmp(key) {
                    Ordering::Less => {}
                    Ordering::Equal => found(number, tail),
                    Ordering::Greater => beyond = true,
                }
            });
            if beyond {
                break;
            }
        }
    }

    fn get(&self, number: usize) -> String {
        let mut text = String::new();
        self.read_block(number / BLOCK, number % BLOCK + 1, |_, name, _| {
            name.clone_into(&mut text);
        });
        text
    }

    fn blocks(&self) -> usize {
        self.count.div_ceil(BLOCK)
    }

    /// Reads the first `most` entries of a block. Damaged bytes end it early.
    fn read_block(&self, block: usize, most: usize, mut each: impl FnMut(u32, &str, &[u8])) {
        if self.starts.len() < 4 * (block + 1) {
            return;
        }
        let mut rest = self.body.get(u32_at(self.starts, 4 * block)..).unwrap_or_default();
        let mut text: Vec<u8> = Vec::new();
        let first = block * BLOCK;
        for number in first..(first + most.min(BLOCK)).min(self.count) {
            let [shared, own, more @ ..] = rest else { return };
            let (shared, own) = (usize::from(*shared), usize::from(*own));
            let (Some(suffix), Some(tail)) = (more.get(..own), more.get(own..own + self.tail))
            else {
                return;
            };
            text.truncate(shared);
            text.extend_from_slice(suffix);
            let (Ok(name), Ok(number)) = (std::str::from_utf8(&text), u32::try_from(number)) else {
                return;
            };
            each(number, name, tail);
            rest = &more[own + self.tail..];
        }
    }
}

/// How many of `0..count` come before the point where `before` turns false.
fn partition(count: usize, before: impl Fn(usize) -> bool) -> usize {
    let Range { mut start, mut end } = 0..count;
    while start < end {
        let middle = start + (end - start) / 2;
        if before(middle) {
            start = middle + 1;
        } else {
            end = middle;
        }
    }
    start
}

fn u32_at(data: &[u8], at: usize) -> usize {
    data.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)
}

fn u24(b: &[u8]) -> u32 {
    u32::from_le_bytes([b[0], b[1], b[2], 0])
}

fn i24(b: &[u8]) -> i32 {
    // The shift back carries the sign.
    i32::from_le_bytes([0, b[0], b[1], b[2]]) >> 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table_is_sound_and_in_order() {
        let places = places();
        assert!(DATA.starts_with(b"NHPLACE1") && DATA.len() < 8 << 20);
        assert!(places.names.count > 230_000 && places.others.count > 100_000);
        let (mut last, mut read) = (String::new(), 0);
        for block in 0..places.names.blocks() {
            places.names.read_block(block, BLOCK, |number, name, _| {
                let key = fold(name);
                assert!(
                    !key.is_empty() && key >= last,
                    "{name} is out of order: build.py folds differently"
                );
                assert!(places.position(PlaceNumber(number)).is_some(), "{name}");
                last = key;
                read += 1;
            });
        }
        assert_eq!(read, places.names.count);
        let (mut last, mut read) = (String::new(), 0);
        for block in 0..places.others.blocks() {
            places.others.read_block(block, BLOCK, |_, name, tail| {
                assert_eq!(fold(name), name, "build.py folds differently");
                assert!(name >= last.as_str() && (u24(tail) as usize) < places.names.count);
                name.clone_into(&mut last);
                read += 1;
            });
        }
        assert_eq!(read, places.others.count);
    }

    #[test]
    fn any_name_is_found_again() {
        let places = places();
        for place in places.all().step_by(97) {
            assert!(
                places.named(&fold(&places.name(place))).contains(&place),
                "{}",
                places.name(place)
            );
        }
        assert!(places.named("").is_empty() && places.named("zzzzzz").is_empty());
    }

    #[test]
    fn damaged_bytes_are_no_panic() {
        let cut = Places::read(&DATA[..100_000]);
        assert!(cut.named("berlin").is_empty());
        assert_eq!(cut.name(PlaceNumber(7)), "");
        let empty = Places::read(&[]);
        assert!(empty.named("berlin").is_empty() && empty.position(PlaceNumber(0)).is_none());
    }

    #[test]
    fn numbers_below_zero_survive() {
        assert_eq!(i24(&[0xff, 0xff, 0xff]), -1);
        assert_eq!(i24(&(-1_799_999i32).to_le_bytes()[..3]), -1_799_999);
    }
}
