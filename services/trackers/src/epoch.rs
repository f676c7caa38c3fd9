//! Times as apps write them: seconds or milliseconds since 1970, or ISO 8601. Must not read a clock.

use jiff::Timestamp;
use nearhand_domain::time::parse_instant;

/// From here on a number counts milliseconds; as seconds it would be the year 5138.
const FIRST_MILLISECONDS: f64 = 1e11;

/// An RFC 3339 instant, cut to milliseconds. The parser takes more than that RFC, so the form is
/// checked first: a date, `T`, a time, and `Z` or an offset, with or without its colon.
pub(crate) fn rfc3339_ms(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let shaped = (20..=40).contains(&bytes.len())
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && matches!(bytes[10], b'T' | b't' | b' ')
        && !text.contains('[');
    if !shaped {
        return None;
    }
    parse_instant(text).map(Timestamp::as_millisecond)
}

/// The same without a zone, which then is UTC.
pub(crate) fn zoneless_ms(text: &str) -> Option<i64> {
    let is_offset = |c: char| matches!(c, '+' | '-' | 'Z' | 'z');
    if text.get(11..)?.contains(is_offset) {
        return None;
    }
    rfc3339_ms(&format!("{text}Z"))
}

/// Seconds or milliseconds since 1970, cut to milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float too large becomes the largest integer"
)]
pub(crate) fn epoch_ms(number: f64) -> Option<i64> {
    let in_ms = if number.abs() < FIRST_MILLISECONDS { number * 1_000.0 } else { number };
    // Decimal fractions have no exact double: .123 must not become .122.
    in_ms.is_finite().then(|| (in_ms + 0.000_5).floor() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rfc_3339_is_a_time() {
        assert!(rfc3339_ms("2026-11-21T10:00:00Z").is_some());
        assert!(rfc3339_ms("2026-11-21T10:00:00.5-07:00").is_some());
        assert_eq!(rfc3339_ms("2026-11-21T10:00:00-0700"), rfc3339_ms("2026-11-21T17:00:00Z"));
        let leap = rfc3339_ms("2016-12-31T23:59:60Z").unwrap();
        assert_eq!(leap, rfc3339_ms("2016-12-31T23:59:59.999Z").unwrap());
        for bad in ["2026-11-21", "20261121T100000Z", "2026-11-21T10:00:00", "1700000000", ""] {
            assert!(rfc3339_ms(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn without_a_zone_it_is_utc_and_dates_alone_are_no_time() {
        let at = rfc3339_ms("2026-11-21T10:00:00Z");
        assert_eq!(zoneless_ms("2026-11-21T10:00:00"), at);
        assert_eq!(zoneless_ms("2026-11-21 10:00:00"), at);
        assert_eq!(zoneless_ms("2026-11-21T10:00:00+01:00"), None);
        assert_eq!(zoneless_ms("2026-11-21"), None);
    }

    #[test]
    fn seconds_and_milliseconds_are_told_apart_by_their_size() {
        assert_eq!(epoch_ms(1_800_000_000.0), Some(1_800_000_000_000));
        assert_eq!(epoch_ms(1_800_000_000_123.0), Some(1_800_000_000_123));
        assert_eq!(epoch_ms(1_800_000_000.123), Some(1_800_000_000_123));
        assert_eq!(epoch_ms(1_800_000_000.123_9), Some(1_800_000_000_123));
        assert_eq!(epoch_ms(f64::NAN), None);
        assert_eq!(epoch_ms(-1.5), Some(-1_500));
        assert_eq!(epoch_ms(1e300), Some(i64::MAX));
    }
}
