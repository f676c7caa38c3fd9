//! `/v1/sessions`: login, refresh, logout. Nothing here tells whether an account exists.

use super::opened_session::{self, OpenedSession, Wanted};
use crate::{
    access::{
        browser::{Browser, Cookie},
        caller::AnyCaller,
        login::Attempt,
    },
    change::{Change, ChangeResult, Forget, Outcome, Outcomes},
    http::{
        body::{Field, Form, JsonBody, Unknown, any, forms},
        codes::Code,
        origin::Origin,
        problem::{ApiResult, Problem},
        reply::Reply,
    },
    routes::location::{devices, this_device},
    state::ApiState,
};
use axum::extract::State;
use jiff::Timestamp;
use nearhand_domain::{
    OrganizationId, SessionId, StaffId,
    access::{Action, Object},
    audit, clock,
    token::{PresentedToken, TokenKind, mint},
};
use nearhand_storage::{
    Tx,
    audit::AuditEvent,
    sessions::{self, Refresh},
    staff::StaffRecord,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A login.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct LoginForm {
    /// The organisation's slug; may be left out while there is only one.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "harbour")]
    organization: Field<String>,
    /// E-mail address or user name.
    #[serde(default)]
    #[schema(value_type = String, example = "ada@harbour.example", required)]
    login: Field<String>,
    /// Password.
    #[serde(default)]
    #[schema(value_type = String, example = "seven tall lighthouses", required)]
    password: Field<String>,
    /// Log a browser in: the answer holds no tokens and sets the cookie `__Host-nearhand`, which no
    /// script can read. Needs HTTPS, or this machine itself.
    #[serde(default)]
    #[schema(value_type = bool, example = false)]
    cookie: Field<bool>,
    /// With `cookie`: stay logged in when the browser is closed.
    #[serde(default)]
    #[schema(value_type = bool, example = false)]
    remember: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A refresh.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RefreshForm {
    /// The refresh token of the last answer.
    #[serde(default)]
    #[schema(value_type = String, example = "nh_refresh_…", required)]
    refresh_token: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A session's tokens, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionTokens {
    /// Tenant.
    #[schema(value_type = uuid::Uuid)]
    organization_id: OrganizationId,
    /// Person.
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    /// Session.
    #[schema(value_type = uuid::Uuid)]
    pub(super) session_id: SessionId,
    /// For `authorization: Bearer …`.
    access_token: String,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    access_expires_at: Timestamp,
    /// For `POST /v1/sessions/refresh`, once.
    refresh_token: String,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    refresh_expires_at: Timestamp,
    /// The password is temporary: only `POST /v1/me/password` is allowed.
    must_change_password: bool,
}

forms!(LoginForm, RefreshForm);

/// Logs in.
///
/// A program gets tokens. A browser sends `cookie: true` and gets a cookie in their place. Its session
/// ends after 2 h without use and after 24 h in any case; with `remember: true` after 7 days without
/// use and after 30 days in any case. The session that the same person had before in this browser
/// ends. The cookie counts only in requests of this site's own pages: others are 403 `cross_origin`.
#[utoipa::path(post, path = "/v1/sessions", operation_id = "log_in", tag = "sessions",
    responses((status = 201, description = "Logged in", body = OpenedSession)))]
pub(crate) async fn log_in(
    State(state): State<ApiState>,
    origin: Origin,
    browser: Browser,
    JsonBody(form): JsonBody<LoginForm>,
) -> ChangeResult {
    let (attempt, wanted) = form.check(|form, e| {
        let organization = form.organization.optional("/organization", e, any);
        let login = form.login.required("/login", e, any);
        let password = form.password.required("/password", e, any);
        let wanted = Wanted::read(form.cookie, form.remember, e);
        Ok((Attempt { organization, login: login?, password: password? }, wanted?))
    })?;
    wanted.check(&browser)?;
    let login = attempt.check(&state, &origin).await?;
    let others_device = this_device::without_others(&state, &browser, login.person.id).await?;
    let (organization, person) = (login.organization, &login.person);
    let mut change = Change::of(&state, organization, Some(person.id), &origin).await?;
    if let Some(fresh) = &login.fresh_hash {
        sessions::rehash(change.tx(), person.id, &login.stored, fresh, clock::now()).await?;
    }
    login.remember_address(change.tx()).await?;
    let as_what = (wanted, &browser);
    let opened =
        opened_session::open(change.tx(), &state, as_what, organization, person, login.temporary)
            .await?;
    let mut outcomes = opened.outcomes()?;
    if let Wanted::Cookie { .. } = wanted {
        outcomes.reply = outcomes.reply.cookie(others_device);
        let old =
            opened_session::end_former(change.tx(), &browser, organization, person.id).await?;
        outcomes.events.extend(old.map(|old| AuditEvent::of(audit::SESSION_END, old)));
        outcomes.forget.extend(old.map(Forget::Session));
    }
    change.commit(outcomes).await
}

/// Opens a session of a person and mints its first pair of tokens.
pub(crate) async fn open(
    tx: &mut Tx,
    state: &ApiState,
    organization: OrganizationId,
    person: &StaffRecord,
    restricted: bool,
) -> ApiResult<SessionTokens> {
    let (session, now) = (SessionId::generate(), clock::now());
    let expires_at = now + state.config().refresh_ttl;
    sessions::open(
        tx,
        organization,
        session,
        person.id,
        person.session_epoch,
        restricted,
        now,
        expires_at,
    )
    .await?;
    issue(tx, state, organization, person.id, session, restricted).await
}

async fn issue(
    tx: &mut Tx,
    state: &ApiState,
    organization: OrganizationId,
    staff_id: StaffId,
    session_id: SessionId,
    must_change_password: bool,
) -> ApiResult<SessionTokens> {
    let now = clock::now();
    let access_expires_at = now + state.config().access_ttl;
    let refresh_expires_at = now + state.config().refresh_ttl;
    let (access_token, access) = mint(TokenKind::Access, organization);
    let (refresh_token, refresh) = mint(TokenKind::Refresh, organization);
    let pairs = ((access, access_expires_at), (refresh, refresh_expires_at));
    sessions::add_tokens(tx, organization, session_id, pairs.0, pairs.1).await?;
    Ok(SessionTokens {
        organization_id: organization,
        staff_id,
        session_id,
        access_token,
        access_expires_at,
        refresh_token,
        refresh_expires_at,
        must_change_password,
    })
}

/// Exchanges a refresh token for a new pair.
///
/// The old one may be presented once more within 5 s, because answers get lost; a third use ends
/// the login, because two holders share it.
#[utoipa::path(post, path = "/v1/sessions/refresh", operation_id = "refresh_session",
    tag = "sessions", responses((status = 200, description = "A new pair", body = SessionTokens)))]
pub(crate) async fn refresh(
    State(state): State<ApiState>,
    origin: Origin,
    JsonBody(form): JsonBody<RefreshForm>,
) -> ChangeResult {
    let text = form.check(|form, e| form.refresh_token.required("/refresh_token", e, any))?;
    let refused =
        || Problem::new(Code::Unauthorized, "the refresh token is no longer good; log in");
    let token = PresentedToken::parse(&text)
        .filter(|token| token.kind == TokenKind::Refresh)
        .ok_or_else(refused)?;
    let (organization, now) = (token.organization, clock::now());
    let until = now + state.config().refresh_ttl;
    let mut change = Change::of(&state, organization, None, &origin).await?;
    match sessions::exchange(change.tx(), organization, token.hash, now, until).await? {
        Refresh::Granted { session, staff, restricted } => {
            let tokens =
                issue(change.tx(), &state, organization, staff, session, restricted).await?;
            let reply = Reply::ok(&tokens)?.secret();
            change.commit(Outcome { event: None, forget: Forget::Nothing, reply }).await
        }
        Refresh::Reused(session) => {
            // Which of the two holders this is nobody knows: the entry names no actor.
            let event = Some(AuditEvent::of(audit::SESSION_REUSE, session));
            let (forget, reply) = (Forget::Session(session), Reply::no_content());
            change.commit(Outcome { event, forget, reply }).await?;
            tracing::warn!(session.id = %session, "a refresh token was reused; its session is ended");
            Err(refused().into())
        }
        Refresh::Invalid => Err(refused().into()),
    }
}

/// Logs out: the session and all its tokens end at once.
///
/// A browser loses its cookies: the session's, and that of the device it is, which is revoked if it is
/// one's own.
#[utoipa::path(delete, path = "/v1/sessions/current", operation_id = "log_out", tag = "sessions",
    responses((status = 204, description = "Ended")))]
pub(crate) async fn log_out(
    State(state): State<ApiState>,
    AnyCaller(caller): AnyCaller,
    browser: Browser,
) -> ChangeResult {
    let session = caller.session;
    let allowed = caller.allow(Action::ActForOneself, Object::staff(caller.staff))?;
    let device = this_device::of(&state, &browser, caller.staff).await?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    sessions::end(change.tx(), caller.organization, session, clock::now()).await?;
    let mut events = vec![AuditEvent::of(audit::SESSION_END, session)];
    let (mut forget, mut reply) = (vec![Forget::Session(session)], Reply::no_content());
    if caller.browser.is_some() {
        reply = reply.cookie(browser.take(Cookie::Session));
        if browser.cookie(Cookie::Device).is_some() {
            reply = reply.cookie(browser.take(Cookie::Device));
        }
        if let Some(device) = device {
            events.extend(devices::revoke_one(change.tx(), &caller, caller.staff, device).await?);
            forget.push(Forget::Device(device));
        }
    }
    change.commit(Outcomes { events, forget, reply }).await
}
