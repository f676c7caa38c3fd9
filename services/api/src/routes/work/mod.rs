//! Cases and what they ask for.

pub(crate) mod cases;
pub(crate) mod needs_form;

use crate::{openapi::operation, state::ApiState};
use utoipa_axum::router::OpenApiRouter;

/// The addresses of this area.
pub(crate) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(cases::create))
        .routes(operation!(cases::list))
        .routes(operation!(cases::get))
        .routes(operation!(cases::patch))
}
