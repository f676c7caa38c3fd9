//! Plain text, one fix a line: `latitude longitude occupied unix-seconds`, in any order.

use jiff::Timestamp;
use nearhand_domain::Position;

use super::{Content, Fix, Mistake};

/// Reads a whole text; empty lines are skipped.
pub(super) fn parse(text: &str) -> Result<Content, Mistake> {
    let mut fixes = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |what: String| Mistake { line: index + 1, what };
        fixes.push(fix(line).map_err(wrong)?);
    }
    Ok(Content { fixes, untimed: 0 })
}

fn fix(line: &str) -> Result<Fix, String> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [lat, lng, _occupied, unix] = fields[..] else {
        let found = fields.len();
        return Err(format!(
            "expected 4 fields, `latitude longitude occupied unix-seconds`, found {found}"
        ));
    };
    let number = |name: &str, text: &str| {
        text.parse::<f64>().map_err(|_| format!("the {name} is not a number"))
    };
    let position = Position::new(number("latitude", lat)?, number("longitude", lng)?)
        .map_err(|error| error.to_string())?;
    let at = unix.parse::<i64>().ok().and_then(|unix| Timestamp::from_second(unix).ok());
    let at = at.ok_or("the last field is not a time in Unix seconds")?;
    Ok(Fix { at, position, speed_mps: None, course_deg: None, altitude_m: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_fixes() {
        let content = parse("38.7 -9.1 0 1700000000\r\n\n 38.8\t-9.2 1 1700000060 \n").unwrap();
        assert_eq!(content.fixes.len(), 2);
        let last = content.fixes[1];
        assert_eq!(last.position, Position::new(38.8, -9.2).unwrap());
        assert_eq!(last.at.as_second(), 1_700_000_060);
    }

    #[test]
    fn what_is_wrong_is_said_without_the_values() {
        for (line, what) in [
            ("38.7 -9.1 0", "4 fields"),
            ("38.7 -9.1 0 1 2", "found 5"),
            ("x -9.1 0 1700000000", "the latitude is not a number"),
            ("38.7 y 0 1700000000", "the longitude is not a number"),
            ("98.7 -9.1 0 1700000000", "between -90 and 90"),
            ("NaN -9.1 0 1700000000", "finite"),
            ("0 0 0 1700000000", "(0, 0)"),
            ("38.7 -9.1 0 noon", "Unix seconds"),
            ("38.7 -9.1 0 99999999999999", "Unix seconds"),
        ] {
            let mistake = parse(&format!("1 1 0 1\n{line}")).unwrap_err();
            assert_eq!(mistake.line, 2);
            assert!(mistake.what.contains(what), "{line}: {}", mistake.what);
            assert!(!mistake.what.contains("98.7"), "{}", mistake.what);
        }
    }
}
