//! Logins and oneself, and the mailed links that lead to a login.

mod acceptance;
mod email_changes;
pub(crate) mod links;
mod me;
mod notifications;
pub(crate) mod opened_session;
mod own_password;
mod own_profile;
pub(crate) mod own_sessions;
mod own_work;
mod resets;
pub(crate) mod sessions;

use crate::{openapi::operation, routes::people::data_exports, state::ApiState};
use utoipa_axum::router::OpenApiRouter;

/// The addresses of this area.
pub(crate) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(
            sessions::log_in,
            CrossOrigin,
            HttpsRequired,
            LoginFailed,
            TooManyRequests
        ))
        .routes(operation!(sessions::refresh, Unauthorized))
        .routes(operation!(sessions::log_out))
        .routes(operation!(me::get))
        .routes(operation!(own_profile::patch))
        .routes(operation!(own_sessions::list))
        .routes(operation!(own_sessions::end))
        .routes(operation!(own_sessions::end_others))
        .routes(operation!(own_work::create_time_off, LimitReached))
        .routes(operation!(own_work::list_time_off))
        .routes(operation!(own_work::delete_time_off))
        .routes(operation!(own_work::get_duty))
        .routes(operation!(own_work::put_duty, HasWorkingHours))
        .routes(operation!(own_work::get_preferences))
        .routes(operation!(own_work::put_preferences))
        .routes(operation!(data_exports::create_own, LimitReached))
        .routes(operation!(data_exports::get_own))
        .routes(operation!(data_exports::file_own, ExportNotReady))
        .routes(operation!(data_exports::delete_own))
        .routes(operation!(notifications::get))
        .routes(operation!(notifications::patch))
        .routes(operation!(own_password::change, TooManyRequests))
        .routes(operation!(acceptance::accept, InvitationInvalid, TooManyRequests))
        .routes(operation!(resets::request, TooManyRequests))
        .routes(operation!(resets::confirm, ResetInvalid, TooManyRequests))
        .routes(operation!(email_changes::create, BeyondOwnRights, EmailTaken, PersonRequired))
        .routes(operation!(email_changes::create_own, PersonRequired, TooManyRequests))
        .routes(operation!(email_changes::get))
        .routes(operation!(email_changes::cancel, BeyondOwnRights))
        .routes(operation!(email_changes::confirm, EmailChangeInvalid, EmailTaken, TooManyRequests))
}
