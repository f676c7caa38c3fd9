//! The one way in: a geocoder built from its setting. It does not say what becomes of a place.

use crate::{
    address::{Address, GeocodeMatch},
    error::GeocodeError,
    gazetteer,
    remote::{Cache, Client, Dialect, Remote},
    setting::Setting,
};
use reqwest::Url;
use std::time::Duration;

/// Finds the places that an address may mean.
pub enum Geocoder {
    /// The gazetteer of this binary. Never fails, asks no network.
    Gazetteer,
    /// A service asked over HTTP. All callers share its rate limit and its cache.
    Service(Box<Service>),
}

/// A Nominatim or Photon server with its rate limit and its cache.
pub struct Service(Remote);

/// How a service is asked. The gazetteer needs none of it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Product and version, such as `nearhand/0.1.0`. Public services refuse requests without one.
    pub user_agent: String,
    /// Where the service's operator can write to, an e-mail address or a URL; sent inside the user agent.
    pub contact: Option<String>,
    /// Least time between two requests. None: one second for Nominatim, whose public servers allow no
    /// more, and 200 ms for Photon.
    pub interval: Option<Duration>,
    /// Longest time for one answer.
    pub timeout: Duration,
    /// What is remembered.
    pub cache: CacheLimits,
}

/// How many answers are remembered in memory, and how long.
#[derive(Clone, Copy, Debug)]
pub struct CacheLimits {
    /// Most answers. The one that was not used for longest goes first.
    pub entries: usize,
    /// How long places are remembered.
    pub found: Duration,
    /// How long it is remembered that there is no place.
    pub nothing: Duration,
}

/// Why no geocoder can be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The user agent or the contact has characters that no HTTP header holds.
    #[error("the geocoder's user agent and contact must be printable ASCII without line breaks")]
    UserAgent,
    /// The HTTP client found no certificates, or the like.
    #[error("the HTTP client of the geocoder cannot be built; check the system's certificates")]
    Client,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            user_agent: concat!("nearhand/", env!("CARGO_PKG_VERSION")).to_owned(),
            contact: None,
            interval: None,
            timeout: Duration::from_secs(10),
            cache: CacheLimits::default(),
        }
    }
}

impl Default for CacheLimits {
    fn default() -> Self {
        const HOUR: Duration = Duration::from_secs(3_600);
        Self { entries: 4_096, found: 24 * HOUR, nothing: HOUR }
    }
}

impl Geocoder {
    /// Builds the geocoder that the setting names. Connects to nothing yet.
    ///
    /// # Errors
    /// When the user agent cannot be sent, or the HTTP client cannot be built.
    pub fn new(setting: &Setting, options: &Options) -> Result<Self, SetupError> {
        let (dialect, url): (_, &Url) = match setting {
            Setting::Gazetteer => return Ok(Self::Gazetteer),
            Setting::Nominatim(url) => (Dialect::Nominatim, url),
            Setting::Photon(url) => (Dialect::Photon, url),
        };
        let interval = options.interval.unwrap_or(dialect.interval());
        let client = Client::new(
            url,
            options.user_agent.trim(),
            options.contact.as_deref(),
            interval,
            options.timeout,
        )?;
        Ok(Self::Service(Box::new(Service(Remote::new(
            dialect,
            client,
            Cache::new(options.cache),
        )))))
    }

    /// Finds the places of an address. The gazetteer answers at once; a service may make callers wait
    /// for their turn, at most 30 seconds, and then for its answer.
    ///
    /// # Errors
    /// When a service gives no usable answer; the gazetteer never fails.
    pub async fn find(&self, address: &Address) -> Result<GeocodeMatch, GeocodeError> {
        match self {
            Self::Gazetteer => Ok(gazetteer::find(address)),
            Self::Service(service) => service.0.find(address).await,
        }
    }

    /// Forgets all addresses that were looked for, and their places.
    pub fn forget(&self) {
        if let Self::Service(service) = self {
            service.0.forget();
        }
    }

    /// The line to show wherever people see results, as the licence of the data demands.
    #[must_use]
    pub fn attribution(&self) -> &'static str {
        match self {
            Self::Gazetteer => "Place data © GeoNames (geonames.org), CC BY 4.0",
            Self::Service(_) => {
                "Place data © OpenStreetMap contributors (openstreetmap.org/copyright), ODbL"
            }
        }
    }
}
