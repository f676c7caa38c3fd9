//! For those who watch over the process, over work in the background, and over what is done.

pub(crate) mod audit;
pub(crate) mod health;
mod jobs;
mod outbox;

pub(crate) use outbox::pages as outbox_pages;

use crate::{openapi::operation, state::ApiState};
use utoipa_axum::router::OpenApiRouter;

/// The addresses of this area.
pub(crate) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(health::healthz))
        .routes(operation!(health::readyz))
        .routes(operation!(jobs::get))
        .routes(operation!(jobs::cancel))
        .routes(operation!(audit::list))
        .routes(operation!(audit::actions))
}
