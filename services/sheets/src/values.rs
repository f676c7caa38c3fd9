//! Values of spreadsheet cells as the text a person would write.
//!
//! It must not follow the display format further than telling dates from numbers.

use calamine::{CellErrorType, DataRef, ExcelDateTime, ExcelDateTimeType};
use std::borrow::Cow;

/// A value that is no text.
#[derive(Debug, PartialEq)]
pub(crate) enum NoText {
    /// An error such as `#REF!`.
    Error(CellErrorType),
    /// A number out of the range of dates.
    Date(f64),
    /// Infinite, or not a number.
    Number,
}

/// The text of a value; empty for an empty cell.
pub(crate) fn text<'a>(value: &'a DataRef<'_>, is_1904: bool) -> Result<Cow<'a, str>, NoText> {
    Ok(match value {
        DataRef::Empty => Cow::Borrowed(""),
        DataRef::String(text) => Cow::Borrowed(text),
        DataRef::SharedString(text) => Cow::Borrowed(text),
        DataRef::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        DataRef::Int(number) => Cow::Owned(number.to_string()),
        DataRef::Float(value) => Cow::Owned(number(*value)?),
        DataRef::DateTime(value) if value.is_duration() => {
            Cow::Owned(duration(value.as_f64()).ok_or(NoText::Date(value.as_f64()))?)
        }
        DataRef::DateTime(value) => {
            let serial = value.as_f64();
            Cow::Owned(date(serial, is_1904).ok_or(NoText::Date(serial))?)
        }
        DataRef::DateTimeIso(text) => Cow::Borrowed(iso_date(text)),
        DataRef::DurationIso(text) => Cow::Borrowed(text),
        DataRef::Error(error) => return Err(NoText::Error(error.clone())),
    })
}

/// A number with at most 15 digits, as spreadsheet programs show it, without exponent and without
/// `.0`: the sum of 0.1 and 0.2 is `0.3`.
fn number(value: f64) -> Result<String, NoText> {
    if !value.is_finite() {
        return Err(NoText::Number);
    }
    let rounded: f64 = format!("{value:.14e}").parse().map_err(|_| NoText::Number)?;
    // Adding zero turns -0 into 0.
    Ok((rounded + 0.0).to_string())
}

const DAY_S: i64 = 86_400;
/// 9999-12-31, the last day that Excel knows.
const LAST_DAY: i64 = 2_958_465;
/// 1900-02-29, which Excel counts though the year had none.
const NO_DAY: i64 = 60;

/// A date, an instant, or a time of day, to the second. Days are counted from 1900 or 1904.
fn date(serial: f64, is_1904: bool) -> Option<String> {
    let seconds = whole_seconds(serial)?;
    let (day, second) = (seconds.div_euclid(DAY_S), seconds.rem_euclid(DAY_S));
    let time = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    if day == 0 && !(is_1904 && second == 0) {
        return Some(time);
    }
    let last = if is_1904 { LAST_DAY - 1_462 } else { LAST_DAY };
    if day < 0 || day > last || (day == NO_DAY && !is_1904) {
        return None;
    }
    let whole = f64::from(i32::try_from(day).ok()?);
    let value = ExcelDateTime::new(whole, ExcelDateTimeType::DateTime, is_1904);
    let (year, month, day, ..) = value.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    Some(if second == 0 { date } else { format!("{date}T{time}") })
}

/// Hours, minutes and seconds, of which hours may be more than 24.
fn duration(serial: f64) -> Option<String> {
    let seconds = whole_seconds(serial)?;
    let (sign, seconds) = (if seconds < 0 { "-" } else { "" }, seconds.abs());
    Some(format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60))
}

fn whole_seconds(serial: f64) -> Option<i64> {
    const MOST_DAYS: f64 = 3.0e6;
    if !serial.is_finite() || serial.abs() > MOST_DAYS {
        return None;
    }
    let seconds = (serial * 86_400.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "at most 3e6 days, which fits")]
    Some(seconds as i64)
}

/// Drops a time of midnight from a date that is written out.
fn iso_date(text: &str) -> &str {
    match text.split_once('T') {
        Some((date, time)) if time.trim_end_matches('Z').chars().all(|c| "0:.".contains(c)) => date,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain() {
        for (value, text) in [
            (7.0, "7"),
            (-0.0, "0"),
            (0.1 + 0.2, "0.3"),
            (1234.56, "1234.56"),
            (4.915_112_345_678e12, "4915112345678"),
            (1e21, "1000000000000000000000"),
            (-0.000_001, "-0.000001"),
        ] {
            assert_eq!(number(value), Ok(text.to_owned()));
        }
        assert_eq!(number(f64::NAN), Err(NoText::Number));
    }

    #[test]
    fn dates_are_iso() {
        for (serial, is_1904, text) in [
            (45_943.0, false, Some("2025-10-13")),
            (45_943.5, false, Some("2025-10-13T12:00:00")),
            (45_942.999_999_9, false, Some("2025-10-13")),
            (0.354_166_666_666_666_7, false, Some("08:30:00")),
            (0.0, false, Some("00:00:00")),
            (0.0, true, Some("1904-01-01")),
            (1.0, false, Some("1900-01-01")),
            (59.0, false, Some("1900-02-28")),
            (60.0, false, None),
            (61.0, false, Some("1900-03-01")),
            (44_481.0, true, Some("2025-10-13")),
            (2_958_465.0, false, Some("9999-12-31")),
            (2_957_003.0, true, Some("9999-12-31")),
            (2_958_466.0, false, None),
            (-1.0, false, None),
            (f64::INFINITY, false, None),
        ] {
            assert_eq!(date(serial, is_1904).as_deref(), text, "{serial} {is_1904}");
        }
        assert_eq!(iso_date("2025-10-13T00:00:00Z"), "2025-10-13");
        assert_eq!(iso_date("2025-10-13T08:30:00"), "2025-10-13T08:30:00");
        assert_eq!(duration(1.5).as_deref(), Some("36:00:00"));
    }
}
