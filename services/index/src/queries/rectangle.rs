//! A rectangle of latitudes and longitudes. Must handle the poles and the antimeridian.

use crate::geometry::sphere::Bounds;
use nearhand_domain::Position;

/// How much wider a rectangle must be to hold everybody whose coarse cell's centre lies in it, in
/// degrees of latitude: well over the largest radius of a cell (2 km, 0.018°).
const CELL_MARGIN_DEG: f64 = 0.03;
/// Beyond this latitude a wider rectangle goes all around the pole.
const POLAR_LAT: f64 = 85.0;

/// A rectangle in degrees; with `west` above `east` it crosses the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rectangle {
    /// Least latitude.
    pub south: f64,
    /// Western edge.
    pub west: f64,
    /// Greatest latitude.
    pub north: f64,
    /// Eastern edge.
    pub east: f64,
}

impl Rectangle {
    /// Whether a position lies inside or on the edge.
    #[must_use]
    pub fn contains(&self, position: Position) -> bool {
        let (lat, lng) = (position.lat(), position.lng());
        let between = |lng: f64| {
            if self.west <= self.east {
                self.west <= lng && lng <= self.east
            } else {
                lng >= self.west || lng <= self.east
            }
        };
        // −180° and 180° are one meridian.
        let inside = between(lng) || (lng <= -180.0 && between(180.0));
        self.south <= lat && lat <= self.north && inside
    }

    /// All of the Earth.
    pub const WORLD: Self = Self { south: -90.0, west: -180.0, north: 90.0, east: 180.0 };

    /// A wider rectangle. It holds every position whose coarse cell has its centre in this one.
    #[must_use]
    pub fn with_cell_margin(&self) -> Self {
        let south = (self.south - CELL_MARGIN_DEG).max(-90.0);
        let north = (self.north + CELL_MARGIN_DEG).min(90.0);
        let highest = south.abs().max(north.abs());
        let margin = CELL_MARGIN_DEG / highest.to_radians().cos().max(f64::MIN_POSITIVE);
        let width = (self.east - self.west).rem_euclid(360.0);
        if highest > POLAR_LAT
            || self.east - self.west + 2.0 * margin >= 360.0
            || (self.west > self.east && width + 2.0 * margin >= 360.0)
        {
            return Self { south, north, ..Self::WORLD };
        }
        Self { south, north, west: turn(self.west - margin), east: turn(self.east + margin) }
    }

    /// A box around the rectangle's part of the sphere.
    pub(crate) fn bounds(&self) -> Bounds {
        let (south, north) = (self.south.to_radians(), self.north.to_radians());
        let west = self.west.to_radians();
        let turn = if self.west <= self.east { 0.0 } else { 360.0 };
        let east = (self.east + turn).to_radians();
        let widest = if south <= 0.0 && 0.0 <= north { 1.0 } else { south.cos().max(north.cos()) };
        let narrowest = south.cos().min(north.cos());
        let span = |phase: f64| {
            let (low, high) = cosine_range(west - phase, east - phase);
            let products = [low * narrowest, low * widest, high * narrowest, high * widest];
            products.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| (low.min(x), high.max(x)))
        };
        let axes = [span(0.0), span(std::f64::consts::FRAC_PI_2), (south.sin(), north.sin())];
        #[expect(clippy::cast_possible_truncation, reason = "the padding covers the rounding")]
        let pad = |x: f64, by: f64| (x + by) as f32;
        Bounds::from_corners(axes.map(|a| pad(a.0, -1e-6)), axes.map(|a| pad(a.1, 1e-6)))
    }
}

/// A longitude brought back between −180 and 180.
fn turn(lng: f64) -> f64 {
    if lng < -180.0 {
        lng + 360.0
    } else if lng > 180.0 {
        lng - 360.0
    } else {
        lng
    }
}

/// The range of the cosine between two angles, `from` ≤ `to`.
fn cosine_range(from: f64, to: f64) -> (f64, f64) {
    let turn = std::f64::consts::TAU;
    let reaches = |angle: f64| ((from - angle) / turn).ceil() * turn + angle <= to;
    let ends = [from.cos(), to.cos()];
    let low = if reaches(std::f64::consts::PI) { -1.0 } else { ends[0].min(ends[1]) };
    let high = if reaches(0.0) { 1.0 } else { ends[0].max(ends[1]) };
    (low, high)
}
