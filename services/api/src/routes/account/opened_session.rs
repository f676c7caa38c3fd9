//! What a login opens: a session of tokens for programs, or one of a cookie for a browser. Every route
//! that logs somebody in calls it.

use super::sessions::{self, SessionTokens};
use crate::{
    access::{
        browser::{Browser, Cookie},
        caller,
    },
    change::Outcomes,
    http::{
        body::{Field, any},
        problem::ApiResult,
        reply::Reply,
    },
    state::{ApiState, BrowserLife},
};
use axum::http::HeaderValue;
use jiff::Timestamp;
use nearhand_domain::{
    OrganizationId, SessionId, StaffId, audit, clock,
    field::{FieldErrors, Reported},
    token::mint,
};
use nearhand_storage::{
    Tx,
    audit::AuditEvent,
    browser_sessions::{self, NewBrowserSession},
    staff::StaffRecord,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A browser's session. Its secret is in the cookie alone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BrowserSession {
    /// Tenant.
    #[schema(value_type = uuid::Uuid)]
    organization_id: OrganizationId,
    /// Person.
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    /// Session.
    #[schema(value_type = uuid::Uuid)]
    pub(super) session_id: SessionId,
    /// Whether it stays when the browser is closed.
    remembered: bool,
    /// When it ends unless it is used before; each use puts this off, to the minute.
    #[schema(value_type = String, format = DateTime)]
    idle_expires_at: Timestamp,
    /// When it ends in any case.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The password is temporary: only `POST /v1/me/password` is allowed.
    must_change_password: bool,
}

/// A session as it was opened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum OpenedSession {
    /// For programs.
    Tokens(SessionTokens),
    /// For a browser, with `cookie: true`.
    Browser(BrowserSession),
}

/// What sort of session is to be opened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// For programs.
    Tokens,
    /// For a browser.
    Cookie {
        /// It stays when the browser is closed.
        remember: bool,
    },
}

/// A session that was opened, and the cookie to give.
pub(crate) struct Opened {
    pub(crate) session: OpenedSession,
    pub(crate) cookie: Option<HeaderValue>,
}

impl Wanted {
    /// Of a form's `cookie` and `remember`.
    pub(crate) fn read(
        cookie: Field<bool>,
        remember: Field<bool>,
        e: &mut FieldErrors,
    ) -> Result<Self, Reported> {
        let cookie = cookie.optional("/cookie", e, any).unwrap_or(false);
        let remember = remember.optional("/remember", e, any).unwrap_or(false);
        match (cookie, remember) {
            (true, remember) => Ok(Self::Cookie { remember }),
            (false, false) => Ok(Self::Tokens),
            (false, true) => Err(e.push("/remember", "needs_cookie", "goes with `cookie: true`")),
        }
    }

    /// Refuses what this browser cannot be given.
    pub(crate) fn check(self, browser: &Browser) -> ApiResult<()> {
        match self {
            Self::Tokens => Ok(()),
            Self::Cookie { .. } => browser.require_fit_for_cookies(),
        }
    }
}

impl Opened {
    /// What the login comes to.
    pub(super) fn outcomes(self) -> ApiResult<Outcomes> {
        let events = vec![AuditEvent::of(audit::SESSION_OPEN, self.session.id())];
        let reply = Reply::created("/v1/sessions/current".to_owned(), &self.session)?;
        let reply = reply.secret().cookie(self.cookie);
        Ok(Outcomes { events, forget: Vec::new(), reply })
    }
}

impl OpenedSession {
    /// Which.
    pub(crate) fn id(&self) -> SessionId {
        match self {
            Self::Tokens(tokens) => tokens.session_id,
            Self::Browser(session) => session.session_id,
        }
    }
}

/// Opens a session of a person.
pub(crate) async fn open(
    tx: &mut Tx,
    state: &ApiState,
    (wanted, browser): (Wanted, &Browser),
    organization: OrganizationId,
    person: &StaffRecord,
    restricted: bool,
) -> ApiResult<Opened> {
    match wanted {
        Wanted::Tokens => {
            let tokens = sessions::open(tx, state, organization, person, restricted).await?;
            Ok(Opened { session: OpenedSession::Tokens(tokens), cookie: None })
        }
        Wanted::Cookie { remember } => {
            let (session, now) = (SessionId::generate(), clock::now());
            let life = BrowserLife::of(state.config(), remember);
            let (token, hash) = mint(Cookie::Session.kind(), organization);
            let new = NewBrowserSession {
                organization,
                session,
                staff: person.id,
                epoch: person.session_epoch,
                restricted,
                remembered: remember,
                hash,
                now,
                idle_expires_at: now + life.idle,
                expires_at: now + life.absolute,
            };
            browser_sessions::open(tx, &new).await?;
            let max_age_s = remember.then(|| life.absolute.as_secs());
            let cookie = browser.give_session(&token, max_age_s);
            Ok(Opened { session: OpenedSession::Browser(BrowserSession::of(&new)), cookie })
        }
    }
}

impl BrowserSession {
    fn of(new: &NewBrowserSession) -> Self {
        Self {
            organization_id: new.organization,
            staff_id: new.staff,
            session_id: new.session,
            remembered: new.remembered,
            idle_expires_at: new.idle_expires_at,
            expires_at: new.expires_at,
            must_change_password: new.restricted,
        }
    }
}

/// Ends the person's session that this browser had before: once its cookie is replaced, nobody could.
pub(super) async fn end_former(
    tx: &mut Tx,
    browser: &Browser,
    organization: OrganizationId,
    staff: StaffId,
) -> ApiResult<Option<SessionId>> {
    let cookie = browser.cookie(Cookie::Session);
    let token = cookie.and_then(|text| caller::of_cookie(text, Cookie::Session));
    let Some(token) = token else { return Ok(None) };
    let now = clock::now();
    let former = browser_sessions::find(tx, staff, token.hash, now).await?;
    if let Some(session) = former {
        nearhand_storage::sessions::end(tx, organization, session, now).await?;
    }
    Ok(former)
}
