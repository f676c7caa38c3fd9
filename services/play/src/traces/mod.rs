//! Recorded GPS traces, read into fixes in order of time.
//!
//! Two forms are told apart by their first character: GPX 1.0 and 1.1 (XML), and plain text with
//! one fix a line, `latitude longitude occupied unix-seconds` (the cabspotting form; the third
//! field is not used). A point that is wrong is left out and counted, and costs the others nothing.
//! Errors name file and line but repeat no coordinate. Nothing here sends.

mod clean;
mod gpx;
mod plain;
mod text;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use nearhand_domain::{Position, PositionError};

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
    /// Points that cannot be played.
    pub left_out: Vec<LeftOut>,
}

/// Points of a file that are not played, for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// Why.
    pub reason: Reason,
    /// How many.
    pub count: usize,
    /// The line of the first, from 1; 0 if it is not known.
    pub line: usize,
}

/// Why a point is not played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It has no time, or an empty one.
    Untimed,
    /// Its time cannot be read.
    WrongTime,
    /// Its year is none in which a receiver could have recorded it.
    AbsurdYear,
    /// Its time is 1,024 weeks off, or several times that.
    RolledOver,
    /// Its time belongs to no journey of the file.
    StrayTime,
    /// It is no place: a coordinate is missing, no number, or out of range.
    NoPlace,
    /// It is (0, 0), which receivers without a fix report.
    NullIsland,
    /// A line is not of the expected form.
    WrongLine,
    /// The same time and place stand in the file before.
    Repeated,
    /// A waypoint from another time than the track.
    WaypointApart,
}

impl Reason {
    /// The word in summaries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Untimed => "untimed",
            Self::WrongTime => "wrong_time",
            Self::AbsurdYear => "absurd_year",
            Self::RolledOver => "rolled_over",
            Self::StrayTime => "stray_time",
            Self::NoPlace => "no_place",
            Self::NullIsland => "null_island",
            Self::WrongLine => "wrong_line",
            Self::Repeated => "repeated",
            Self::WaypointApart => "waypoint_apart",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Untimed => "without a time",
            Self::WrongTime => "with a time that is none",
            Self::AbsurdYear => "of a year before 1980 or after 2100",
            Self::RolledOver => "whose clock was 1,024 weeks off",
            Self::StrayTime => "far in time from the rest of the file",
            Self::NoPlace => "whose coordinates are no place",
            Self::NullIsland => "at (0, 0), where receivers without a fix are",
            Self::WrongLine => "that are not `latitude longitude occupied unix-seconds`",
            Self::Repeated => "that are in the file before",
            Self::WaypointApart => "that are waypoints from another time than the track",
        })
    }
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
    /// In the order of the file.
    fixes: Vec<Fix>,
    /// Places somebody marked, which may be older than the track.
    waypoints: Vec<Fix>,
    left_out: Vec<LeftOut>,
}

impl Content {
    /// Counts a point that is not played.
    fn leave_out(&mut self, reason: Reason, line: usize) {
        match self.left_out.iter_mut().find(|left_out| left_out.reason == reason) {
            Some(left_out) => left_out.count += 1,
            None => self.left_out.push(LeftOut { reason, count: 1, line }),
        }
    }
}

/// Reads a file.
///
/// # Errors
/// If it cannot be read, is of neither form, or holds no point that can be played.
pub fn read(path: &Path) -> Result<Trace, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    let bytes = fs::read(path).map_err(unreadable)?;
    let mut content = parse(&bytes).map_err(|at| Error::Wrong { path: path.to_owned(), at })?;
    let fixes = clean::clean(&mut content);
    let left_out = content.left_out;
    if fixes.is_empty() {
        let what = match left_out.as_slice() {
            [] => {
                "holds no fix; expected GPX, or lines of `latitude longitude occupied unix-seconds`"
            }
            [LeftOut { reason: Reason::Untimed, .. }] => {
                "none of its points has a time; only recorded tracks can be played"
            }
            _ => "none of its points has both a place and a time that can be read",
        };
        return Err(Error::Empty { path: path.to_owned(), what });
    }
    Ok(Trace { path: path.to_owned(), fixes, left_out })
}

fn parse(bytes: &[u8]) -> Result<Content, Mistake> {
    let text = text::decode(bytes);
    if text.trim_start().starts_with('<') { gpx::parse(&text) } else { plain::parse(&text) }
}

/// A place that a receiver may have recorded.
fn place(lat: Option<f64>, lng: Option<f64>) -> Result<Position, Reason> {
    let (Some(lat), Some(lng)) = (lat, lng) else { return Err(Reason::NoPlace) };
    Position::new(lat, lng).map_err(|error| match error {
        PositionError::NullIsland => Reason::NullIsland,
        _ => Reason::NoPlace,
    })
}

/// An instant that a receiver may have recorded: GPS began in 1980.
fn recorded(at: Timestamp) -> Result<Timestamp, Reason> {
    /// First second of 1980 and of 2101, UTC.
    const YEARS: std::ops::Range<i64> = 315_532_800..4_133_980_800;
    if YEARS.contains(&at.as_second()) { Ok(at) } else { Err(Reason::AbsurdYear) }
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

    fn of(name: &str, bytes: impl AsRef<[u8]>) -> Result<Trace, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        read(&path)
    }

    fn left_out(trace: &Trace) -> Vec<(Reason, usize, usize)> {
        trace.left_out.iter().map(|l| (l.reason, l.count, l.line)).collect()
    }

    #[test]
    fn one_wrong_line_costs_the_others_nothing() {
        let trace = of(
            "cab.txt",
            b"38.71 -9.14 0 1700000060\n\nhello\n38.71 -9.14 0 1700000061\n91 -9.14 0 1700000062\n\
              0 0 0 1700000063\n38.71 -9.14 0 soon\n38.71 -9.14 0 17\n\xff\xfe\n",
        )
        .unwrap();
        assert_eq!(trace.fixes.len(), 2);
        assert_eq!(
            left_out(&trace),
            [
                (Reason::WrongLine, 2, 3),
                (Reason::NoPlace, 1, 5),
                (Reason::NullIsland, 1, 6),
                (Reason::WrongTime, 1, 7),
                (Reason::AbsurdYear, 1, 8),
            ]
        );
    }

    #[test]
    fn a_file_without_anything_to_play_says_why() {
        let why = |name: &str, text: &str| of(name, text).unwrap_err().to_string();
        assert!(why("cab.txt", "\n\n").contains("holds no fix"));
        let neither = why("notes.txt", "hello\nworld\n");
        let expected = "notes.txt:1: expected 4 fields, `latitude longitude occupied unix-seconds`";
        assert!(neither.contains(expected), "{neither}");
        let untimed = "<gpx><wpt lat=\"1\" lon=\"2\"/></gpx>";
        assert!(why("poi.gpx", untimed).contains("none of its points has a time"));
        let nowhere = "<gpx><wpt lat=\"1\" lon=\"2\"/><wpt lat=\"91\" lon=\"2\"><time>2026-03-01T10:00:00Z</time></wpt></gpx>";
        assert!(why("poi.gpx", nowhere).contains("both a place and a time"));
        assert!(read(Path::new("/nowhere/at/all")).is_err());
    }

    #[test]
    fn a_track_in_utf_16_is_read() {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><gpx><trk><name>São</name><trkseg>\
            <trkpt lat=\"1\" lon=\"2\"><time>2026-03-01T10:00:00Z</time></trkpt></trkseg></trk></gpx>";
        let bytes: Vec<u8> =
            format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(of("day.gpx", bytes).unwrap().fixes.len(), 1);
    }
}
