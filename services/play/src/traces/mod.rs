//! Recorded GPS traces, read into fixes in order of time.
//!
//! Two forms are told apart by their first character: GPX 1.0 and 1.1 (XML), and plain text with
//! one fix a line, `latitude longitude occupied unix-seconds` (the cabspotting form; the third
//! field is not used). Errors name file and line but repeat no coordinate. Nothing here sends.

mod gpx;
mod plain;

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use nearhand_domain::Position;

/// A recorded fix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    /// When it was taken.
    pub at: Timestamp,
    /// Where.
    pub position: Position,
    /// Metres per second, where recorded.
    pub speed_mps: Option<f64>,
    /// Degrees clockwise from north, where recorded.
    pub course_deg: Option<f64>,
    /// Metres, where recorded.
    pub altitude_m: Option<f64>,
}

/// One file's fixes, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Where it came from.
    pub path: PathBuf,
    /// At least one.
    pub fixes: Vec<Fix>,
    /// Points that had no time, which cannot be played and were left out.
    pub untimed: usize,
}

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A line is wrong.
    #[error("{}:{}: {}", path.display(), at.line, at.what)]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// Where in it, and what.
        at: Mistake,
    },
    /// There is nothing to play.
    #[error("{}: {what}", path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
    },
}

/// What is wrong in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// From 1.
    pub line: usize,
    /// What, and what was expected.
    pub what: String,
}

/// The content of a file in either form.
#[derive(Debug, Default, PartialEq)]
struct Content {
    fixes: Vec<Fix>,
    untimed: usize,
}

/// Reads a file.
///
/// # Errors
/// If it cannot be read, a line is wrong, or nothing in it has a time.
pub fn read(path: &Path) -> Result<Trace, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    let bytes = fs::read(path).map_err(unreadable)?;
    let content = parse(&bytes).map_err(|at| Error::Wrong { path: path.to_owned(), at })?;
    let Content { mut fixes, untimed } = content;
    if fixes.is_empty() {
        let what = if untimed > 0 {
            "none of its points has a time; only recorded tracks can be played"
        } else {
            "holds no fix; expected GPX, or lines of `latitude longitude occupied unix-seconds`"
        };
        return Err(Error::Empty { path: path.to_owned(), what });
    }
    fixes.sort_by_key(|fix| fix.at);
    Ok(Trace { path: path.to_owned(), fixes, untimed })
}

fn parse(bytes: &[u8]) -> Result<Content, Mistake> {
    let text = std::str::from_utf8(bytes).map_err(|error| Mistake {
        line: line_at(bytes, error.valid_up_to()),
        what: "is not UTF-8 text".to_owned(),
    })?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('<') { gpx::parse(text) } else { plain::parse(text) }
}

/// The line, from 1, of a place in a text.
fn line_at(bytes: &[u8], offset: usize) -> usize {
    let before = &bytes[..offset.min(bytes.len())];
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixes_come_in_order_of_time_whatever_the_file_s_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cab.txt");
        fs::write(&path, "38.71 -9.14 0 1700000060\n38.70 -9.14 1 1700000000\n").unwrap();
        let trace = read(&path).unwrap();
        assert_eq!(trace.fixes.len(), 2);
        assert_eq!(trace.fixes[0].at.as_second(), 1_700_000_000);
        assert!(trace.fixes[0].at < trace.fixes[1].at);
    }

    #[test]
    fn errors_name_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cab.txt");
        fs::write(&path, "38.71 -9.14 0 1700000060\n\nhello\n").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(
            error.ends_with(
                "cab.txt:3: expected 4 fields, `latitude longitude occupied unix-seconds`, found 1"
            ),
            "{error}"
        );
        fs::write(&path, "\n\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("holds no fix"));
        fs::write(&path, b"38.71 -9.14 0 1700000060\n\xff\xfe").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains(":2: is not UTF-8"));
        assert!(read(&folder.path().join("none")).is_err());
    }

    #[test]
    fn a_file_of_untimed_points_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("poi.gpx");
        fs::write(&path, "<gpx><wpt lat=\"1\" lon=\"2\"/></gpx>").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("none of its points has a time"));
    }
}
