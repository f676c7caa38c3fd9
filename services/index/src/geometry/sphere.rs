//! Points on the unit sphere in fixed point, chords and boxes. Must know nothing of people.
//!
//! Three 32-bit components hold a place to about 6 mm, so that poles and the antimeridian are no
//! special case. Every bound here errs on the safe side: a distance bound is never above the
//! great-circle distance that [`haversine_km`] gives.

use nearhand_domain::position::{EARTH_RADIUS_KM, Position};

/// Fixed-point units per Earth radius; small enough that a difference never overflows.
pub const SCALE: i32 = (1 << 30) - 1;
const SCALE_F64: f64 = SCALE as f64;
/// What quantisation can add to a chord, in Earth radii (about 6 cm).
const CHORD_SLACK: f64 = 1e-8;
/// What single precision can add to the distance to a box, in Earth radii (about 3 m).
const BOX_SLACK: f32 = 5e-7;

/// A point on the unit sphere in units of 1/[`SCALE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unit(pub [i32; 3]);

impl Unit {
    /// The unit vector of a position. Cost: four transcendental functions.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "components lie within ±SCALE")]
    pub fn new(position: Position) -> Self {
        let (lat, lng) = (position.lat().to_radians(), position.lng().to_radians());
        let (sin_lat, cos_lat) = libm::sincos(lat);
        let (sin_lng, cos_lng) = libm::sincos(lng);
        let fixed = |component: f64| libm::rint(component * SCALE_F64) as i32;
        Self([fixed(cos_lat * cos_lng), fixed(cos_lat * sin_lng), fixed(sin_lat)])
    }

    /// Squared chord in squared fixed-point units; the order of true distances to about 1 cm.
    #[must_use]
    pub fn chord_sq(self, other: Self) -> f64 {
        let [x, y, z] = [0, 1, 2].map(|i| f64::from(self.0[i] - other.0[i]));
        x * x + y * y + z * z
    }

    /// The chord in Earth radii, to about 1e-8.
    #[must_use]
    pub fn chord(self, other: Self) -> f64 {
        self.chord_sq(other).sqrt() / SCALE_F64
    }

    /// A lower bound of the chord in Earth radii between the positions these are made of.
    #[must_use]
    pub fn chord_at_least(self, other: Self) -> f64 {
        self.chord(other) - CHORD_SLACK
    }

    /// A lower bound of the great-circle distance in kilometres.
    #[must_use]
    pub fn km_at_least(self, other: Self) -> f64 {
        arc_km_at_least(self.chord_at_least(other))
    }

    /// The components in single precision, for boxes.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "rounding is covered by the box slack")]
    pub fn to_f32(self) -> [f32; 3] {
        self.0.map(|component| (f64::from(component) / SCALE_F64) as f32)
    }
}

/// The lower bound of an arc in kilometres over a chord in Earth radii (series of 2·asin(c/2)).
#[must_use]
pub fn arc_km_at_least(chord: f64) -> f64 {
    let chord = chord.max(0.0);
    EARTH_RADIUS_KM * chord * (1.0 + chord * chord / 24.0) * (1.0 - 1e-9)
}

/// Great-circle distance in kilometres by the haversine formula (mean Earth radius).
///
/// Cost: five transcendental functions.
#[must_use]
pub fn haversine_km(a: Position, b: Position) -> f64 {
    Origin::new(a).km_to(b)
}

/// One end of many haversine distances, with its share of the work done once.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    lat: f64,
    lng: f64,
    cos_lat: f64,
}

impl Origin {
    /// Prepares a position.
    #[must_use]
    pub fn new(position: Position) -> Self {
        let lat = position.lat().to_radians();
        Self { lat, lng: position.lng().to_radians(), cos_lat: libm::cos(lat) }
    }

    /// Great-circle distance to `b` in kilometres.
    #[must_use]
    pub fn km_to(&self, b: Position) -> f64 {
        let lat = b.lat().to_radians();
        let half_lat = libm::sin((lat - self.lat) / 2.0);
        let half_lng = libm::sin((b.lng().to_radians() - self.lng) / 2.0);
        let h = half_lat * half_lat + self.cos_lat * libm::cos(lat) * half_lng * half_lng;
        2.0 * EARTH_RADIUS_KM * libm::asin(libm::sqrt(h.min(1.0)))
    }
}

/// An axis-parallel box around unit vectors, in single precision.
pub type Bounds = rstar::AABB<[f32; 3]>;

/// A lower bound of a chord whose square was worked out in single precision, in Earth radii.
pub(crate) fn chord_at_least(squared: f32) -> f32 {
    (squared.sqrt() * (1.0 - 1e-6) - BOX_SLACK).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn position() -> impl Strategy<Value = Position> {
        (-900_000_000i32..=900_000_000, -1_800_000_000i32..1_800_000_000)
            .prop_filter_map("null island", |(lat, lng)| Position::from_e7(lat, lng).ok())
    }

    proptest! {
        #[test]
        fn bounds_are_below_and_close((a, b) in (position(), position())) {
            let exact = haversine_km(a, b);
            let bound = Unit::new(a).km_at_least(Unit::new(b));
            prop_assert!(bound <= exact);
            if exact < 1_000.0 {
                prop_assert!(exact - bound < 0.2 + exact * 1e-4, "{exact} {bound}");
            }
        }
    }
}
