//! Conversions between units, and rounding. Must give the same digits on every machine.

use crate::term::ONE;

/// Seconds as minutes.
pub(crate) fn minutes(seconds: i64) -> f64 {
    from_milli(millis(seconds)) / 60.0
}

/// Seconds as milliseconds.
pub(crate) fn millis(seconds: i64) -> i64 {
    seconds.saturating_mul(1_000)
}

/// Thousandths as a number.
#[expect(clippy::cast_precision_loss, reason = "instants and durations lie far below 2^53")]
pub(crate) fn from_milli(thousandths: i64) -> f64 {
    thousandths as f64 / 1_000.0
}

/// The whole part of a number. Numbers out of range become the nearest whole number in range.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, as is wanted")]
pub(crate) fn whole(number: f64) -> i64 {
    number as i64
}

/// A share in millionths, rounded half-even; may be above one whole.
pub(crate) fn ppm(share: f64) -> u64 {
    u64::try_from(whole(libm::rint(share * 1e6))).unwrap_or(0)
}

/// A share in millionths, rounded half-even and kept from 0 to one whole.
pub(crate) fn micro(share: f64) -> u32 {
    u32::try_from(whole(libm::rint(share * 1e6))).unwrap_or(0).min(ONE)
}

/// `numerator / denominator`, rounded half-even. The denominator must be above 0.
pub(crate) fn div_half_even(numerator: u64, denominator: u64) -> u64 {
    let (quotient, rest) = (numerator / denominator, numerator % denominator);
    let up = match (rest * 2).cmp(&denominator) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => quotient & 1,
        std::cmp::Ordering::Greater => 1,
    };
    quotient + up
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        assert_eq!([1, 3, 5, 7].map(|n| div_half_even(n, 2)), [0, 2, 2, 4]);
        assert_eq!([4, 5, 7, 8].map(|n| div_half_even(n, 3)), [1, 2, 2, 3]);
    }
}
