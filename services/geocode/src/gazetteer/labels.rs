//! What people read to tell places apart. It chooses no place.

use super::{
    countries::region,
    fold::fold,
    places::{PlaceNumber, places},
};
use crate::distance;
use nearhand_domain::Position;

/// People that a landmark city has at least.
const LANDMARK_PEOPLE: u32 = 20_000;
/// A landmark is not further north or south than this, so that most of the table is left out early.
const LANDMARK_DEGREES: f64 = 5.0;

/// A label for each place: name, region, country. Where two would be the same, each says how it lies
/// to a larger city nearby.
pub(crate) fn apart(of: &[PlaceNumber]) -> Vec<String> {
    let plain: Vec<String> = of.iter().map(|place| label(*place, None)).collect();
    let twice = |one: &String| plain.iter().filter(|other| *other == one).count() > 1;
    let labels = of.iter().zip(&plain);
    labels
        .map(
            |(place, plain)| {
                if twice(plain) { label(*place, bearings(*place)) } else { plain.clone() }
            },
        )
        .collect()
}

fn label(place: PlaceNumber, bearings: Option<String>) -> String {
    let mut label = places().name(place);
    if let Some(bearings) = bearings {
        label = format!("{label} ({bearings})");
    }
    if let Some(region) = region(places().region(place)) {
        for part in [region.name, region.country.name] {
            if !part.is_empty() {
                label = format!("{label}, {part}");
            }
        }
    }
    label
}

/// `12 km north-east of Coburg`. Reads the whole table: milliseconds.
fn bearings(place: PlaceNumber) -> Option<String> {
    let here = places().position(place)?;
    let (own, least) =
        (fold(&places().name(place)), places().population(place).max(LANDMARK_PEOPLE));
    let larger =
        places().all().filter(|other| *other != place && places().population(*other) >= least);
    let mut near: Vec<(f64, Position, PlaceNumber)> = larger
        .filter_map(|other| Some((places().position(other)?, other)))
        .filter(|(there, _)| (here.lat() - there.lat()).abs() < LANDMARK_DEGREES)
        .map(|(there, other)| (distance::km(here, there), there, other))
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    let named = near.into_iter().map(|(km, there, other)| (km, there, places().name(other)));
    let (km, there, name) = named.into_iter().find(|(_, _, name)| fold(name) != own)?;
    Some(format!("{km:.0} km {} of {name}", direction(there, here)))
}

/// The compass point in which `to` lies, seen from `from`, over distances of a landmark.
fn direction(from: Position, to: Position) -> &'static str {
    let north = to.lat() - from.lat();
    let east = (to.lng() - from.lng() + 540.0).rem_euclid(360.0) - 180.0;
    let east = east * from.lat().to_radians().cos();
    // The tangent of 22.5 degrees ends the sector of a main point.
    let sector = 0.414_2;
    let (upright, flat) = (east.abs() < north.abs() * sector, north.abs() < east.abs() * sector);
    match (north > 0.0, east > 0.0) {
        (true, _) if upright => "north",
        (false, _) if upright => "south",
        (_, true) if flat => "east",
        (_, false) if flat => "west",
        (true, true) => "north-east",
        (true, false) => "north-west",
        (false, true) => "south-east",
        (false, false) => "south-west",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compass_has_eight_points_and_no_edge() {
        let at = |lat, lng| Position::new(lat, lng).unwrap();
        let from = at(50.0, 10.0);
        for (to, point) in [
            (at(51.0, 10.1), "north"),
            (at(49.0, 10.1), "south"),
            (at(50.1, 11.0), "east"),
            (at(50.1, 9.0), "west"),
            (at(50.7, 11.0), "north-east"),
            (at(50.7, 9.0), "north-west"),
            (at(49.3, 11.0), "south-east"),
            (at(49.3, 9.0), "south-west"),
        ] {
            assert_eq!(direction(from, to), point);
        }
        assert_eq!(direction(at(1.0, 179.9), at(1.0, -179.9)), "east");
    }
}
