//! Who is calling: a session's bearer token becomes a [`Caller`], a device's a [`Phone`].

use crate::{
    access::credentials::{Actor, DeviceActor, Known},
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
        request_id,
    },
    state::ApiState,
};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use nearhand_domain::{
    access::{AccessLevel, Permission},
    clock,
    token::{PresentedToken, TokenKind},
};
use nearhand_storage::{StorageError, Tx, audit::AuditContext, facts, sessions};
use std::{
    net::{IpAddr, SocketAddr},
    ops::Deref,
    sync::Arc,
    time::Duration,
};

/// A person with a session, who has already changed a temporary password.
#[derive(Clone)]
pub(crate) struct Caller {
    actor: Arc<Actor>,
    /// As in the response's header.
    pub request_id: String,
    /// Where they call from.
    pub remote_addr: Option<String>,
    /// The request's trace context.
    trace_parent: Option<String>,
}

/// A person with a session, even one with a temporary password.
pub(crate) struct AnyCaller(pub Caller);

/// A device.
pub(crate) struct Phone(pub Arc<DeviceActor>);

impl Deref for Caller {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

impl Caller {
    /// A caller whose session was found by other means than its bearer token.
    pub(crate) fn of(actor: Arc<Actor>, parts: &Parts, state: &ApiState) -> ApiResult<Self> {
        if actor.restricted {
            let detail = "set a password of your own with POST /v1/me/password, then log in again";
            return Err(Problem::new(Code::PasswordChangeRequired, detail));
        }
        Ok(Self::with(actor, parts, state))
    }

    fn with(actor: Arc<Actor>, parts: &Parts, state: &ApiState) -> Self {
        Self {
            actor,
            request_id: request_id::of(&parts.headers).to_owned(),
            remote_addr: remote_addr(parts, state.config().trusted_proxy_hops),
            trace_parent: request_id::trace_parent(&parts.headers).map(str::to_owned),
        }
    }

    /// Begins a transaction of the caller's organisation; what it changes carries the request's
    /// trace.
    pub(crate) async fn begin(&self, state: &ApiState) -> Result<Tx, StorageError> {
        state.app().traced(self.organization, self.trace_parent.as_deref()).await
    }

    /// Refuses callers without the permission.
    pub(crate) fn require(&self, permission: Permission) -> ApiResult<()> {
        if self.may(permission) {
            return Ok(());
        }
        let detail = format!("needs the permission `{permission}`; ask an account admin");
        Err(Problem::new(Code::Forbidden, detail))
    }

    /// Refuses callers without the permission. For those whose reach is limited to their own there
    /// is nothing here.
    pub(crate) fn require_full(&self, permission: Permission) -> ApiResult<()> {
        self.require(permission)?;
        if self.is_full() { Ok(()) } else { Err(Problem::not_found()) }
    }

    /// The same for what a limited reach forbids outright instead of hiding it.
    pub(crate) fn require_full_level(&self, permission: Permission) -> ApiResult<()> {
        self.require(permission)?;
        if self.is_full() {
            return Ok(());
        }
        Err(Problem::new(Code::Forbidden, "needs access level `full`; ask an account admin"))
    }

    fn is_full(&self) -> bool {
        self.access_level == AccessLevel::Full
    }

    /// For the audit trail.
    pub(crate) fn audit(&self) -> AuditContext {
        AuditContext {
            organization: self.organization,
            actor: Some(self.staff),
            request_id: self.request_id.clone(),
            remote_addr: self.remote_addr.clone(),
        }
    }
}

pub(crate) fn unauthorized() -> Problem {
    Problem::new(
        Code::Unauthorized,
        "log in again, or check the token; send `authorization: Bearer …`",
    )
}

fn bearer(headers: &HeaderMap, kind: TokenKind) -> ApiResult<PresentedToken> {
    let value = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    value
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .and_then(|(_, token)| PresentedToken::parse(token.trim()))
        .filter(|token| token.kind == kind)
        .ok_or_else(unauthorized)
}

impl FromRequestParts<ApiState> for AnyCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let token = bearer(&parts.headers, TokenKind::Access)?;
        let actor = session(state, token).await?;
        if actor.expires_at <= clock::now().as_second() {
            return Err(unauthorized());
        }
        Ok(Self(Caller::with(actor, parts, state)))
    }
}

impl FromRequestParts<ApiState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let AnyCaller(caller) = AnyCaller::from_request_parts(parts, state).await?;
        if caller.restricted {
            let detail = "set a password of your own with POST /v1/me/password, then log in again";
            return Err(Problem::new(Code::PasswordChangeRequired, detail));
        }
        Ok(caller)
    }
}

impl FromRequestParts<ApiState> for Phone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let token = bearer(&parts.headers, TokenKind::Device)?;
        device(state, token).await.map(Self)
    }
}

/// Longest a lookup may take: a caller who waits for a database that is away keeps everything
/// else waiting.
const LONGEST_LOOKUP: Duration = Duration::from_secs(2);
/// The same for a phone that is known from before.
const LONGEST_CHECK: Duration = Duration::from_millis(500);

async fn session(state: &ApiState, token: PresentedToken) -> ApiResult<Arc<Actor>> {
    let known = state.credentials().find(token.hash, state.feed_is_current());
    if let Some(Known::Session(actor)) = known {
        return Ok(actor);
    }
    // Apart, like everything rare on the way: what it needs would be kept for every request.
    Box::pin(look_up_session(state, token)).await
}

async fn look_up_session(state: &ApiState, token: PresentedToken) -> ApiResult<Arc<Actor>> {
    let cache = state.credentials();
    let generation = cache.generation();
    let asked = async {
        let mut tx = state.app().tenant(token.organization).await?;
        sessions::live(&mut tx, token.hash, clock::now()).await
    };
    let live = within(LONGEST_LOOKUP, asked).await?.ok_or_else(unauthorized)?;
    let actor = Arc::new(Actor::new(token.organization, &live));
    cache.keep(token.hash, &Known::Session(Arc::clone(&actor)), generation);
    Ok(actor)
}

async fn device(state: &ApiState, token: PresentedToken) -> ApiResult<Arc<DeviceActor>> {
    let known = state.credentials().find(token.hash, state.feed_is_current());
    if let Some(Known::Device(actor)) = known {
        return Ok(actor);
    }
    Box::pin(look_up_device(state, token)).await
}

/// A phone that was known is believed for as long as PostgreSQL does not answer: nobody revokes
/// anything through a database that is down, the worker looks at the gate again, and a phone that
/// is refused may give its pings up.
async fn look_up_device(state: &ApiState, token: PresentedToken) -> ApiResult<Arc<DeviceActor>> {
    let cache = state.credentials();
    let before = match cache.find(token.hash, true) {
        Some(Known::Device(actor)) if cache.is_away() => return Ok(actor),
        Some(Known::Device(actor)) => Some(actor),
        _ => None,
    };
    let longest = if before.is_some() { LONGEST_CHECK } else { LONGEST_LOOKUP };
    let generation = cache.generation();
    let asked = async {
        let mut tx = state.app().tenant(token.organization).await?;
        facts::device_gate(&mut tx, token.hash).await
    };
    let found = match within(longest, asked).await {
        Err(error) if error.is_transient() => {
            cache.note_away();
            // Forgotten meanwhile, it is not believed.
            let still = before.filter(|_| cache.find(token.hash, true).is_some());
            return still.ok_or_else(|| error.into());
        }
        found => found?,
    };
    let (device, staff, gate) = found.ok_or_else(unauthorized)?;
    let actor = Arc::new(DeviceActor { organization: token.organization, device, staff, gate });
    cache.keep(token.hash, &Known::Device(Arc::clone(&actor)), generation);
    Ok(actor)
}

/// A lookup's answer; one that takes too long is one that failed.
async fn within<T>(
    longest: Duration,
    asked: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    tokio::time::timeout(longest, asked).await.unwrap_or_else(|_| Err(StorageError::timed_out()))
}

/// The client's address: that of the connection, or, behind so many trusted proxies, the entry
/// the outermost of them wrote into `X-Forwarded-For`. What a client writes there itself counts
/// for nothing.
pub(crate) fn remote_addr(parts: &Parts, trusted_proxy_hops: usize) -> Option<String> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let Some(skip) = trusted_proxy_hops.checked_sub(1) else {
        return peer.map(|ip| ip.to_string());
    };
    let forwarded: Vec<&str> = parts
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let entry = forwarded.iter().rev().nth(skip).and_then(|text| text.parse::<IpAddr>().ok());
    entry.or(peer).map(|ip| ip.to_string())
}
