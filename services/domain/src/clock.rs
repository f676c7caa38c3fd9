//! The one place that reads the wall clock. Everything else takes the time as an argument.

use jiff::{Timestamp, civil::Date};

/// The present instant, cut to milliseconds as every stored time is.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the edge itself")]
pub fn now() -> Timestamp {
    to_millis(Timestamp::now())
}

/// Cuts an instant to whole milliseconds, towards the past.
#[must_use]
pub fn to_millis(at: Timestamp) -> Timestamp {
    let whole = at.as_nanosecond().div_euclid(1_000_000);
    i64::try_from(whole).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(at)
}

/// A date or an instant outside the years 1900 to 2199, which no record needs and not every part
/// of the system can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must lie between 1900 and 2200")]
pub struct OutOfRange;

/// First second of 1900 and of 2200, UTC.
const KEPT: std::ops::Range<i64> = -2_208_988_800..7_258_118_400;

/// Takes a date of the years that are kept.
///
/// # Errors
/// When it is earlier or later.
pub fn kept_date(date: Date) -> Result<Date, OutOfRange> {
    if (1900..2200).contains(&date.year()) { Ok(date) } else { Err(OutOfRange) }
}

/// Takes an instant of the years that are kept.
///
/// # Errors
/// When it is earlier or later.
pub fn kept_instant(at: Timestamp) -> Result<Timestamp, OutOfRange> {
    if KEPT.contains(&at.as_second()) { Ok(at) } else { Err(OutOfRange) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_years_that_every_part_can_hold_are_kept() {
        for (text, kept) in [
            ("-005000-01-01", false),
            ("0000-01-01", false),
            ("1899-12-31", false),
            ("1900-01-01", true),
            ("2199-12-31", true),
            ("2200-01-01", false),
            ("9999-01-01", false),
        ] {
            assert_eq!(kept_date(text.parse().unwrap()).is_ok(), kept, "{text}");
            let at: Timestamp = format!("{text}T00:00:00Z").parse().unwrap();
            assert_eq!(kept_instant(at).is_ok(), kept, "{text}");
        }
    }
}
