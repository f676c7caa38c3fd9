//! The organisation: setup, settings, services, regions.

pub(crate) mod founding;
mod regions;
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
        .routes(operation!(setup::set_up, BootstrapRefused, SetupComplete))
        .routes(operation!(settings::get))
        .routes(operation!(settings::patch))
        .routes(operation!(services::create, NameTaken))
        .routes(operation!(services::list))
        .routes(operation!(services::get))
        .routes(operation!(services::patch, NameTaken))
        .routes(operation!(services::delete, InUse))
        .merge(regions)
}
