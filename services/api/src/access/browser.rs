//! What a browser says with a request: how it reached us, the cookies that it holds, and whether a
//! page of ours sent the request. Must not look up whose a cookie is.
//!
//! A browser adds its cookies to a request whoever's page caused it, so a cookie counts only for
//! requests of our own pages. Browsers say which page it was: `Sec-Fetch-Site`, which scripts cannot
//! write, or `Origin` where that header is missing.

use crate::{
    http::{
        codes::Code,
        local::{is_loopback, is_passed_on},
        origin::{scheme_and_host, without_path},
        problem::{ApiResult, Problem},
    },
    state::{ApiConfig, ApiState},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use nearhand_domain::token::TokenKind;
use std::convert::Infallible;

/// The cookies there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// Of a person's session.
    Session,
    /// Of the device that the browser is.
    Device,
}

/// How long a device's cookie lasts unless it is given again: the longest that browsers keep one.
const DEVICE_MAX_AGE_S: i64 = 400 * 24 * 3600;

/// How a request reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    /// Over TLS, as a trusted proxy or the configured address says.
    Https,
    /// Plainly, on this machine.
    Loopback,
    /// Plainly, over a network.
    Plain,
}

/// What a browser says with a request.
pub(crate) struct Browser {
    transport: Transport,
    /// The request comes from a page of ours.
    own_page: bool,
    /// The request seems to be sent on this machine, and something in it says that a proxy passed it on.
    hidden_proxy: bool,
    session: Option<String>,
    device: Option<String>,
}

impl Cookie {
    /// The kind of token in it.
    pub(crate) fn kind(self) -> TokenKind {
        match self {
            Self::Session => TokenKind::Browser,
            Self::Device => TokenKind::Device,
        }
    }

    /// Its name, if it is given at all. A browser takes a `__Host-` cookie over TLS alone, from this
    /// host and for the whole of it, so that no other host of the domain can put one in its place.
    fn name(self, transport: Transport) -> Option<&'static str> {
        match (self, transport) {
            (Self::Session, Transport::Https) => Some("__Host-nearhand"),
            (Self::Session, Transport::Loopback) => Some("nearhand"),
            (Self::Device, Transport::Https) => Some("__Host-nearhand-device"),
            (Self::Device, Transport::Loopback) => Some("nearhand-device"),
            (_, Transport::Plain) => None,
        }
    }
}

impl Browser {
    /// What the headers of a request say.
    pub(crate) fn of(headers: &HeaderMap, config: &ApiConfig) -> Self {
        let site = site(headers, config);
        let transport = transport(&site);
        let read = |cookie: Cookie| cookie.name(transport).and_then(|name| value(headers, name));
        Self {
            transport,
            own_page: is_own_page(headers, &site),
            hidden_proxy: is_behind_hidden_proxy(headers, config, transport),
            session: read(Cookie::Session),
            device: read(Cookie::Device),
        }
    }

    /// A cookie's text, if the request has it.
    pub(crate) fn cookie(&self, cookie: Cookie) -> Option<&str> {
        match cookie {
            Cookie::Session => self.session.as_deref(),
            Cookie::Device => self.device.as_deref(),
        }
    }

    /// Refuses requests that no page of ours sent.
    pub(crate) fn require_own_page(&self) -> ApiResult<()> {
        if self.own_page {
            return Ok(());
        }
        let detail = "cookies count only in requests of this site's own pages: \
            `sec-fetch-site: same-origin`, or without that header `origin` of this host; programs \
            log in without `cookie` and send `authorization: Bearer …`";
        Err(Problem::new(Code::CrossOrigin, detail))
    }

    /// Refuses to give cookies to pages that are not ours, and to browsers that would send them over a
    /// network in the clear.
    pub(crate) fn require_fit_for_cookies(&self) -> ApiResult<()> {
        self.require_own_page()?;
        if self.transport != Transport::Plain && !self.hidden_proxy {
            return Ok(());
        }
        let detail = "browsers log in over HTTPS, or on the machine itself at `localhost`. Behind \
            a proxy that does TLS: let it pass `host` and `x-forwarded-proto` on, and start \
            `nearhand serve` with `--trusted-proxy-hops`";
        Err(Problem::new(Code::HttpsRequired, detail))
    }

    /// `Set-Cookie` that gives a session's cookie: until the browser is closed, or for `max_age_s`.
    pub(crate) fn give_session(&self, token: &str, max_age_s: Option<i64>) -> Option<HeaderValue> {
        self.set(Cookie::Session, token, max_age_s)
    }

    /// The same for a device's.
    pub(crate) fn give_device(&self, token: &str) -> Option<HeaderValue> {
        self.set(Cookie::Device, token, Some(DEVICE_MAX_AGE_S))
    }

    /// `Set-Cookie` that takes a cookie away.
    pub(crate) fn take(&self, cookie: Cookie) -> Option<HeaderValue> {
        self.set(cookie, "", Some(0))
    }

    fn set(&self, cookie: Cookie, value: &str, max_age_s: Option<i64>) -> Option<HeaderValue> {
        let name = cookie.name(self.transport)?;
        let secure = if self.transport == Transport::Https { "; Secure" } else { "" };
        let lasting = max_age_s.map(|s| format!("; Max-Age={s}")).unwrap_or_default();
        let text = format!("{name}={value}; HttpOnly{secure}; SameSite=Strict; Path=/{lasting}");
        HeaderValue::from_str(&text).ok()
    }
}

impl FromRequestParts<ApiState> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers, state.config()))
    }
}

/// Scheme and host of the page that the request is for. A proxy that says nothing of TLS is believed
/// to do it where the request asks for the host of the configured address: were it not so, the
/// browser would refuse the cookie.
fn site(headers: &HeaderMap, config: &ApiConfig) -> String {
    let asked = scheme_and_host(headers, config.trusted_proxy_hops > 0);
    let configured = config.public_url.as_deref().map(without_path);
    let secured = |url: &&str| {
        let host = url.strip_prefix("https://");
        host.is_some_and(|host| asked.split_once("://").is_some_and(|(_, own)| is_same(own, host)))
    };
    configured.filter(secured).map_or(asked.clone(), str::to_owned)
}

fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn transport(site: &str) -> Transport {
    match site.split_once("://") {
        Some(("https", _)) => Transport::Https,
        Some((_, host)) if is_loopback(host) => Transport::Loopback,
        _ => Transport::Plain,
    }
}

fn is_own_page(headers: &HeaderMap, site: &str) -> bool {
    match headers.get("sec-fetch-site") {
        Some(whence) => whence == "same-origin",
        None => text(headers, header::ORIGIN.as_str()).is_some_and(|from| is_same(from, site)),
    }
}

/// A proxy that does TLS and hides it makes a site on the network look like this machine.
fn is_behind_hidden_proxy(headers: &HeaderMap, config: &ApiConfig, transport: Transport) -> bool {
    if transport != Transport::Loopback {
        return false;
    }
    let untrusted = config.trusted_proxy_hops == 0 && is_passed_on(headers);
    let from = text(headers, header::ORIGIN.as_str()).and_then(|from| from.split_once("://"));
    untrusted || from.is_some_and(|(_, host)| !is_loopback(host))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The value of the first cookie of this name that is not empty. RFC 6265 §5.4 is all that a server
/// has to read: pairs between semicolons. The cookie crate would add seven others. Other cookies may
/// hold any bytes.
fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let mut pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.find_map(|pair| {
        let (key, value) = std::str::from_utf8(pair).ok()?.split_once('=')?;
        let value = value.trim();
        let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let value = bare.unwrap_or(value);
        (key.trim() == name && !value.is_empty()).then(|| value.to_owned())
    })
}

#[cfg(test)]
#[path = "browser_tests.rs"]
mod tests;
