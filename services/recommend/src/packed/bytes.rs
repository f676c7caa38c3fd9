//! Numbers, texts and ids as few bytes, and back. Must give back exactly what was written, to the last
//! bit of a number, and must never fail on bytes that it did not write: it says that they are none.

use crate::rounding::{from_milli, whole};
use uuid::Uuid;

/// Writes.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

/// Reads what a [`Writer`] wrote; `None`: it wrote something else.
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

/// How a number of three decimals, a number of sixtieths of these, any number, and none are told
/// apart.
const MILLI: u64 = 0;
const MILLI_SIXTIETH: u64 = 1;
const EXACT: u64 = 2;
const NONE: u64 = 3;
/// Above this, whole thousandths would need more bytes than the number itself.
const MOST_MILLI: u64 = 1 << 48;

impl Writer {
    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.byte(u8::from(flag));
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// LEB128: seven bits a byte.
    pub(super) fn number(&mut self, mut number: u64) {
        while let Some(low) = u8::try_from(number & 0x7F).ok().filter(|_| number > 0x7F) {
            self.byte(low | 0x80);
            number >>= 7;
        }
        self.byte(u8::try_from(number).unwrap_or(0));
    }

    pub(super) fn count(&mut self, count: usize) {
        self.number(u64::try_from(count).unwrap_or(u64::MAX));
    }

    pub(super) fn optional_count(&mut self, count: Option<usize>) {
        self.count(count.map_or(0, |count| count.saturating_add(1)));
    }

    /// Small numbers of either sign are short.
    pub(super) fn signed(&mut self, number: i64) {
        self.number(zigzag(number));
    }

    pub(super) fn id(&mut self, id: Uuid) {
        self.raw(id.as_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.raw(text.as_bytes());
    }

    pub(super) fn float(&mut self, number: f64) {
        self.optional_float(Some(number));
    }

    /// Most numbers of an answer are whole thousandths, or these divided by sixty: a few bytes.
    /// Others take nine.
    pub(super) fn optional_float(&mut self, number: Option<f64>) {
        let Some(number) = number else { return self.number(NONE) };
        let same = |other: f64| other.to_bits() == number.to_bits();
        let milli = whole(libm::rint(number * 1e3));
        let sixtieths = whole(libm::rint(number * 6e4));
        let is_short = |milli: i64| milli.unsigned_abs() < MOST_MILLI;
        if is_short(milli) && same(from_milli(milli)) {
            self.number(zigzag(milli) << 2 | MILLI);
        } else if is_short(sixtieths) && same(from_milli(sixtieths) / 60.0) {
            self.number(zigzag(sixtieths) << 2 | MILLI_SIXTIETH);
        } else {
            self.number(EXACT);
            self.raw(&number.to_le_bytes());
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether all has been read.
    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn raw(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.raw(N)?.try_into().ok()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.fixed().map(|[byte]| byte)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(super) fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    pub(super) fn optional_count(&mut self) -> Option<Option<usize>> {
        self.count().map(|count| count.checked_sub(1))
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        self.number().map(unzigzag)
    }

    pub(super) fn id(&mut self) -> Option<Uuid> {
        self.fixed().map(Uuid::from_bytes)
    }

    pub(super) fn text(&mut self) -> Option<String> {
        let length = self.count()?;
        String::from_utf8(self.raw(length)?.to_vec()).ok()
    }

    pub(super) fn float32(&mut self) -> Option<f32> {
        self.fixed().map(f32::from_le_bytes)
    }

    pub(super) fn float64(&mut self) -> Option<f64> {
        self.fixed().map(f64::from_le_bytes)
    }

    pub(super) fn float(&mut self) -> Option<f64> {
        self.optional_float()?
    }

    pub(super) fn optional_float(&mut self) -> Option<Option<f64>> {
        let number = self.number()?;
        let milli = from_milli(unzigzag(number >> 2));
        match number & 3 {
            MILLI => Some(Some(milli)),
            MILLI_SIXTIETH => Some(Some(milli / 60.0)),
            EXACT => self.float64().map(Some),
            _ => Some(None),
        }
    }

    /// As many as were counted, each read in the same way.
    pub(super) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = self.count()?;
        // Each takes at least a byte: bytes that are none of ours reserve no memory.
        let mut list = Vec::with_capacity(count.min(self.0.len()));
        for _ in 0..count {
            list.push(read(self)?);
        }
        Some(list)
    }
}

fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_comes_back_to_the_last_bit(bits: u64, number: i64, milli in -9_000_000_i64..9_000_000) {
            let floats = [f64::from_bits(bits), from_milli(milli), from_milli(milli) / 60.0, -0.0];
            let mut writer = Writer::default();
            floats.iter().for_each(|&float| writer.float(float));
            writer.optional_float(None);
            writer.signed(number);
            writer.number(bits);
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes);
            for float in floats {
                prop_assert_eq!(reader.float().map(f64::to_bits), Some(float.to_bits()));
            }
            prop_assert_eq!(reader.optional_float(), Some(None));
            prop_assert_eq!(reader.signed(), Some(number));
            prop_assert_eq!(reader.number(), Some(bits));
            prop_assert!(reader.is_at_end());
        }

        #[test]
        fn bytes_of_others_are_refused_or_read_and_never_trusted(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            let texts = reader.list(Reader::text);
            prop_assert!(texts.is_none_or(|texts| texts.len() <= bytes.len()));
        }
    }

    #[test]
    fn usual_numbers_are_short() {
        let length = |number: Option<f64>| {
            let mut writer = Writer::default();
            writer.optional_float(number);
            writer.finish().len()
        };
        assert_eq!([None, Some(0.0), Some(0.125)].map(length), [1, 1, 2]);
        assert_eq!([Some(31.415), Some(12.5 / 60.0), Some(0.1 + 0.2)].map(length), [3, 3, 9]);
    }
}
