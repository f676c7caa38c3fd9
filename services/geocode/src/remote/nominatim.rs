//! What Nominatim is asked and answers (`/search`, `jsonv2`). It opens no connection.
//! Format: <https://nominatim.org/release-docs/latest/api/Search/>.

use super::{
    Question,
    hits::{Hit, Kind},
};
use nearhand_domain::Position;
use serde::Deserialize;

pub(super) fn query(question: &Question<'_>) -> Vec<(&'static str, String)> {
    let address = question.address;
    let country = match question.country {
        Some(country) => ("countrycodes", Some(country.code)),
        None => ("country", address.country()),
    };
    let fields = [
        ("format", Some("jsonv2")),
        ("addressdetails", Some("1")),
        ("limit", Some("10")),
        ("street", address.street()),
        ("city", address.city()),
        ("state", address.region()),
        ("postalcode", address.postcode()),
        country,
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name, value?.to_owned()))).collect()
}

/// Reads an answer; none if it is not in the format.
pub(super) fn read(body: &[u8]) -> Option<Vec<Hit>> {
    let results: Vec<Answered> = serde_json::from_slice(body).ok()?;
    Some(results.into_iter().filter_map(hit).collect())
}

#[derive(Deserialize)]
struct Answered {
    lat: String,
    lon: String,
    #[serde(default)]
    display_name: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    addresstype: String,
    #[serde(default)]
    place_rank: u8,
    #[serde(default)]
    address: Details,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    house_number: Option<String>,
    postcode: Option<String>,
    city: Option<String>,
    town: Option<String>,
    village: Option<String>,
    municipality: Option<String>,
    hamlet: Option<String>,
    country_code: Option<String>,
}

fn hit(result: Answered) -> Option<Hit> {
    let kind = kind(&result)?;
    let position = Position::new(result.lat.parse().ok()?, result.lon.parse().ok()?).ok()?;
    let Details { postcode, city, town, village, municipality, hamlet, country_code, .. } =
        result.address;
    let city = city.or(town).or(village).or(municipality).or(hamlet);
    Some(Hit { position, kind, label: result.display_name, country: country_code, postcode, city })
}

/// `place_rank` says how fine a result is: 26 and 27 are streets, 28 to 30 houses and what has an
/// address of its own. `addresstype` says what it is to people, whatever object it comes from.
fn kind(result: &Answered) -> Option<Kind> {
    /// Finest rank of a street.
    const STREET: u8 = 27;
    if let Some(number) = &result.address.house_number {
        return Some(Kind::House(Some(number.clone())));
    }
    match result.addresstype.as_str() {
        "postcode" => Some(Kind::Postcode),
        "city" | "town" | "village" | "municipality" | "hamlet" | "borough" | "suburb"
        | "city_district" | "neighbourhood" | "quarter" | "isolated_dwelling" | "locality" => {
            Some(Kind::Locality)
        }
        "road" | "street" | "pedestrian" | "square" | "footway" | "path" => Some(Kind::Street),
        "house" | "building" | "house_number" => Some(Kind::House(None)),
        "continent" | "country" | "state" | "region" | "state_district" | "county" | "district" => {
            None
        }
        _ if result.kind == "postcode" => Some(Kind::Postcode),
        _ if result.place_rank > STREET => Some(Kind::House(None)),
        _ => None,
    }
}
