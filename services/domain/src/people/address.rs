//! Postal addresses as people write them, and how far they have been found on the map.

use crate::{
    Position,
    access::words,
    text::{Name, TextError},
};
use serde::{Deserialize, Serialize};

/// A postal address. Every part is optional; an address has at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Street and house number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// Town.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State, province, county.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Postcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postcode: Option<String>,
    /// ISO 3166 code of two letters, or a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

impl Address {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The parts that are there, as on an envelope, on one line.
    #[must_use]
    pub fn on_one_line(&self) -> String {
        let town = [self.postcode.as_deref(), self.city.as_deref()];
        let town = town.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let parts = [
            self.street.as_deref(),
            Some(town.as_str()).filter(|town| !town.is_empty()),
            self.region.as_deref(),
            self.country.as_deref(),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// A part as it is kept: without a break of line or invisible characters.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn part(text: &str) -> Result<String, TextError> {
        Name::parse(text).map(String::from)
    }
}

/// Where something is, for a letter or a page: the address on one line, else degrees.
#[must_use]
pub fn in_words(address: Option<&Address>, position: Option<Position>) -> Option<String> {
    let words = address.map(Address::on_one_line).filter(|text| !text.is_empty());
    words.or_else(|| position.map(|at| format!("{:.5}, {:.5}", at.lat(), at.lng())))
}

words! {
    /// How far an address has been found.
    GeocodeStatus {
        /// It is being looked for.
        Pending = "pending",
        /// It has been found.
        Ok = "ok",
        /// There are several places of this name, to choose from.
        Ambiguous = "ambiguous",
        /// It was not found.
        Failed = "failed",
    }
}

words! {
    /// How exactly an address has been found.
    GeocodePrecision {
        /// The house, or the street.
        Address = "address",
        /// The area of a postcode.
        Postcode = "postcode",
        /// The town.
        Locality = "locality",
    }
}

words! {
    /// Where a home, or the position of a case, comes from.
    HomeSource {
        /// Somebody gave it.
        Manual = "manual",
        /// It was found from the address.
        Geocoded = "geocoded",
    }
}
