//! What a request's head must be before a route sees it. hyper refuses what cannot be parsed at all,
//! and longer heads than these, by itself and without a body.

use crate::http::{codes::Code, problem::Problem};
use axum::{
    extract::Request,
    http::{Version, header},
};

/// Longest path and query, in bytes.
const LONGEST_ADDRESS: usize = 8 * 1024;
/// Most bytes of all headers' names and values.
const MOST_HEADERS: usize = 32 * 1024;

/// Why a request is refused because of its head, if it is.
pub(crate) fn fault(request: &Request) -> Option<Problem> {
    let (headers, address) = (request.headers(), request.uri().path_and_query());
    if address.is_some_and(|address| address.as_str().len() > LONGEST_ADDRESS) {
        let detail = format!("path and query may have {LONGEST_ADDRESS} bytes");
        return Some(Problem::new(Code::UriTooLong, detail));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > MOST_HEADERS {
        let detail = format!("all headers together may have {MOST_HEADERS} bytes");
        return Some(Problem::new(Code::HeadersTooLarge, detail));
    }
    // RFC 9112 §3.2: two servers in a row could take it for requests to different hosts.
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() == Version::HTTP_11 => {
            Some(Problem::new(Code::MalformedRequest, "send a `host` header"))
        }
        (_, Some(_)) => Some(Problem::new(Code::MalformedRequest, "send one `host` header")),
        _ => None,
    }
}
