//! The city cut into quarters of four sides, and each of them into blocks by streets. Pure.
//!
//! A point of a quarter is found by two numbers of lines: `i` from the west to the east, `j` from
//! the south to the north. Neighbours share their sides, so streets meet.

use super::plane::{Point, along};
use crate::demo::city::{
    Corner, H0, H2, H3, H4, M0, M2, M3, M4, N3, N4, N5, R0, R1, R2, R3, R4, R5, R6, R7, R8,
};

/// A part of the city with four sides.
pub(super) struct Quarter {
    /// From the west to the east.
    south: &'static [Corner],
    north: &'static [Corner],
    /// From the south to the north.
    west: &'static [Corner],
    east: &'static [Corner],
    /// Into how many blocks streets cut it, in both directions.
    pub(super) blocks: (usize, usize),
    /// What is no street: rectangles of blocks.
    pub(super) open: &'static [Open],
    /// From crossing to crossing.
    pub(super) runways: &'static [(Crossing, Crossing)],
}

/// Where two lines cross: the number of the line from the west, and from the south.
pub(super) type Crossing = (usize, usize);

/// A park, or an airport, by the lines at its sides.
pub(super) struct Open {
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    pub(super) i: (usize, usize),
    pub(super) j: (usize, usize),
}

const fn park(name: &'static str, i: (usize, usize), j: (usize, usize)) -> Open {
    Open { kind: "park", name, i, j }
}

/// All of the city. The blocks of a street's two sides differ, as in cities that grew.
pub(super) const QUARTERS: [Quarter; 10] = [
    // West Docks
    Quarter {
        south: &[R0, R1, R2],
        north: &[M0, M2],
        west: &[R0, M0],
        east: &[R2, M2],
        blocks: (12, 9),
        open: &[park("Jardim dos Estaleiros", (7, 9), (4, 6))],
        runways: &[],
    },
    // Bridge Quarter
    Quarter {
        south: &[R2, R3],
        north: &[M2, M3],
        west: &[R2, M2],
        east: &[R3, M3],
        blocks: (8, 9),
        open: &[park("Parque da Tapada", (0, 3), (5, 8))],
        runways: &[],
    },
    // Old Town, in two
    Quarter {
        south: &[R3, R4],
        north: &[M3, M4],
        west: &[R3, M3],
        east: &[R4, M4],
        blocks: (9, 11),
        open: &[park("Jardim do Miradouro", (3, 5), (7, 9))],
        runways: &[],
    },
    Quarter {
        south: &[R4, R5],
        north: &[M4, R6],
        west: &[R4, M4],
        east: &[R5, R6],
        blocks: (8, 10),
        open: &[],
        runways: &[],
    },
    // Forest Side
    Quarter {
        south: &[M0, M2],
        north: &[H0, H2],
        west: &[M0, H0],
        east: &[M2, H2],
        blocks: (11, 11),
        open: &[park("Mata da Serra", (1, 8), (2, 9))],
        runways: &[],
    },
    // University Hill
    Quarter {
        south: &[M2, M3],
        north: &[H2, H3],
        west: &[M2, H2],
        east: &[M3, H3],
        blocks: (8, 11),
        open: &[park("Campo da Universidade", (2, 5), (6, 9))],
        runways: &[],
    },
    // Midtown
    Quarter {
        south: &[M3, M4],
        north: &[H3, H4],
        west: &[M3, H3],
        east: &[M4, H4],
        blocks: (9, 12),
        open: &[park("Parque das Avenidas", (3, 6), (0, 3))],
        runways: &[],
    },
    // East Quay
    Quarter {
        south: &[M4, R6],
        north: &[H4, R8],
        west: &[M4, H4],
        east: &[R6, R7, R8],
        blocks: (10, 14),
        open: &[park("Jardim do Oriente", (7, 9), (9, 12))],
        runways: &[],
    },
    // Airport, in two
    Quarter {
        south: &[H3, H4],
        north: &[N3, N4],
        west: &[H3, N3],
        east: &[H4, N4],
        blocks: (9, 10),
        open: &[park("Quinta do Alto", (2, 4), (5, 8))],
        runways: &[],
    },
    Quarter {
        south: &[H4, R8],
        north: &[N4, N5],
        west: &[H4, N4],
        east: &[R8, N5],
        blocks: (10, 10),
        open: &[Open { kind: "airport", name: "Harbour City Airport", i: (1, 8), j: (2, 8) }],
        runways: &[((2, 3), (7, 5)), ((3, 7), (6, 3))],
    },
];

impl Quarter {
    /// Where two lines cross: a Coons patch of the four sides.
    pub(super) fn at(&self, i: usize, j: usize) -> Point {
        let (u, v) = (share(i, self.blocks.0), share(j, self.blocks.1));
        let side = |corners: &[Corner], share| {
            along(&corners.iter().copied().map(Point::of).collect::<Vec<_>>(), share)
        };
        let (south, north) = (side(self.south, u), side(self.north, u));
        let (west, east) = (side(self.west, v), side(self.east, v));
        let ends = [(self.south, 0.0), (self.south, 1.0), (self.north, 0.0), (self.north, 1.0)];
        let [south_west, south_east, north_west, north_east] =
            ends.map(|(corners, share)| side(corners, share));
        let between = south.towards(north, v);
        let across = west.towards(east, u);
        let corners =
            south_west.towards(south_east, u).towards(north_west.towards(north_east, u), v);
        Point { x: between.x + across.x - corners.x, y: between.y + across.y - corners.y }.warped()
    }

    /// Into how many blocks streets cut a side, if it is one of this quarter's.
    pub(super) fn blocks_of(&self, side: &[Corner]) -> Option<usize> {
        let (columns, rows) = self.blocks;
        let sides =
            [(self.south, columns), (self.north, columns), (self.west, rows), (self.east, rows)];
        sides.into_iter().find(|(own, _)| *own == side).map(|(_, blocks)| blocks)
    }

    /// Whether the piece between two neighbouring crossings is inside of what is no street.
    pub(super) fn is_open(&self, from: Crossing, to: Crossing) -> bool {
        let inside = |open: &Open| {
            let within =
                |at: (usize, usize), bounds: (usize, usize)| at.0 >= bounds.0 && at.1 <= bounds.1;
            let strictly = |at: usize, bounds: (usize, usize)| at > bounds.0 && at < bounds.1;
            if from.0 == to.0 {
                strictly(from.0, open.i) && within((from.1, to.1), open.j)
            } else {
                strictly(from.1, open.j) && within((from.0, to.0), open.i)
            }
        };
        self.open.iter().any(inside)
    }

    /// The ring around what is no street.
    pub(super) fn ring(&self, open: &Open) -> Vec<Point> {
        let (west, east) = open.i;
        let (south, north) = open.j;
        let along_south = (west..east).map(|i| (i, south));
        let up_east = (south..north).map(|j| (east, j));
        let along_north = (west + 1..=east).rev().map(|i| (i, north));
        let down_west = (south + 1..=north).rev().map(|j| (west, j));
        let around = along_south.chain(up_east).chain(along_north).chain(down_west);
        around.map(|(i, j)| self.at(i, j)).collect()
    }
}

fn share(of: usize, all: usize) -> f64 {
    // Few blocks, exactly.
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(of) / number(all)
}
