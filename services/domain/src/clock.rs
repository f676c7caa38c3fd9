//! The one place that reads the wall clock. Everything else takes the time as an argument.

use jiff::Timestamp;

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
