//! The `Idempotency-Key` of a POST, and the answer that is kept under it for a day.

use super::outcome::Ended;
use crate::http::{
    codes::Code,
    problem::{ApiResult, Problem},
    reply::Reply,
};
use axum::http::{HeaderMap, HeaderName};
use nearhand_domain::{OrganizationId, StaffId};
use nearhand_storage::{
    Tx,
    idempotency::{self, KeptAnswer, KeptBody},
};
use serde_json::Value;
use std::time::Duration;

/// The header.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_KEY: usize = 255;
/// How often, and at what interval, a busy key is tried again.
const CLAIM_ATTEMPTS: u32 = 12;
const CLAIM_PAUSE: Duration = Duration::from_millis(25);

/// A key with the request it stands for.
pub(super) struct Key {
    actor: StaffId,
    key: String,
    /// SHA-256 of route and body.
    request_hash: Vec<u8>,
}

/// The header's value, if there is one.
pub(super) fn read(headers: &HeaderMap) -> ApiResult<Option<String>> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| (1..=MAX_KEY).contains(&text.len()));
    let refused = || {
        let detail = "`idempotency-key` must be 1 to 255 ASCII characters";
        Problem::new(Code::MalformedBody, detail)
    };
    text.map(str::to_owned).map(Some).ok_or_else(refused)
}

impl Key {
    pub(super) fn new(actor: StaffId, key: String, request_hash: Vec<u8>) -> Self {
        Self { actor, key, request_hash }
    }

    /// Claims the key for the rest of the transaction. Ends with the answer that was given before
    /// under this key, if there is one.
    pub(super) async fn claim(&self, tx: &mut Tx) -> Result<(), Ended> {
        if !self.wait_for_claim(tx).await? {
            let detail = "wait for its answer, or repeat this one in a moment";
            return Err(Problem::new(Code::IdempotencyInFlight, detail).retry_after(1).into());
        }
        match idempotency::find(tx, self.actor, &self.key).await? {
            None => Ok(()),
            Some(kept) => Err(self.repeat(kept)?),
        }
    }

    /// Waits a little for a request that is about to end: a transaction that is left without a
    /// commit is rolled back only after its answer has gone out.
    async fn wait_for_claim(&self, tx: &mut Tx) -> ApiResult<bool> {
        for _ in 0..CLAIM_ATTEMPTS {
            if idempotency::claim(tx, self.actor, &self.key).await? {
                return Ok(true);
            }
            tokio::time::sleep(CLAIM_PAUSE).await;
        }
        Ok(idempotency::claim(tx, self.actor, &self.key).await?)
    }

    fn repeat(&self, kept: KeptAnswer) -> ApiResult<Ended> {
        if kept.request_hash != self.request_hash {
            let detail = "use a fresh key for every different request";
            return Err(Problem::new(Code::IdempotencyMismatch, detail));
        }
        let body = match kept.body {
            KeptBody::Open(body) | KeptBody::About(_, body) => body,
            KeptBody::Erased => Value::Null,
            KeptBody::Secret => {
                let detail = "the first answer held it; ask for a new one instead";
                let problem = Problem::new(Code::IdempotencySecretShown, detail);
                return Err(problem.location(kept.location));
            }
        };
        Ok(Ended::Repeated(Reply::repeated(kept.status, kept.location, body)))
    }

    /// Keeps the answer, in the transaction that did the work.
    pub(super) async fn keep(
        self,
        tx: &mut Tx,
        organization: OrganizationId,
        reply: &Reply,
    ) -> ApiResult<()> {
        let answer = KeptAnswer {
            request_hash: self.request_hash,
            status: reply.status_number(),
            location: reply.location().map(str::to_owned),
            body: reply.kept_body(),
        };
        Ok(idempotency::keep(tx, organization, self.actor, &self.key, &answer).await?)
    }
}
