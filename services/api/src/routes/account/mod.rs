//! Logins and oneself.

mod me;
mod own_password;
pub(crate) mod sessions;

use crate::{openapi::operation, state::ApiState};
use utoipa_axum::router::OpenApiRouter;

/// The addresses of this area.
pub(crate) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(sessions::log_in, LoginFailed, TooManyRequests))
        .routes(operation!(sessions::refresh, Unauthorized))
        .routes(operation!(sessions::log_out))
        .routes(operation!(me::get))
        .routes(operation!(own_password::change, TooManyRequests))
}
