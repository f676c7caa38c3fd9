//! What the console is told at its start: the map, the version, and the demo's logins. Logins go to
//! browsers on this machine alone, and exist only while the demo runs.

use crate::map_source::{MapSource, is_this_machine};
use axum::http::{HeaderMap, header, uri::Authority};
use parking_lot::RwLock;
use serde::Serialize;
use std::{net::SocketAddr, sync::Arc};
use url::Host;

/// `GET /console/settings.json`.
#[derive(Serialize)]
pub(crate) struct Settings<'a> {
    /// The style of the map; null draws the built-in one.
    pub(crate) map_style: Option<&'a str>,
    /// How to log in to the demo.
    pub(crate) demo: Option<Demo>,
    /// Of this build.
    pub(crate) version: &'static str,
}

/// How to log in to the demo.
#[derive(Clone, Serialize)]
pub struct Demo {
    /// Which organisation.
    pub organization: String,
    /// Its admin.
    #[serde(flatten)]
    pub admin: DemoLogin,
    /// Somebody who plans.
    pub scheduler: DemoLogin,
    /// Somebody in the field, who may be tracked; none before they have a login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<DemoLogin>,
}

/// One person's login.
#[derive(Clone, Serialize)]
pub struct DemoLogin {
    /// What they type.
    pub login: String,
    /// And with it.
    pub password: String,
}

/// Where the demo puts its logins once they work; cheap to clone. Empty without a demo.
#[derive(Clone, Default)]
pub struct DemoSlot(Arc<RwLock<Option<Demo>>>);

impl DemoSlot {
    /// Offers these logins from now on.
    pub fn offer(&self, demo: Demo) {
        *self.0.write() = Some(demo);
    }

    /// The logins, for a client that may see them.
    pub(crate) fn for_client(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<Demo> {
        self.0.read().clone().filter(|_| is_local(peer, headers))
    }
}

impl Settings<'_> {
    /// Of a map style and what may be told of the demo.
    pub(crate) fn new(style: Option<&MapSource>, demo: Option<Demo>) -> Settings<'_> {
        let map_style = style.map(MapSource::as_str);
        Settings { map_style, demo, version: env!("CARGO_PKG_VERSION") }
    }
}

/// What proxies add. Whoever comes through one is somewhere else.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "via"];

/// Whether a browser on this machine asks, for an address of this machine. The name of the host is
/// looked at, too: else a foreign page could let its own name point here.
fn is_local(peer: Option<SocketAddr>, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let host = host.and_then(|host| Host::parse(host.host()).ok());
    let names_us = host.is_some_and(|host| is_this_machine(&host));
    let from_here = peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    from_here && names_us && FORWARDED.iter().all(|name| !headers.contains_key(*name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    #[test]
    fn only_this_machine_is_local() {
        let local = |peer: &str, host: &'static str, more: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            if let Some(name) = more {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static("x"));
            }
            is_local(Some(peer.parse().unwrap()), &headers)
        };
        for host in ["127.0.0.1:8080", "localhost", "LocalHost:80", "[::1]:8080"] {
            assert!(local("127.0.0.1:4000", host, None), "{host}");
        }
        assert!(local("[::1]:4000", "[::1]:8080", None));
        assert!(local("[::ffff:127.0.0.1]:4000", "127.0.0.1", None));
        assert!(!local("192.0.2.1:4000", "127.0.0.1", None));
        for host in ["evil.example", "localhost.evil.example", "192.0.2.1:8080", "", "a b"] {
            assert!(!local("127.0.0.1:4000", host, None), "{host}");
        }
        for name in FORWARDED {
            assert!(!local("127.0.0.1:4000", "127.0.0.1", Some(name)), "{name}");
        }
        assert!(!is_local(None, &HeaderMap::new()));
    }
}
