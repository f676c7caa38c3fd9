//! Whether rings make polygons, and polygons an area: holes within their outer ring, parts apart
//! from each other. Must compare only rings that are right by themselves.

use super::{
    antimeridian::cut,
    reading::{Faults, RawPart},
    ring::{CUT, Direction, Ring, Tidied, tidy},
};
use geo::{
    BoundingRect, Intersects, Polygon, PreparedGeometry, Rect, Relate,
    coordinate_position::CoordPos, dimensions::Dimensions,
};
use std::collections::BTreeSet;

/// A polygon of the area, cut at ±180 degrees if it reaches across.
struct Piece {
    /// Which part it comes from.
    part: usize,
    polygon: Polygon<f64>,
    bounds: Option<Rect<f64>>,
}

/// The polygons of these parts; whatever is wrong with them is added to the faults.
pub(super) fn polygons(raw: &[RawPart], faults: &mut Faults) -> Vec<Polygon<f64>> {
    let mut pieces = Vec::new();
    for (part, raw) in raw.iter().enumerate() {
        let piece = |polygon: Polygon<f64>| {
            let bounds = polygon.bounding_rect();
            Piece { part, polygon, bounds }
        };
        pieces.extend(part_of(raw, faults).into_iter().map(piece));
    }
    compare(&pieces, raw, faults);
    pieces.into_iter().map(|piece| piece.polygon).collect()
}

/// One part as polygons within ±180 degrees. Nothing if a ring's fault keeps it from being compared
/// with other parts.
fn part_of(raw: &RawPart, faults: &mut Faults) -> Vec<Polygon<f64>> {
    let (mut outer, mut holes, mut all_right) = (None, Vec::new(), true);
    for (i, ring) in raw.rings.iter().enumerate() {
        let direction = if i == 0 { Direction::Outer } else { Direction::Hole };
        match ring.as_ref().map(|ring| tidy(ring, direction, faults)) {
            Some(Tidied::Simple(ring)) if i == 0 => outer = Some(ring),
            Some(Tidied::Simple(ring)) => holes.push(ring),
            Some(Tidied::Nothing) => {}
            Some(Tidied::Broken) | None => all_right = false,
        }
    }
    let Some(outer) = outer else { return Vec::new() };
    into_span(&outer, &mut holes);
    if !check_holes(&outer, &holes, faults) || !all_right {
        return Vec::new();
    }
    cut(&outer, &holes).unwrap_or_else(|| {
        faults.push(raw.at.as_str(), "antimeridian", CUT);
        Vec::new()
    })
}

/// Turns holes to where their outer ring is, if it was written with other turns.
fn into_span(outer: &Ring, holes: &mut [Ring]) {
    let (west, east) = outer.span();
    for hole in holes {
        let (from, to) = hole.span();
        let fits = |turns: &i32| {
            let by = 360.0 * f64::from(*turns);
            west <= from + by && to + by <= east
        };
        if let Some(turns) = [0, 1, -1, 2, -2].into_iter().find(fits) {
            hole.shift(turns);
        }
    }
}

/// Whether all holes lie in the outer ring and apart from each other.
fn check_holes(outer: &Ring, holes: &[Ring], faults: &mut Faults) -> bool {
    let solid = |ring: &Ring| Polygon::new(ring.line(), Vec::new());
    let shell = solid(outer);
    let shell = PreparedGeometry::from(&shell);
    let solids: Vec<Polygon<f64>> = holes.iter().map(solid).collect();
    let mut all_right = true;
    let mut wrong = |ring: &Ring, code: &'static str, detail: String| {
        faults.push(ring.at.as_str(), code, detail);
        all_right = false;
    };
    for (i, hole) in holes.iter().enumerate() {
        let to_shell = shell.relate(&solids[i]);
        if !to_shell.is_contains() {
            let detail = "the hole lies outside the outer ring or crosses it; draw it inside, or \
                          make it a polygon of its own";
            wrong(hole, "hole_outside", detail.to_owned());
        } else if to_shell.get(CoordPos::OnBoundary, CoordPos::OnBoundary)
            == Dimensions::OneDimensional
        {
            let detail =
                "the hole runs along the outer ring; take it out of the outer ring instead";
            wrong(hole, "hole_on_edge", detail.to_owned());
        }
        for (j, other) in holes.iter().enumerate().take(i) {
            let name = other.at.rsplit('/').next().unwrap_or_default();
            match meeting(&solids[j], &solids[i]) {
                Meeting::Apart => {}
                Meeting::Overlap => {
                    wrong(
                        hole,
                        "holes_overlap",
                        format!("the hole overlaps ring {name}; join them"),
                    );
                }
                Meeting::Edge => {
                    let detail = format!("the hole runs along ring {name}; join them");
                    wrong(hole, "holes_touch", detail);
                }
            }
        }
    }
    all_right
}

/// Names parts that overlap or share an edge with an earlier one.
fn compare(pieces: &[Piece], raw: &[RawPart], faults: &mut Faults) {
    let mut told = BTreeSet::new();
    for (i, piece) in pieces.iter().enumerate() {
        for other in pieces[..i].iter().filter(|other| other.part != piece.part) {
            if faults.is_full() {
                return;
            }
            let (Some(bounds), Some(others)) = (piece.bounds, other.bounds) else { continue };
            if !bounds.intersects(&others) || told.contains(&(other.part, piece.part)) {
                continue;
            }
            let (code, what) = match meeting(&other.polygon, &piece.polygon) {
                Meeting::Apart => continue,
                Meeting::Overlap => ("parts_overlap", "overlaps"),
                Meeting::Edge => ("parts_touch", "shares an edge with"),
            };
            let detail = format!("this polygon {what} polygon {}; join them into one", other.part);
            faults.push(raw[piece.part].at.as_str(), code, detail);
            told.insert((other.part, piece.part));
        }
    }
}

enum Meeting {
    /// Nothing in common, or single points.
    Apart,
    /// A piece of boundary in common.
    Edge,
    /// Area in common.
    Overlap,
}

fn meeting(a: &Polygon<f64>, b: &Polygon<f64>) -> Meeting {
    let boxes = a.bounding_rect().zip(b.bounding_rect());
    if !boxes.is_some_and(|(a, b)| a.intersects(&b)) {
        return Meeting::Apart;
    }
    let matrix = a.relate(b);
    if matrix.get(CoordPos::Inside, CoordPos::Inside) == Dimensions::TwoDimensional {
        Meeting::Overlap
    } else if matrix.get(CoordPos::OnBoundary, CoordPos::OnBoundary) == Dimensions::OneDimensional {
        Meeting::Edge
    } else {
        Meeting::Apart
    }
}
