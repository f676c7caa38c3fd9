//! People: profiles, photos, addresses, roles, invitations, absences, work preferences.

pub(crate) mod data_exports;
mod delete_requests;
pub(crate) mod duty;
mod erase;
mod exports;
mod geocode;
mod imports;
pub(crate) mod invitations;
pub(crate) mod mail_state;
pub(crate) mod photo;
pub(crate) mod reach;
pub(crate) mod roles;
pub(crate) mod staff;
pub(crate) mod staff_form;
mod staff_sessions;
pub(crate) mod time_off;
pub(crate) mod work_preferences;

pub(crate) use imports::CheckSlots;

use crate::{openapi::operation, state::ApiState};
use axum::extract::DefaultBodyLimit;
use nearhand_photos::MAX_BYTES;
use utoipa_axum::router::OpenApiRouter;

/// Largest file of people.
const FILE_LIMIT: usize = 20 * 1024 * 1024;

/// The addresses of this area.
pub(crate) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(tables())
        .routes(operation!(
            staff::create,
            EmailTaken,
            UsernameTaken,
            AccountCodeTaken,
            BeyondOwnRights,
            Inactive,
            PersonRequired
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
        .routes(operation!(staff::access))
        .routes(operation!(staff::put_tags, BeyondOwnRights, OutsideScope))
        .routes(operation!(staff::put_groups, BeyondOwnRights, OutsideScope))
        .routes(operation!(staff::promote, BeyondOwnRights, NotExternal, OutsideScope))
        .routes(operation!(staff::change_many, OutsideScope))
        .merge(roles())
        .routes(operation!(
            staff::reset_password,
            BeyondOwnRights,
            Invalid,
            LastAccountAdmin,
            OwnPassword,
            PersonRequired,
        ))
        .merge(invited())
        .routes(operation!(staff::delete, BeyondOwnRights, OwnAccount, LastAccountAdmin))
        .routes(operation!(
            staff::undelete,
            EmailTaken,
            UsernameTaken,
            AccountCodeTaken,
            BeyondOwnRights
        ))
        .routes(operation!(
            erase::create,
            BeyondOwnRights,
            ConfirmationMismatch,
            LastAccountAdmin,
            OwnAccount,
            PersonRequired
        ))
        .routes(operation!(data_exports::create, LimitReached))
        .routes(operation!(delete_requests::create))
        .routes(operation!(delete_requests::confirm, ConfirmationExpired, ConfirmationMismatch))
        .routes(operation!(staff_sessions::list))
        .routes(operation!(staff_sessions::end, BeyondOwnRights))
        .routes(operation!(geocode::create, BeyondOwnRights, NoAddress))
        .merge(photos())
        .routes(operation!(time_off::create, BeyondOwnRights, LimitReached))
        .routes(operation!(time_off::list))
        .routes(operation!(time_off::delete, BeyondOwnRights))
        .routes(operation!(duty::get))
        .routes(operation!(duty::put, BeyondOwnRights, HasWorkingHours))
        .routes(operation!(work_preferences::get))
        .routes(operation!(work_preferences::put, BeyondOwnRights))
}

/// Roles.
fn roles() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(roles::list))
        .routes(operation!(roles::get))
        .routes(operation!(roles::create, BeyondOwnRights, NameTaken, OutsideScope))
        .routes(operation!(
            roles::patch,
            BeyondOwnRights,
            BuiltInRole,
            ComputedRole,
            NameTaken,
            OutsideScope
        ))
        .routes(operation!(
            roles::delete,
            BeyondOwnRights,
            BuiltInRole,
            ComputedRole,
            InUse,
            OutsideScope
        ))
}

/// Invitations.
fn invited() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(
            invitations::create,
            BeyondOwnRights,
            Inactive,
            AlreadyJoined,
            Invalid,
            PersonRequired
        ))
        .routes(operation!(
            invitations::resend,
            BeyondOwnRights,
            Inactive,
            AlreadyJoined,
            Invalid,
            PersonRequired
        ))
        .routes(operation!(invitations::get))
        .routes(operation!(invitations::revoke, BeyondOwnRights))
        .routes(operation!(invitations::list))
        .routes(operation!(invitations::batch::create, PersonRequired))
}

/// Photos, whose bodies may be larger than others.
fn photos() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(
            photo::put,
            BeyondOwnRights,
            UnsupportedImage,
            TooManyPixels,
            BrokenImage
        ))
        .routes(operation!(photo::get))
        .routes(operation!(photo::delete, BeyondOwnRights))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
}

/// People as tables.
fn tables() -> OpenApiRouter<ApiState> {
    let files = OpenApiRouter::new()
        .routes(operation!(imports::create, ImportUnreadable, LimitReached))
        .layer(DefaultBodyLimit::max(FILE_LIMIT));
    OpenApiRouter::new()
        .merge(files)
        .routes(operation!(imports::list))
        .routes(operation!(imports::template))
        .routes(operation!(imports::get))
        .routes(operation!(imports::discard, ImportCommitted))
        .routes(operation!(imports::rows))
        .routes(operation!(imports::report))
        .routes(operation!(imports::commit, ImportCommitted, ImportHasErrors))
        .routes(operation!(exports::create, LimitReached))
        .routes(operation!(exports::list))
        .routes(operation!(exports::get))
        .routes(operation!(exports::delete))
        .routes(operation!(exports::file, ExportNotReady))
}
