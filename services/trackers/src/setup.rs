//! What has to be set in each app so that it sends here: as the app's own file or link, else as its
//! address. Everything here holds the device's token; it must not be logged or kept.

use crate::Client;
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// What stays as it is within a value of a query.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where a device sends, and as whom.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// Where phones reach this installation, without a slash at its end.
    pub base: &'a str,
    /// The device's id: a label for those apps that want one.
    pub device: &'a str,
    /// Its token.
    pub token: &'a str,
}

impl Setup<'_> {
    /// The address that an app sends to.
    #[must_use]
    pub fn url(&self, client: Client) -> String {
        let Self { base, token, .. } = self;
        match client {
            Client::Owntracks => format!("{base}/ingest/owntracks"),
            Client::Overland => format!("{base}/ingest/overland"),
            Client::Transistorsoft => format!("{base}/ingest/transistorsoft"),
            Client::Traccar => format!("{base}/ingest/traccar/{token}"),
            // The app replaces each word behind a percent sign.
            Client::Gpslogger => format!(
                "{base}/ingest/gpslogger/{token}?lat=%LAT&lon=%LON&ts=%TIMESTAMP&acc=%ACC\
                 &spd=%SPD&dir=%DIR&alt=%ALT&batt=%BATT&charging=%ISCHARGING"
            ),
        }
    }

    /// What is set at once by a link that the phone opens, for those apps that know one: as a rule
    /// by scanning it.
    #[must_use]
    pub fn link(&self, client: Client) -> Option<String> {
        let encoded = |text: &str| utf8_percent_encode(text, VALUE).to_string();
        let (url, device, token) = (self.url(client), self.device, self.token);
        match client {
            Client::Owntracks => {
                let file = STANDARD.encode(self.owntracks_file().to_string());
                Some(format!("owntracks:///config?inline={}", encoded(&file)))
            }
            Client::Overland => Some(format!(
                "overland://setup?url={}&token={}&device_id={device}",
                encoded(&url),
                encoded(token)
            )),
            // Its scanner takes the path for the address and the query for settings.
            Client::Traccar => Some(format!("{url}?id={device}")),
            Client::Transistorsoft | Client::Gpslogger => None,
        }
    }

    /// OwnTracks' configuration file (`.otrc`). Commands of a server are not taken.
    #[must_use]
    pub fn owntracks_file(&self) -> Value {
        json!({
            "_type": "configuration", "mode": 3, "url": self.url(Client::Owntracks), "auth": true,
            "username": self.device, "password": self.token, "deviceId": "phone",
            "extendedData": true, "cmd": false, "remoteConfiguration": false,
        })
    }

    /// The options that an author gives to an SDK of Transistorsoft.
    #[must_use]
    pub fn transistorsoft_options(&self) -> Value {
        json!({
            "url": self.url(Client::Transistorsoft), "method": "POST",
            "headers": { "Authorization": format!("Bearer {}", self.token) },
            "httpRootProperty": "location", "autoSync": true, "batchSync": true,
            "maxBatchSize": 500,
        })
    }

    /// GPSLogger's profile (`.properties`).
    #[must_use]
    pub fn gpslogger_profile(&self) -> String {
        let url = self.url(Client::Gpslogger);
        format!("log_customurl_enabled=true\nlog_customurl_method=GET\nlog_customurl_url={url}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETUP: Setup<'_> =
        Setup { base: "https://n.example", device: "0b5e", token: "nh_dev_ab_c-d" };

    #[test]
    fn each_app_is_told_its_address() {
        let url = |client| SETUP.url(client);
        assert_eq!(url(Client::Owntracks), "https://n.example/ingest/owntracks");
        assert_eq!(url(Client::Traccar), "https://n.example/ingest/traccar/nh_dev_ab_c-d");
        assert!(
            url(Client::Gpslogger).starts_with("https://n.example/ingest/gpslogger/nh_dev_ab_c-d?")
        );
        assert!(SETUP.gpslogger_profile().contains(&url(Client::Gpslogger)));
        let options = SETUP.transistorsoft_options();
        assert_eq!(options["headers"]["Authorization"], "Bearer nh_dev_ab_c-d");
    }

    #[test]
    fn links_hold_what_the_app_must_know() {
        let link = |client| SETUP.link(client).expect("a link");
        let inline = link(Client::Owntracks);
        let encoded = inline.strip_prefix("owntracks:///config?inline=").expect("its scheme");
        let file = percent_encoding::percent_decode_str(encoded).decode_utf8().expect("text");
        let file: Value =
            serde_json::from_slice(&STANDARD.decode(&*file).expect("base64")).unwrap();
        assert_eq!(file, SETUP.owntracks_file());
        assert_eq!(
            link(Client::Overland),
            "overland://setup?url=https%3A%2F%2Fn.example%2Fingest%2Foverland\
             &token=nh_dev_ab_c-d&device_id=0b5e"
        );
        assert_eq!(link(Client::Traccar), "https://n.example/ingest/traccar/nh_dev_ab_c-d?id=0b5e");
        assert_eq!(SETUP.link(Client::Gpslogger), None);
    }
}
