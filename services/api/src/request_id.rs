//! A request's id and trace context: taken from the client where they are well formed, else made
//! here, and carried through logs, problem documents and the queue.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use nearhand_domain::token::random_bytes;
use std::fmt::Write as _;
use uuid::Uuid;

/// The header that carries the id, both ways.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// W3C Trace Context.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const MAX_LEN: usize = 64;

/// The request's id, as [`assign`] left it.
pub(crate) fn of(headers: &HeaderMap) -> String {
    headers.get(HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// The request's trace context, as [`assign`] left it.
pub(crate) fn trace_parent(headers: &HeaderMap) -> Option<String> {
    headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Gives every request an id and a trace context, and every response the id.
pub(crate) async fn assign(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(HEADER).and_then(|v| v.to_str().ok()).filter(|id| fits(id));
    let id = given.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
    let value = HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("invalid"));
    let headers = request.headers_mut();
    headers.insert(HEADER, value.clone());
    if !headers.get(TRACEPARENT).and_then(|v| v.to_str().ok()).is_some_and(is_trace_parent)
        && let Ok(fresh) = HeaderValue::from_str(&new_trace_parent())
    {
        headers.insert(TRACEPARENT, fresh);
    }
    let mut response = next.run(request).await;
    response.headers_mut().insert(HEADER, value);
    response
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

fn new_trace_parent() -> String {
    let bytes = random_bytes::<24>();
    let mut text = String::from("00-");
    for (i, byte) in bytes.iter().enumerate() {
        if i == 16 {
            text.push('-');
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push_str("-01");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_ids_are_taken_over() {
        assert!(fits("abc-1.2_3"));
        assert!(!fits("a b") && !fits("") && !fits(&"a".repeat(65)) && !fits("a\"b"));
        assert!(is_trace_parent(&new_trace_parent()));
        assert!(!is_trace_parent("00-0-0-0"));
    }
}
