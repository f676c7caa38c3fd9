//! The river and the land on both sides of it, drawn beside the districts. Pure.

use super::plane::{Point, rounded};
use crate::demo::city::{Corner, R0, R1, R2, R3, R4, R5, R6, R7, R8};

/// How far the water is from the districts at least, before corners are rounded: people of the demo
/// are within the districts, and phones err by a few metres.
const QUAY_M: f64 = 330.0;

/// From the sea to where the northern bank begins, and from its end to the north-east. The ends lie
/// on the outlines of Natural Earth, which are drawn below.
const MOUTH: [Corner; 3] = [(-9.358, 38.698), (-9.318, 38.692), (-9.272, 38.691)];
const UPSTREAM: [Corner; 4] =
    [(-9.086, 38.803), (-9.089, 38.838), (-9.062, 38.874), (-9.024, 38.925)];
/// The other bank, from the north-east to the sea.
const OTHER_BANK: [Corner; 13] = [
    (-8.992, 38.920),
    (-9.004, 38.896),
    (-8.986, 38.852),
    (-8.979, 38.806),
    (-9.008, 38.768),
    (-9.038, 38.738),
    (-9.052, 38.706),
    (-9.088, 38.690),
    (-9.120, 38.682),
    (-9.152, 38.679),
    (-9.186, 38.676),
    (-9.222, 38.668),
    (-9.252, 38.655),
];
/// Where the river meets the open sea, well within it.
const SEA: [Corner; 2] = [(-9.290, 38.630), (-9.400, 38.660)];
/// Land in the back of each bank; outlines of the world are too coarse near the river.
const NORTHERN_LAND: [Corner; 5] =
    [(-9.060, 38.945), (-9.180, 38.935), (-9.330, 38.880), (-9.400, 38.780), (-9.380, 38.712)];
const SOUTHERN_LAND: [Corner; 4] =
    [(-9.214, 38.600), (-9.120, 38.560), (-8.940, 38.620), (-8.930, 38.900)];

/// The northern bank, from the sea up the river.
pub(super) fn northern_bank() -> Vec<Point> {
    let edge = [R0, R1, R2, R3, R4, R5, R6, R7, R8].map(Point::of);
    let before = MOUTH.map(Point::of);
    let after = UPSTREAM.map(Point::of);
    let line: Vec<Point> = before.into_iter().chain(quays(&edge)).chain(after).collect();
    rounded(&rounded(&line))
}

/// The southern and eastern bank, down the river to the sea.
pub(super) fn other_bank() -> Vec<Point> {
    rounded(&rounded(&OTHER_BANK.map(Point::of)))
}

/// The river, as a ring.
pub(super) fn river() -> Vec<Point> {
    let sea = SEA.map(Point::of);
    northern_bank().into_iter().chain(other_bank()).chain(sea).collect()
}

/// The middle of the river, for its name: from the sea up the river.
pub(super) fn middle() -> Vec<Point> {
    let course = [(-9.300, 38.668), (-9.200, 38.683), (-9.120, 38.694), (-9.062, 38.730)];
    let upper = [(-9.040, 38.780), (-9.036, 38.840), (-9.040, 38.890)];
    rounded(&rounded(&course.into_iter().chain(upper).map(Point::of).collect::<Vec<_>>()))
}

/// The land to the north and to the south, as rings.
pub(super) fn lands() -> [Vec<Point>; 2] {
    let with = |bank: Vec<Point>, back: &[Corner]| {
        bank.into_iter().chain(back.iter().copied().map(Point::of)).collect()
    };
    [with(northern_bank(), &NORTHERN_LAND), with(other_bank(), &SOUTHERN_LAND)]
}

/// The corners of the districts along the river, each moved away from the city.
fn quays(edge: &[Point]) -> Vec<Point> {
    let moved = |at: usize| {
        let here = edge[at];
        let before = edge[at.saturating_sub(1)];
        let after = edge[(at + 1).min(edge.len() - 1)];
        let length = before.distance(after);
        // To the right of the way up the river.
        let (east, north) = ((after.y - before.y) / length, (before.x - after.x) / length);
        here.plus(east * QUAY_M, north * QUAY_M)
    };
    (0..edge.len()).map(moved).collect()
}
