//! Who opens an event stream: by a token, a cookie or a ticket, and whether there is room for
//! one more stream. Must not decide what they may see.

use super::tickets;
use crate::{
    access::{caller::Caller, credentials::Login},
    http::problem::ApiResult,
    live::stream_limiter::{StreamPermit, Watcher},
    state::ApiState,
};
use axum::{extract::FromRequestParts, http::request::Parts};
use nearhand_domain::{ApiKeyId, clock};
use nearhand_storage::{StorageError, service_accounts, stream_tickets};

/// Somebody who wants to open a stream.
pub(crate) struct Reader {
    pub(crate) caller: Caller,
    /// The credentials' generation before they were checked, so that no change of them is missed.
    pub(crate) checked: u64,
}

/// Somebody who may.
pub(crate) struct Admitted {
    pub(crate) reader: Reader,
    pub(super) permit: StreamPermit,
}

impl Reader {
    /// By the ticket, if there is one, else as any caller.
    pub(crate) async fn enter(
        state: &ApiState,
        parts: &mut Parts,
        ticket: Option<&str>,
    ) -> ApiResult<Self> {
        let checked = state.credentials().generation();
        let caller = match ticket {
            Some(ticket) => tickets::redeem(state, parts, ticket).await?,
            None => Caller::from_request_parts(parts, state).await?,
        };
        Ok(Self { caller, checked })
    }

    /// Takes one of the streams that the process, the organisation, the person and the session may
    /// have.
    ///
    /// # Errors
    /// When a limit is reached.
    pub(crate) fn admit(self, state: &ApiState) -> ApiResult<Admitted> {
        let watcher = Watcher {
            organization: self.caller.organization,
            staff: self.caller.staff,
            session: self.caller.session,
        };
        let most = state.config().max_streams;
        let permit = StreamPermit::acquire(state.stream_limiter(), watcher, most)?;
        Ok(Admitted { reader: self, permit })
    }
}

/// The session, or the API key, as it is now.
pub(super) async fn look_up(
    state: &ApiState,
    caller: &Caller,
) -> Result<Option<Login>, StorageError> {
    let (organization, session) = (caller.organization, caller.session);
    let (mut tx, now) = (state.app().tenant(organization).await?, clock::now());
    if caller.api_key.is_some() {
        let live = service_accounts::live_key(&mut tx, ApiKeyId(session.0), now).await?;
        return Ok(live.map(|live| Login::of_key(organization, live)));
    }
    let live = stream_tickets::live_session(&mut tx, session, now).await?;
    Ok(live.map(|live| Login::new(organization, live)))
}
