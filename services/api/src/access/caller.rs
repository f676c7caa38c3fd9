//! Who is calling: the token of a session, or the API key of a service account, becomes a [`Caller`],
//! a device's token a [`Phone`]. Tokens come as a bearer's, or from a browser in a cookie.

use crate::{
    access::{
        browser::{Browser, Cookie},
        credentials::{DeviceActor, Known, Login},
    },
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
use jiff::Timestamp;
use nearhand_domain::{
    access::{AccessLevel, Action, ActorKind, Denial, Object, PeopleScope, decide, decide_list},
    clock,
    ping::PersonGate,
    token::{PresentedToken, TokenKind},
};
use nearhand_storage::{
    StorageError, Tx, audit::AuditContext, browser_sessions, erasure, facts, service_accounts,
    sessions,
};
use std::{ops::Deref, sync::Arc, time::Duration};

/// A person with a session, who has already changed a temporary password, or a service account.
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
    pub(crate) fn may(&self, action: Action, object: Object<'_>) -> bool {
        decide(&self.actor(), action, &object).is_ok()
    }

    /// Refuses those who may not read this.
    pub(crate) fn require(&self, action: Action, object: Object<'_>) -> ApiResult<()> {
        decide(&self.actor(), action, &object).map_err(Problem::from)
    }

    /// Checks the action on the object; the returned proof begins a change.
    pub(crate) fn allow(&self, action: Action, object: Object<'_>) -> ApiResult<Allowed> {
        self.require(action, object).map(Allowed)
    }

    /// Refuses service accounts: some things only a person may be answerable for.
    pub(crate) fn require_person(&self) -> ApiResult<()> {
        if self.kind == ActorKind::Staff { Ok(()) } else { Err(person_required()) }
    }

    /// Whether their reach ends at what is their own.
    pub(crate) fn is_limited(&self) -> bool {
        self.access_level != AccessLevel::Full
    }

    /// The people upon whom the caller may take this action, to narrow a list by.
    pub(crate) fn people_scope(&self, action: Action) -> ApiResult<PeopleScope<'_>> {
        decide_list(&self.actor(), action).map_err(Problem::from)
    }

    /// For the record of reads.
    pub(crate) fn audit(&self) -> AuditContext {
        AuditContext {
            organization: self.organization,
            actor: Some(self.staff),
            actor_kind: self.kind,
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
            Denial::PersonRequired => person_required(),
            Denial::NotOneself => Self::new(Code::Forbidden, "you can do this only for yourself"),
            Denial::OutOfReach => Self::not_found(),
            Denial::NeedsFullLevel => {
                Self::new(Code::Forbidden, "needs access level `full`; ask an account admin")
            }
            Denial::OutsideEditScope => {
                let detail = "your edit scope does not reach this: it is for people of your own departments, or for nobody; ask an account admin";
                Self::new(Code::OutsideScope, detail)
            }
            Denial::BeyondOwnRights => {
                let detail = "they may, or would, do things that you may not; ask an account admin";
                Self::new(Code::BeyondOwnRights, detail)
            }
        }
    }
}

fn person_required() -> Problem {
    let detail = "this belongs to a person's own session; log in instead of using an API key";
    Problem::new(Code::PersonRequired, detail)
}

pub(crate) fn unauthorized() -> Problem {
    Problem::new(
        Code::Unauthorized,
        "log in again, or check the token; send `authorization: Bearer …`",
    )
}

/// The token that the request counts by: the bearer's, or that of a browser's cookie. With both,
/// nobody could say who acts.
fn presented(
    parts: &Parts,
    state: &ApiState,
    kinds: &[TokenKind],
    cookie: Cookie,
) -> ApiResult<PresentedToken> {
    let headers = &parts.headers;
    if !headers.contains_key(header::COOKIE) {
        return bearer(headers, kinds);
    }
    let browser = Browser::of(headers, state.config());
    if headers.contains_key(header::AUTHORIZATION) {
        let counts = [Cookie::Session, cookie].into_iter().any(|c| browser.cookie(c).is_some());
        if counts {
            let detail = "leave one of them out: this browser has logged in with a cookie, and the \
                request brings `authorization`";
            return Err(Problem::new(Code::TwoCredentials, detail));
        }
        return bearer(headers, kinds);
    }
    let text = browser.cookie(cookie).ok_or_else(unauthorized)?;
    browser.require_own_page()?;
    of_cookie(text, cookie).ok_or_else(unauthorized)
}

/// The token in a cookie.
pub(crate) fn of_cookie(text: &str, cookie: Cookie) -> Option<PresentedToken> {
    PresentedToken::parse(text).filter(|token| token.kind == cookie.kind())
}

fn bearer(headers: &HeaderMap, kinds: &[TokenKind]) -> ApiResult<PresentedToken> {
    let value = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    value
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .and_then(|(_, token)| PresentedToken::parse(token.trim()))
        .filter(|token| kinds.contains(&token.kind))
        .ok_or_else(unauthorized)
}

impl FromRequestParts<ApiState> for AnyCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let login = logged_in(parts, state).await?;
        if login.kind != ActorKind::Staff {
            return Err(person_required());
        }
        Ok(Self(Caller { login, origin: Origin::of(parts, state) }))
    }
}

impl FromRequestParts<ApiState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let login = logged_in(parts, state).await?;
        Self::of(login, parts, state)
    }
}

async fn logged_in(parts: &Parts, state: &ApiState) -> ApiResult<Arc<Login>> {
    let kinds = [TokenKind::Access, TokenKind::ApiKey];
    let token = presented(parts, state, &kinds, Cookie::Session)?;
    let now = clock::now();
    let login = session(state, token, now).await?;
    if login.expires_at <= now.as_second() {
        return Err(unauthorized());
    }
    if let Some(key) = &login.api_key {
        // What lies under `/v1/me` is a person's, whatever the route asks for.
        if parts.uri.path().split('/').nth(2) == Some("me") {
            return Err(person_required());
        }
        key.note_use(state, &login, now);
    }
    if let Some(browser) = &login.browser {
        require_same_person(&parts.headers, &login)?;
        browser.note_use(state, &login, now);
    }
    Ok(login)
}

/// Whose page sends a request with a cookie. Optional.
const PAGE_OF: &str = "nearhand-staff";

/// Refuses a page that was loaded for somebody else: the tabs of a browser share one cookie, and each
/// login replaces it.
fn require_same_person(headers: &HeaderMap, login: &Login) -> ApiResult<()> {
    let own = login.staff.to_string();
    if headers.get(PAGE_OF).is_none_or(|page_of| page_of.as_bytes() == own.as_bytes()) {
        return Ok(());
    }
    let detail = "somebody else has logged in with this browser meanwhile; load the page again";
    Err(Problem::new(Code::Unauthorized, detail))
}

impl FromRequestParts<ApiState> for Phone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> ApiResult<Self> {
        let token = presented(parts, state, &[TokenKind::Device], Cookie::Device)?;
        device(state, token).await.map(Self)
    }
}

/// Longest a lookup may take: a caller who waits for a database that is away keeps everything
/// else waiting.
const LONGEST_LOOKUP: Duration = Duration::from_secs(2);
/// The same for a phone that is known from before.
const LONGEST_CHECK: Duration = Duration::from_millis(500);

async fn session(state: &ApiState, token: PresentedToken, now: Timestamp) -> ApiResult<Arc<Login>> {
    let known = state.credentials().find(token.hash, state.feed_is_current());
    if let Some(Known::Session(login)) = known
        && !login.browser.as_ref().is_some_and(|browser| browser.is_idle(now))
    {
        return Ok(login);
    }
    // The lookup is rare. Boxed, it does not make the future of every other request larger.
    Box::pin(look_up_session(state, token)).await
}

async fn look_up_session(state: &ApiState, token: PresentedToken) -> ApiResult<Arc<Login>> {
    let cache = state.credentials();
    let generation = cache.generation();
    let asked = async {
        let mut tx = state.app().tenant(token.organization).await?;
        find_login(&mut tx, token).await
    };
    let login = within(LONGEST_LOOKUP, asked).await?.ok_or_else(unauthorized)?;
    let actor = Arc::new(login);
    cache.keep(token.hash, &Known::Session(Arc::clone(&actor)), generation);
    Ok(actor)
}

async fn find_login(tx: &mut Tx, token: PresentedToken) -> Result<Option<Login>, StorageError> {
    let (organization, now) = (token.organization, clock::now());
    if token.kind == TokenKind::ApiKey {
        let live = service_accounts::live(tx, token.hash, now).await?;
        return Ok(live.map(|live| Login::of_key(organization, live)));
    }
    if token.kind == TokenKind::Browser {
        let live = browser_sessions::live(tx, token.hash, now).await?;
        return Ok(live.map(|live| Login::of_browser(organization, live)));
    }
    let live = sessions::live(tx, token.hash, now).await?;
    Ok(live.map(|live| Login::new(organization, live)))
}

pub(crate) async fn device(state: &ApiState, token: PresentedToken) -> ApiResult<Arc<DeviceActor>> {
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
        find_device(&mut tx, token).await
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
    let actor = Arc::new(found.ok_or_else(unauthorized)?);
    cache.keep(token.hash, &Known::Device(Arc::clone(&actor)), generation);
    Ok(actor)
}

/// A phone of somebody who is there, or of somebody who was erased lately.
async fn find_device(
    tx: &mut Tx,
    token: PresentedToken,
) -> Result<Option<DeviceActor>, StorageError> {
    let organization = token.organization;
    if let Some((device, staff, gate)) = facts::device_gate(tx, token.hash).await? {
        return Ok(Some(DeviceActor { organization, device, staff, gate, erased: false }));
    }
    let erased = erasure::device(tx, token.hash, clock::now()).await?;
    Ok(erased.map(|(device, staff)| {
        let gate = PersonGate::default();
        DeviceActor { organization, device, staff, gate, erased: true }
    }))
}

/// A lookup's answer; one that takes too long is one that failed.
async fn within<T>(
    longest: Duration,
    asked: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    tokio::time::timeout(longest, asked).await.unwrap_or_else(|_| Err(StorageError::timed_out()))
}
