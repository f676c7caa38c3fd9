//! What Photon is asked and answers (`/api`, GeoJSON). It opens no connection.
//! Format: <https://github.com/komoot/photon/blob/master/docs/api-v1.md>.

use super::{
    Question,
    hits::{Hit, Kind},
};
use nearhand_domain::Position;
use serde::Deserialize;

/// Photon takes one line of text. It has no parameter for the country that all versions know: hits of
/// other countries are left out afterwards.
pub(super) fn query(question: &Question<'_>) -> Vec<(&'static str, String)> {
    let address = question.address;
    let town: Vec<&str> = [address.postcode(), address.city()].into_iter().flatten().collect();
    let town = town.join(" ");
    let country = question.country.map(|country| country.name).or(address.country());
    let parts = [address.street(), Some(town.as_str()), address.region(), country];
    let line: Vec<&str> = parts.into_iter().flatten().collect();
    vec![("q", line.join(", ")), ("limit", "10".to_owned())]
}

/// Reads an answer; none if it is not in the format.
pub(super) fn read(body: &[u8]) -> Option<Vec<Hit>> {
    let collection: Collection = serde_json::from_slice(body).ok()?;
    Some(collection.features.into_iter().filter_map(hit).collect())
}

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    geometry: Geometry,
    #[serde(default)]
    properties: Properties,
}

#[derive(Deserialize)]
struct Geometry {
    /// Longitude first.
    coordinates: Vec<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Properties {
    #[serde(rename = "type")]
    kind: Option<String>,
    osm_value: Option<String>,
    name: Option<String>,
    housenumber: Option<String>,
    street: Option<String>,
    postcode: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    countrycode: Option<String>,
}

fn hit(feature: Feature) -> Option<Hit> {
    let [lng, lat, ..] = feature.geometry.coordinates[..] else { return None };
    let position = Position::new(lat, lng).ok()?;
    let properties = feature.properties;
    let kind = match properties.kind.as_deref()? {
        _ if properties.osm_value.as_deref() == Some("postcode") => Kind::Postcode,
        "house" => Kind::House(properties.housenumber.clone()),
        "street" => Kind::Street,
        "locality" | "district" | "city" => Kind::Locality,
        _ => return None,
    };
    let label = label(&properties);
    let own_city = if matches!(kind, Kind::Locality) { properties.name } else { None };
    let (country, postcode) = (properties.countrycode, properties.postcode);
    Some(Hit { position, kind, label, country, postcode, city: own_city.or(properties.city) })
}

/// `Name, Street 5, 10115 Berlin, State, Country`, each part once.
fn label(properties: &Properties) -> String {
    let joined = |a: &Option<String>, b: &Option<String>| -> Option<String> {
        let parts: Vec<&str> = [a.as_deref(), b.as_deref()].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    let parts = [
        properties.name.clone(),
        joined(&properties.street, &properties.housenumber),
        joined(&properties.postcode, &properties.city),
        properties.state.clone(),
        properties.country.clone(),
    ];
    let mut label: Vec<String> = Vec::new();
    for part in parts.into_iter().flatten().filter(|part| !part.is_empty()) {
        if !label.contains(&part) {
            label.push(part);
        }
    }
    label.join(", ")
}
