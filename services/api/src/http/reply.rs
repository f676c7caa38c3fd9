//! Successful answers: created resources with their address and ETag, resources with their version.

use crate::http::problem::{ApiResult, Problem};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use nearhand_domain::StaffId;
use nearhand_storage::idempotency::KeptBody;
use serde::Serialize;
use serde_json::Value;

/// An answer that can be kept and repeated.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    location: Option<String>,
    etag: Option<i64>,
    body: Value,
    secret: bool,
    about: Option<StaffId>,
    /// `Set-Cookie` headers.
    cookies: Vec<HeaderValue>,
}

impl Reply {
    /// 201 with the resource's address.
    pub(crate) fn created(location: String, body: &impl Serialize) -> ApiResult<Self> {
        Ok(Self { location: Some(location), ..Self::made(body)? })
    }

    /// 201 for what has no address.
    pub(crate) fn made(body: &impl Serialize) -> ApiResult<Self> {
        Ok(Self { status: StatusCode::CREATED, ..Self::ok(body)? })
    }

    /// 207 with one result for each of many.
    pub(crate) fn multi_status(body: &impl Serialize) -> ApiResult<Self> {
        Ok(Self { status: StatusCode::MULTI_STATUS, ..Self::ok(body)? })
    }

    /// 202: it has been noted, and will be done.
    pub(crate) fn accepted(body: &impl Serialize) -> ApiResult<Self> {
        Ok(Self { status: StatusCode::ACCEPTED, ..Self::ok(body)? })
    }

    /// With the address of what it is about, or of the work that has begun.
    pub(crate) fn at(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            location: None,
            etag: None,
            body: Value::Null,
            secret: false,
            about: None,
            cookies: Vec::new(),
        }
    }

    /// 207, with a result for each thing that was asked for.
    pub(crate) fn multi(body: &impl Serialize) -> ApiResult<Self> {
        Ok(Self { status: StatusCode::MULTI_STATUS, ..Self::ok(body)? })
    }

    /// An answer that was kept.
    pub(crate) fn repeated(status: i16, location: Option<String>, body: Value) -> Self {
        let status = u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok());
        let etag = body.get("version").and_then(Value::as_i64);
        let status = status.unwrap_or(StatusCode::OK);
        Self { status, location, etag, body, secret: false, about: None, cookies: Vec::new() }
    }

    /// 200.
    pub(crate) fn ok(body: &impl Serialize) -> ApiResult<Self> {
        Ok(Self {
            status: StatusCode::OK,
            location: None,
            etag: None,
            body: serde_json::to_value(body).map_err(|error| {
                tracing::error!(error = %error, "an answer cannot be written");
                Problem::internal()
            })?,
            secret: false,
            about: None,
            cookies: Vec::new(),
        })
    }

    /// With the resource's version.
    pub(crate) fn etag(mut self, version: i64) -> Self {
        self.etag = Some(version);
        self
    }

    /// Holds a secret: never kept, never cached.
    pub(crate) fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// With a cookie that is given or taken. It is never kept: a repeat has none.
    pub(crate) fn cookie(mut self, cookie: Option<HeaderValue>) -> Self {
        self.cookies.extend(cookie);
        self
    }

    /// Holds personal values of this person: kept only sealed under their key.
    pub(crate) fn about(mut self, person: StaffId) -> Self {
        self.about = Some(person);
        self
    }

    /// The status, as it is kept.
    pub(crate) fn status_number(&self) -> i16 {
        i16::try_from(self.status.as_u16()).unwrap_or(i16::MAX)
    }

    /// The resource's address.
    pub(crate) fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The body, as it may be kept.
    pub(crate) fn kept_body(&self) -> KeptBody {
        match (self.secret, self.about) {
            (true, _) => KeptBody::Secret,
            (false, Some(person)) => KeptBody::About(person, self.body.clone()),
            (false, None) => KeptBody::Open(self.body.clone()),
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = if self.status == StatusCode::NO_CONTENT {
            self.status.into_response()
        } else {
            (self.status, Json(self.body)).into_response()
        };
        let headers = response.headers_mut();
        if let Some(location) = self.location.and_then(|l| HeaderValue::from_str(&l).ok()) {
            headers.insert(header::LOCATION, location);
        }
        if let Some(version) = self.etag {
            headers.insert(header::ETAG, etag(version));
        }
        for cookie in self.cookies {
            headers.append(header::SET_COOKIE, cookie);
        }
        if self.secret {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        response
    }
}

/// A version as an entity tag.
pub(crate) fn etag(version: i64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// A resource with its version.
pub(crate) fn versioned(version: i64, body: impl Serialize) -> Response {
    ([(header::ETAG, etag(version))], Json(body)).into_response()
}
