//! For those who watch over the process.

pub(crate) mod health;

use crate::{openapi::operation, state::ApiState};
use utoipa_axum::router::OpenApiRouter;

/// The addresses of this area.
pub(crate) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(operation!(health::healthz)).routes(operation!(health::readyz))
}
