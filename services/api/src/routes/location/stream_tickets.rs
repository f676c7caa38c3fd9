//! `POST /v1/positions/stream-tickets`: opens one event stream in place of a bearer token.

use crate::{
    access::caller::Caller,
    change::{ChangeResult, Empty, Posted},
    live::event_stream::tickets::{self, StreamTicket},
    state::ApiState,
};
use axum::extract::State;
use nearhand_domain::access::{Action, Object};

/// Makes a ticket for one event stream, to be used within a minute.
#[utoipa::path(post, path = "/v1/positions/stream-tickets", operation_id = "create_stream_ticket",
    tag = "positions", responses((status = 201, description = "Shown once", body = StreamTicket)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<Empty>,
) -> ChangeResult {
    let allowed = caller.allow(Action::SeePositions, Object::Organization)?;
    tickets::issue(&state, &caller, allowed, posted).await
}
