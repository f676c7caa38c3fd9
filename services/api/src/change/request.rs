//! Requests for changes. Nothing of them is judged before the caller is known to be allowed: the
//! body is read only by `begin`.

use super::{
    key::{self, Key},
    outcome::Ended,
    transaction::Change,
};
use crate::{
    access::caller::{Allowed, Caller},
    http::{
        body,
        codes::Code,
        problem::{ApiResult, Problem},
        reply,
    },
    state::ApiState,
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::{convert::Infallible, marker::PhantomData};

/// A POST of a form, perhaps with an `Idempotency-Key`.
pub(crate) struct Posted<T> {
    route: String,
    headers: HeaderMap,
    body: ApiResult<Bytes>,
    form: PhantomData<fn() -> T>,
}

/// The form of a POST that needs no body. One that comes all the same must be an empty object.
pub(crate) struct Empty;

/// A PUT or PATCH of a form upon one version of a stored thing.
pub(crate) struct Updated<T> {
    headers: HeaderMap,
    body: ApiResult<Bytes>,
    form: PhantomData<fn() -> T>,
}

/// An update whose version has not been compared yet.
pub(crate) struct Unmatched<T> {
    update: Updated<T>,
}

impl<T, S: Send + Sync> FromRequest<S> for Posted<T> {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let route = format!("{} {}", request.method(), request.uri().path());
        let headers = request.headers().clone();
        let body = body::read(request, state).await;
        Ok(Self { route, headers, body, form: PhantomData })
    }
}

impl<T: DeserializeOwned> Posted<T> {
    /// Begins the change: reads the key, ends with the answer kept under it if there is one, then
    /// reads the form.
    pub(crate) async fn begin(
        self,
        state: &ApiState,
        caller: &Caller,
        allowed: Allowed,
    ) -> Result<(Change, T), Ended> {
        let form = |headers: &HeaderMap, bytes: &Bytes| body::parse_json(headers, bytes);
        self.begin_with(state, caller, allowed, form).await
    }
}

impl Posted<Empty> {
    /// The same for a POST without a form.
    pub(crate) async fn begin_empty(
        self,
        state: &ApiState,
        caller: &Caller,
        allowed: Allowed,
    ) -> Result<Change, Ended> {
        let (change, Empty) = self.begin_with(state, caller, allowed, read_empty).await?;
        Ok(change)
    }
}

impl<T> Posted<T> {
    async fn begin_with(
        self,
        state: &ApiState,
        caller: &Caller,
        allowed: Allowed,
        form: impl FnOnce(&HeaderMap, &Bytes) -> ApiResult<T>,
    ) -> Result<(Change, T), Ended> {
        let key = key::read(&self.headers)?;
        let bytes = self.body?;
        let key = key.map(|key| Key::new(caller.staff, key, request_hash(&self.route, &bytes)));
        let change = Change::begin_with_key(state, caller, allowed, key).await?;
        let form = form(&self.headers, &bytes)?;
        Ok((change, form))
    }
}

fn read_empty(_: &HeaderMap, bytes: &Bytes) -> ApiResult<Empty> {
    let text = bytes.trim_ascii();
    let is_empty = text.is_empty()
        || text
            .strip_prefix(b"{")
            .and_then(|rest| rest.strip_suffix(b"}"))
            .is_some_and(|members| members.trim_ascii().is_empty());
    if is_empty {
        return Ok(Empty);
    }
    Err(Problem::new(Code::MalformedBody, "this request takes no body; send none"))
}

/// SHA-256 of this request's route and body.
fn request_hash(route: &str, body: &[u8]) -> Vec<u8> {
    // The body's own hash, as it has been stored since keys are kept. A request without a body has
    // always had zeros there.
    let body = if body.is_empty() { [0; 32] } else { Sha256::digest(body).into() };
    Sha256::new().chain_update(route).chain_update([0]).chain_update(body).finalize().to_vec()
}

impl<T, S: Send + Sync> FromRequest<S> for Updated<T> {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let headers = request.headers().clone();
        let body = body::read(request, state).await;
        Ok(Self { headers, body, form: PhantomData })
    }
}

impl<T: DeserializeOwned> Updated<T> {
    /// Begins the change. The form is had only by comparing versions.
    pub(crate) async fn begin(
        self,
        state: &ApiState,
        caller: &Caller,
        allowed: Allowed,
    ) -> Result<(Change, Unmatched<T>), Ended> {
        if !self.headers.contains_key(header::IF_MATCH) {
            let detail =
                "send `if-match` with the `etag` you last read, or `*` to change any version";
            return Err(Problem::new(Code::PreconditionRequired, detail).into());
        }
        let change = Change::begin(state, caller, allowed).await?;
        Ok((change, Unmatched { update: self }))
    }
}

impl<T: DeserializeOwned> Unmatched<T> {
    /// The form, if the client meant this version.
    pub(crate) fn matching(self, version: i64) -> ApiResult<T> {
        let Updated { headers, body, .. } = self.update;
        Precondition(&headers).require(version)?;
        body::parse_json(&headers, &body?)
    }

    /// The form before the version is known: for changes that lock what the form names first. The
    /// version must be compared afterwards.
    pub(crate) fn ahead(&self) -> ApiResult<(T, Precondition<'_>)> {
        let Updated { headers, body, .. } = &self.update;
        let bytes = body.as_ref().map_err(Clone::clone)?;
        Ok((body::parse_json(headers, bytes)?, Precondition(headers)))
    }
}

/// The version that the client means to change.
#[must_use]
pub(crate) struct Precondition<'a>(&'a HeaderMap);

impl Precondition<'_> {
    /// Refuses a change of another version.
    pub(crate) fn require(self, version: i64) -> ApiResult<()> {
        let current = reply::etag(version);
        let tags = self.0.get_all(header::IF_MATCH).iter().filter_map(|tag| tag.to_str().ok());
        let mut tags = tags.flat_map(|text| text.split(',')).map(str::trim);
        if tags.any(|tag| tag == "*" || tag.as_bytes() == current.as_bytes()) {
            return Ok(());
        }
        let detail = "read it again, then repeat your change on that version";
        Err(Problem::new(Code::PreconditionFailed, detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_body_is_nothing_or_an_empty_object() {
        let fits = |body: &'static str| read_empty(&HeaderMap::new(), &Bytes::from(body)).is_ok();
        assert!(fits("") && fits(" ") && fits("{}") && fits(" { } "));
        assert!(!fits("{\"a\":1}") && !fits("[]") && !fits("null") && !fits("{"));
    }
}
