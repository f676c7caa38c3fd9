//! The types of a geocoding request and its result. Their `Debug` must not print an address or a
//! coordinate.

use nearhand_domain::Position;
use std::fmt;

/// A postal address as people write it. Empty fields count as absent.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Address {
    /// Street with house number.
    pub street: Option<String>,
    /// City, town or village.
    pub city: Option<String>,
    /// State, province, canton: a name, or the letters people abbreviate it with.
    pub region: Option<String>,
    /// Postcode.
    pub postcode: Option<String>,
    /// ISO 3166 code of two or three letters, or a name in English or in a language of the country.
    pub country: Option<String>,
}

/// How exact the position of a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Precision {
    /// The house; the street, if no house number was asked for.
    Address,
    /// The area of a postcode. Also a street whose house number was not found, if its postcode is known.
    Postcode,
    /// The city, town or village.
    Locality,
}

impl Precision {
    /// The word of the API: `address`, `postcode` or `locality`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Postcode => "postcode",
            Self::Locality => "locality",
        }
    }
}

/// A place that an address may mean.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// Where it lies.
    pub position: Position,
    /// How exact that is.
    pub precision: Precision,
    /// What people call it, at most 200 characters, such as `Springfield, Illinois, United States`.
    pub label: String,
    /// ISO 3166 alpha-2 code in upper case, if the source says.
    pub country: Option<String>,
}

/// The places that match an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeocodeMatch {
    /// Exactly one place.
    Ok(Place),
    /// 2 to 10 places, the likeliest first.
    Ambiguous(Vec<Place>),
    /// No place.
    Nothing {
        /// What the person who wrote the address can do, in English. It may name a country or a city.
        why: String,
    },
}

impl GeocodeMatch {
    pub(crate) fn nothing(why: impl Into<String>) -> Self {
        Self::Nothing { why: why.into() }
    }

    /// The answer for places in order of likelihood, none of which mean the same.
    pub(crate) fn of(mut places: Vec<Place>, why_none: &str) -> Self {
        /// Longer lists help nobody to choose.
        const MOST: usize = 10;
        places.truncate(MOST);
        match places.len() {
            0 => Self::nothing(why_none),
            1 => Self::Ok(places.swap_remove(0)),
            _ => Self::Ambiguous(places),
        }
    }
}

impl Address {
    pub(crate) fn street(&self) -> Option<&str> {
        written(self.street.as_ref())
    }

    pub(crate) fn city(&self) -> Option<&str> {
        written(self.city.as_ref())
    }

    pub(crate) fn region(&self) -> Option<&str> {
        written(self.region.as_ref())
    }

    pub(crate) fn postcode(&self) -> Option<&str> {
        written(self.postcode.as_ref())
    }

    pub(crate) fn country(&self) -> Option<&str> {
        written(self.country.as_ref())
    }
}

fn written(field: Option<&String>) -> Option<&str> {
    field.map(|text| text.trim()).filter(|text| !text.is_empty())
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(redacted)")
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("precision", &self.precision).finish_non_exhaustive()
    }
}
