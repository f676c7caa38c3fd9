//! What the services answer, in one form, and the choice among it. It reads no JSON.
//!
//! **Precision.** A house counts as [`Precision::Address`] if its number was asked for or no number
//! was. A street counts as `Address` only if no house number was asked for; else as the area of its
//! postcode, or as its locality if the service names no postcode. A word of the street that begins
//! with a digit and has at most one letter behind its digits is taken for a house number, so
//! `5th Avenue` has none. Regions and countries are no places.

use super::Question;
use crate::{
    address::{Address, GeocodeMatch, Place, Precision},
    distance,
    gazetteer::{fold, words},
};
use nearhand_domain::Position;

/// Hits this close mean one place.
const ONE_PLACE_KM: f64 = 1.0;
/// Longest label, in characters.
const MAX_LABEL: usize = 200;

/// One place that a service answered.
pub(super) struct Hit {
    pub(super) position: Position,
    pub(super) kind: Kind,
    pub(super) label: String,
    /// Alpha-2 code, in either case.
    pub(super) country: Option<String>,
    pub(super) postcode: Option<String>,
    pub(super) city: Option<String>,
}

/// What a hit is.
pub(super) enum Kind {
    /// A building or an entrance, with its number if the service says.
    House(Option<String>),
    Street,
    Postcode,
    Locality,
}

/// The places that an answer leaves: of the finest precision, narrowed by country, postcode and city.
pub(super) fn choose(hits: Vec<Hit>, question: &Question<'_>) -> GeocodeMatch {
    let address = question.address;
    let mut hits: Vec<(Precision, Hit)> = hits
        .into_iter()
        .filter(|hit| in_country(hit, question))
        .filter_map(|hit| Some((precision(&hit, address)?, hit)))
        .collect();
    let finest = hits.iter().map(|(precision, _)| *precision).min();
    hits.retain(|(precision, _)| Some(*precision) == finest);
    prefer(&mut hits, address.postcode(), |hit| hit.postcode.as_deref());
    prefer(&mut hits, address.city(), |hit| hit.city.as_deref());
    let hits = distance::apart(hits, ONE_PLACE_KM, |(_, hit)| hit.position);
    GeocodeMatch::of(hits.into_iter().map(place).collect(), why_none(address))
}

fn in_country(hit: &Hit, question: &Question<'_>) -> bool {
    match (question.country, &hit.country) {
        (Some(asked), Some(found)) => asked.code.eq_ignore_ascii_case(found),
        _ => true,
    }
}

/// How exact a hit is for what was asked; none if it is something else.
fn precision(hit: &Hit, address: &Address) -> Option<Precision> {
    let Some(street) = address.street() else {
        return match hit.kind {
            Kind::House(_) | Kind::Street => None,
            Kind::Postcode => Some(Precision::Postcode),
            Kind::Locality => Some(Precision::Locality),
        };
    };
    let asked = house_numbers(street);
    let exact = match &hit.kind {
        Kind::House(Some(number)) => asked.is_empty() || asked.contains(&fold(number)),
        Kind::House(None) | Kind::Street => asked.is_empty(),
        Kind::Postcode => return Some(Precision::Postcode),
        Kind::Locality => return Some(Precision::Locality),
    };
    let coarse = if hit.postcode.is_some() { Precision::Postcode } else { Precision::Locality };
    Some(if exact { Precision::Address } else { coarse })
}

/// What may be the house number: `12` and `12a`, and `12a` for `12 a` too.
fn house_numbers(street: &str) -> Vec<String> {
    let words = words(street);
    let mut numbers: Vec<String> =
        words.iter().filter(|word| is_house_number(word)).cloned().collect();
    let pairs = words.windows(2).map(<[String]>::concat);
    numbers.extend(pairs.filter(|pair| is_house_number(pair)));
    numbers
}

fn is_house_number(word: &str) -> bool {
    let digits = word.trim_end_matches(|c: char| c.is_alphabetic());
    let letters = word.chars().count() - digits.chars().count();
    !digits.is_empty() && digits.chars().all(char::is_numeric) && letters <= 1
}

/// Keeps the hits whose field equals what was asked, if there is one.
fn prefer(hits: &mut Vec<(Precision, Hit)>, asked: Option<&str>, field: fn(&Hit) -> Option<&str>) {
    let Some(asked) = asked.map(fold) else { return };
    let equal = |hit: &Hit| field(hit).is_some_and(|found| fold(found) == asked);
    if hits.iter().any(|(_, hit)| equal(hit)) {
        hits.retain(|(_, hit)| equal(hit));
    }
}

fn place((precision, hit): (Precision, Hit)) -> Place {
    let label = hit.label.chars().filter(|c| !c.is_control()).take(MAX_LABEL).collect();
    Place {
        position: hit.position,
        precision,
        label,
        country: hit.country.map(|code| code.to_ascii_uppercase()),
    }
}

fn why_none(address: &Address) -> &'static str {
    if address.street().is_some() {
        "no such address; check its spelling, or leave the street out to get the place of the city"
    } else {
        "no such place; check the spelling of city, postcode and country"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn house_numbers_are_told_from_street_names() {
        for (street, numbers) in [
            ("Main St 5", vec!["5"]),
            ("12a High Street", vec!["12a"]),
            ("Hauptstr. 12 a", vec!["12", "12a"]),
            ("5th Avenue", vec![]),
            ("Am Markt", vec![]),
        ] {
            assert_eq!(house_numbers(street), numbers, "{street}");
        }
    }
}
