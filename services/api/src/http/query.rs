//! Query strings: unknown parameters are errors, and lists share `limit` and a sealed `cursor`.

use crate::http::{
    codes::Code,
    problem::{ApiResult, Problem},
};
use axum::{
    extract::{FromRequestParts, Path, Query, RawPathParams},
    http::request::Parts,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use nearhand_domain::token::random_bytes;
use serde::{Deserialize, de::DeserializeOwned};
use sha2::Sha256;
use std::{collections::BTreeMap, str::FromStr};
use uuid::Uuid;

/// Entries on a page unless the client says otherwise.
const DEFAULT_LIMIT: i64 = 50;
/// Most entries on a page.
const MAX_LIMIT: i64 = 200;

/// Bytes of a cursor's authentication tag.
const TAG_BYTES: usize = 16;

/// A parsed query string. `T` should deny unknown fields.
pub(crate) struct QueryOf<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        Query::<T>::from_request_parts(parts, state)
            .await
            .map(|Query(query)| Self(query))
            .map_err(|rejection| Problem::new(Code::MalformedQuery, rejection.body_text()))
    }
}

/// The first id of the path; anything that is no UUID is not found.
pub(crate) struct PathId<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found())?;
        let first = params.iter().next().map(|(_, value)| value.parse());
        first.and_then(Result::ok).map(Self).ok_or_else(Problem::not_found)
    }
}

/// Both ids of a path.
pub(crate) async fn two_ids<A, B, S>(parts: &mut Parts, state: &S) -> ApiResult<(A, B)>
where
    A: FromStr + Send,
    B: FromStr + Send,
    S: Send + Sync,
{
    let Path((one, two)) = Path::<(String, String)>::from_request_parts(parts, state)
        .await
        .map_err(|_| Problem::not_found())?;
    match (one.parse(), two.parse()) {
        (Ok(one), Ok(two)) => Ok((one, two)),
        _ => Err(Problem::not_found()),
    }
}

/// The two ids of a path.
pub(crate) struct PathIds<A, B>(pub A, pub B);

impl<A, B, S> FromRequestParts<S> for PathIds<A, B>
where
    A: FromStr + Send,
    B: FromStr + Send,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        two_ids(parts, state).await.map(|(one, two)| Self(one, two))
    }
}

/// A page's size, checked.
///
/// # Errors
/// When it is not 1 to 200.
pub(crate) fn page_limit(limit: Option<i64>) -> ApiResult<i64> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::new(Code::MalformedQuery, "`limit` must be 1 to 200"))
    }
}

/// Seals cursors, so that one can neither be forged nor used on another list.
#[derive(Clone)]
pub(crate) struct Cursors {
    key: [u8; 32],
}

impl Cursors {
    /// With the installation's key.
    #[must_use]
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// A cursor that continues `list` (its name with tenant and filters) after `last`.
    #[must_use]
    pub(crate) fn seal(&self, list: &str, last: Uuid) -> String {
        let salt = random_bytes::<8>();
        let mut bytes = [salt.as_slice(), last.as_bytes()].concat();
        let tag = self.mac(list, &bytes).finalize().into_bytes();
        bytes.extend(&tag[..TAG_BYTES]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Where to continue.
    ///
    /// # Errors
    /// When the cursor was not made for this list.
    pub(crate) fn open(&self, list: &str, cursor: Option<&str>) -> ApiResult<Option<Uuid>> {
        let Some(cursor) = cursor else { return Ok(None) };
        let refused = || {
            let detail =
                "use `next_cursor` of the same list with the same filters, or leave it out";
            Problem::new(Code::InvalidCursor, detail)
        };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
        let (body, tag) = bytes.split_at_checked(24).ok_or_else(refused)?;
        if tag.len() != TAG_BYTES || self.mac(list, body).verify_truncated_left(tag).is_err() {
            return Err(refused());
        }
        Uuid::from_slice(&body[8..]).map(Some).map_err(|_| refused())
    }

    fn mac(&self, list: &str, body: &[u8]) -> Hmac<Sha256> {
        // A key shorter than a block is filled up with zeros (RFC 2104 §2).
        let mut block = [0; 64];
        block[..self.key.len()].copy_from_slice(&self.key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(&(list.len() as u64).to_be_bytes());
        mac.update(list.as_bytes());
        mac.update(body);
        mac
    }
}

/// A list's name for its cursors: tenant, list and filters.
#[must_use]
pub(crate) fn list_name(
    organization: impl std::fmt::Display,
    list: &str,
    filters: &BTreeMap<&str, String>,
) -> String {
    format!("{organization}/{list}/{filters:?}")
}

/// What every list takes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// 1 to 200, 50 unless given.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_list() {
        let cursors = Cursors::new([7; 32]);
        let last = Uuid::now_v7();
        let sealed = cursors.seal("a", last);
        assert_eq!(cursors.open("a", Some(&sealed)).unwrap(), Some(last));
        assert!(cursors.open("b", Some(&sealed)).is_err());
        assert!(Cursors::new([8; 32]).open("a", Some(&sealed)).is_err());
        for bad in ["", "x", "AAAA", &sealed[1..]] {
            assert!(cursors.open("a", Some(bad)).is_err());
        }
        assert_eq!(cursors.open("a", None).unwrap(), None);
    }
}
