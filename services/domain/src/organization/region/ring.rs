//! One ring: tidied, unwrapped across ±180 degrees, checked by itself, and turned in the direction
//! that RFC 7946 asks for. Must not look at other rings.

use super::reading::{Faults, RawPosition, RawRing};
use geo::{
    Coord, Intersects, Kernel, Line, LineString, Orientation, Winding, kernels::RobustKernel,
};

/// Most crossings named in one ring.
const RING_CROSSINGS: usize = 10;

/// A corner of a ring. The plane goes on beyond ±180 degrees: a ring that crosses the antimeridian
/// has corners of several turns, and each keeps the longitude that was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Vertex {
    /// Its place among the ring's positions, as sent.
    pub(super) index: usize,
    pub(super) lng: f64,
    pub(super) lat: f64,
    /// How many times 360 degrees are to be added to the longitude.
    pub(super) turn: i32,
}

impl Vertex {
    /// Its place in the unbounded plane.
    pub(super) fn coord(self) -> Coord<f64> {
        Coord { x: self.lng + 360.0 * f64::from(self.turn), y: self.lat }
    }
}

/// A simple ring; its last corner differs from its first.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    /// RFC 6901 pointer.
    pub(super) at: String,
    pub(super) vertices: Vec<Vertex>,
}

impl Ring {
    /// The closed ring in the unbounded plane.
    pub(super) fn line(&self) -> LineString<f64> {
        closed(&self.vertices)
    }

    /// Adds turns to all corners.
    pub(super) fn shift(&mut self, turns: i32) {
        self.vertices.iter_mut().for_each(|vertex| vertex.turn += turns);
    }

    /// West and east end in the unbounded plane.
    pub(super) fn span(&self) -> (f64, f64) {
        let xs = self.vertices.iter().map(|vertex| vertex.coord().x);
        xs.fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), x| (min.min(x), max.max(x)))
    }
}

/// Which way a ring is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Counter-clockwise.
    Outer,
    /// Clockwise.
    Hole,
}

/// What became of a ring.
#[derive(Debug)]
pub(super) enum Tidied {
    /// It can be compared with others; its spikes, if any, are told and gone.
    Simple(Ring),
    /// It encloses nothing, which is told.
    Nothing,
    /// It cannot be compared with others, and why is told.
    Broken,
}

/// Tidies and checks a ring.
pub(super) fn tidy(raw: &RawRing, direction: Direction, faults: &mut Faults) -> Tidied {
    let at = raw.at.as_str();
    if raw.positions.len() < 4 {
        let detail = "a ring needs at least four positions, the last equal to the first; remove \
                      it if simplification left it behind";
        faults.push(at, "ring_too_short", detail);
        return Tidied::Nothing;
    }
    let ends = raw.positions.first().zip(raw.positions.last());
    if !ends.is_some_and(|(first, last)| same(*first, *last)) {
        faults.push(at, "ring_not_closed", "the last position of a ring must equal the first");
        return Tidied::Broken;
    }
    let mut vertices = unrepeated(&raw.positions);
    if let Err(detail) = unwrap(&mut vertices) {
        faults.push(at, "around_pole", detail);
        return Tidied::Broken;
    }
    let jumps = raw.positions.windows(2).any(|two| (two[1].lng - two[0].lng).abs() > 180.0);
    let mut tips = take_spikes(&mut vertices);
    if vertices.len() < 3 || is_flat(&vertices) {
        let (code, detail) = if jumps {
            ("antimeridian", CUT)
        } else {
            let flat = "encloses no area: its positions are fewer than three or lie on one line; \
                        remove it, or draw it anew if simplification flattened it";
            ("zero_area", flat)
        };
        faults.push(at, code, detail);
        return Tidied::Nothing;
    }
    tips.sort_unstable();
    for tip in tips {
        let detail = "the ring runs back along itself here; remove the spike";
        faults.push(format!("{at}/{tip}"), "spike", detail);
    }
    let crossings = crossings(&vertices);
    for (one, other) in crossings.iter().take(RING_CROSSINGS) {
        let (one, other) = (vertices[*one].index, vertices[*other].index);
        let detail = format!(
            "the side from here to the next position crosses or touches the one from position \
             {other} of this ring; move one of them, or make two polygons that meet there"
        );
        faults.push(format!("{at}/{one}"), "self_crossing", detail);
    }
    if !crossings.is_empty() {
        return Tidied::Broken;
    }
    if closed(&vertices).is_ccw() != (direction == Direction::Outer) {
        vertices.reverse();
    }
    let ring = Ring { at: at.to_owned(), vertices };
    let (west, east) = ring.span();
    if east - west > 360.0 {
        faults.push(at, "antimeridian", CUT);
        return Tidied::Broken;
    }
    Tidied::Simple(ring)
}

/// What to do about a ring that crosses ±180 degrees and cannot be understood.
pub(super) const CUT: &str = "crosses ±180 degrees of longitude in a way that cannot be \
    understood; cut the area at ±180, one polygon on each side (RFC 7946 §3.1.9), with less than \
    180 degrees between neighbouring positions";

/// One place on the globe. All longitudes of a pole are told apart, as areas run along the edge of
/// the map there.
fn same(a: RawPosition, b: RawPosition) -> bool {
    let turned = a.lat.abs() < 90.0 && is_zero((a.lng - b.lng).abs() - 360.0);
    is_zero(a.lat - b.lat) && (is_zero(a.lng - b.lng) || turned)
}

fn is_zero(difference: f64) -> bool {
    difference == 0.0
}

/// The corners, each once, without the closing ones.
fn unrepeated(positions: &[RawPosition]) -> Vec<Vertex> {
    let mut kept: Vec<(usize, RawPosition)> = Vec::with_capacity(positions.len());
    for (index, position) in positions.iter().enumerate() {
        if kept.last().is_none_or(|(_, last)| !same(*last, *position)) {
            kept.push((index, *position));
        }
    }
    while kept.len() > 1 && same(kept[kept.len() - 1].1, kept[0].1) {
        kept.pop();
    }
    let vertex =
        |(index, at): (usize, RawPosition)| Vertex { index, lng: at.lng, lat: at.lat, turn: 0 };
    kept.into_iter().map(vertex).collect()
}

/// Sets every corner's turn so that no side is longer than 180 degrees of longitude: a longer one
/// was meant the other way round. Sides along a pole are as long as they are.
fn unwrap(vertices: &mut [Vertex]) -> Result<(), &'static str> {
    let mut turn = 0;
    for i in 1..=vertices.len() {
        let (from, to) = (vertices[i - 1], vertices[i % vertices.len()]);
        turn += turns(from, to);
        match vertices.get_mut(i) {
            Some(vertex) => vertex.turn = turn,
            None if turn != 0 => {
                return Err("goes once round a pole; cut it at ±180 degrees: let it run along \
                            longitude 180 to the pole (latitude 90 or -90), along the pole to \
                            longitude -180, and from there on, with at most 180 degrees between \
                            neighbouring positions");
            }
            None => {}
        }
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "longitudes lie within one turn")]
fn turns(from: Vertex, to: Vertex) -> i32 {
    let step = to.lng - from.lng;
    let along_pole = from.lat.abs() >= 90.0 && is_zero(from.lat - to.lat);
    if step.abs() <= 180.0 || along_pole { 0 } else { -(step / 360.0).round() as i32 }
}

fn turn_at(vertices: &[Vertex], i: usize) -> (Orientation, f64) {
    let of = |i: usize| vertices[i % vertices.len()].coord();
    let (before, there, after) = (of(i + vertices.len() - 1), of(i), of(i + 1));
    let (to, on) = (there - before, after - there);
    (RobustKernel::orient2d(before, there, after), to.x * on.x + to.y * on.y)
}

/// Whether all corners lie on one line. Exact (Shewchuk's predicates).
fn is_flat(vertices: &[Vertex]) -> bool {
    (0..vertices.len()).all(|i| turn_at(vertices, i).0 == Orientation::Collinear)
}

/// Takes out corners at which the ring runs back along itself; returns the index of the tip of
/// each spike.
fn take_spikes(vertices: &mut Vec<Vertex>) -> Vec<usize> {
    let mut tips = Vec::new();
    // Corners that go on since the start or the last spike.
    let (mut i, mut straight, mut since) = (0, 0, 2);
    while vertices.len() >= 3 && straight < vertices.len() {
        i %= vertices.len();
        let (turn, onward) = turn_at(vertices, i);
        if turn == Orientation::Collinear && onward <= 0.0 {
            if since >= 2 {
                tips.push(vertices[i].index);
            }
            vertices.remove(i);
            // The corner before has a new neighbour.
            i = (i + vertices.len() - 1) % vertices.len();
            straight = straight.saturating_sub(2);
            since = 0;
        } else {
            since += 1;
            straight += 1;
            i += 1;
        }
    }
    tips
}

/// Pairs of sides, named by their first corners, that meet although they are no neighbours. Sides
/// are swept from west to east: O(n log n) and the pairs whose boxes overlap.
pub(super) fn crossings(vertices: &[Vertex]) -> Vec<(usize, usize)> {
    let many = vertices.len();
    let side = |i: usize| Line::new(vertices[i].coord(), vertices[(i + 1) % many].coord());
    let mut sides: Vec<(usize, Line<f64>)> = (0..many).map(|i| (i, side(i))).collect();
    let west = |line: &Line<f64>| line.start.x.min(line.end.x);
    let east = |line: &Line<f64>| line.start.x.max(line.end.x);
    let south = |line: &Line<f64>| line.start.y.min(line.end.y);
    let north = |line: &Line<f64>| line.start.y.max(line.end.y);
    sides.sort_by(|(_, a), (_, b)| west(a).total_cmp(&west(b)));
    let mut open: Vec<(usize, Line<f64>)> = Vec::new();
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (i, line) in sides {
        open.retain(|(_, other)| east(other) >= west(&line));
        for (j, other) in &open {
            let (first, second) = (i.min(*j), i.max(*j));
            let neighbours = second - first == 1 || second - first == many - 1;
            // Four sides that meet in one corner are one fault.
            let near = |a: usize, b: usize| a.abs_diff(b) <= 1;
            let known = |(a, b): &(usize, usize)| near(*a, first) && near(*b, second);
            let beside = south(&line) <= north(other) && south(other) <= north(&line);
            if !neighbours && beside && line.intersects(other) && !found.iter().any(known) {
                found.push((first, second));
                if found.len() > RING_CROSSINGS {
                    return found;
                }
            }
        }
        open.push((i, line));
    }
    found.sort_unstable();
    found
}

fn closed(vertices: &[Vertex]) -> LineString<f64> {
    let mut line: Vec<Coord<f64>> = vertices.iter().map(|vertex| vertex.coord()).collect();
    line.extend(line.first().copied());
    LineString(line)
}
