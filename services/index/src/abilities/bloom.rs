//! A Bloom filter for codes of which an organisation has many and a neighbourhood few. Must never
//! deny a code that was added.

/// A Bloom filter of 128 bits with two hashes (Bloom 1970).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bloom(pub(crate) [u64; 2]);

impl Bloom {
    #[expect(clippy::cast_possible_truncation, reason = "the halves of a word")]
    pub(crate) fn of(code: u32) -> Self {
        // Multiplicative hashing (Knuth, TAOCP 6.4), by the golden ratio.
        let mixed = code.wrapping_mul(0x9E37_79B1) >> 25;
        let bits: u128 = 1 << (code & 127) | 1 << mixed;
        Self([bits as u64, (bits >> 64) as u64])
    }

    pub(crate) fn has(self, code: u32) -> bool {
        let bits = Self::of(code).0;
        bits[0] & !self.0[0] | bits[1] & !self.0[1] == 0
    }

    /// The filter folded into 32 bits. A code is looked up in it by its own folded filter.
    #[expect(clippy::cast_possible_truncation, reason = "the halves of a word")]
    pub(crate) fn folded(self) -> u32 {
        let both = self.0[0] | self.0[1];
        both as u32 | (both >> 32) as u32
    }
}
