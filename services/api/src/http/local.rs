//! Whether a browser on this machine asks. Must be the only place that decides it: mails of the
//! outbox, the demo's logins and cookies without TLS depend on it.

use axum::http::{HeaderMap, HeaderName, header};
use std::net::{IpAddr, SocketAddr};

/// Whether a browser on this machine asks for an address of this machine, with `trusted_proxy_hops`
/// proxies in front.
///
/// With a proxy on this machine everybody comes from this machine. So nobody is local where the
/// installation has trusted hops, or where the request says that it was passed on. The name of the
/// host counts too: a page elsewhere can let its own name point here. A proxy that says nothing of
/// itself, and writes a name of this machine into `Host`, cannot be noticed.
#[must_use]
pub fn is_local(peer: SocketAddr, headers: &HeaderMap, trusted_proxy_hops: usize) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let direct = trusted_proxy_hops == 0 && !is_passed_on(headers);
    peer.ip().to_canonical().is_loopback() && direct && is_loopback(host)
}

/// Whether a proxy says that it passes the request on for somebody.
pub(crate) fn is_passed_on(headers: &HeaderMap) -> bool {
    headers.keys().map(HeaderName::as_str).any(|name| {
        matches!(name, "forwarded" | "via" | "x-real-ip") || name.starts_with("x-forwarded-")
    })
}

/// Whether a host, perhaps with its port, is the machine of the browser that names it.
pub(crate) fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => authority.split(':').next(),
    };
    let host = host.unwrap_or_default().to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn local(peer: &str, host: &'static str, more: Option<&'static str>, hops: usize) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(name) = more {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("x"));
        }
        is_local(peer.parse().unwrap(), &headers, hops)
    }

    #[test]
    fn only_this_machine_is_local() {
        let names =
            ["127.0.0.1:8080", "localhost", "LocalHost:80", "localhost:1", "[::1]:80", "[::1]"];
        for host in names {
            assert!(local("127.0.0.1:4000", host, None, 0), "{host}");
        }
        assert!(local("[::1]:4000", "[::1]:8080", None, 0));
        assert!(local("[::ffff:127.0.0.1]:4000", "127.0.0.1", None, 0));
        assert!(!local("192.0.2.1:4000", "127.0.0.1", None, 0));
        let foreign = [
            "",
            "a b",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "192.0.2.1:8080",
            "localhost.x",
        ];
        for host in foreign {
            assert!(!local("127.0.0.1:4000", host, None, 0), "{host}");
        }
        assert!(!is_local("127.0.0.1:1".parse().unwrap(), &HeaderMap::new(), 0));
    }

    #[test]
    fn nobody_behind_a_proxy_is_local() {
        let said = ["forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-proto"];
        for name in said {
            assert!(!local("127.0.0.1:4000", "127.0.0.1", Some(name), 0), "{name}");
        }
        assert!(!local("127.0.0.1:4000", "127.0.0.1", None, 1));
    }
}
