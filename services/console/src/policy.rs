//! What browsers may do with the pages: content security policies and their companions. Scripts get
//! a policy, too, because a worker obeys that of its own script.

use crate::map_source::MapSource;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use std::collections::BTreeSet;

/// The policies of both pages.
pub(crate) struct Policies {
    console: HeaderValue,
    phone: HeaderValue,
}

/// Which page something belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Console,
    Phone,
}

impl Policies {
    /// With a map that loads from these sources besides this installation.
    pub(crate) fn new(sources: &[MapSource]) -> Self {
        // Each once, in an order that does not depend on how they were given.
        let origins: BTreeSet<String> = sources.iter().map(MapSource::origin).collect();
        let foreign: String = origins.iter().map(|origin| format!(" {origin}")).collect();
        Self { console: policy(&foreign, ""), phone: policy("", TRUSTED_TYPES) }
    }

    /// Adds what belongs to a file or a page. Only a page decides about windows and sensors.
    pub(crate) fn add(&self, headers: &mut HeaderMap, page: Page, is_page: bool) {
        let policy = match page {
            Page::Console => &self.console,
            Page::Phone => &self.phone,
        };
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if is_page {
            for (name, value) in PAGE_HEADERS {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
        }
    }
}

const PAGE_HEADERS: [(&str, &str); 2] = [
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "geolocation=(self), screen-wake-lock=(self)"),
];

/// For the phone's page, which has no map: text becomes markup or the address of a script only through
/// Svelte's templates and where the page registers its worker. `MapLibre` cannot work under it.
const TRUSTED_TYPES: &str =
    "; require-trusted-types-for 'script'; trusted-types nearhand-worker svelte-trusted-html";

/// Own files and own API; images also as `data:` and `blob:`, for the map's icons and previews of
/// photos. `foreign` are origins, each behind a space: styles, tiles, sprites and fonts of a map.
/// `more` are further directives.
fn policy(foreign: &str, more: &str) -> HeaderValue {
    let text = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; \
         img-src 'self' data: blob:{foreign}; connect-src 'self'{foreign}; font-src 'self'{foreign}; \
         worker-src 'self'; manifest-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'{more}"
    );
    // Origins are written in ASCII, so this does not fail; if it did, nothing would be allowed.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(page: Page, sources: &[&str]) -> String {
        let sources: Vec<MapSource> = sources.iter().map(|text| text.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        Policies::new(&sources).add(&mut headers, page, false);
        headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
    }

    #[test]
    fn without_a_style_nothing_foreign_is_loaded() {
        for page in [Page::Console, Page::Phone] {
            let policy = of(page, &[]);
            assert!(
                !policy.contains("http") && !policy.contains("unsafe") && !policy.contains('*')
            );
        }
    }

    #[test]
    fn a_style_opens_what_a_map_needs_on_the_console_and_nothing_else() {
        let sources = [
            "https://tiles.example.org/style.json",
            "https://fonts.example.org",
            "https://tiles.example.org",
        ];
        let policy = of(Page::Console, &sources);
        let both = "https://fonts.example.org https://tiles.example.org";
        for part in [
            format!("img-src 'self' data: blob: {both};"),
            format!("connect-src 'self' {both};"),
            format!("font-src 'self' {both};"),
            "script-src 'self';".to_owned(),
            "style-src 'self';".to_owned(),
            "worker-src 'self';".to_owned(),
        ] {
            assert!(policy.contains(&part), "{part} is not in {policy}");
        }
        assert_eq!(of(Page::Phone, &sources), of(Page::Phone, &[]));
    }

    #[test]
    fn the_phones_page_makes_no_markup_of_text() {
        assert!(
            of(Page::Phone, &[]).contains("; require-trusted-types-for 'script'; trusted-types ")
        );
        assert!(!of(Page::Console, &[]).contains("trusted-types"));
    }
}
