//! Plain text, one fix a line: `latitude longitude occupied unix-seconds`, in any order.

use jiff::Timestamp;

use super::{Content, Fix, Mistake, Reason, place, recorded};

/// Reads a whole text; empty lines are skipped, wrong ones counted.
pub(super) fn parse(text: &str) -> Result<Content, Mistake> {
    let mut content = Content::default();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match fix(line) {
            Ok(fix) => content.fixes.push(fix),
            Err(reason) => content.leave_out(reason, index + 1),
        }
    }
    // Not one line of this form: it is another file.
    match content.left_out.as_slice() {
        [wrong] if content.fixes.is_empty() && wrong.reason == Reason::WrongLine => {
            let what = "expected 4 fields, `latitude longitude occupied unix-seconds`".to_owned();
            Err(Mistake { line: wrong.line, what })
        }
        _ => Ok(content),
    }
}

fn fix(line: &str) -> Result<Fix, Reason> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [lat, lng, _occupied, unix] = fields[..] else { return Err(Reason::WrongLine) };
    let position = place(lat.parse().ok(), lng.parse().ok())?;
    let at = unix.parse::<i64>().ok().and_then(|unix| Timestamp::from_second(unix).ok());
    let at = recorded(at.ok_or(Reason::WrongTime)?)?;
    Ok(Fix { at, position, speed_mps: None, course_deg: None, altitude_m: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::Position;

    #[test]
    fn lines_become_fixes() {
        let content = parse("38.7 -9.1 0 1700000000\r\n\n 38.8\t-9.2 1 1700000060 \n").unwrap();
        assert_eq!(content.fixes.len(), 2);
        let last = content.fixes[1];
        assert_eq!(last.position, Position::new(38.8, -9.2).unwrap());
        assert_eq!(last.at.as_second(), 1_700_000_060);
    }

    #[test]
    fn what_is_wrong_costs_its_line() {
        for (line, reason) in [
            ("38.7 -9.1 0", Reason::WrongLine),
            ("38.7 -9.1 0 1 2", Reason::WrongLine),
            ("x -9.1 0 1700000000", Reason::NoPlace),
            ("38.7 y 0 1700000000", Reason::NoPlace),
            ("98.7 -9.1 0 1700000000", Reason::NoPlace),
            ("NaN -9.1 0 1700000000", Reason::NoPlace),
            ("0 0 0 1700000000", Reason::NullIsland),
            ("38.7 -9.1 0 noon", Reason::WrongTime),
            ("38.7 -9.1 0 99999999999999", Reason::WrongTime),
            ("38.7 -9.1 0 9999999999", Reason::AbsurdYear),
        ] {
            let content = parse(&format!("1 1 0 1700000000\n{line}")).unwrap();
            assert_eq!(content.fixes.len(), 1);
            let left_out = content.left_out[0];
            assert_eq!((left_out.reason, left_out.count, left_out.line), (reason, 1, 2), "{line}");
        }
    }
}
