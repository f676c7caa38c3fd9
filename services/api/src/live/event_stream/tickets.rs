//! Tickets: each opens one event stream of its session in place of a bearer token, which browsers'
//! `EventSource` cannot send. Must not be given to service accounts.

use crate::{
    access::{
        caller::{self, Allowed, Caller},
        credentials::Login,
    },
    change::{ChangeResult, Empty, Forget, Outcome, Posted},
    http::{problem::ApiResult, reply::Reply},
    state::ApiState,
};
use axum::http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::{
    clock,
    token::{PresentedToken, TokenKind, mint},
};
use nearhand_storage::stream_tickets;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Life of a ticket.
const TICKET_TTL: SignedDuration = SignedDuration::from_secs(60);

/// A ticket for one stream.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamTicket {
    /// For `?ticket=`, once.
    ticket: String,
    /// Unused, it is void after a minute.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Makes a ticket for one stream of the caller's session.
pub(crate) async fn issue(
    state: &ApiState,
    caller: &Caller,
    allowed: Allowed,
    posted: Posted<Empty>,
) -> ChangeResult {
    caller.require_person()?;
    let mut change = posted.begin_empty(state, caller, allowed).await?;
    let (organization, session) = (caller.organization, caller.session);
    let (ticket, hash) = mint(TokenKind::Ticket, organization);
    let now = clock::now();
    let expires_at = now + TICKET_TTL;
    stream_tickets::issue(change.tx(), organization, session, hash, now, expires_at).await?;
    let reply = Reply::made(&StreamTicket { ticket, expires_at })?.secret();
    change.commit(Outcome { event: None, forget: Forget::Nothing, reply }).await
}

/// Uses a ticket up; the caller of its session.
pub(super) async fn redeem(state: &ApiState, parts: &Parts, ticket: &str) -> ApiResult<Caller> {
    let token = PresentedToken::parse(ticket).filter(|token| token.kind == TokenKind::Ticket);
    let token = token.ok_or_else(caller::unauthorized)?;
    let mut tx = state.app().tenant(token.organization).await?;
    let live = stream_tickets::redeem(&mut tx, token.hash, clock::now()).await?;
    tx.commit().await?;
    let live = live.ok_or_else(caller::unauthorized)?;
    Caller::of(Arc::new(Login::new(token.organization, live)), parts, state)
}
