//! Query strings and ids in paths. Unknown parameters are errors; an id that is none is not found.

use crate::http::{
    codes::Code,
    problem::{ApiResult, Problem},
};
use axum::{
    extract::{FromRequestParts, Path, Query, RawPathParams},
    http::request::Parts,
};
use serde::de::DeserializeOwned;
use std::str::FromStr;

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
