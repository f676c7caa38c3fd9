//! Between stored values and the domain's.

use crate::StorageError;
use jiff::Timestamp;
use nearhand_domain::Position;

/// An error for a stored value that cannot be read.
pub(crate) fn corrupt(what: &'static str, why: impl Into<String>) -> StorageError {
    StorageError::Corrupt { what, why: why.into() }
}

/// A position from `ST_Y`, `ST_X`.
pub(crate) fn position(
    lat: Option<f64>,
    lng: Option<f64>,
) -> Result<Option<Position>, StorageError> {
    match (lat, lng) {
        (Some(lat), Some(lng)) => Position::new(lat, lng)
            .map(Some)
            .map_err(|error| corrupt("position", error.to_string())),
        _ => Ok(None),
    }
}

/// `ST_MakePoint`'s arguments; two nulls make a null point.
pub(crate) fn xy(position: Option<Position>) -> (Option<f64>, Option<f64>) {
    position.map_or((None, None), |position| {
        let (x, y) = position.xy();
        (Some(x), Some(y))
    })
}

/// A timestamp as jiff knows it.
pub(crate) fn time(at: Option<jiff_sqlx::Timestamp>) -> Option<Timestamp> {
    at.map(jiff_sqlx::Timestamp::to_jiff)
}
