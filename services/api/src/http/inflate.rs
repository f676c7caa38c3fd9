//! Compressed bodies, inflated no further than their limit, so that a bomb costs its limit and no
//! more.

use crate::http::{
    codes::Code,
    problem::{ApiResult, Problem},
};
use axum::{body::Bytes, http::HeaderValue};
use flate2::read::MultiGzDecoder;
use std::io::Read;

/// The body's bytes, inflated if it is gzip.
pub(crate) fn inflate(
    encoding: Option<&HeaderValue>,
    body: Bytes,
    max_bytes: usize,
) -> ApiResult<Bytes> {
    let too_large = || Problem::new(Code::TooLarge, format!("at most {max_bytes} bytes unpacked"));
    // Content codings are compared without regard to case (RFC 9110 §8.4.1).
    let encoding = encoding.map(|value| value.as_bytes().trim_ascii().to_ascii_lowercase());
    match encoding.as_deref() {
        None | Some(b"" | b"identity") => {
            if body.len() > max_bytes {
                Err(too_large())
            } else {
                Ok(body)
            }
        }
        Some(b"gzip" | b"x-gzip") => {
            let mut inflated = Vec::with_capacity(body.len().saturating_mul(4).min(max_bytes));
            let limit = max_bytes as u64 + 1;
            MultiGzDecoder::new(body.as_ref()).take(limit).read_to_end(&mut inflated).map_err(
                |_| Problem::new(Code::MalformedBody, "the gzip body is broken or cut short"),
            )?;
            if inflated.len() > max_bytes { Err(too_large()) } else { Ok(inflated.into()) }
        }
        Some(_) => Err(Problem::new(
            Code::UnsupportedMediaType,
            "send it plain or as `content-encoding: gzip`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn codings_are_compared_without_regard_to_case() {
        let code = |coding: &'static str, body: Vec<u8>| {
            let header = HeaderValue::from_static(coding);
            inflate(Some(&header), body.into(), 1_000).map_or_else(|p| p.code().as_str(), |_| "ok")
        };
        for coding in ["gzip", "GZIP", "Gzip ", "X-GZip"] {
            assert_eq!(code(coding, gzip(b"hello")), "ok", "{coding}");
        }
        assert_eq!(code("Identity", b"hello".to_vec()), "ok");
        assert_eq!(code("br", b"hello".to_vec()), "unsupported_media_type");
    }

    #[test]
    fn bombs_stop_at_the_limit_and_stumps_are_refused() {
        let header = HeaderValue::from_static("gzip");
        let code = |body: Vec<u8>| {
            inflate(Some(&header), body.into(), 1_000).map_or_else(|p| p.code().as_str(), |_| "ok")
        };
        assert_eq!(code(gzip(&[7; 1_000])), "ok");
        assert_eq!(code(gzip(&vec![0; 50_000_000])), "too_large");
        let whole = gzip(b"hello hello hello");
        assert_eq!(code(whole[..whole.len() - 6].to_vec()), "malformed_body");
        assert_eq!(code(b"not gzip".to_vec()), "malformed_body");
    }
}
