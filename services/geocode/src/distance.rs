//! Distance between two positions. It knows no places.

use nearhand_domain::{Position, position::EARTH_RADIUS_KM};

/// Great-circle distance in kilometres (haversine).
pub(crate) fn km(a: Position, b: Position) -> f64 {
    let (lat_a, lat_b) = (a.lat().to_radians(), b.lat().to_radians());
    let (lat, lng) = ((lat_b - lat_a) / 2.0, (b.lng() - a.lng()).to_radians() / 2.0);
    let h = lat.sin().powi(2) + lat_a.cos() * lat_b.cos() * lng.sin().powi(2);
    2.0 * EARTH_RADIUS_KM * h.min(1.0).sqrt().asin()
}

/// Drops every item that lies within `km` of one before it, so that one place counts once.
pub(crate) fn apart<T>(items: Vec<T>, within_km: f64, position: impl Fn(&T) -> Position) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for item in items {
        if kept.iter().all(|other| km(position(other), position(&item)) > within_km) {
            kept.push(item);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_of_latitude_is_111_km_and_the_antimeridian_no_wall() {
        let at = |lat, lng| Position::new(lat, lng).unwrap();
        assert!((km(at(10.0, 20.0), at(11.0, 20.0)) - 111.2).abs() < 0.1);
        assert!(km(at(0.0, 179.999), at(0.0, -179.999)) < 0.3);
        let kept = apart(vec![at(50.0, 8.0), at(50.001, 8.0), at(50.1, 8.0)], 1.0, |p| *p);
        assert_eq!(kept.len(), 2);
    }
}
