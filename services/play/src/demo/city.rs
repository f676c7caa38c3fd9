//! Harbour City: eight districts between a river and the hills, laid out like Lisbon.
//!
//! Pure. Neighbours share their borders and nothing else, so that most places lie in exactly one
//! district.

use serde_json::{Value, json};

use super::dice::Dice;

/// Metres in a degree of latitude.
const METRES_PER_DEG: f64 = 111_195.0;

/// A place, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) lat: f64,
    pub(super) lng: f64,
}

/// A district: its name and its outline, counter-clockwise, not closed.
pub(super) struct District {
    pub(super) name: &'static str,
    pub(super) outline: &'static [Corner],
}

/// As `(lng, lat)`.
pub(super) type Corner = (f64, f64);

// Along the river, from the west to the north-east.
pub(super) const R0: Corner = (-9.230, 38.692);
pub(super) const R1: Corner = (-9.207, 38.695);
pub(super) const R2: Corner = (-9.186, 38.698);
pub(super) const R3: Corner = (-9.160, 38.705);
pub(super) const R4: Corner = (-9.138, 38.707);
pub(super) const R5: Corner = (-9.122, 38.715);
pub(super) const R6: Corner = (-9.108, 38.732);
pub(super) const R7: Corner = (-9.097, 38.756);
pub(super) const R8: Corner = (-9.092, 38.782);
// Through the middle.
pub(super) const M0: Corner = (-9.228, 38.722);
pub(super) const M2: Corner = (-9.188, 38.726);
pub(super) const M3: Corner = (-9.163, 38.727);
pub(super) const M4: Corner = (-9.137, 38.731);
// Below the northern quarters.
pub(super) const H0: Corner = (-9.214, 38.757);
pub(super) const H2: Corner = (-9.190, 38.760);
pub(super) const H3: Corner = (-9.161, 38.764);
pub(super) const H4: Corner = (-9.131, 38.766);
// The northern edge.
pub(super) const N3: Corner = (-9.166, 38.795);
pub(super) const N4: Corner = (-9.132, 38.798);
pub(super) const N5: Corner = (-9.098, 38.796);

/// The districts.
pub(super) const DISTRICTS: [District; 8] = [
    District { name: "West Docks", outline: &[R0, R1, R2, M2, M0] },
    District { name: "Bridge Quarter", outline: &[R2, R3, M3, M2] },
    District { name: "Old Town", outline: &[R3, R4, R5, R6, M4, M3] },
    District { name: "Forest Side", outline: &[M0, M2, H2, H0] },
    District { name: "University Hill", outline: &[M2, M3, H3, H2] },
    District { name: "Midtown", outline: &[M3, M4, H4, H3] },
    District { name: "East Quay", outline: &[R6, R7, R8, H4, M4] },
    District { name: "Airport", outline: &[H3, H4, R8, N5, N4, N3] },
];

impl District {
    /// As a GeoJSON polygon.
    pub(super) fn area(&self) -> Value {
        let closed = self.outline.iter().chain(self.outline.first());
        let ring: Vec<[f64; 2]> = closed.map(|(lng, lat)| [*lng, *lat]).collect();
        json!({ "type": "Polygon", "coordinates": [ring] })
    }

    /// Whether a place lies inside, by counting the borders a ray to the north crosses.
    pub(super) fn contains(&self, place: Place) -> bool {
        let following = self.outline.iter().cycle().skip(1);
        let crossings = self.outline.iter().zip(following).filter(|((x1, y1), (x2, y2))| {
            let beside = (*x1 > place.lng) != (*x2 > place.lng);
            beside && place.lat < y1 + (place.lng - x1) / (x2 - x1) * (y2 - y1)
        });
        crossings.count() % 2 == 1
    }

    /// Somewhere inside.
    pub(super) fn somewhere(&self, dice: &mut Dice) -> Place {
        let (mut low, mut high) = ((180.0, 90.0), (-180.0, -90.0));
        for &(lng, lat) in self.outline {
            low = (lng.min(low.0), lat.min(low.1));
            high = (lng.max(high.0), lat.max(high.1));
        }
        // Every district fills more than a third of its box.
        for _ in 0..100 {
            let place =
                Place { lat: dice.between(low.1, high.1), lng: dice.between(low.0, high.0) };
            if self.contains(place) {
                return place.rounded();
            }
        }
        let &(lng, lat) = self.outline.first().unwrap_or(&R4);
        Place { lat, lng }
    }
}

impl Place {
    /// To a millionth of a degree, as maps show it.
    pub(super) fn rounded(self) -> Self {
        let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
        Self { lat: round(self.lat), lng: round(self.lng) }
    }

    /// Metres to the north and to the east; good for a city.
    pub(super) fn metres_to(self, other: Self) -> (f64, f64) {
        let north = (other.lat - self.lat) * METRES_PER_DEG;
        let east = (other.lng - self.lng) * METRES_PER_DEG * self.lat.to_radians().cos();
        (north, east)
    }

    /// So many metres to the north and to the east.
    pub(super) fn moved(self, north_m: f64, east_m: f64) -> Self {
        let lat = self.lat + north_m / METRES_PER_DEG;
        let lng = self.lng + east_m / (METRES_PER_DEG * self.lat.to_radians().cos());
        Self { lat, lng }
    }

    /// As bodies have it.
    pub(super) fn json(self) -> Value {
        json!({ "lat": self.lat, "lng": self.lng })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::region::RegionArea;

    #[test]
    fn every_district_is_an_area_the_api_takes() {
        for district in &DISTRICTS {
            if let Err(faults) = RegionArea::from_geojson(&district.area()) {
                panic!("{}: {faults:?}", district.name);
            }
        }
    }

    #[test]
    fn no_place_lies_in_two_districts_and_most_of_the_city_in_one() {
        let mut dice = Dice::new(3);
        let mut inside = 0;
        for _ in 0..20_000 {
            let place = Place { lat: dice.between(38.69, 38.80), lng: dice.between(-9.23, -9.09) };
            let n = DISTRICTS.iter().filter(|district| district.contains(place)).count();
            assert!(n <= 1, "{place:?}");
            inside += n;
        }
        assert!(inside > 10_000, "{inside}");
    }

    #[test]
    fn somewhere_inside_is_inside_and_metres_are_metres() {
        let mut dice = Dice::new(4);
        for district in &DISTRICTS {
            for _ in 0..200 {
                assert!(district.contains(district.somewhere(&mut dice)), "{}", district.name);
            }
        }
        let here = Place { lat: 38.72, lng: -9.14 };
        let (north, east) = here.metres_to(here.moved(300.0, -400.0));
        assert!((north - 300.0).abs() < 0.1 && (east + 400.0).abs() < 0.1, "{north} {east}");
    }
}
