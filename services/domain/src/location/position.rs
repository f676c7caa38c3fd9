//! A place on the globe that is always valid, held to 1e-7 of a degree (about 1 cm).

use serde::{Deserialize, Serialize};
use std::fmt;

/// Mean Earth radius in kilometres (IUGG 1980), used by every great-circle distance.
pub const EARTH_RADIUS_KM: f64 = 6371.0088;

const SCALE: f64 = 1e7;
const MAX_LAT_E7: i32 = 900_000_000;
const MAX_LNG_E7: i32 = 1_800_000_000;

/// A WGS 84 position, quantised to 1e-7 degrees. −180° and 180° are one meridian, kept as −180°.
///
/// Eight bytes, exact to compare and to hash. Reading back gives the nearest double to the
/// decimal that was written, so nothing drifts between the wire, the database and the index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "(i32, i32)", into = "(i32, i32)")]
pub struct Position {
    lat_e7: i32,
    lng_e7: i32,
}

/// Why a pair of numbers is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PositionError {
    /// A coordinate is NaN or infinite.
    #[error("latitude and longitude must be finite numbers")]
    NotFinite,
    /// The latitude lies outside −90 to 90 degrees.
    #[error("latitude must lie between -90 and 90 degrees")]
    Latitude,
    /// The longitude lies outside −180 to 180 degrees.
    #[error("longitude must lie between -180 and 180 degrees")]
    Longitude,
    /// Exactly (0, 0): what a receiver without a fix reports.
    #[error("(0, 0) is what a receiver reports when it has no fix; send no position instead")]
    NullIsland,
}

impl Position {
    /// Checks and quantises a latitude and a longitude in degrees.
    ///
    /// # Errors
    /// When a number is not finite, out of range, or both are exactly zero.
    pub fn new(lat: f64, lng: f64) -> Result<Self, PositionError> {
        if !lat.is_finite() || !lng.is_finite() {
            return Err(PositionError::NotFinite);
        }
        if lat.abs() > 90.0 {
            return Err(PositionError::Latitude);
        }
        if lng.abs() > 180.0 {
            return Err(PositionError::Longitude);
        }
        Self::from_e7(quantise(lat), quantise(lng))
    }

    /// The same from integers of 1e-7 degrees.
    ///
    /// # Errors
    /// When a number is out of range or both are zero.
    pub fn from_e7(lat_e7: i32, lng_e7: i32) -> Result<Self, PositionError> {
        if !(-MAX_LAT_E7..=MAX_LAT_E7).contains(&lat_e7) {
            return Err(PositionError::Latitude);
        }
        if !(-MAX_LNG_E7..=MAX_LNG_E7).contains(&lng_e7) {
            return Err(PositionError::Longitude);
        }
        if lat_e7 == 0 && lng_e7 == 0 {
            return Err(PositionError::NullIsland);
        }
        let lng_e7 = if lng_e7 == MAX_LNG_E7 { -MAX_LNG_E7 } else { lng_e7 };
        Ok(Self { lat_e7, lng_e7 })
    }

    /// Latitude in degrees, −90 to 90.
    #[must_use]
    pub fn lat(self) -> f64 {
        f64::from(self.lat_e7) / SCALE
    }

    /// Longitude in degrees, −180 up to but not including 180.
    #[must_use]
    pub fn lng(self) -> f64 {
        f64::from(self.lng_e7) / SCALE
    }

    /// Latitude and longitude in units of 1e-7 degrees.
    #[must_use]
    pub fn e7(self) -> (i32, i32) {
        (self.lat_e7, self.lng_e7)
    }

    /// The great-circle distance in metres (haversine formula).
    #[must_use]
    pub fn metres_to(self, other: Self) -> f64 {
        let (from, to) = (self.lat().to_radians(), other.lat().to_radians());
        let across = (other.lng() - self.lng()).to_radians();
        let h = ((to - from) / 2.0).sin().powi(2)
            + from.cos() * to.cos() * (across / 2.0).sin().powi(2);
        2_000.0 * EARTH_RADIUS_KM * h.min(1.0).sqrt().asin()
    }

    /// Longitude then latitude: the order of GeoJSON and PostGIS. The one place that swaps.
    #[must_use]
    pub fn xy(self) -> (f64, f64) {
        (self.lng(), self.lat())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "callers have checked the range")]
fn quantise(degrees: f64) -> i32 {
    (degrees * SCALE).round() as i32
}

/// Prints no digits: positions must not reach a log line by accident.
impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Position(redacted)")
    }
}

impl TryFrom<(i32, i32)> for Position {
    type Error = PositionError;

    fn try_from((lat_e7, lng_e7): (i32, i32)) -> Result<Self, PositionError> {
        Self::from_e7(lat_e7, lng_e7)
    }
}

impl From<Position> for (i32, i32) {
    fn from(position: Position) -> Self {
        position.e7()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_no_receiver_means() {
        assert_eq!(Position::new(f64::NAN, 1.0), Err(PositionError::NotFinite));
        assert_eq!(Position::new(90.1, 1.0), Err(PositionError::Latitude));
        assert_eq!(Position::new(1.0, -180.1), Err(PositionError::Longitude));
        assert_eq!(Position::new(0.0, 0.0), Err(PositionError::NullIsland));
        assert_eq!(Position::new(-0.0, 0.0), Err(PositionError::NullIsland));
        assert!(Position::new(0.0, 1e-7).is_ok());
    }

    #[test]
    fn both_sides_of_the_antimeridian_are_one() {
        assert_eq!(Position::new(10.0, 180.0), Position::new(10.0, -180.0));
    }

    proptest! {
        #[test]
        fn seven_decimals_survive(lat in -900_000_000i32..=900_000_000, lng in -1_800_000_000i32..1_800_000_000) {
            prop_assume!(lat != 0 || lng != 0);
            let text = (format!("{:.7}", f64::from(lat) / 1e7), format!("{:.7}", f64::from(lng) / 1e7));
            let (a, b): (f64, f64) = (text.0.parse().unwrap(), text.1.parse().unwrap());
            let position = Position::new(a, b).unwrap();
            prop_assert_eq!(position.e7(), (lat, lng));
            prop_assert_eq!((position.lat().to_bits(), position.lng().to_bits()), (a.to_bits(), b.to_bits()));
        }
    }
}
