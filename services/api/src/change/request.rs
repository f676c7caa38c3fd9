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

/// The form of a POST whose body may be left out.
pub(crate) struct OptionalForm<T>(PhantomData<fn() -> T>);

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
    /// reads the form. No body is a form in which nothing is said.
    pub(crate) async fn begin(
        self,
        state: &ApiState,
        caller: &Caller,
        allowed: Allowed,
    ) -> Result<(Change, T), Ended> {
        let form = |headers: &HeaderMap, bytes: &Bytes| {
            if bytes.trim_ascii().is_empty() {
                body::parse(b"{}")
            } else {
                body::parse_json(headers, bytes)
            }
        };
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

impl<T: DeserializeOwned> Posted<OptionalForm<T>> {
    /// The form, if there is one, ahead of the change: for work that no transaction must wait for.
    pub(crate) fn ahead(&self) -> ApiResult<Option<T>> {
        let bytes = self.body.as_ref().map_err(Clone::clone)?;
        if read_empty(&self.headers, bytes).is_ok() {
            return Ok(None);
        }
        body::parse_json(&self.headers, bytes).map(Some)
    }

    /// The same request as if it came without a key.
    pub(crate) fn without_key(mut self) -> Self {
        self.headers.remove(key::IDEMPOTENCY_KEY);
        self
    }

    /// Begins the change, of which the form has been read ahead.
    pub(crate) async fn begin_read(
        self,
        state: &ApiState,
        caller: &Caller,
        allowed: Allowed,
    ) -> Result<Change, Ended> {
        let read = |_: &HeaderMap, _: &Bytes| Ok(OptionalForm::<T>(PhantomData));
        let (change, OptionalForm(_)) = self.begin_with(state, caller, allowed, read).await?;
        Ok(change)
    }
}

impl<T> Posted<T> {
    async fn begin_with<U>(
        self,
        state: &ApiState,
        caller: &Caller,
        allowed: Allowed,
        form: impl FnOnce(&HeaderMap, &Bytes) -> ApiResult<U>,
    ) -> Result<(Change, U), Ended> {
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
pub(super) fn request_hash(route: &str, body: &[u8]) -> Vec<u8> {
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
        let _ = require_if_match(&self.headers)?;
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

/// What the client says of the version it means to change; it must say something.
pub(super) fn require_if_match(headers: &HeaderMap) -> ApiResult<Precondition<'_>> {
    if headers.contains_key(header::IF_MATCH) {
        return Ok(Precondition(headers));
    }
    let detail = "send `if-match` with the `etag` you last read, or `*` to change any version";
    Err(Problem::new(Code::PreconditionRequired, detail))
}

/// The version that the client means to change.
#[derive(Clone, Copy)]
#[must_use]
pub(crate) struct Precondition<'a>(&'a HeaderMap);

impl Precondition<'_> {
    /// Refuses a change of another version.
    pub(crate) fn require(self, version: i64) -> ApiResult<()> {
        let current = reply::etag(version);
        let tags = self.0.get_all(header::IF_MATCH).iter().filter_map(|tag| tag.to_str().ok());
        let tags: Vec<&str> = tags.flat_map(|text| text.split(',')).map(str::trim).collect();
        if tags.iter().any(|tag| *tag == "*" || tag.as_bytes() == current.as_bytes()) {
            return Ok(());
        }
        let quoted = |tag: &&str| tag.len() > 1 && tag.starts_with('"') && tag.ends_with('"');
        let detail = if tags.iter().any(quoted) {
            "read it again, then repeat your change on that version"
        } else {
            "`if-match` must be the `etag` as it was given, with its quotes, or `*`"
        };
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
