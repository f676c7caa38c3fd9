//! Phones whose apps know no bearer token: the device's token is a password or a part of the path.
//!
//! Must not take anything else that such a request says for an identity: a user name, an `id` and
//! `X-Limit-U` are labels.

use crate::{
    access::{
        caller::{device, unauthorized},
        credentials::DeviceActor,
    },
    http::problem::{ApiResult, Problem},
    state::ApiState,
};
use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{HeaderMap, header, request::Parts},
};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use nearhand_domain::token::{PresentedToken, TokenKind};
use std::sync::Arc;

/// A device, by `authorization: Bearer TOKEN` or `Basic` with the token as password.
pub(crate) struct HeaderPhone(pub Arc<DeviceActor>);

/// A device, by the `{token}` of the path.
pub(crate) struct PathPhone(pub Arc<DeviceActor>);

impl FromRequestParts<ApiState> for HeaderPhone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let token = header_token(&parts.headers).ok_or_else(unauthorized)?;
        device(state, of_device(&token)?).await.map(Self)
    }
}

impl FromRequestParts<ApiState> for PathPhone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let token = params.ok().and_then(|params| {
            params.iter().find(|(name, _)| *name == "token").map(|(_, value)| value.to_owned())
        });
        device(state, of_device(&token.ok_or_else(unauthorized)?)?).await.map(Self)
    }
}

fn of_device(text: &str) -> ApiResult<PresentedToken> {
    let token = PresentedToken::parse(text.trim()).filter(|token| token.kind == TokenKind::Device);
    token.ok_or_else(unauthorized)
}

/// With or without the signs that fill it up.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn header_token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64.decode(rest.trim()).ok()?).ok()?;
    // A user name may hold a colon that its app did not refuse; a token never does.
    pair.rsplit_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_token_is_the_password_or_the_bearers() {
        let of = |value: &'static str| {
            let value = HeaderValue::from_static(value);
            header_token(&HeaderMap::from_iter([(header::AUTHORIZATION, value)]))
        };
        assert_eq!(of("Bearer nh_dev").as_deref(), Some("nh_dev"));
        // grace:nh_dev, with padding and without.
        assert_eq!(of("Basic Z3JhY2U6bmhfZGV2").as_deref(), Some("nh_dev"));
        assert_eq!(of("basic Z3JhY2VzOm5oX2Rldg==").as_deref(), Some("nh_dev"));
        assert_eq!(of("basic Z3JhY2VzOm5oX2Rldg").as_deref(), Some("nh_dev"));
        // a:b:nh_dev
        assert_eq!(of("Basic YTpiOm5oX2Rldg==").as_deref(), Some("nh_dev"));
        for wrong in ["Basic", "Basic ???", "Digest x", "nh_dev", "Basic Z3JhY2U="] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
