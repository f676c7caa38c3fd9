//! Web addresses that the console's map may load from, besides this installation. Must not fetch
//! anything: browsers do.

use std::{net::IpAddr, str::FromStr};
use url::{Host, Url};

/// An address of a map style, or of what a style refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapSource(Url);

/// Why an address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MapSourceError {
    /// It is no URL.
    #[error("it is no URL ({0}); it looks like https://tiles.example.org/style.json")]
    NoUrl(#[from] url::ParseError),
    /// Browsers would load it in the clear.
    #[error("it begins with {0}:, and must begin with https:; http: is for this machine alone")]
    Unsafe(String),
    /// Browsers refuse to load such an address, and everybody would see the password.
    #[error("it holds a user name or a password, which everybody would see; leave them out")]
    Login,
    /// Servers never see the part behind `#`.
    #[error("leave out `#` and what follows")]
    Fragment,
}

impl FromStr for MapSource {
    type Err = MapSourceError;

    fn from_str(text: &str) -> Result<Self, MapSourceError> {
        let url = Url::parse(text)?;
        let is_safe = match url.scheme() {
            "https" => true,
            "http" => url.host().is_some_and(|host| is_this_machine(&host)),
            _ => false,
        };
        if !is_safe {
            return Err(MapSourceError::Unsafe(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(MapSourceError::Login);
        }
        if url.fragment().is_some() {
            return Err(MapSourceError::Fragment);
        }
        Ok(Self(url))
    }
}

impl MapSource {
    /// The whole address.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Scheme, host and port: what a content security policy names.
    pub(crate) fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

/// Whether a host leads to this machine alone.
fn is_this_machine(host: &Host<impl AsRef<str>>) -> bool {
    match host {
        Host::Domain(name) => name.as_ref().eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).to_canonical().is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_reached_safely_and_names_its_origin() {
        let origin = |text: &str| text.parse::<MapSource>().unwrap().origin();
        assert_eq!(
            origin("https://Tiles.example.org/a/style.json?key=1"),
            "https://tiles.example.org"
        );
        assert_eq!(origin("https://tiles.example.org:8443/s"), "https://tiles.example.org:8443");
        assert_eq!(origin("http://127.0.0.1:9000/style.json"), "http://127.0.0.1:9000");
        assert_eq!(origin("http://[::1]:9000/"), "http://[::1]:9000");
        assert_eq!(origin("http://localhost/s"), "http://localhost");
        // Nothing of a host can end a policy's list.
        assert_eq!(origin("https://mäp.example/;script-src *"), "https://xn--mp-via.example");
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_reason() {
        let refused = |text: &str| text.parse::<MapSource>().unwrap_err().to_string();
        assert!(refused("tiles.example.org/style.json").contains("it looks like https://"));
        for text in
            ["http://tiles.example.org/s", "ftp://x.example", "data:text/plain,x", "file:///s"]
        {
            assert!(refused(text).contains("must begin with https:"), "{text}");
        }
        assert!(refused("https://me:secret@tiles.example.org/").contains("password"));
        assert!(!refused("https://me:secret@tiles.example.org/").contains("secret"));
        assert!(refused("https://tiles.example.org/s#x").contains('#'));
    }
}
