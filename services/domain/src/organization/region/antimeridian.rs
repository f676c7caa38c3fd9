//! Cuts polygons that reach across 180 degrees into parts on either side, as RFC 7946 §3.1.9 asks.
//! Corners keep the numbers that were sent; only the points on the cut are new. Must not judge
//! whether the rings were right.

use super::ring::{Ring, Vertex};
use geo::{
    Coord, LineString, Polygon, Validation, Winding,
    coordinate_position::{CoordPos, CoordinatePosition},
};
use std::cmp::Ordering;

/// The half of the plane that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    West,
    East,
}

/// A run of corners on the kept side, from where the ring comes over the line to where it leaves.
struct Chain {
    points: Vec<Coord<f64>>,
    entry: End,
    exit: End,
}

/// Where a chain meets the line: latitude, and how fast that changes away from the line.
#[derive(Clone, Copy)]
struct End {
    lat: f64,
    slope: f64,
}

/// The polygons within ±180 degrees that cover what the rings enclose: one if nothing lies beyond.
/// The outer ring runs counter-clockwise, holes run clockwise, and no ring spans more than 360
/// degrees. `None`: the rings meet the line in a way that cannot be cut without doubt.
///
/// Cost: O(n log n) for the cut, and a validity check of what was cut, which compares segments.
pub(super) fn cut(outer: &Ring, holes: &[Ring]) -> Option<Vec<Polygon<f64>>> {
    let mut rings: Vec<Ring> = std::iter::once(outer).chain(holes).cloned().collect();
    let turns = turns_to_front(outer.span().0);
    rings.iter_mut().for_each(|ring| ring.shift(turns));
    let rings: Vec<&[Vertex]> = rings.iter().map(|ring| ring.vertices.as_slice()).collect();
    if !rings.iter().copied().flatten().any(|vertex| offset(*vertex) > 0.0) {
        let mut lines =
            rings.iter().map(|ring| closed(ring.iter().map(|v| placed(*v, Side::West))));
        let shell = lines.next()?;
        return Some(vec![Polygon::new(shell, lines.collect())]);
    }
    let mut parts = half(&rings, Side::West)?;
    parts.extend(half(&rings, Side::East)?);
    parts.iter().all(Validation::is_valid).then_some(parts)
}

/// How many turns bring a longitude into -180 up to 180.
#[expect(clippy::cast_possible_truncation, reason = "longitudes lie within a few turns")]
fn turns_to_front(lng: f64) -> i32 {
    -((lng + 180.0) / 360.0).floor() as i32
}

/// Degrees east of the line at 180 degrees; the sign is exact.
fn offset(vertex: Vertex) -> f64 {
    vertex.lng - (180.0 - 360.0 * f64::from(vertex.turn))
}

/// A corner within ±180 degrees. Exact where the number that was sent lies there.
fn placed(vertex: Vertex, side: Side) -> Coord<f64> {
    let turns = vertex.turn - i32::from(side == Side::East);
    Coord { x: vertex.lng + 360.0 * f64::from(turns), y: vertex.lat }
}

/// What of the polygon lies on one side of the line. Corners on the line count as beyond it, so
/// that a ring that only touches it is kept apart there.
fn half(rings: &[&[Vertex]], side: Side) -> Option<Vec<Polygon<f64>>> {
    let (mut chains, mut whole) = (Vec::new(), Vec::new());
    for ring in rings {
        let depths: Vec<f64> = ring.iter().map(|vertex| depth(*vertex, side)).collect();
        let next = |i: usize| depths[(i + 1) % depths.len()];
        let along = (0..depths.len()).any(|i| depths[i].abs() <= 0.0 && next(i).abs() <= 0.0);
        if !depths.iter().any(|depth| *depth > 0.0) {
            continue;
        }
        if along || depths.iter().any(|depth| *depth < 0.0) {
            chains.extend(chains_of(ring, &depths, side));
        } else {
            whole.push(closed(ring.iter().map(|vertex| placed(*vertex, side))));
        }
    }
    let mut parts: Vec<Polygon<f64>> =
        joined(&chains, side)?.into_iter().map(|shell| Polygon::new(shell, Vec::new())).collect();
    for hole in whole {
        parts.iter_mut().find(|part| encloses(part, &hole))?.interiors_push(hole);
    }
    Some(parts)
}

/// Degrees from the line into the kept side.
fn depth(vertex: Vertex, side: Side) -> f64 {
    if side == Side::West { -offset(vertex) } else { offset(vertex) }
}

fn chains_of(ring: &[Vertex], depths: &[f64], side: Side) -> Vec<Chain> {
    let many = ring.len();
    let inside = |i: usize| depths[i % many] > 0.0;
    let begins = (0..many).filter(|i| inside(*i) && !inside(*i + many - 1));
    let chain = |begin: usize| {
        let kept: Vec<usize> = (begin..begin + many).take_while(|i| inside(*i)).collect();
        let last = begin + kept.len() - 1;
        let at = |i: usize| (ring[i % many], depths[i % many]);
        let entry = end(at(begin), at(begin + many - 1));
        let exit = end(at(last), at(last + 1));
        let seam = |end: End| Coord { x: seam(side), y: end.lat };
        let corners = kept.iter().map(|i| placed(at(*i).0, side));
        let points = std::iter::once(seam(entry)).chain(corners).chain(std::iter::once(seam(exit)));
        Chain { points: points.collect(), entry, exit }
    };
    begins.map(chain).collect()
}

fn seam(side: Side) -> f64 {
    if side == Side::West { 180.0 } else { -180.0 }
}

/// Where the side between a corner within and one beyond meets the line. The same from both sides
/// and in both directions, so that what was one stays without a gap.
fn end((inner, depth): (Vertex, f64), (beyond, past): (Vertex, f64)) -> End {
    let lat = if past >= 0.0 {
        beyond.lat
    } else {
        let (east, west) = if offset(inner) > 0.0 { (inner, beyond) } else { (beyond, inner) };
        let part = offset(west) / (offset(west) - offset(east));
        west.lat + (east.lat - west.lat) * part
    };
    End { lat, slope: (inner.lat - lat) / depth }
}

/// Joins chains along the line: going north, the polygon lies between the first and the second
/// meeting, the third and the fourth, and so on.
fn joined(chains: &[Chain], side: Side) -> Option<Vec<LineString<f64>>> {
    let mut ends: Vec<(End, usize, bool)> = Vec::with_capacity(2 * chains.len());
    for (i, chain) in chains.iter().enumerate() {
        ends.push((chain.entry, i, false));
        ends.push((chain.exit, i, true));
    }
    ends.sort_by(|(a, ..), (b, ..)| northward(*a, *b));
    let mut next: Vec<Option<usize>> = vec![None; chains.len()];
    for two in ends.chunks(2) {
        let [(_, south, south_leaves), (_, north, north_leaves)] = two else { return None };
        let leaves_south = side == Side::West;
        if (*south_leaves, *north_leaves) != (leaves_south, !leaves_south) {
            return None;
        }
        let (from, to) = if leaves_south { (*south, *north) } else { (*north, *south) };
        next[from] = Some(to);
    }
    let mut rings = Vec::new();
    for first in 0..chains.len() {
        let (mut points, mut at) = (Vec::new(), first);
        while let Some(to) = next[at].take() {
            points.extend_from_slice(&chains[at].points);
            at = to;
        }
        rings.extend(Some(closed(points.into_iter())).filter(has_area));
    }
    Some(rings)
}

fn northward(a: End, b: End) -> Ordering {
    a.lat.total_cmp(&b.lat).then(a.slope.total_cmp(&b.slope))
}

fn has_area(ring: &LineString<f64>) -> bool {
    ring.winding_order().is_some()
}

fn closed(points: impl Iterator<Item = Coord<f64>>) -> LineString<f64> {
    let mut line: Vec<Coord<f64>> = points.collect();
    line.dedup();
    line.extend(line.first().copied());
    line.dedup();
    LineString(line)
}

/// Whether a hole lies in a part: by its first corner that is not on the boundary.
fn encloses(part: &Polygon<f64>, hole: &LineString<f64>) -> bool {
    let mut places = hole.0.iter().map(|corner| part.coordinate_position(corner));
    places
        .find(|place| *place != CoordPos::OnBoundary)
        .is_none_or(|place| place == CoordPos::Inside)
}
