//! The short forms of skills, languages, licences and working hours in a cell, both ways. What is
//! read becomes the JSON of the API's forms, whose rules then judge it.

use crate::list::{join, split};
use jiff::civil::Date;
use nearhand_domain::{facts::LicenceFact, preference::LanguageLevel, schedule::WeeklyShift};
use serde_json::{Value, json};

/// The days of a week, from Monday.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// The cell of somebody who never works.
const NEVER: &str = "never";

pub(crate) fn skills(skills: &[(String, u8)]) -> String {
    join(skills.iter().map(|(code, level)| format!("{code}:{level}")))
}

/// Entry by entry; an error names the form.
pub(crate) fn read_skills(cell: &str) -> Result<Value, String> {
    entries(cell, |entry| {
        let (code, level) = entry.rsplit_once(':')?;
        let level: u8 = level.trim().parse().ok()?;
        Some(json!({ "code": code.trim(), "level": level }))
    })
    .map_err(|n| format!("entry {n} is not a code and a level such as `camera:3`"))
}

pub(crate) fn languages(languages: &[(String, LanguageLevel)]) -> String {
    join(languages.iter().map(|(tag, level)| format!("{tag}:{}", level.as_str())))
}

pub(crate) fn read_languages(cell: &str) -> Result<Value, String> {
    entries(cell, |entry| {
        let (language, level) = entry.rsplit_once(':')?;
        Some(json!({ "language": language.trim(), "level": level.trim().to_lowercase() }))
    })
    .map_err(|n| format!("entry {n} is not a language and a level such as `pt:native`"))
}

pub(crate) fn licences(licences: &[LicenceFact]) -> String {
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    join(licences.iter().map(|l| {
        let dated =
            format!("{}/{}/{}/{}", l.code, l.jurisdiction, day(l.valid_from), day(l.valid_to));
        dated.trim_end_matches('/').to_owned()
    }))
}

pub(crate) fn read_licences(cell: &str) -> Result<Value, String> {
    entries(cell, |entry| {
        let parts: Vec<&str> = entry.split('/').map(str::trim).collect();
        let (code, jurisdiction) = (*parts.first()?, *parts.get(1)?);
        let day = |at: usize| -> Option<Option<&str>> {
            match parts.get(at).copied().filter(|part| !part.is_empty()) {
                None => Some(None),
                Some(part) => part.parse::<Date>().ok().map(|_| Some(part)),
            }
        };
        let (from, to) = (day(2)?, day(3)?);
        (parts.len() <= 4).then(|| {
            json!({ "code": code, "jurisdiction": jurisdiction, "valid_from": from, "valid_to": to })
        })
    })
    .map_err(|n| {
        format!("entry {n} is not a licence such as `PI/PT` or `PI/PT/2020-01-01/2030-12-31`")
    })
}

/// Empty when no hours are recorded.
pub(crate) fn hours(shifts: Option<&[WeeklyShift]>) -> String {
    let clock = |min: u16| format!("{:02}:{:02}", min / 60, min % 60);
    match shifts {
        None => String::new(),
        Some([]) => NEVER.to_owned(),
        Some(shifts) => join(shifts.iter().map(|s| {
            let day = DAYS.get(usize::from(s.weekday).wrapping_sub(1)).copied().unwrap_or("?");
            format!("{day} {}-{}", clock(s.start_min), clock(s.end_min))
        })),
    }
}

pub(crate) fn read_hours(cell: &str) -> Result<Value, String> {
    if cell.trim().eq_ignore_ascii_case(NEVER) {
        return Ok(json!([]));
    }
    let mut shifts = Vec::new();
    for (entry, n) in split(cell).iter().zip(1usize..) {
        let read = shift(entry).ok_or_else(|| {
            format!("entry {n} is not a day and two times such as `mon 08:00-16:30`")
        })?;
        shifts.extend(read);
    }
    Ok(Value::Array(shifts))
}

/// One day, or several from one to another.
fn shift(entry: &str) -> Option<Vec<Value>> {
    let (days, times) = entry.trim().split_once(char::is_whitespace)?;
    let (start, end) = times.split_once(['-', '–'])?;
    let (start, end) = (minute(start)?, minute(end)?);
    let day = |word: &str| {
        let word = word.trim().to_lowercase();
        DAYS.iter().position(|day| *day == word)
    };
    let (first, last) = days.split_once(['-', '–']).unwrap_or((days, days));
    let (first, last) = (day(first)?, day(last)?);
    let count = (last + 7 - first) % 7 + 1;
    let days = (0..count).map(|n| (first + n) % 7 + 1);
    Some(days.map(|day| json!({ "weekday": day, "start_min": start, "end_min": end })).collect())
}

/// `08:00` as minutes after midnight; `24:00` is the end of the day.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let fits = |part: &str| (1..=2).contains(&part.len());
    let (hour, minute): (u16, u16) =
        (fits(hour).then(|| hour.parse().ok())??, fits(minute).then(|| minute.parse().ok())??);
    (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
}

/// Reads every entry; the error is the number of the first that is not as it should be.
fn entries(cell: &str, read: impl Fn(&str) -> Option<Value>) -> Result<Value, usize> {
    let mut values = Vec::new();
    for (entry, n) in split(cell).iter().zip(1usize..) {
        values.push(read(entry).ok_or(n)?);
    }
    Ok(Value::Array(values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_come_back_as_they_went() {
        let shifts = [(1, 480, 990), (5, 1_320, 360), (7, 0, 1_440)];
        let shifts =
            shifts.map(|(weekday, start_min, end_min)| WeeklyShift { weekday, start_min, end_min });
        let cell = hours(Some(&shifts));
        assert_eq!(cell, "mon 08:00-16:30; fri 22:00-06:00; sun 00:00-24:00");
        let read = read_hours(&cell).unwrap();
        assert_eq!(serde_json::from_value::<Vec<WeeklyShift>>(read).unwrap(), shifts);
        assert_eq!(read_hours(&hours(Some(&[]))), Ok(json!([])));
        assert_eq!(hours(None), "");
    }

    #[test]
    fn a_range_of_days_is_a_shift_on_each() {
        let days = |cell: &str| {
            let read = read_hours(cell).unwrap();
            let days = read.as_array().unwrap().iter().map(|s| s["weekday"].as_u64().unwrap());
            days.collect::<Vec<_>>()
        };
        assert_eq!(days("Mon-Fri 8:00-16:30"), [1, 2, 3, 4, 5]);
        assert_eq!(days("sat-mon 08:00-09:00; wed 08:00-09:00"), [6, 7, 1, 3]);
        for bad in ["mon", "mon 8-9", "noon 08:00-09:00", "mon 24:01-25:00", "mon 08:60-09:00"] {
            assert!(read_hours(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn licences_come_back_as_they_went() {
        let day = |text: &str| Some(text.parse().unwrap());
        let licence = |valid_from, valid_to| LicenceFact {
            code: "PI".to_owned(),
            jurisdiction: "PT".to_owned(),
            valid_from,
            valid_to,
        };
        let all = [
            licence(None, None),
            licence(None, day("2030-12-31")),
            licence(day("2020-01-01"), None),
        ];
        assert_eq!(licences(&all), "PI/PT; PI/PT//2030-12-31; PI/PT/2020-01-01");
        let read = read_licences(&licences(&all)).unwrap();
        assert_eq!(read[0]["valid_to"], Value::Null);
        assert_eq!(read[1]["valid_to"], "2030-12-31");
        assert_eq!(read[2]["valid_from"], "2020-01-01");
        for bad in ["PI", "PI/PT/soon", "PI/PT/2020-01-01/2030-12-31/x"] {
            assert!(read_licences(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn codes_may_hold_colons() {
        let cell = skills(&[("a:b".to_owned(), 3)]);
        assert_eq!(read_skills(&cell), Ok(json!([{ "code": "a:b", "level": 3 }])));
        assert_eq!(read_skills("camera: 3"), Ok(json!([{ "code": "camera", "level": 3 }])));
        assert!(read_skills("camera").is_err() && read_skills("a:1; b:x").is_err());
    }
}
