//! Who is calling: a session's bearer token becomes a [`Caller`], a device's a [`Phone`].

use crate::{
    access::credentials::{DeviceActor, Known, Login},
    http::{
        codes::Code,
        origin::Origin,
        problem::{ApiResult, Problem},
    },
    state::ApiState,
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use nearhand_domain::{
    access::{AccessLevel, Action, Actor, Denial, Object, decide},
    clock,
    token::{PresentedToken, TokenKind},
};
use nearhand_storage::{StorageError, Tx, audit::AuditContext, facts, sessions};
use std::{ops::Deref, sync::Arc, time::Duration};

/// A person with a session, who has already changed a temporary password.
#[derive(Clone)]
pub(crate) struct Caller {
    login: Arc<Login>,
    origin: Origin,
}

/// A person with a session, even one with a temporary password.
pub(crate) struct AnyCaller(pub Caller);

/// A device.
pub(crate) struct Phone(pub Arc<DeviceActor>);

/// Proof that a caller may do what they are about to do. Only [`Caller::allow`] gives one.
#[must_use]
pub(crate) struct Allowed(());

impl Deref for Caller {
    type Target = Login;

    fn deref(&self) -> &Login {
        &self.login
    }
}

impl Caller {
    /// A caller whose session was found by other means than its bearer token.
    pub(crate) fn of(login: Arc<Login>, parts: &Parts, state: &ApiState) -> ApiResult<Self> {
        if login.restricted {
            let detail = "set a password of your own with POST /v1/me/password, then log in again";
            return Err(Problem::new(Code::PasswordChangeRequired, detail));
        }
        Ok(Self { login, origin: Origin::of(parts, state) })
    }

    /// Where the request comes from.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Begins a transaction of the caller's organisation, to read.
    pub(crate) async fn read(&self, state: &ApiState) -> Result<Tx, StorageError> {
        state.app().traced(self.organization, self.origin.trace_parent.as_deref()).await
    }

    /// Decides on action and object.
    pub(crate) fn may(&self, action: Action, object: Object) -> bool {
        decide(&self.actor(), action, &object).is_ok()
    }

    /// Refuses those who may not read this.
    pub(crate) fn require(&self, action: Action, object: Object) -> ApiResult<()> {
        decide(&self.actor(), action, &object).map_err(Problem::from)
    }

    /// Checks the action on the object; the returned proof begins a change.
    pub(crate) fn allow(&self, action: Action, object: Object) -> ApiResult<Allowed> {
        self.require(action, object).map(Allowed)
    }

    /// Whether their reach ends at what is their own.
    pub(crate) fn is_limited(&self) -> bool {
        self.access_level != AccessLevel::Full
    }

    fn actor(&self) -> Actor {
        Actor { staff: self.staff, permissions: self.permissions, level: self.access_level }
    }

    /// For the record of reads.
    pub(crate) fn audit(&self) -> AuditContext {
        AuditContext {
            organization: self.organization,
            actor: Some(self.staff),
            request_id: self.origin.request_id.clone(),
            remote_addr: self.origin.remote_addr.clone(),
        }
    }
}

impl From<Denial> for Problem {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::Missing(permission) => {
                let detail = format!("needs the permission `{permission}`; ask an account admin");
                Self::new(Code::Forbidden, detail)
            }
            Denial::NotOneself => Self::new(Code::Forbidden, "you can do this only for yourself"),
            Denial::OutOfReach => Self::not_found(),
            Denial::NeedsFullLevel => {
                Self::new(Code::Forbidden, "needs access level `full`; ask an account admin")
            }
            Denial::BeyondOwnRights => {
                let detail = "they may, or would, do things that you may not; ask an account admin";
                Self::new(Code::BeyondOwnRights, detail)
            }
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
        let login = bearer_session(parts, state).await?;
        Ok(Self(Caller { login, origin: Origin::of(parts, state) }))
    }
}

impl FromRequestParts<ApiState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let login = bearer_session(parts, state).await?;
        Self::of(login, parts, state)
    }
}

async fn bearer_session(parts: &Parts, state: &ApiState) -> ApiResult<Arc<Login>> {
    let token = bearer(&parts.headers, TokenKind::Access)?;
    let login = session(state, token).await?;
    if login.expires_at <= clock::now().as_second() {
        return Err(unauthorized());
    }
    Ok(login)
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

async fn session(state: &ApiState, token: PresentedToken) -> ApiResult<Arc<Login>> {
    let known = state.credentials().find(token.hash, state.feed_is_current());
    if let Some(Known::Session(actor)) = known {
        return Ok(actor);
    }
    // The lookup is rare. Boxed, it does not make the future of every other request larger.
    Box::pin(look_up_session(state, token)).await
}

async fn look_up_session(state: &ApiState, token: PresentedToken) -> ApiResult<Arc<Login>> {
    let cache = state.credentials();
    let generation = cache.generation();
    let asked = async {
        let mut tx = state.app().tenant(token.organization).await?;
        sessions::live(&mut tx, token.hash, clock::now()).await
    };
    let live = within(LONGEST_LOOKUP, asked).await?.ok_or_else(unauthorized)?;
    let actor = Arc::new(Login::new(token.organization, &live));
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
