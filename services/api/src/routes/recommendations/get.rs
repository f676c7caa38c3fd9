//! `/v1/recommendations/{id}`: an answer as it was given. Must show it to nobody who may see less than the
//! one who asked.

use crate::{
    access::caller::Caller,
    http::{problem::ApiResult, query::PathId},
    live::view::record_read,
    routes::recommendations::{
        answer::{Recommended, located},
        stored,
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use nearhand_domain::{
    RecommendationId,
    access::{Action, Object},
};

/// An answer as it was given.
///
/// `result` has the same bytes as then. Whoever may see less than the one who asked does not find it:
/// without `positions:read` no exact answer, without `staff.pii:read` none with exact homes, and with a
/// view scope of `departments` none for other departments or about people who are not in scope now. An
/// answer with exact values is a recorded read of those it lists.
///
/// Answers are kept as long as pings are. What is about a person is sealed under their key: once
/// somebody listed is forgotten for good, the answer is gone (410).
#[utoipa::path(get, path = "/v1/recommendations/{id}", operation_id = "get_recommendation",
    tag = "recommendations",
    responses((status = 200, description = "The answer", body = Recommended)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<RecommendationId>,
) -> ApiResult<Json<Recommended>> {
    caller.require(Action::Recommend, Object::Organization)?;
    let opened = stored::open(&state, &caller, id).await?;
    let shown = located(&opened.ranked.found);
    record_read(&state, &caller, "/v1/recommendations/{id}", &shown).await?;
    Ok(Json(Recommended::new(Some(opened.id), opened.created_at, opened.answer())))
}
