//! Headers that tell browsers and caches what they must not do with an answer.

use crate::pages;
use axum::http::{HeaderMap, HeaderValue, header};

/// For the API's own answers, which are no pages.
const API_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// For the documentation page: its own files, the styles and images its scripts write into the page,
/// and nothing from another host.
const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
/// For the pages behind mailed links: their own script and style, their own POST, and nothing else.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Adds them to the answer of a route; a policy that the route has set itself stays. What is under
/// `/v1` may be about people and is kept nowhere, unless the route itself says how; `unmatched` may
/// have been meant for it. A cache in front of `/ingest` would answer a ping by itself.
pub(crate) fn add(headers: &mut HeaderMap, route: &str, unmatched: bool) {
    let policy = if route.starts_with("/docs") {
        DOCS_POLICY
    } else if pages::is_page(route) {
        PAGE_POLICY
    } else {
        API_POLICY
    };
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if unmatched || route.starts_with("/v1") || route.starts_with("/ingest") {
        let not_stored = HeaderValue::from_static("no-store");
        headers.entry(header::CACHE_CONTROL).or_insert(not_stored);
    }
}
