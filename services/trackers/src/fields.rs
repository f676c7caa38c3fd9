//! What the fields of a fix mean, whoever sends it: units, and which of them a fix cannot be without.

use crate::{
    Omitted,
    values::{Num, When},
};

/// Metres per second of one knot.
pub(crate) const KNOT_MPS: f64 = 1_852.0 / 3_600.0;
/// Metres per second of one kilometre per hour.
pub(crate) const KMH_MPS: f64 = 1.0 / 3.6;

/// Latitude and longitude, as they were sent.
pub(crate) fn position(lat: Num, lng: Num) -> Result<(f64, f64), Omitted> {
    match (lat, lng) {
        (Num::Is(lat), Num::Is(lng)) => Ok((lat, lng)),
        (Num::Missing, Num::Missing) => Err(Omitted::NoPosition),
        _ => Err(Omitted::PositionUnreadable),
    }
}

/// The time of a fix, `None` if the app does not say it.
pub(crate) fn fix_at(when: When) -> Result<Option<i64>, Omitted> {
    match when {
        When::Missing => Ok(None),
        When::At(at) => Ok(Some(at)),
        When::Zoneless(_) | When::Wrong => Err(Omitted::TimeUnreadable),
    }
}

/// The same, for apps whose times without a zone are UTC.
pub(crate) fn fix_at_utc(when: When) -> Result<Option<i64>, Omitted> {
    match when {
        When::Zoneless(at) => Ok(Some(at)),
        when => fix_at(when),
    }
}

/// In another unit. Negative means unknown and stays negative.
pub(crate) fn scaled(number: Num, factor: f64) -> Option<f64> {
    number.known().map(|number| number * factor)
}

/// 0 to 1 of a percentage.
pub(crate) fn of_percent(number: Num) -> Option<f64> {
    scaled(number, 0.01)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_position_is_unreadable_and_none_is_none() {
        let wrong = Err(Omitted::PositionUnreadable);
        assert_eq!(position(Num::Is(1.0), Num::Missing), wrong);
        assert_eq!(position(Num::Wrong, Num::Wrong), wrong);
        assert_eq!(position(Num::Missing, Num::Missing), Err(Omitted::NoPosition));
        assert_eq!(position(Num::Is(1.0), Num::Is(2.0)), Ok((1.0, 2.0)));
    }

    #[test]
    fn units_are_ours() {
        let speed = scaled(Num::Is(1.943_844_5), KNOT_MPS).unwrap();
        assert!((speed - 1.0).abs() < 1e-6);
        assert!((scaled(Num::Is(36.0), KMH_MPS).unwrap() - 10.0).abs() < 1e-12);
        assert!((of_percent(Num::Is(80.0)).unwrap() - 0.8).abs() < 1e-12);
        assert!(of_percent(Num::Is(-1.0)).unwrap() < 0.0);
    }
}
