//! Query strings and ids in paths. Unknown parameters are errors; an id that is none is not found.

use crate::http::{
    codes::Code,
    problem::{ApiResult, Problem},
};
use axum::{
    extract::{FromRequestParts, Path, Query, RawPathParams},
    http::{Uri, request::Parts},
};
use serde::de::DeserializeOwned;
use std::{error::Error, str::FromStr};

/// A parsed query string. `T` should deny unknown fields.
pub(crate) struct QueryOf<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        read_query(&parts.uri).map(Self)
    }
}

/// Reads a query string. The error says which parameter is wrong and how.
pub(crate) fn read_query<T: DeserializeOwned>(uri: &Uri) -> ApiResult<T> {
    let read = Query::try_from_uri(uri);
    read.map(|Query(value)| value).map_err(|rejection| {
        // The text of the source leaves out the framework's own words before it.
        let cause = rejection.source().map(|cause| plainly(&cause.to_string()));
        Problem::new(Code::MalformedQuery, cause.unwrap_or_else(|| rejection.body_text()))
    })
}

/// The parser's words where they say too little.
fn plainly(cause: &str) -> String {
    match cause.split_once(": ") {
        Some((name, why)) if why.starts_with("UUID parsing failed") => {
            format!("`{name}` must be an id, as the API gives it, and no name")
        }
        Some((name, why)) if why.starts_with("invalid digit") => {
            format!("`{name}` must be a whole number")
        }
        Some((name, why)) if why.starts_with("provided string was not `true`") => {
            format!("`{name}` must be `true` or `false`")
        }
        _ => cause.to_owned(),
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
        let Path((one, two)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found())?;
        match (one.parse(), two.parse()) {
            (Ok(one), Ok(two)) => Ok(Self(one, two)),
            _ => Err(Problem::not_found()),
        }
    }
}
