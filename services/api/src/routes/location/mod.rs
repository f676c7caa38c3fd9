//! Where people are: devices, consent, pings, positions, their stream.

mod devices;
mod own_tracking;
mod pings;
mod position_counts;
mod positions;
mod stream;
mod stream_tickets;
mod tracking;

use crate::{openapi::operation, state::ApiState};
use utoipa_axum::router::OpenApiRouter;

/// The addresses of this area.
pub(crate) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(devices::enrol, BeyondOwnRights, LimitReached))
        .routes(operation!(devices::list))
        .routes(operation!(devices::revoke, BeyondOwnRights))
        .routes(operation!(tracking::get))
        .routes(operation!(tracking::permit, AlreadyTracked, BeyondOwnRights))
        .routes(operation!(tracking::revoke, BeyondOwnRights, NotTracked))
        .routes(operation!(own_tracking::withdraw, NotTracked))
        .routes(operation!(own_tracking::pause, LimitReached))
        .routes(operation!(own_tracking::resume))
        .routes(operation!(
            pings::receive,
            MalformedBody,
            TooLarge,
            UnsupportedMediaType,
            QueueFull
        ))
        .routes(operation!(positions::list, NotReady))
        .routes(operation!(position_counts::list, Invalid, NotReady))
        .routes(operation!(
            stream::open,
            Unauthorized,
            Forbidden,
            NotFound,
            TooManyRequests,
            NotReady
        ))
        .routes(operation!(stream_tickets::create))
}
