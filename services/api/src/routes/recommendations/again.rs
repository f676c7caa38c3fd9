//! Asking a question again that was answered before: why somebody is not recommended now, and whether
//! the answer would be the same. Must rank with what the one who asked was allowed to see, since
//! another ranking would be another question.

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
        query::{PathId, PathIds},
    },
    live::{
        scope::{self, Scope},
        view::record_read,
    },
    routes::recommendations::{
        create::{Asker, Occasion, Prepared, prepare_for, rank},
        replay::ReplayShown,
        stored::{self, Opened},
        why_not::{WhyNotShown, why_not},
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use nearhand_domain::{
    RecommendationId, StaffId,
    access::{Action, Object, PeopleScope},
    clock,
};
use nearhand_storage::staff::{self, StaffFilter};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Why somebody is not listed now, for a question that was answered before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StoredWhyNot)]
pub(crate) struct StoredWhyNotShown {
    /// The answer that was kept.
    #[schema(value_type = uuid::Uuid)]
    recommendation_id: RecommendationId,
    /// The index version of that answer; that of now is in `index_version`.
    #[schema(example = "00000000000000000000000000000000")]
    stored_index_version: String,
    /// Whether they were listed in that answer.
    was_listed: bool,
    /// Whether they are shown inside the question's `bbox` now; null without one. Their rank is among
    /// everybody, wherever they are.
    inside_viewport: Option<bool>,
    #[serde(flatten)]
    #[schema(inline)]
    now: WhyNotShown,
}

/// Says why somebody is not recommended now, for a question that was answered before.
///
/// Ranks anew, as of now, with what the one who asked was allowed to see: as `POST
/// /v1/recommendations/why-not` does. Who may read the answer may ask.
#[utoipa::path(get, path = "/v1/recommendations/{id}/why-not/{staff_id}",
    operation_id = "get_why_not", tag = "recommendations",
    responses((status = 200, description = "Rules that fail, or where they stand",
        body = StoredWhyNotShown)))]
pub(crate) async fn explain(
    State(state): State<ApiState>,
    caller: Caller,
    PathIds(id, staff): PathIds<RecommendationId, StaffId>,
) -> ApiResult<Json<StoredWhyNotShown>> {
    caller.require(Action::Recommend, Object::Organization)?;
    let opened = stored::open(&state, &caller, id).await?;
    let now = clock::now().as_second();
    let prepared = prepare_again(&state, &caller, &opened, Occasion::WhyNot, (now, now)).await?;
    let route = "/v1/recommendations/{id}/why-not/{staff_id}";
    let (now, inside_viewport) = why_not(&state, &caller, prepared, staff, route).await?;
    Ok(Json(StoredWhyNotShown {
        recommendation_id: id,
        stored_index_version: opened.ranked.found.index_version,
        was_listed: opened.ranked.people.iter().any(|person| person.staff == staff),
        inside_viewport,
        now,
    }))
}

/// Asks a question again and says whether the answer is the same, and what has changed.
///
/// It is ranked for the same instants and with what the one who asked was allowed to see, by what is
/// known now. Of what may have changed, those listed then are named, the case, the policy and the
/// settings; and who entered and who left the list.
// Nothing is created, so that there is nothing to repeat.
#[utoipa::path(post, path = "/v1/recommendations/{id}/replay",
    operation_id = "replay_recommendation", tag = "recommendations",
    responses((status = 200, description = "What has changed", body = ReplayShown)))]
pub(crate) async fn replay(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<RecommendationId>,
) -> ApiResult<Json<ReplayShown>> {
    caller.require(Action::Recommend, Object::Organization)?;
    let opened = stored::open(&state, &caller, id).await?;
    let then = &opened.ranked.basis;
    let instants = (then.as_of, then.shown_at);
    let prepared = prepare_again(&state, &caller, &opened, Occasion::Replay, instants).await?;
    let listed: Vec<StaffId> = opened.ranked.people.iter().map(|person| person.staff).collect();
    let mut read = listed.clone();
    let (now, versions) = rank(&state, &caller, prepared, listed).await?;
    if opened.seen_by.exact {
        read.extend(now.people.iter().map(|person| person.staff));
        read.sort_unstable();
        read.dedup();
        record_read(&state, &caller, "/v1/recommendations/{id}/replay", &read).await?;
    }
    Ok(Json(ReplayShown::of(&opened.ranked, &now, &versions)?))
}

/// Makes the question ready again for those instants: as of, shown at.
async fn prepare_again(
    state: &ApiState,
    caller: &Caller,
    opened: &Opened,
    occasion: Occasion,
    (as_of, shown_at): (i64, i64),
) -> ApiResult<Prepared> {
    let mut ask = opened.ask.clone();
    ask.as_of = as_of;
    let scope = scope_of(state, caller, opened).await?;
    let asker = Asker { seen_by: opened.seen_by.clone(), scope, occasion };
    prepare_for(state, caller, ask, shown_at, asker).await.map_err(outdated)
}

/// What the question names, such as a tag or a service, may have been removed since. No field of this
/// request is wrong then.
fn outdated(problem: Problem) -> Problem {
    if problem.code() != Code::Invalid {
        return problem;
    }
    let detail = "a service, tag, group, department or policy that it names was removed; ask anew";
    Problem::new(Code::QuestionOutdated, detail)
}

/// The people whom both the one who asked and the caller may see now.
async fn scope_of(state: &ApiState, caller: &Caller, opened: &Opened) -> ApiResult<Option<Scope>> {
    let Some(departments) = &opened.seen_by.departments else { return Ok(None) };
    let scope = PeopleScope::Departments { of: departments, or: opened.created_by };
    let mut tx = caller.read(state).await?;
    let people = staff::ids(&mut tx, &StaffFilter::default(), scope, i64::MAX).await?;
    drop(tx);
    let own = scope::of(state, caller, Action::Recommend).await?;
    let seen = |id: &StaffId| own.as_ref().is_none_or(|own| own.contains(id));
    Ok(Some(Arc::new(people.into_iter().filter(seen).collect())))
}
