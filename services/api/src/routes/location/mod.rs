//! Where people are: devices, consent, pings, positions, their stream.

mod device_health;
mod device_setup;
pub(crate) mod devices;
mod ingest;
mod ingest_bodies;
mod intake;
mod nearest;
mod own_devices;
mod own_tracking;
mod pings;
mod position_counts;
pub(crate) mod positions;
mod stream;
mod stream_tickets;
pub(crate) mod this_device;
mod track;
mod tracking;
mod wanted;

use crate::{openapi::operation, state::ApiState};
use utoipa_axum::router::OpenApiRouter;

/// The addresses of this area.
pub(crate) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(devices::enrol, BeyondOwnRights, LimitReached))
        .routes(operation!(devices::list))
        .routes(operation!(device_health::list))
        .routes(operation!(devices::revoke, BeyondOwnRights))
        .routes(operation!(
            own_devices::enrol,
            BeyondOwnRights,
            HttpsRequired,
            LimitReached,
            PersonRequired
        ))
        .routes(operation!(own_devices::list, PersonRequired))
        .routes(operation!(own_devices::revoke, BeyondOwnRights, PersonRequired))
        .routes(operation!(tracking::get))
        .routes(operation!(tracking::permit, AlreadyTracked, BeyondOwnRights))
        .routes(operation!(tracking::revoke, BeyondOwnRights, NotTracked))
        .routes(operation!(wanted::own, PersonRequired))
        .routes(operation!(wanted::of_phone))
        .routes(operation!(own_tracking::withdraw, NotTracked, PersonRequired))
        .routes(operation!(own_tracking::pause, LimitReached, PersonRequired))
        .routes(operation!(own_tracking::resume, PersonRequired))
        .routes(operation!(
            pings::receive,
            MalformedBody,
            TooLarge,
            UnsupportedMediaType,
            QueueFull
        ))
        .merge(apps())
        .routes(operation!(positions::list, NotReady))
        .routes(operation!(position_counts::list, Invalid, NotReady))
        .routes(operation!(nearest::list, Invalid, NotReady))
        .routes(operation!(
            stream::open,
            TwoCredentials,
            CrossOrigin,
            Unauthorized,
            Forbidden,
            NotFound,
            TooManyRequests,
            NotReady
        ))
        .routes(operation!(stream_tickets::create, PersonRequired))
        .routes(operation!(track::get, Invalid))
        .routes(operation!(track::get_own, Invalid, PersonRequired))
        .routes(operation!(track::distance, Invalid))
}

/// The addresses that apps are given.
fn apps() -> OpenApiRouter<ApiState> {
    macro_rules! app {
        ($handler:ident) => {
            operation!(ingest::$handler, MalformedBody, TooLarge, UnsupportedMediaType, QueueFull)
        };
    }
    OpenApiRouter::new()
        .routes(app!(owntracks))
        .routes(app!(overland))
        .routes(app!(transistorsoft))
        .routes(app!(traccar))
        .routes(app!(traccar_query))
        .routes(app!(gpslogger))
        .routes(app!(gpslogger_query))
}
