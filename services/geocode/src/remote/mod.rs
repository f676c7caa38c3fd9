//! Geocoding services asked over HTTP: one order of steps for Nominatim and Photon. It logs no
//! address, no coordinate and nothing of an answer.

mod cache;
mod client;
mod hits;
mod nominatim;
mod photon;
mod rate_limiter;

pub(crate) use cache::Cache;
pub(crate) use client::Client;

use crate::{
    address::{Address, GeocodeMatch},
    error::{GeocodeError, Trouble},
    gazetteer::{self, Country},
};
use hits::Hit;
use std::time::Duration;

/// The language a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Nominatim,
    Photon,
}

/// A service with its client and cache.
pub(crate) struct Remote {
    dialect: Dialect,
    client: Client,
    cache: Cache,
}

/// What the services are asked, once for both.
struct Question<'a> {
    address: &'a Address,
    /// The country, if its name is known here.
    country: Option<Country>,
}

impl Dialect {
    /// Least time between requests unless it is set: what public servers of this kind allow.
    pub(crate) fn interval(self) -> Duration {
        match self {
            Self::Nominatim => Duration::from_secs(1),
            Self::Photon => Duration::from_millis(200),
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Nominatim => "search",
            Self::Photon => "api",
        }
    }

    fn query(self, question: &Question<'_>) -> Vec<(&'static str, String)> {
        match self {
            Self::Nominatim => nominatim::query(question),
            Self::Photon => photon::query(question),
        }
    }

    fn read(self, body: &[u8]) -> Option<Vec<Hit>> {
        match self {
            Self::Nominatim => nominatim::read(body),
            Self::Photon => photon::read(body),
        }
    }
}

impl Remote {
    pub(crate) fn new(dialect: Dialect, client: Client, cache: Cache) -> Self {
        Self { dialect, client, cache }
    }

    pub(crate) fn forget(&self) {
        self.cache.clear();
    }

    pub(crate) async fn find(&self, address: &Address) -> Result<GeocodeMatch, GeocodeError> {
        if address.city().is_none() && address.postcode().is_none() {
            return Ok(GeocodeMatch::nothing(
                "add the city or the postcode: without one, a street is anywhere",
            ));
        }
        let question =
            Question { address, country: address.country().and_then(gazetteer::country) };
        let query = self.dialect.query(&question);
        if let Some(found) = self.cache.get(&query) {
            return Ok(found);
        }
        let body = self.client.get(self.dialect.path(), &query).await?;
        let hits = self.dialect.read(&body).ok_or(GeocodeError::temporary(Trouble::Unreadable))?;
        tracing::debug!(geocode.service = ?self.dialect, geocode.hits_len = hits.len(), "a geocoding service answered");
        let found = hits::choose(hits, &question);
        self.cache.put(query, found.clone());
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
