//! Settings of the geocoder, which finds people's addresses on the map.

use anyhow::Context;
use clap::Args;
use nearhand_geocode::{Geocoder, Options, Setting};
use nearhand_runner::GeocodeJobs;

/// Which geocoder is asked.
#[derive(Clone, Debug, Args)]
pub(crate) struct GeocoderSettings {
    /// `gazetteer`, which is built in and knows towns and villages but no streets;
    /// nominatim:https://HOST/ or photon:https://HOST/ for exact addresses. Public servers have terms
    /// of use.
    #[arg(long, env = "NEARHAND_GEOCODER", default_value = "gazetteer")]
    geocoder: Setting,
    /// An e-mail address or URL that is sent to the geocoder's server, as public ones demand.
    #[arg(long, env = "NEARHAND_GEOCODER_CONTACT")]
    geocoder_contact: Option<String>,
}

impl GeocoderSettings {
    /// What looks for addresses.
    pub(crate) fn jobs(&self) -> anyhow::Result<GeocodeJobs> {
        let contact = self.geocoder_contact.clone().filter(|contact| !contact.is_empty());
        let options = Options { contact, ..Options::default() };
        let geocoder =
            Geocoder::new(&self.geocoder, &options).context("--geocoder cannot be used")?;
        Ok(GeocodeJobs::new(geocoder))
    }
}
