//! The embedded files, and how one of them is answered with. Must not know which addresses there are.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// A file of `dist/`, as `build.rs` writes it down.
pub(crate) struct File {
    /// Below `dist/`.
    pub(crate) path: &'static str,
    /// Its media type.
    kind: &'static str,
    /// Of its content, in hexadecimal digits.
    hash: &'static str,
    plain: &'static [u8],
    /// The same compressed, where that is smaller.
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// All of them, in the order of their paths.
pub(crate) static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Kept for a year and never asked for again: another content has another name.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Kept, and asked for each time whether it is still the same.
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
/// Not kept: a page names the files of its own version.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The folder whose files have a hash of their content in their names.
const HASHED: &str = "assets/";

/// The file of a path below `dist/`.
pub(crate) fn find(path: &str) -> Option<&'static File> {
    let found = FILES.binary_search_by(|file| file.path.cmp(path));
    found.ok().and_then(|at| FILES.get(at))
}

impl File {
    /// Whether it is one of the pages.
    pub(crate) fn is_page(&self) -> bool {
        self.kind.starts_with("text/html")
    }

    /// Answers a request with these headers: in a form that the client takes, or that it has the
    /// file already.
    pub(crate) fn answer(&self, asked: &HeaderMap) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, self.cache_control());
        // Weak: all forms have the same.
        let tag = format!("W/\"{}\"", self.hash);
        if let Ok(tag) = HeaderValue::try_from(&tag) {
            headers.insert(header::ETAG, tag);
        }
        if self.brotli.is_some() || self.gzip.is_some() {
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        if is_known(asked, self.hash) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        let (encoding, content) = self.form(asked);
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        (headers, Body::from(content)).into_response()
    }

    fn cache_control(&self) -> HeaderValue {
        if self.is_page() {
            NO_STORE
        } else if self.path.starts_with(HASHED) {
            IMMUTABLE
        } else {
            NO_CACHE
        }
    }

    /// The smallest form that the client takes, and the name of its encoding.
    fn form(&self, asked: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
        let forms = [("br", self.brotli), ("gzip", self.gzip)];
        let taken = forms.into_iter().find_map(|(encoding, content)| {
            content.filter(|_| takes(asked, encoding)).map(|content| (Some(encoding), content))
        });
        taken.unwrap_or((None, self.plain))
    }
}

/// The elements of a list that may stand in several headers.
fn elements<'a>(
    headers: &'a HeaderMap,
    name: &header::HeaderName,
) -> impl Iterator<Item = &'a str> {
    let texts = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(str::trim)
}

/// Whether the client has this content already (RFC 9110, 13.1.2). Tags are compared weakly.
fn is_known(asked: &HeaderMap, hash: &str) -> bool {
    let tag = |element: &str| element.strip_prefix("W/").unwrap_or(element).to_owned();
    elements(asked, &header::IF_NONE_MATCH)
        .any(|element| element == "*" || tag(element).trim_matches('"') == hash)
}

/// Whether the client names an encoding and does not refuse it (RFC 9110, 12.5.3).
fn takes(asked: &HeaderMap, encoding: &str) -> bool {
    elements(asked, &header::ACCEPT_ENCODING).any(|element| {
        let mut parts = element.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map(str::parse::<f32>);
        is_named && weight.is_none_or(|weight| weight.is_ok_and(|weight| weight > 0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn an_encoding_is_taken_if_it_is_named_and_not_refused() {
        let takes = |value, encoding| takes(&asking(header::ACCEPT_ENCODING, value), encoding);
        assert!(takes("gzip, deflate, br, zstd", "br"));
        assert!(takes("GZIP;q=0.5", "gzip"));
        assert!(!takes("gzip, deflate", "br"));
        assert!(!takes("br;q=0, gzip", "br"));
        assert!(!takes("br;q=0.000", "br"));
        assert!(!takes("br;q=x", "br"));
        assert!(!super::takes(&HeaderMap::new(), "gzip"));
    }

    #[test]
    fn who_has_the_content_is_told_so_and_gets_none() {
        let known = |value| is_known(&asking(header::IF_NONE_MATCH, value), "ab12");
        for value in ["W/\"ab12\"", "\"ab12\"", "\"other\", W/\"ab12\"", "*"] {
            assert!(known(value), "{value}");
        }
        assert!(!known("W/\"ab1\""));
        assert!(!is_known(&HeaderMap::new(), "ab12"));
    }

    #[test]
    fn every_file_is_found_by_its_path() {
        assert!(FILES.len() > 2);
        for file in FILES {
            assert!(std::ptr::eq(find(file.path).expect(file.path), file));
        }
        assert!(find("assets/none.js").is_none() && find("").is_none());
    }
}
