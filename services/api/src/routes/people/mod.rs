//! People: profiles, absences, work preferences.

pub(crate) mod reach;
pub(crate) mod staff;
pub(crate) mod staff_form;
mod time_off;
mod work_preferences;

use crate::{openapi::operation, state::ApiState};
use utoipa_axum::router::OpenApiRouter;

/// The addresses of this area.
pub(crate) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(
            staff::create,
            EmailTaken,
            UsernameTaken,
            AccountCodeTaken,
            BeyondOwnRights
        ))
        .routes(operation!(staff::list))
        .routes(operation!(staff::get))
        .routes(operation!(
            staff::patch,
            EmailTaken,
            UsernameTaken,
            AccountCodeTaken,
            BeyondOwnRights,
            LastAccountAdmin
        ))
        .routes(operation!(
            staff::reset_password,
            BeyondOwnRights,
            Invalid,
            LastAccountAdmin,
            OwnPassword,
        ))
        .routes(operation!(time_off::create, BeyondOwnRights, LimitReached))
        .routes(operation!(time_off::list))
        .routes(operation!(time_off::delete, BeyondOwnRights))
        .routes(operation!(work_preferences::get))
        .routes(operation!(work_preferences::put, BeyondOwnRights))
}
