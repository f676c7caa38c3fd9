//! How a device that was just enrolled is set up: each app's configuration, and QR codes to scan.
//! All of it holds the device's token, so it is shown once, with the token, and kept nowhere.

use crate::http::problem::{ApiResult, Problem};
use base64::{Engine, engine::general_purpose::STANDARD};
use nearhand_trackers::{Client, qr::Drawing, setup::Setup};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What to set in an app so that it sends as this device: one of these, whichever app is used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceSetup {
    owntracks: OwntracksSetup,
    overland: LinkedSetup,
    traccar: LinkedSetup,
    transistorsoft: TransistorsoftSetup,
    gpslogger: GpsloggerSetup,
}

/// OwnTracks: open the link, scan the code, or import the file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwntracksSetup {
    /// The server's address, where it is typed in.
    url: String,
    /// Sets everything at once.
    link: String,
    /// The link as a QR code: a PNG as `data:` URL.
    qr_png: String,
    /// The same as an SVG.
    qr_svg: String,
    /// The configuration file (`.otrc`).
    #[schema(value_type = Object)]
    file: Value,
}

/// An app that is set up by opening a link or scanning it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkedSetup {
    /// The server's address, where it is typed in.
    url: String,
    /// Sets everything at once.
    link: String,
    /// The link as a QR code: a PNG as `data:` URL.
    qr_png: String,
    /// The same as an SVG.
    qr_svg: String,
}

/// An app of one's own with an SDK of Transistorsoft.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TransistorsoftSetup {
    url: String,
    /// For the SDK's `ready`.
    #[schema(value_type = Object)]
    options: Value,
}

/// GPSLogger: type the custom URL, or load the profile.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GpsloggerSetup {
    url: String,
    /// A profile (`.properties`).
    profile: String,
}

impl DeviceSetup {
    /// Of a device.
    pub(crate) fn of(setup: &Setup<'_>) -> ApiResult<Self> {
        let linked = |client| LinkedSetup::of(setup, client);
        let LinkedSetup { url, link, qr_png, qr_svg } = linked(Client::Owntracks)?;
        let file = setup.owntracks_file();
        Ok(Self {
            owntracks: OwntracksSetup { url, link, qr_png, qr_svg, file },
            overland: linked(Client::Overland)?,
            traccar: linked(Client::Traccar)?,
            transistorsoft: TransistorsoftSetup {
                url: setup.url(Client::Transistorsoft),
                options: setup.transistorsoft_options(),
            },
            gpslogger: GpsloggerSetup {
                url: setup.url(Client::Gpslogger),
                profile: setup.gpslogger_profile(),
            },
        })
    }
}

impl LinkedSetup {
    fn of(setup: &Setup<'_>, client: Client) -> ApiResult<Self> {
        // An app without a link has none of these. A base is too short to fill a code.
        let link = setup.link(client).ok_or_else(Problem::internal)?;
        let drawing = Drawing::of(&link).map_err(|_| Problem::internal())?;
        let png = drawing.png().map_err(|_| Problem::internal())?;
        Ok(Self {
            url: setup.url(client),
            link,
            qr_png: format!("data:image/png;base64,{}", STANDARD.encode(png)),
            qr_svg: drawing.svg(),
        })
    }
}
