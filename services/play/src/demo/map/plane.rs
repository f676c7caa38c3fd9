//! Geometry of the map: points in metres on a plane that touches the city. Pure.

use crate::demo::city::{Corner, Place};

/// Where the plane touches: the middle of the city.
const ORIGIN: Place = Place { lat: 38.74, lng: -9.16 };

/// Metres to the east and to the north of the origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Point {
    /// Of a corner of a district.
    pub(super) fn of((lng, lat): Corner) -> Self {
        let (y, x) = ORIGIN.metres_to(Place { lat, lng });
        Self { x, y }
    }

    /// Back in degrees.
    pub(super) fn place(self) -> Place {
        ORIGIN.moved(self.y, self.x)
    }

    /// The point at a share of the way to another.
    pub(super) fn towards(self, other: Self, share: f64) -> Self {
        Self { x: self.x + (other.x - self.x) * share, y: self.y + (other.y - self.y) * share }
    }

    pub(super) fn plus(self, x: f64, y: f64) -> Self {
        Self { x: self.x + x, y: self.y + y }
    }

    pub(super) fn distance(self, other: Self) -> f64 {
        (other.x - self.x).hypot(other.y - self.y)
    }

    /// Bends straight lines a little, all at one place alike, so that what met still meets.
    pub(super) fn warped(self) -> Self {
        const BEND_M: f64 = 45.0;
        const WAVE_M: f64 = 620.0;
        let east = (self.y / WAVE_M).sin() + (self.x / (1.7 * WAVE_M) + 1.0).cos();
        let north = (self.x / (1.3 * WAVE_M)).sin() + (self.y / (1.9 * WAVE_M) + 2.0).cos();
        self.plus(BEND_M * east, BEND_M * north)
    }
}

/// The point at a share of a line's length.
pub(super) fn along(line: &[Point], share: f64) -> Point {
    let pairs = || line.iter().zip(line.iter().skip(1));
    let length: f64 = pairs().map(|(a, b)| a.distance(*b)).sum();
    let mut left = length * share;
    for (a, b) in pairs() {
        let piece = a.distance(*b);
        if left <= piece && piece > 0.0 {
            return a.towards(*b, left / piece);
        }
        left -= piece;
    }
    line.last().copied().unwrap_or(Point { x: 0.0, y: 0.0 })
}

/// Cuts the corners of a line (Chaikin 1974); its ends stay.
pub(super) fn rounded(line: &[Point]) -> Vec<Point> {
    let cut = |(a, b): (&Point, &Point)| [a.towards(*b, 0.25), a.towards(*b, 0.75)];
    let middle = line.iter().zip(line.iter().skip(1)).flat_map(cut);
    line.first().copied().into_iter().chain(middle).chain(line.last().copied()).collect()
}

/// Whether a ring, closed or not, encloses a point: counts the sides that a ray to the north crosses.
#[cfg(test)]
pub(super) fn encloses(ring: &[Point], point: Point) -> bool {
    let following = ring.iter().cycle().skip(1);
    let crossed = ring.iter().zip(following).filter(|(a, b)| {
        let beside = (a.x > point.x) != (b.x > point.x);
        beside && point.y < a.y + (point.x - a.x) / (b.x - a.x) * (b.y - a.y)
    });
    crossed.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_goes_to_degrees_and_back() {
        let point = Point::of((-9.222, 38.701));
        let place = point.place();
        assert!((place.lng + 9.222).abs() < 1e-9 && (place.lat - 38.701).abs() < 1e-9);
    }

    #[test]
    fn a_share_of_a_line_is_a_share_of_its_length() {
        let line = [(0.0, 0.0), (30.0, 0.0), (30.0, 10.0)].map(|(x, y)| Point { x, y });
        assert_eq!(along(&line, 0.0), line[0]);
        assert_eq!(along(&line, 0.5), Point { x: 20.0, y: 0.0 });
        assert!(along(&line, 1.0).distance(line[2]) < 1e-9);
        let round = rounded(&line);
        assert_eq!((round.len(), round[0], round[5]), (6, line[0], line[2]));
        assert!(encloses(&line, Point { x: 25.0, y: 5.0 }));
        assert!(!encloses(&line, Point { x: 5.0, y: 5.0 }));
    }
}
