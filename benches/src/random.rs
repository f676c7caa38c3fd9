//! A seeded generator of our own, so that every machine measures the same people. Must never
//! depend on a library's stream of numbers.

use uuid::Uuid;

/// The splitmix64 generator (Steele, Lea, Flood 2014).
pub(crate) struct Random(u64);

impl Random {
    /// A stream of its own for every seed and number.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed ^ stream.wrapping_mul(0xD134_2543_DE82_EF95));
        random.0 = random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// A number of at least 0 and below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        let word = u32::try_from(self.next() >> 32).unwrap_or(0);
        f64::from(word) / 4_294_967_296.0
    }

    /// A whole number below `n`, which must be above 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// True so many times in a thousand.
    pub(crate) fn permille(&mut self, often: u64) -> bool {
        self.below(1_000) < often
    }

    /// One of several, which must not be none.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let many = u64::try_from(from.len()).unwrap_or(1);
        from[usize::try_from(self.below(many)).unwrap_or(0)]
    }

    /// About normally distributed, of mean 0 and deviation 1 (a sum of twelve).
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        let (high, low) = (self.next(), self.next());
        Uuid::from_u64_pair(high, low)
    }
}
