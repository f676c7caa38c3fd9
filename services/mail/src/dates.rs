//! Instants and durations as people read them, in each language. Must not read the clock.

use crate::templates::Language;
use jiff::{Timestamp, tz::TimeZone};

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const GERMAN: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
const SPANISH: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
const FRENCH: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// An instant with its zone, such as `1 December 2026, 14:30 (Europe/Lisbon)`. The month is a word,
/// so that day and month cannot be confused. Where clocks are put back, an hour happens twice: then
/// the offset follows the zone.
pub(crate) fn format(at: Timestamp, zone: &TimeZone, language: Language) -> String {
    let local = at.to_zoned(zone.clone());
    let (day, year) = (local.day(), local.year());
    let (hour, minute) = (local.hour(), local.minute());
    let month = |names: &[&'static str; 12]| {
        usize::try_from(local.month() - 1).ok().and_then(|at| names.get(at).copied()).unwrap_or("")
    };
    let words = match language {
        Language::En => format!("{day} {} {year}, {hour:02}:{minute:02}", month(&ENGLISH)),
        Language::De => format!("{day}. {} {year}, {hour:02}:{minute:02} Uhr", month(&GERMAN)),
        Language::Es => {
            format!("{day} de {} de {year}, {hour:02}:{minute:02}\u{a0}h", month(&SPANISH))
        }
        Language::Fr => {
            let first = if day == 1 { "er" } else { "" };
            let month = month(&FRENCH);
            format!("{day}{first} {month} {year} à {hour:02}\u{a0}h\u{a0}{minute:02}")
        }
    };
    let offset = format!("UTC{}", local.strftime("%:z"));
    let twice = zone.to_ambiguous_timestamp(local.datetime()).is_ambiguous();
    match zone.iana_name() {
        Some(name) if twice => format!("{words} ({name}, {offset})"),
        Some(name) => format!("{words} ({name})"),
        None => format!("{words} ({offset})"),
    }
}

/// A duration such as `1 h 30 min`, in the unit symbols that all our languages share.
pub(crate) fn duration(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes}\u{a0}min"),
        (hours, 0) => format!("{hours}\u{a0}h"),
        (hours, minutes) => format!("{hours}\u{a0}h {minutes}\u{a0}min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::zone;

    fn formatted(at: &str, name: &str, language: Language) -> String {
        format(at.parse().unwrap(), &zone::get(name).unwrap(), language)
    }

    #[test]
    fn a_date_reads_as_each_language_writes_it() {
        for (language, expected) in [
            (Language::En, "1 December 2026, 14:30 (Europe/Lisbon)"),
            (Language::De, "1. Dezember 2026, 14:30 Uhr (Europe/Lisbon)"),
            (Language::Es, "1 de diciembre de 2026, 14:30\u{a0}h (Europe/Lisbon)"),
            (Language::Fr, "1er décembre 2026 à 14\u{a0}h\u{a0}30 (Europe/Lisbon)"),
        ] {
            assert_eq!(formatted("2026-12-01T14:30:00Z", "Europe/Lisbon", language), expected);
        }
        let second = formatted("2026-08-02T22:05:00Z", "Europe/Paris", Language::Fr);
        assert_eq!(second, "3 août 2026 à 00\u{a0}h\u{a0}05 (Europe/Paris)");
    }

    #[test]
    fn a_duration_has_no_empty_part() {
        assert_eq!(duration(45), "45\u{a0}min");
        assert_eq!(duration(120), "2\u{a0}h");
        assert_eq!(duration(90), "1\u{a0}h 30\u{a0}min");
    }

    #[test]
    fn an_hour_that_happens_twice_is_told_with_its_offset() {
        let first = formatted("2026-10-25T00:30:00Z", "Europe/Berlin", Language::En);
        let second = formatted("2026-10-25T01:30:00Z", "Europe/Berlin", Language::En);
        assert_eq!(first, "25 October 2026, 02:30 (Europe/Berlin, UTC+02:00)");
        assert_eq!(second, "25 October 2026, 02:30 (Europe/Berlin, UTC+01:00)");
    }

    #[test]
    fn a_zone_without_a_name_is_its_offset() {
        let zone = TimeZone::fixed(jiff::tz::offset(-3));
        let text = format("2026-01-31T12:00:00Z".parse().unwrap(), &zone, Language::En);
        assert_eq!(text, "31 January 2026, 09:00 (UTC-03:00)");
    }
}
