//! The organisation: setup, settings, services, regions, departments, groups, tags, queues, service
//! accounts.

mod api_keys;
mod collections;
mod departments;
pub(crate) mod new_organization;
mod regions;
mod service_accounts;
mod services;
mod settings;
mod setup;

use crate::{openapi::operation, state::ApiState};
use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;

/// Largest body of a region, whose polygons take room.
const REGION_LIMIT: usize = 2 * 1024 * 1024;

/// The addresses of this area.
pub(crate) fn table() -> OpenApiRouter<ApiState> {
    let regions = OpenApiRouter::new()
        .routes(operation!(regions::create, NameTaken))
        .routes(operation!(regions::list))
        .routes(operation!(regions::get))
        .routes(operation!(regions::patch, NameTaken))
        .routes(operation!(regions::delete))
        .layer(DefaultBodyLimit::max(REGION_LIMIT));
    OpenApiRouter::new()
        .routes(operation!(
            setup::set_up,
            BootstrapRefused,
            CrossOrigin,
            HttpsRequired,
            SetupComplete
        ))
        .routes(operation!(settings::get))
        .routes(operation!(settings::patch))
        .routes(operation!(services::create, NameTaken))
        .routes(operation!(services::list))
        .routes(operation!(services::get))
        .routes(operation!(services::patch, NameTaken))
        .routes(operation!(services::delete, InUse))
        .routes(operation!(service_accounts::create, BeyondOwnRights, NameTaken, PersonRequired))
        .routes(operation!(service_accounts::list))
        .routes(operation!(service_accounts::get))
        .routes(operation!(service_accounts::patch, BeyondOwnRights, NameTaken, PersonRequired))
        .routes(operation!(service_accounts::delete, BeyondOwnRights, PersonRequired))
        .routes(operation!(api_keys::create, BeyondOwnRights, LimitReached, PersonRequired))
        .routes(operation!(api_keys::list))
        .routes(operation!(api_keys::revoke, BeyondOwnRights, PersonRequired))
        .merge(regions)
        .merge(membership_routes())
}

/// Where people belong.
fn membership_routes() -> OpenApiRouter<ApiState> {
    use collections::{groups, queues, tags};
    OpenApiRouter::new()
        .routes(operation!(departments::create, NameTaken, OutsideScope))
        .routes(operation!(departments::list))
        .routes(operation!(departments::get))
        .routes(operation!(departments::patch, NameTaken, OutsideScope))
        .routes(operation!(departments::delete, InUse, OutsideScope))
        .routes(operation!(groups::create, NameTaken, OutsideScope))
        .routes(operation!(groups::list))
        .routes(operation!(groups::get))
        .routes(operation!(groups::patch, NameTaken, OutsideScope))
        .routes(operation!(groups::delete, OutsideScope))
        .routes(operation!(tags::create, NameTaken, OutsideScope))
        .routes(operation!(tags::list))
        .routes(operation!(tags::get))
        .routes(operation!(tags::patch, NameTaken, OutsideScope))
        .routes(operation!(tags::delete, OutsideScope))
        .routes(operation!(queues::create, NameTaken))
        .routes(operation!(queues::list))
        .routes(operation!(queues::get))
        .routes(operation!(queues::patch, NameTaken))
        .routes(operation!(queues::delete))
}
