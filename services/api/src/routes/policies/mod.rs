//! Policies: how recommendations weigh, their versions, and what another policy would change.

mod crud;
mod form;
mod preview;
mod preview_answer;
mod shown;

pub(crate) use form::{SettingsForm, read_preset};
pub(crate) use shown::policy_of_settings;

use crate::{openapi::operation, state::ApiState};
use utoipa_axum::router::OpenApiRouter;

/// The addresses of this area.
pub(crate) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(crud::create, NameTaken))
        .routes(operation!(crud::list))
        .routes(operation!(crud::presets))
        .routes(operation!(crud::get))
        .routes(operation!(crud::patch, NameTaken, PolicyArchived))
        .routes(operation!(crud::delete, InUse))
        .routes(operation!(crud::versions))
        .routes(operation!(preview::preview, NotReady))
}
