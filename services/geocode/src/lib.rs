//! Addresses to places: with the gazetteer of this binary, Nominatim, or Photon. It stores nothing
//! and knows no SQL; it puts no address and no coordinate into a log line or an error.
//!
//! **Precision.** The gazetteer knows about 235,000 cities and villages of the world (GeoNames, from
//! 500 inhabitants, and seats of administrations), but no streets and no postcodes: everything it
//! finds is a [`Precision::Locality`]. Exact addresses need Nominatim or Photon, one's own or a
//! public one whose terms allow the use. `data/ATTRIBUTION.md` has sources and licences;
//! [`Geocoder::attribution`] is the line to show beside results. Postcodes are left out because the
//! only worldwide set that was found is share-alike.

mod address;
mod distance;
mod error;
mod gazetteer;
mod geocoder;
mod remote;
mod setting;

pub use address::{Address, GeocodeMatch, Place, Precision};
pub use error::{GeocodeError, Trouble};
pub use geocoder::{CacheLimits, Geocoder, Options, SetupError};
pub use setting::{Setting, SettingError};
