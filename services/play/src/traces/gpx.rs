//! GPX 1.0 and 1.1: every track point, route point and way point that has a place and a time.
//! Points that have not are counted; only what is no GPX at all is a mistake.

use std::str::FromStr;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use nearhand_domain::{Position, time::parse_instant};
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use super::{Content, Fix, Mistake, Reason, line_at, place, recorded};

/// The point being read.
struct Point {
    place: Result<Position, Reason>,
    at: Result<Timestamp, Reason>,
    speed_mps: Option<f64>,
    course_deg: Option<f64>,
    altitude_m: Option<f64>,
}

/// Counts lines as the reading goes on.
struct Lines<'a> {
    bytes: &'a [u8],
    offset: usize,
    line: usize,
}

impl Lines<'_> {
    fn at(&mut self, offset: usize) -> usize {
        let passed = self.bytes.get(self.offset..offset).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.offset = offset.max(self.offset);
        self.line
    }
}

/// Reads a whole document; namespaces are not looked at, as many writers get them wrong.
pub(super) fn parse(text: &str) -> Result<Content, Mistake> {
    let mut reader = Reader::from_str(text);
    let mut lines = Lines { bytes: text.as_bytes(), offset: 0, line: 1 };
    let mut content = Content::default();
    let mut path: Vec<String> = Vec::new();
    let mut point: Option<Point> = None;
    let mut value = String::new();
    loop {
        let line = lines.at(offset(reader.buffer_position()));
        let wrong = |what: String| Mistake { line, what };
        let event = reader.read_event().map_err(|error| Mistake {
            line: line_at(text.as_bytes(), offset(reader.error_position())),
            what: format!("is not well-formed XML: {error}"),
        })?;
        match event {
            Event::Start(element) => {
                let name = element.local_name().into_inner().to_owned();
                expect_gpx(&path, &name).map_err(wrong)?;
                if is_point(&name) {
                    point = Some(begin(&element));
                }
                path.push(name);
                value.clear();
            }
            Event::Empty(element) => {
                let name = element.local_name().into_inner();
                expect_gpx(&path, name).map_err(wrong)?;
                if is_point(name) {
                    finish(begin(&element), name, line, &mut content);
                }
            }
            Event::Text(words) => value.push_str(&words.xml_content(XmlVersion::Implicit1_0)),
            Event::CData(words) => value.push_str(&words.xml_content(XmlVersion::Implicit1_0)),
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                if is_point(&name) {
                    if let Some(point) = point.take() {
                        finish(point, &name, line, &mut content);
                    }
                } else if let Some(point) = &mut point
                    && path.last().is_some_and(|parent| is_point(parent))
                {
                    set(point, &name, value.trim());
                }
                value.clear();
            }
            Event::Eof if path.is_empty() => return Ok(content),
            Event::Eof => {
                return Err(wrong("ends in the middle; is the file complete?".to_owned()));
            }
            _ => {}
        }
    }
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn expect_gpx(path: &[String], name: &str) -> Result<(), String> {
    if path.is_empty() && name != "gpx" {
        return Err("is XML, but not GPX: its first element is not <gpx>".to_owned());
    }
    Ok(())
}

fn is_point(name: &str) -> bool {
    matches!(name, "trkpt" | "rtept" | "wpt")
}

fn begin(element: &BytesStart<'_>) -> Point {
    let number = |name: &str| {
        let attribute = element.try_get_attribute(name).ok().flatten()?;
        let text = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        f64::from_str(text.trim()).ok()
    };
    let (place, at) = (place(number("lat"), number("lon")), Err(Reason::Untimed));
    Point { place, at, speed_mps: None, course_deg: None, altitude_m: None }
}

/// Takes a child's text; children that are not known are left alone.
fn set(point: &mut Point, name: &str, text: &str) {
    let number = || f64::from_str(text).ok().filter(|number| number.is_finite());
    match name {
        "time" if text.is_empty() => {}
        "time" => point.at = time(text).ok_or(Reason::WrongTime).and_then(recorded),
        "ele" => point.altitude_m = number(),
        "speed" => point.speed_mps = number().filter(|speed| *speed >= 0.0),
        "course" => point.course_deg = number().filter(|course| (0.0..=360.0).contains(course)),
        _ => {}
    }
}

/// GPX asks for UTC; a time without a zone is taken as such.
fn time(text: &str) -> Option<Timestamp> {
    let zoned = parse_instant(text).or_else(|| parse_instant(&format!("{text}Z")));
    zoned.or_else(|| Some(text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp()))
}

#[expect(clippy::needless_pass_by_value, reason = "a point is finished once and gone")]
fn finish(point: Point, name: &str, line: usize, content: &mut Content) {
    let Point { place, at, speed_mps, course_deg, altitude_m } = point;
    match at.and_then(|at| Ok((at, place?))) {
        Ok((at, position)) => {
            let fix = Fix { at, position, speed_mps, course_deg, altitude_m };
            let fixes = if name == "wpt" { &mut content.waypoints } else { &mut content.fixes };
            fixes.push(fix);
        }
        Err(reason) => content.leave_out(reason, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="us" xmlns="http://www.topografix.com/GPX/1/1">
  <metadata><time>2026-01-01T00:00:00Z</time></metadata>
  <wpt lat="38.70" lon="-9.10"><name>caf&#233; &amp; bar</name></wpt>
  <rte><rtept lon="-9.11" lat="38.71"><time>2026-03-01T10:00:00</time></rtept></rte>
  <trk><trkseg>
    <trkpt lat="38.72" lon="-9.12"><ele>12.5</ele><time>2026-03-01T10:01:00Z</time>
      <extensions><x:speed xmlns:x="urn:x">99</x:speed></extensions></trkpt>
    <trkpt lat="38.73" lon="-9.13"><time>2026-03-01T11:02:00+01:00</time><speed>4.5</speed><course>90</course></trkpt>
    <trkpt lat="38.74" lon="-9.14"/>
  </trkseg></trk>
</gpx>"#;

    #[test]
    fn timed_points_of_every_kind_are_read() {
        let content = parse(SAMPLE).unwrap();
        assert_eq!((content.fixes.len(), content.waypoints.len()), (3, 0));
        let left_out = content.left_out[0];
        assert_eq!((left_out.reason, left_out.count, left_out.line), (Reason::Untimed, 2, 4));
        let [route, first, second] = content.fixes[..] else { panic!("three") };
        assert_eq!(route.at.to_string(), "2026-03-01T10:00:00Z");
        assert_eq!(first.altitude_m, Some(12.5));
        assert_eq!(first.speed_mps, None, "an extension's speed is not the point's");
        assert_eq!(second.at.to_string(), "2026-03-01T10:02:00Z");
        assert_eq!((second.speed_mps, second.course_deg), (Some(4.5), Some(90.0)));
        assert_eq!(second.position, Position::new(38.73, -9.13).unwrap());
    }

    #[test]
    fn a_wrong_point_costs_the_others_nothing() {
        let good = "<trkpt lat=\"1\" lon=\"1\"><time>2026-03-01T10:00:00Z</time></trkpt>";
        let timed = |attributes: &str, time: &str| {
            format!("<trkpt {attributes}><time>{time}</time></trkpt>")
        };
        let now = "2026-03-01T10:00:00Z";
        for (point, reason) in [
            (timed("lat=\"x\" lon=\"2\"", now), Reason::NoPlace),
            (timed("lat=\"91\" lon=\"2\"", now), Reason::NoPlace),
            (timed("lat=\"1\"", now), Reason::NoPlace),
            (timed("lat=\"0\" lon=\"0.0\"", now), Reason::NullIsland),
            (timed("lat=\"1\" lon=\"1\"", ""), Reason::Untimed),
            (timed("lat=\"1\" lon=\"1\"", "noon"), Reason::WrongTime),
            (timed("lat=\"1\" lon=\"1\"", "0000-00-00T00:00:00Z"), Reason::WrongTime),
            (timed("lat=\"1\" lon=\"1\"", "1970-01-01T00:00:00Z"), Reason::AbsurdYear),
            (timed("lat=\"1\" lon=\"1\"", "9999-12-31T23:59:59Z"), Reason::WrongTime),
            ("<trkpt lat=\"1\" lon=\"1\"><time/></trkpt>".to_owned(), Reason::Untimed),
        ] {
            let text = format!("<gpx><trk><trkseg>{good}\n{point}\n{good}</trkseg></trk></gpx>");
            let content = parse(&text).unwrap();
            assert_eq!(content.fixes.len(), 2, "{point}");
            let left_out = content.left_out[0];
            assert_eq!((left_out.reason, left_out.count, left_out.line), (reason, 1, 2), "{point}");
        }
    }

    #[test]
    fn a_leap_second_lies_between_its_neighbours() {
        let at = |text: &str| time(text).unwrap();
        for leap in ["2016-12-31T23:59:60Z", "2016-12-31T23:59:60"] {
            assert!(at("2016-12-31T23:59:59.5Z") < at(leap));
            assert!(at(leap) < at("2017-01-01T00:00:00Z"));
        }
    }

    #[test]
    fn mistakes_have_their_line() {
        for (text, line, what) in [
            ("<gpx>\n<trk>\n</gpx>", 3, "not well-formed"),
            ("<gpx>\n<trk>", 2, "is the file complete"),
            ("<kml></kml>", 1, "not GPX"),
        ] {
            let mistake = parse(text).unwrap_err();
            assert!(mistake.what.contains(what), "{text}: {}", mistake.what);
            assert_eq!(mistake.line, line, "{text}: {}", mistake.what);
        }
    }
}
