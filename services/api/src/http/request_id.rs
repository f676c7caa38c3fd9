//! A request's id and trace context: taken from the client where they are well formed, else made
//! here, and carried through logs, problem documents and the queue.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::{Uuid, fmt::Simple};

/// The header that carries the id, both ways.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// W3C Trace Context.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const MAX_LEN: usize = 64;

/// The request's id, as [`assign`] left it.
pub(crate) fn of(headers: &HeaderMap) -> &str {
    headers.get(HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The request's trace context, as [`assign`] left it.
pub(crate) fn trace_parent(headers: &HeaderMap) -> Option<&str> {
    headers.get(TRACEPARENT).and_then(|value| value.to_str().ok())
}

/// Gives a request an id and a trace context; returns the id, for the response.
pub(crate) fn assign(headers: &mut HeaderMap) -> HeaderValue {
    let fits = |value: &&HeaderValue| value.to_str().is_ok_and(fits);
    let id = headers.get(HEADER).filter(fits).cloned().unwrap_or_else(|| {
        let mut buffer = Uuid::encode_buffer();
        let id = Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
        HeaderValue::from_str(id).unwrap_or_else(|_| HeaderValue::from_static("invalid"))
    });
    headers.insert(HEADER, id.clone());
    if !trace_parent(headers).is_some_and(is_trace_parent)
        && let Ok(fresh) = HeaderValue::from_bytes(&new_trace_parent())
    {
        headers.insert(TRACEPARENT, fresh);
    }
    id
}

fn fits(id: &str) -> bool {
    (1..=MAX_LEN).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, neither id all zero.
fn is_trace_parent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str, len: usize| {
        part.len() == len && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    matches!(parts.as_slice(), [v, trace, span, flags]
        if *v == "00" && hex(trace, 32) && hex(span, 16) && hex(flags, 2)
        && trace.bytes().any(|b| b != b'0') && span.bytes().any(|b| b != b'0'))
}

/// Need not be hard to guess, only never the same. Every ping gets one, so that it is put together
/// without the formatter.
fn new_trace_parent() -> [u8; 55] {
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-01";
    let mut digits = [0; Simple::LENGTH];
    text[3..35].copy_from_slice(hex(&mut digits));
    text[36..52].copy_from_slice(&hex(&mut digits)[..16]);
    text
}

/// The digits of a fresh random number.
fn hex(digits: &mut [u8; Simple::LENGTH]) -> &[u8] {
    Uuid::new_v4().simple().encode_lower(digits).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_ids_are_taken_over() {
        assert!(fits("abc-1.2_3"));
        assert!(!fits("a b") && !fits("") && !fits(&"a".repeat(65)) && !fits("a\"b"));
        assert!(is_trace_parent(std::str::from_utf8(&new_trace_parent()).unwrap()));
        assert_ne!(new_trace_parent(), new_trace_parent());
        assert!(!is_trace_parent("00-0-0-0"));
    }
}
