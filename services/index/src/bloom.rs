//! Filters for words of which there are many and few in one place. Must never deny a word put in.

/// A Bloom filter of 128 bits and two hashes (Bloom 1970), for words of which there are many and few
/// in one place.
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

    /// In 32 bits, to be asked by [`Self::folded`] codes.
    #[expect(clippy::cast_possible_truncation, reason = "the halves of a word")]
    pub(crate) fn folded(self) -> u32 {
        let both = self.0[0] | self.0[1];
        both as u32 | (both >> 32) as u32
    }
}
