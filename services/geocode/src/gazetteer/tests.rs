//! The gazetteer on its real data.

use super::*;

fn address(city: &str, region: &str, country: &str) -> Address {
    let some = |text: &str| Some(text.to_owned());
    Address { city: some(city), region: some(region), country: some(country), ..Address::default() }
}

#[track_caller]
fn place(city: &str, region: &str, country: &str) -> Place {
    match find(&address(city, region, country)) {
        GeocodeMatch::Ok(place) => place,
        GeocodeMatch::Ambiguous(places) => {
            panic!("{city}: {:?}", places.iter().map(|p| &p.label).collect::<Vec<_>>())
        }
        GeocodeMatch::Nothing { why } => panic!("{city}: {why}"),
    }
}

#[track_caller]
fn why(city: &str, region: &str, country: &str) -> String {
    match find(&address(city, region, country)) {
        GeocodeMatch::Nothing { why } => why,
        found => panic!("{city}: {found:?}"),
    }
}

#[test]
fn cities_are_found_by_the_names_people_write() {
    for (city, country, lat, lng) in [
        ("Zürich", "CH", 47.37, 8.55),
        ("Zurich", "Switzerland", 47.37, 8.55),
        ("ZUERICH", "Schweiz", 47.37, 8.55),
        ("Zu\u{308}rich", "CHE", 47.37, 8.55),
        ("München", "DE", 48.14, 11.58),
        ("Munich", "Deutschland", 48.14, 11.58),
        ("St. Gallen", "CH", 47.42, 9.37),
        ("Sankt Gallen", "CH", 47.42, 9.37),
        ("Saint Louis", "US", 38.63, -90.20),
        ("St Louis", "USA", 38.63, -90.20),
        ("Köln", "DE", 50.93, 6.95),
        ("Frankfurt am Main", "DE", 50.11, 8.68),
        ("Frankfurt", "DE", 50.11, 8.68),
        ("London", "UK", 51.51, -0.13),
        ("Paris", "FR", 48.86, 2.35),
        ("Lisboa", "Portugal", 38.72, -9.13),
        ("Praha", "CZ", 50.09, 14.42),
        ("København", "DK", 55.68, 12.57),
        ("東京", "日本", 35.69, 139.69),
        ("Москва", "Россия", 55.75, 37.62),
        ("Baden-Baden", "DE", 48.76, 8.24),
        ("Walla Walla", "US", 46.06, -118.34),
        ("New York", "US", 40.71, -74.01),
        ("Santiago", "Chile", -33.46, -70.65),
        ("Suva", "FJ", -18.14, 178.44),
    ] {
        let found = place(city, "", country);
        let (dlat, dlng) = (found.position.lat() - lat, found.position.lng() - lng);
        assert!(dlat.abs() < 0.1 && dlng.abs() < 0.1, "{city}: {}", found.label);
        assert_eq!(found.precision, Precision::Locality);
        assert!(found.country.is_some());
    }
}

#[test]
fn many_places_of_one_name_are_told_apart_by_their_region() {
    let GeocodeMatch::Ambiguous(places) = find(&address("Springfield", "", "US")) else {
        panic!("one Springfield")
    };
    assert_eq!(places.len(), 10);
    assert_eq!(places[0].label, "Springfield, Missouri, United States");
    let mut labels: Vec<&str> = places.iter().map(|place| place.label.as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels.len(), 10);
    for region in ["Illinois", "IL", "il."] {
        assert_eq!(
            place("Springfield", region, "US").label,
            "Springfield, Illinois, United States"
        );
    }
    assert_eq!(place("Springfield", "Illinois", "").label, "Springfield, Illinois, United States");
}

#[test]
fn equal_labels_say_where_each_place_lies() {
    let GeocodeMatch::Ambiguous(places) = find(&address("Weingarten", "Baden-Württemberg", "DE"))
    else {
        panic!("only one")
    };
    let labels: Vec<&str> = places.iter().map(|place| place.label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "Weingarten (4 km north-east of Ravensburg), Baden-Wurttemberg, Germany",
            "Weingarten (9 km south-west of Bruchsal), Baden-Wurttemberg, Germany",
        ]
    );
}

#[test]
fn without_a_country_a_larger_place_does_not_win() {
    assert!(
        matches!(find(&address("Paris", "", "")), GeocodeMatch::Ambiguous(places) if places[0].country.as_deref() == Some("FR"))
    );
    assert_eq!(place("Ouagadougou", "", "").country.as_deref(), Some("BF"));
}

#[test]
fn an_unknown_region_narrows_nothing_but_a_wrong_one_is_told() {
    assert_eq!(place("Augsburg", "Schwaben", "DE").country.as_deref(), Some("DE"));
    assert!(why("Augsburg", "Hessen", "DE").contains("not in that region"));
}

#[test]
fn nothing_says_what_to_add_or_mend() {
    assert!(why("", "", "DE").starts_with("add the city"));
    assert!(why(" \t ", "", "").starts_with("add the city"));
    assert!(matches!(find(&Address::default()), GeocodeMatch::Nothing { .. }));
    assert!(why("Berlin", "", "Atlantis").contains("ISO 3166"));
    assert_eq!(why("Hambrug", "", "DE"), "no such city in Germany; did you mean Hamburg?");
    assert!(why("Qwxyzzy", "", "DE").starts_with("no such city in Germany; check"));
    assert!(why("---", "", "DE").starts_with("no such city in Germany"));
    assert!(why(&"a".repeat(100_000), "", "DE").starts_with("no such city"));
}

#[test]
fn a_nickname_of_a_large_city_does_not_hide_a_place_of_that_name() {
    // The data call Denver `St. Charles`, too, and Ribeirão Preto `Ribeirão`.
    for (city, country, own) in [
        ("St. Charles", "US", "Saint Charles, Missouri, United States"),
        ("Ribeirão", "BR", "Ribeirão, Pernambuco, Brazil"),
    ] {
        let GeocodeMatch::Ambiguous(places) = find(&address(city, "", country)) else {
            panic!("one {city}")
        };
        assert!(
            places.iter().any(|place| place.label == own),
            "{:?}",
            places.iter().map(|p| &p.label).collect::<Vec<_>>()
        );
    }
    assert!(place("Saint Charles", "MO", "US").label.ends_with("Missouri, United States"));
}
