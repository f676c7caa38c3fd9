//! Who should go, and why.

mod again;
mod answer;
mod create;
mod form;
mod get;
mod only;
mod policy;
mod recommended_cases;
mod replay;
mod stored;
mod trial;
mod why_not;

pub(crate) use create::open_case;
pub(crate) use policy::{PolicyChoice, PolicyRef, archived_policy, chosen_policy, unknown_policy};
pub(crate) use stored::group_commit::RecommendationWriter;

use crate::{openapi::operation, state::ApiState};
use utoipa_axum::router::OpenApiRouter;

/// The addresses of this area.
pub(crate) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(operation!(create::create, CaseClosed, NotReady))
        .routes(operation!(get::get, RecommendationErased))
        .routes(operation!(
            again::explain,
            RecommendationErased,
            CaseClosed,
            NotGeocoded,
            NotReady,
            QuestionOutdated
        ))
        .routes(operation!(
            again::replay,
            RecommendationErased,
            NotGeocoded,
            NotReady,
            QuestionOutdated
        ))
        .routes(operation!(recommended_cases::list, NotReady))
        .routes(operation!(recommended_cases::list_own, NotReady))
        .routes(operation!(why_not::ask, CaseClosed, NotReady))
}
