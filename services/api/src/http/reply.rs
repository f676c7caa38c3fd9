//! Successful answers: created resources with their address and ETag, conditional updates, and
//! answers that are kept for repeated POSTs.

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
    },
};
use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use nearhand_domain::StaffId;
use nearhand_storage::{Tx, idempotency, idempotency::KeptAnswer};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_KEY: usize = 255;
/// How often, and how far apart, a key in use is asked for again.
const CLAIM_ATTEMPTS: u32 = 12;
const CLAIM_PAUSE: Duration = Duration::from_millis(25);

/// An answer that can be kept and repeated.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    location: Option<String>,
    etag: Option<i64>,
    body: Value,
    secret: bool,
}

/// The hash of a request that has no body.
pub(crate) const NO_BODY: [u8; 32] = [0; 32];

impl Reply {
    /// 201 with the resource's address.
    pub(crate) fn created(location: String, body: &impl Serialize) -> ApiResult<Self> {
        Ok(Self { location: Some(location), ..Self::made(body)? })
    }

    /// 201 for what has no address.
    pub(crate) fn made(body: &impl Serialize) -> ApiResult<Self> {
        Ok(Self { status: StatusCode::CREATED, ..Self::ok(body)? })
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
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        if let Some(location) = self.location.and_then(|l| HeaderValue::from_str(&l).ok()) {
            headers.insert(header::LOCATION, location);
        }
        if let Some(version) = self.etag {
            headers.insert(header::ETAG, etag(version));
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

/// Refuses an update that does not say which version it changes, or says the wrong one.
pub(crate) fn require_match(headers: &HeaderMap, version: i64) -> ApiResult<()> {
    let Some(given) = headers.get(header::IF_MATCH) else {
        let detail = "send `if-match` with the `etag` you last read, or `*` to change any version";
        return Err(Problem::new(Code::PreconditionRequired, detail));
    };
    let current = etag(version);
    let matches = given.to_str().is_ok_and(|text| {
        text.split(',').map(str::trim).any(|tag| tag == "*" || tag.as_bytes() == current.as_bytes())
    });
    if matches {
        return Ok(());
    }
    Err(Problem::new(
        Code::PreconditionFailed,
        "read it again, then repeat your change on that version",
    ))
}

/// The `Idempotency-Key` of a POST, with what makes this request this request.
pub(crate) struct IdempotencyKey {
    key: Option<String>,
    route: String,
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let key = match parts.headers.get(IDEMPOTENCY_KEY) {
            None => None,
            Some(value) => {
                let text = value.to_str().ok().filter(|t| (1..=MAX_KEY).contains(&t.len()));
                let text = text.ok_or_else(|| {
                    let detail = "`idempotency-key` must be 1 to 255 ASCII characters";
                    Problem::new(Code::MalformedBody, detail)
                })?;
                Some(text.to_owned())
            }
        };
        Ok(Self { key, route: format!("{} {}", parts.method, parts.uri.path()) })
    }
}

/// Claims a key, waiting a little for a request that is about to end: a transaction that is left
/// without a commit is rolled back only after its answer has gone out.
async fn claim(tx: &mut Tx, actor: StaffId, key: &str) -> ApiResult<bool> {
    for _ in 0..CLAIM_ATTEMPTS {
        if idempotency::claim(tx, actor, key).await? {
            return Ok(true);
        }
        tokio::time::sleep(CLAIM_PAUSE).await;
    }
    Ok(idempotency::claim(tx, actor, key).await?)
}

impl IdempotencyKey {
    fn request_hash(&self, body: [u8; 32]) -> Vec<u8> {
        Sha256::new()
            .chain_update(&self.route)
            .chain_update([0])
            .chain_update(body)
            .finalize()
            .to_vec()
    }

    /// The answer given before under this key, if there is one. Call first in the transaction.
    pub(crate) async fn replay(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        body: [u8; 32],
    ) -> ApiResult<Option<Reply>> {
        let Some(key) = &self.key else { return Ok(None) };
        if !claim(tx, caller.staff, key).await? {
            let detail = "wait for its answer, or repeat this one in a moment";
            return Err(Problem::new(Code::IdempotencyInFlight, detail).retry_after(1));
        }
        let Some(kept) = idempotency::find(tx, caller.staff, key).await? else { return Ok(None) };
        if kept.request_hash != self.request_hash(body) {
            let detail = "use a fresh key for every different request";
            return Err(Problem::new(Code::IdempotencyMismatch, detail));
        }
        let Some(body) = kept.body else {
            let detail = "the first answer held it; ask for a new one instead";
            return Err(Problem::new(Code::IdempotencySecretShown, detail).location(kept.location));
        };
        let status = u16::try_from(kept.status).ok().and_then(|s| StatusCode::from_u16(s).ok());
        let etag = body.get("version").and_then(Value::as_i64);
        Ok(Some(Reply {
            status: status.unwrap_or(StatusCode::OK),
            location: kept.location,
            etag,
            body,
            secret: false,
        }))
    }

    /// Keeps the answer, in the transaction that did the work.
    pub(crate) async fn keep(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        body: [u8; 32],
        reply: &Reply,
    ) -> ApiResult<()> {
        let Some(key) = &self.key else { return Ok(()) };
        let answer = KeptAnswer {
            request_hash: self.request_hash(body),
            status: i16::try_from(reply.status.as_u16()).unwrap_or(i16::MAX),
            location: reply.location.clone(),
            body: (!reply.secret).then(|| reply.body.clone()),
        };
        Ok(idempotency::keep(tx, caller.organization, caller.staff, key, &answer).await?)
    }
}
