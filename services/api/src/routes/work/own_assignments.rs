//! `/v1/me/assignments`: what one has to do, and how far one has come with it. Must not reach
//! anybody else's.

use crate::{
    access::caller::Caller,
    change::{ChangeResult, Forget, Outcome, Updated},
    http::{
        body::{Field, Form, Unknown, forms},
        pages::{ListOf, Page},
        problem::ApiResult,
        query::PathId,
        reply::Reply,
    },
    routes::work::assignments::{Assignment, Locked, move_to, write},
    state::ApiState,
};
use axum::{Json, extract::State};
use nearhand_domain::{
    AssignmentId,
    access::{Action, Object, PeopleScope},
    assignment::{AssignmentState, Mover},
    clock,
    field::{FieldErrors, Reported},
};
use nearhand_storage::assignments::{self, AssignmentFilter, AssignmentRecord};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Which of one's own assignments to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnAssignmentQuery {
    /// `true`: only those still to be done; `false`: only those that are done or cancelled.
    open: Option<bool>,
}

/// How far one has come.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OwnAssignmentInput, example = json!({ "state": "en_route" }))]
pub(crate) struct OwnAssignmentForm {
    /// `en_route`, `on_site` or `done`.
    #[serde(default)]
    #[schema(value_type = String, required)]
    state: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(OwnAssignmentForm);

/// One's own assignments in order of creation.
#[utoipa::path(get, path = "/v1/me/assignments", operation_id = "list_own_assignments",
    tag = "me", responses((status = 200, description = "A page", body = Page<Assignment>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<OwnAssignmentQuery>,
) -> ApiResult<Json<Page<Assignment>>> {
    caller.require(Action::ActForOneself, Object::staff(caller.staff))?;
    let (paging, query) = list.open(&state, caller.organization)?;
    let filter = AssignmentFilter {
        staff: Some(caller.staff),
        open: query.open,
        ..AssignmentFilter::default()
    };
    let mut tx = caller.read(&state).await?;
    let (scope, after, rows) = (PeopleScope::Everybody, paging.after(), paging.rows());
    let records = assignments::list(&mut tx, &filter, scope, after, rows).await?;
    let show = |record| Assignment::shown_to(&caller, record);
    Ok(paging.page(records, |record: &AssignmentRecord| record.id.0, show))
}

/// Says how far one has come with an assignment: on the way, at work, or done.
///
/// A state may be left out on the way forward. Saying the same again changes nothing.
#[utoipa::path(patch, path = "/v1/me/assignments/{id}", operation_id = "update_own_assignment",
    tag = "me", responses((status = 200, description = "Changed", body = Assignment)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<AssignmentId>,
    update: Updated<OwnAssignmentForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ActForOneself, Object::staff(caller.staff))?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let (form, precondition) = update.ahead()?;
    let Locked { before, .. } = Locked::own(change.tx(), &caller, id).await?;
    precondition.require(before.version)?;
    let to = form.check(OwnAssignmentForm::read)?;
    let after = move_to(before.clone(), to, Mover::Holder, clock::now())?;
    let (after, event) = write(&mut change, &caller, &before, after, &[]).await?;
    let version = after.version;
    let reply = Reply::ok(&Assignment::shown_to(&caller, after))?.etag(version);
    change.commit(Outcome { event, forget: Forget::Nothing, reply }).await
}

impl OwnAssignmentForm {
    fn read(self, e: &mut FieldErrors) -> Result<AssignmentState, Reported> {
        use AssignmentState as S;
        self.state.required("/state", e, |word| {
            let own = S::parse(&word).filter(|s| matches!(s, S::EnRoute | S::OnSite | S::Done));
            own.ok_or("must be `en_route`, `on_site` or `done`; ask a scheduler for anything else")
        })
    }
}
