//! The geocoder of this binary: cities and villages by name. It knows no streets and no postcodes,
//! and never asks the network.
//!
//! **How one place is chosen.** The folded name is looked up among the names and their other
//! spellings; the country and the region narrow. A country that is not known is an answer, a region
//! that is not known narrows nothing (people also write counties and districts there). Places of one
//! name within 10 km are one. If several are left, the most populous one counts alone only if the
//! country or the region is known and it has at least 10 times the people of the next; a place
//! whose population is not known counts as 500. Besides, it must bear the name as its own, or none of
//! the others may: the data know nicknames of large cities that are names of small ones. Without
//! country and region there is no such rule.

mod countries;
mod fold;
mod labels;
mod places;
mod spelling;

pub(crate) use countries::{Country, country};
pub(crate) use fold::{fold, words};

use crate::{
    address::{Address, GeocodeMatch, Place, Precision},
    distance,
};
use countries::{region, regions_named};
use places::{PlaceNumber, places};

/// Places of one name this close are one.
const ONE_PLACE_KM: f64 = 10.0;
/// How many times the people of the next a place needs to count alone.
const MUCH_LARGER: u32 = 10;
/// Population where none is known: the least that the data ask of a village.
const UNKNOWN_POPULATION: u32 = 500;

/// Finds the city of an address. Takes microseconds; for a city that it does not know, tens of
/// milliseconds at most, to suggest another spelling.
pub(crate) fn find(address: &Address) -> GeocodeMatch {
    let Some(city) = address.city() else {
        return GeocodeMatch::nothing(
            "add the city: the built-in gazetteer knows cities and villages, no streets and no postcodes",
        );
    };
    let country = match address.country().map(country) {
        Some(None) => {
            return GeocodeMatch::nothing(
                "the country is not known; write its ISO 3166 code, such as DE, or its name",
            );
        }
        Some(known) => known,
        None => None,
    };
    let regions =
        address.region().map(|written| regions_named(written, country)).unwrap_or_default();
    let scope = Scope { country, regions };
    let (key, named) = candidates(city);
    let inside: Vec<PlaceNumber> =
        named.iter().copied().filter(|place| scope.holds(*place)).collect();
    if inside.is_empty() {
        return GeocodeMatch::nothing(why_none(city, &scope, &named));
    }
    choose(inside, &key, &scope)
}

/// What the country and the region leave.
struct Scope {
    country: Option<Country>,
    /// Numbers of regions; empty if none is known.
    regions: Vec<usize>,
}

impl Scope {
    fn holds(&self, place: PlaceNumber) -> bool {
        let number = places().region(place);
        (self.regions.is_empty() || self.regions.contains(&number)) && self.holds_country(place)
    }

    fn holds_country(&self, place: PlaceNumber) -> bool {
        self.country.is_none_or(|c| {
            region(places().region(place)).is_some_and(|region| region.country == c)
        })
    }

    fn is_narrow(&self) -> bool {
        self.country.is_some() || !self.regions.is_empty()
    }
}

/// The key of a name and its places; if there are none, those of the name with `ü` for `ue` and the like.
fn candidates(city: &str) -> (String, Vec<PlaceNumber>) {
    let key = fold(city);
    let named = places().named(&key);
    match fold::without_digraphs(&key) {
        Some(short) if named.is_empty() => (short.clone(), places().named(&short)),
        _ => (key, named),
    }
}

fn choose(mut found: Vec<PlaceNumber>, key: &str, scope: &Scope) -> GeocodeMatch {
    found.sort_by_key(|place| (std::cmp::Reverse(people(*place)), *place));
    let placed: Vec<_> =
        found.into_iter().filter_map(|place| Some((place, places().position(place)?))).collect();
    let apart = distance::apart(placed, ONE_PLACE_KM, |(_, position)| *position);
    let own = |place: PlaceNumber| fold(&places().name(place)) == key;
    let alone = match apart.as_slice() {
        [(first, _), others @ ..] if !others.is_empty() => {
            let larger = people(*first) >= people(others[0].0).saturating_mul(MUCH_LARGER);
            scope.is_narrow()
                && larger
                && (own(*first) || !others.iter().any(|(place, _)| own(*place)))
        }
        _ => true,
    };
    /// As many as an answer holds.
    const MOST: usize = 10;
    let kept: Vec<_> = apart.into_iter().take(if alone { 1 } else { MOST }).collect();
    let labels = labels::apart(&kept.iter().map(|(place, _)| *place).collect::<Vec<_>>());
    let answer = kept.into_iter().zip(labels).map(|((place, position), label)| Place {
        position,
        precision: Precision::Locality,
        label,
        country: region(places().region(place)).map(|region| region.country.code.to_owned()),
    });
    GeocodeMatch::of(answer.collect(), "no such city is known")
}

fn people(place: PlaceNumber) -> u32 {
    match places().population(place) {
        0 => UNKNOWN_POPULATION,
        known => known,
    }
}

fn why_none(city: &str, scope: &Scope, named: &[PlaceNumber]) -> String {
    let inside = scope.country.map(|country| format!(" in {}", country.name)).unwrap_or_default();
    if named.iter().any(|place| scope.holds_country(*place)) {
        return format!(
            "there is a city of that name{inside}, but not in that region; correct the region or leave it out"
        );
    }
    match suggestion(city, scope) {
        Some(name) => format!("no such city{inside}; did you mean {name}?"),
        None => {
            format!("no such city{inside}; check its spelling, or write the nearest larger city")
        }
    }
}

/// The most populous place whose name is one letter away.
fn suggestion(city: &str, scope: &Scope) -> Option<String> {
    let near = spelling::near(&fold(city)).into_iter().flat_map(|key| places().named(&key));
    let best =
        near.filter(|place| scope.holds_country(*place)).max_by_key(|place| people(*place))?;
    Some(places().name(best))
}

#[cfg(test)]
mod tests;
