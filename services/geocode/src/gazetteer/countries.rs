//! The embedded tables of countries and their regions: codes and names to one country, one region.
//! They know no cities.

use super::fold::fold;
use std::{collections::HashMap, sync::OnceLock};

static COUNTRIES: &str = include_str!("../../data/countries.tsv");
static REGIONS: &str = include_str!("../../data/regions.tsv");

/// A country: its ISO 3166 alpha-2 code and English name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Country {
    /// ISO 3166 alpha-2, upper case.
    pub(crate) code: &'static str,
    /// English name.
    pub(crate) name: &'static str,
}

/// A first-level region of a country.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Region {
    /// The country it belongs to.
    pub(crate) country: Country,
    /// English name, empty when the data have none.
    pub(crate) name: &'static str,
}

/// The country that is written here: a code of two or three letters, or a name in English or in a
/// language of the country.
pub(crate) fn country(written: &str) -> Option<Country> {
    tables().countries.get(&fold(written)).copied()
}

/// The region with this number.
pub(crate) fn region(number: usize) -> Option<Region> {
    tables().regions.get(number).copied()
}

/// The numbers of the regions that are written here, of one country or of any.
pub(crate) fn regions_named(written: &str, within: Option<Country>) -> Vec<usize> {
    let tables = tables();
    let numbers = tables.by_word.get(&fold(written)).map(Vec::as_slice).unwrap_or_default();
    let inside = |n: &&usize| within.is_none_or(|country| tables.regions[**n].country == country);
    numbers.iter().filter(inside).copied().collect()
}

struct Tables {
    countries: HashMap<String, Country>,
    regions: Vec<Region>,
    by_word: HashMap<String, Vec<usize>>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let mut by_code = HashMap::new();
        let mut countries = HashMap::new();
        for line in COUNTRIES.lines() {
            let mut words = line.split('\t');
            let (Some(code), Some(name)) = (words.next(), words.next()) else { continue };
            let country = Country { code, name };
            by_code.insert(code, country);
            for word in std::iter::once(name).chain(words) {
                countries.entry(fold(word)).or_insert(country);
            }
        }
        // A code outranks a name that looks like one.
        countries.extend(by_code.iter().map(|(code, country)| (fold(code), *country)));
        let (mut regions, mut by_word) = (Vec::new(), HashMap::<String, Vec<usize>>::new());
        for line in REGIONS.lines() {
            let mut words = line.split('\t');
            let code = words.next().unwrap_or_default();
            let name = words.next().unwrap_or_default();
            let country = by_code.get(code).copied().unwrap_or(Country { code, name: code });
            for word in std::iter::once(name).chain(words).map(fold).filter(|word| !word.is_empty())
            {
                let numbers = by_word.entry(word).or_default();
                if numbers.last() != Some(&regions.len()) {
                    numbers.push(regions.len());
                }
            }
            regions.push(Region { country, name });
        }
        Tables { countries, regions, by_word }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_known_by_code_and_by_its_own_names() {
        for (written, code) in [
            ("DE", "DE"),
            ("de", "DE"),
            ("deu", "DE"),
            ("Deutschland", "DE"),
            ("Germany", "DE"),
            ("Schweiz", "CH"),
            ("SUISSE", "CH"),
            ("Österreich", "AT"),
            ("España", "ES"),
            ("日本", "JP"),
            ("UK", "GB"),
            ("U.S.A.", "US"),
            ("Türkiye", "TR"),
            ("The Netherlands", "NL"),
            ("Georgia", "GE"),
        ] {
            assert_eq!(country(written).map(|c| c.code), Some(code), "{written}");
        }
        assert_eq!(country(""), None);
        assert_eq!(country("Atlantis"), None);
    }

    #[test]
    fn a_region_is_known_by_code_and_name_inside_its_country() {
        let us = country("US");
        let names = |written, within| -> Vec<&str> {
            regions_named(written, within).into_iter().filter_map(region).map(|r| r.name).collect()
        };
        assert_eq!(names("il", us), ["Illinois"]);
        assert_eq!(names("Illinois", us), ["Illinois"]);
        assert_eq!(names("Bayern", country("DE")), ["Bavaria"]);
        assert!(names("Bayern", us).is_empty());
        assert!(
            names("02", country("DE")).is_empty(),
            "numbers of GeoNames are not what people write"
        );
    }
}
