//! Who should go, and why.

mod answer;
mod create;

use crate::{openapi::operation, state::ApiState};
use utoipa_axum::router::OpenApiRouter;

/// The addresses of this area.
pub(crate) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(operation!(create::create, CaseClosed, NotReady))
}
