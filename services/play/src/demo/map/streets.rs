//! The streets: avenues between the quarters, streets and lanes within them, and the roads that
//! leave the city. Pure. Streets that meet share a point.

use super::{
    blocks::{Crossing, QUARTERS, Quarter},
    names::STREETS,
    plane::{Point, along, rounded},
};
use crate::demo::city::{
    Corner, H0, H2, H3, H4, M0, M2, M3, M4, N3, N4, N5, R0, R1, R2, R3, R4, R5, R6, R7, R8,
};

/// A street, a lane or a road.
pub(super) struct Street {
    /// Lanes have none.
    pub(super) name: Option<&'static str>,
    pub(super) is_main: bool,
    pub(super) line: Vec<Point>,
}

/// A side of a quarter.
type Side = &'static [Corner];

/// The avenues and the sides of quarters that they follow.
const AVENUES: [(&str, &[Side]); 9] = [
    (
        "Avenida da Ribeira",
        &[&[R0, R1, R2], &[R2, R3], &[R3, R4], &[R4, R5], &[R5, R6], &[R6, R7, R8]],
    ),
    ("Avenida do Meio-Dia", &[&[M0, M2], &[M2, M3], &[M3, M4], &[M4, R6]]),
    ("Avenida das Colinas", &[&[H0, H2], &[H2, H3], &[H3, H4], &[H4, R8]]),
    ("Avenida do Norte", &[&[N3, N4], &[N4, N5]]),
    ("Avenida do Poente", &[&[R0, M0], &[M0, H0]]),
    ("Avenida da Ponte", &[&[R2, M2], &[M2, H2]]),
    ("Avenida da Alfândega", &[&[R3, M3], &[M3, H3], &[H3, N3]]),
    ("Avenida dos Navegantes", &[&[R4, M4], &[M4, H4], &[H4, N4]]),
    ("Avenida do Cais Oriental", &[&[R8, N5]]),
];

/// The roads that leave the city, each from a corner of it.
const ROADS: [(&str, Corner, &[Corner]); 4] = [
    ("Estrada do Norte", N3, &[(-9.173, 38.818), (-9.160, 38.860), (-9.176, 38.920)]),
    ("Estrada da Serra", H0, &[(-9.248, 38.764), (-9.300, 38.768), (-9.365, 38.790)]),
    ("Estrada da Marginal", R0, &[(-9.262, 38.698), (-9.312, 38.701), (-9.356, 38.712)]),
    ("Estrada Real", N5, &[(-9.100, 38.832), (-9.116, 38.862), (-9.092, 38.905)]),
];
/// Those of the other bank, which begin where the bridge ends.
const OTHER_BANK: [(&str, &[Corner]); 3] = [
    ("Estrada do Sul", &[(-9.168, 38.640), (-9.150, 38.585)]),
    ("Rua da Outra Banda", &[(-9.200, 38.665), (-9.228, 38.655)]),
    ("Rua dos Estaleiros", &[(-9.140, 38.671), (-9.092, 38.681), (-9.048, 38.698)]),
];
/// Where the bridge ends.
const LANDING: Corner = (-9.174, 38.668);

/// The streets of the city, which phones drive along.
pub(super) fn city() -> Vec<Street> {
    let mut names = STREETS.into_iter();
    let avenues = AVENUES.into_iter().map(|(name, sides)| avenue(name, sides));
    let within = QUARTERS.iter().flat_map(|quarter| within(quarter, &mut names));
    avenues.chain(within).collect()
}

/// The roads that leave it, on both banks.
pub(super) fn roads() -> Vec<Street> {
    let road = |name, from: Point, corners: &[Corner]| {
        let line = std::iter::once(from).chain(corners.iter().copied().map(Point::of));
        let line = rounded(&rounded(&line.collect::<Vec<_>>()));
        Street { name: Some(name), is_main: true, line }
    };
    let north = ROADS
        .into_iter()
        .map(|(name, from, corners)| road(name, Point::of(from).warped(), corners));
    let south =
        OTHER_BANK.into_iter().map(|(name, corners)| road(name, Point::of(LANDING), corners));
    north.chain(south).collect()
}

/// The bridge, from a crossing of the avenue at the river.
pub(super) fn bridge() -> Vec<Point> {
    const BRIDGE_QUARTER: usize = 1;
    const CROSSING: usize = 3;
    vec![QUARTERS[BRIDGE_QUARTER].at(CROSSING, 0), Point::of(LANDING)]
}

/// Through every crossing with the streets of both sides.
fn avenue(name: &'static str, sides: &[Side]) -> Street {
    let mut line: Vec<Point> = Vec::new();
    for side in sides {
        let corners: Vec<Point> = side.iter().copied().map(Point::of).collect();
        for share in crossings(side) {
            let point = along(&corners, share).warped();
            // Sides that follow each other share a corner.
            if line.last().is_none_or(|last| last.distance(point) > 1.0) {
                line.push(point);
            }
        }
    }
    Street { name: Some(name), is_main: true, line }
}

/// Where streets of the quarters beside it begin, as shares of a side's length, in their order.
fn crossings(side: Side) -> Vec<f64> {
    let cut = |blocks: usize| {
        let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        (0..=blocks).map(move |at| number(at) / number(blocks))
    };
    let mut shares: Vec<f64> =
        QUARTERS.iter().filter_map(|quarter| quarter.blocks_of(side)).flat_map(cut).collect();
    shares.sort_by(f64::total_cmp);
    shares
}

/// The streets and lanes of a quarter, without its sides. Every third street from the west and
/// every fourth from the south has a name.
fn within(quarter: &Quarter, names: &mut impl Iterator<Item = &'static str>) -> Vec<Street> {
    let (columns, rows) = quarter.blocks;
    let mut streets = Vec::new();
    for i in 1..columns {
        let crossings: Vec<_> = (0..=rows).map(|j| (i, j)).collect();
        let name = (i % 3 == 2).then(|| names.next()).flatten();
        streets.extend(pieces(quarter, &crossings, name));
    }
    for j in 1..rows {
        let crossings: Vec<_> = (0..=columns).map(|i| (i, j)).collect();
        let name = (j % 4 == 2).then(|| names.next()).flatten();
        streets.extend(pieces(quarter, &crossings, name));
    }
    streets
}

/// A street from crossing to crossing, without what lies in a park.
fn pieces(quarter: &Quarter, crossings: &[Crossing], name: Option<&'static str>) -> Vec<Street> {
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    let mut goes_on = false;
    for (&from, &to) in crossings.iter().zip(crossings.iter().skip(1)) {
        if quarter.is_open(from, to) {
            goes_on = false;
            continue;
        }
        let end = quarter.at(to.0, to.1);
        match pieces.last_mut().filter(|_| goes_on) {
            Some(piece) => piece.push(end),
            None => pieces.push(vec![quarter.at(from.0, from.1), end]),
        }
        goes_on = true;
    }
    pieces.into_iter().map(|line| Street { name, is_main: false, line }).collect()
}
