//! Where a request comes from: its ids and the client's address.

use crate::{http::request_id, state::ApiState};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts, uri::Authority},
};
use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

/// Where a request comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// As in the response's header and the logs, or what else names the cause.
    pub request_id: String,
    /// The client's address.
    pub remote_addr: Option<String>,
    /// W3C trace context.
    pub trace_parent: Option<String>,
}

impl Origin {
    /// Of a request that has been given its ids.
    pub(crate) fn of(parts: &Parts, state: &ApiState) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let hops = state.config().trusted_proxy_hops;
        Self {
            request_id: request_id::of(&parts.headers).to_owned(),
            remote_addr: client_address(&parts.headers, peer, hops).map(|ip| ip.to_string()),
            trace_parent: request_id::trace_parent(&parts.headers).map(str::to_owned),
        }
    }
}

impl FromRequestParts<ApiState> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Infallible> {
        Ok(Self::of(parts, state))
    }
}

/// Where phones reach this installation, without a slash at its end: as it is configured, else as the
/// caller reached it. Goes to the caller alone.
pub(crate) struct PublicUrl(pub String);

/// Longest name of a host, with its port.
const LONGEST_HOST: usize = 260;

impl FromRequestParts<ApiState> for PublicUrl {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Infallible> {
        let config = state.config();
        let proxied = config.trusted_proxy_hops > 0;
        let url = config.public_url.clone();
        Ok(Self(url.unwrap_or_else(|| scheme_and_host(&parts.headers, proxied))))
    }
}

/// Scheme and host, by `host` and by what the outermost proxy says of TLS.
pub(crate) fn scheme_and_host(headers: &HeaderMap, proxied: bool) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text("host").filter(|host| host.len() <= LONGEST_HOST);
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let host = host.filter(|host| !host.as_str().contains('@'));
    let secure = proxied && text("x-forwarded-proto").is_some_and(|p| p.trim() == "https");
    let scheme = if secure { "https" } else { "http" };
    format!("{scheme}://{}", host.as_ref().map_or("localhost", Authority::as_str))
}

/// Scheme and host of an address.
pub(crate) fn without_path(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| host + at);
    url.get(..end).unwrap_or(url)
}

/// The address of the connection, or, behind so many trusted proxies, the entry that the outermost
/// of them wrote into `X-Forwarded-For`. A client's own entries there count for nothing.
fn client_address(
    headers: &HeaderMap,
    peer: Option<IpAddr>,
    trusted_proxy_hops: usize,
) -> Option<IpAddr> {
    let Some(skip) = trusted_proxy_hops.checked_sub(1) else { return peer };
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let entry = forwarded.iter().rev().nth(skip).and_then(|text| text.parse().ok());
    entry.or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("203.0.113.9, 198.51.100.7"));
        let peer: Option<IpAddr> = "192.0.2.1".parse().ok();
        let address = |hops| client_address(&headers, peer, hops).unwrap().to_string();
        assert_eq!(address(0), "192.0.2.1");
        assert_eq!(address(1), "198.51.100.7");
        assert_eq!(address(2), "203.0.113.9");
        assert_eq!(address(3), "192.0.2.1", "there are fewer proxies than were said");
    }

    #[test]
    fn a_link_leads_where_the_caller_came_from() {
        let of = |host: &str, proto: &'static str, proxied| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_str(host).unwrap());
            headers.insert("x-forwarded-proto", HeaderValue::from_static(proto));
            scheme_and_host(&headers, proxied)
        };
        assert_eq!(of("n.example:8443", "https", true), "https://n.example:8443");
        assert_eq!(of("n.example", "https", false), "http://n.example", "not a proxy of ours");
        assert_eq!(of("[::1]:8080", "http", true), "http://[::1]:8080");
        for wrong in ["a b", "user@n.example", "", &"x".repeat(300)] {
            assert_eq!(of(wrong, "http", true), "http://localhost", "{wrong}");
        }
    }
}
