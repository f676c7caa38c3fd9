//! `POST /v1/positions/stream-tickets`: opens one event stream in place of a bearer token.

use crate::{
    access::caller::Caller,
    change::{ChangeResult, Empty, Forget, Outcome, Posted},
    http::reply::Reply,
    state::ApiState,
};
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::{
    access::{Action, Object},
    clock,
    token::{TokenKind, mint},
};
use nearhand_storage::stream_tickets;
use serde::Serialize;
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

/// Makes a ticket for one event stream, to be used within a minute.
#[utoipa::path(post, path = "/v1/positions/stream-tickets", operation_id = "create_stream_ticket",
    tag = "positions", responses((status = 201, description = "Shown once", body = StreamTicket)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<Empty>,
) -> ChangeResult {
    let allowed = caller.allow(Action::SeePositions, Object::Organization)?;
    let mut change = posted.begin_empty(&state, &caller, allowed).await?;
    let (organization, session) = (caller.organization, caller.session);
    let (ticket, hash) = mint(TokenKind::Ticket, organization);
    let now = clock::now();
    let expires_at = now + TICKET_TTL;
    stream_tickets::issue(change.tx(), organization, session, hash, now, expires_at).await?;
    let reply = Reply::made(&StreamTicket { ticket, expires_at })?.secret();
    change.commit(Outcome { event: None, forget: Forget::Nothing, reply }).await
}
