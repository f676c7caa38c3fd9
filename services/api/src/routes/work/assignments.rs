//! `/v1/cases/{id}/assignments` and `/v1/assignments`: who does which case, and when. What people
//! do with their own assignments is elsewhere.

mod assign;
mod by;
mod check;
mod drive;
mod form;
mod judge;
mod locked;
mod release;
mod rules;
mod shown;
mod write;

pub(crate) use assign::assign;
pub(crate) use by::By;
pub(crate) use check::{__path_check, check};
pub(crate) use form::Ask;
pub(crate) use locked::Locked;
pub(crate) use release::{finish_case, release_case};
pub(crate) use shown::Assignment;
pub(crate) use write::{move_to, write};

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Posted, Updated},
    http::{
        body::Form,
        codes::Code,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
        query::{PathId, QueryOf},
        reply::{Reply, versioned},
    },
    state::ApiState,
};
use axum::{Json, extract::State, response::Response};
use form::{AssignmentForm, AssignmentPatch};
use jiff::Timestamp;
use nearhand_domain::{
    AssignmentId, CaseId, StaffId,
    access::{Action, Object, PeopleScope},
    assignment::{AssignmentState, Mover},
    clock,
    text::line,
    time::parse_instant,
};
use nearhand_storage::{
    assignments::{self, AssignmentFilter, AssignmentRecord},
    staff,
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// Longest reason, in characters.
const MAX_REASON: usize = 500;

/// Which assignments to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AssignmentQuery {
    /// Only of this case.
    case: Option<Uuid>,
    /// Only of this person.
    staff: Option<Uuid>,
    /// Only those that are `assigned`, `en_route`, `on_site`, `done` or `cancelled`.
    state: Option<String>,
    /// `true`: only those still to be done; `false`: only those that are done or cancelled.
    open: Option<bool>,
    /// Only those that end after this instant.
    from: Option<String>,
    /// Only those that start before this instant.
    to: Option<String>,
}

/// Why an assignment is taken back.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CancelQuery {
    /// Shown with the assignment and told to the person; at most 500 characters.
    reason: Option<String>,
}

/// Assigns a person to a case.
///
/// The case must be open and have a free slot (409 `case_closed`, `no_slot_free`), the person
/// active (409 `inactive`) and not assigned to it yet (409 `already_assigned`). What else they have
/// at that time is listed in 409 `overlap`; `override` with a reason assigns them all the same.
/// Whom the client excludes (409 `excluded_by_client`), or does not have on its required panel
/// (409 `not_on_required_panel`), is assigned only if `override.rules` names that code.
#[utoipa::path(post, path = "/v1/cases/{id}/assignments", operation_id = "create_assignment",
    tag = "assignments",
    responses((status = 201, description = "Assigned", body = Assignment)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<CaseId>,
    posted: Posted<AssignmentForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::Assign, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let (staff, ask) = form.check(AssignmentForm::read)?;
    let case = assignments::lock_case(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    let object = Object::Assignment { holder: None, created_by: case.created_by };
    caller.require(Action::Assign, object)?;
    let person = locked::assignable(change.tx(), &caller, staff).await?;
    let (record, event) =
        assign(&state, &mut change, By::Scheduler(&caller), &case, &person, &ask).await?;
    let shown = Assignment::shown_to(&caller, record);
    let location = format!("/v1/assignments/{}", shown.id());
    let reply = Reply::created(location, &shown)?.etag(1).about(person.id);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Lists assignments in order of creation.
#[utoipa::path(get, path = "/v1/assignments", operation_id = "list_assignments",
    tag = "assignments",
    responses((status = 200, description = "A page", body = Page<Assignment>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<AssignmentQuery>,
) -> ApiResult<Json<Page<Assignment>>> {
    let scope = caller.people_scope(Action::ReadAssignments)?;
    let (paging, query) = list.open(&state, caller.organization)?;
    let limited = caller.is_limited();
    let filter = AssignmentFilter { own: limited.then_some(caller.staff), ..query.filter()? };
    // Who is limited sees their own, whoever has it.
    let scope = if limited { PeopleScope::Everybody } else { scope };
    let mut tx = caller.read(&state).await?;
    let (after, rows) = (paging.after(), paging.rows());
    let records = assignments::list(&mut tx, &filter, scope, after, rows).await?;
    let show = |record| Assignment::shown_to(&caller, record);
    Ok(paging.page(records, |record: &AssignmentRecord| record.id.0, show))
}

/// One assignment.
#[utoipa::path(get, path = "/v1/assignments/{id}", operation_id = "get_assignment",
    tag = "assignments",
    responses((status = 200, description = "The assignment", body = Assignment)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<AssignmentId>,
) -> ApiResult<Response> {
    caller.require(Action::ReadAssignments, Object::Organization)?;
    let mut tx = caller.read(&state).await?;
    let record = assignments::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    let (holder, created_by) = (Some(record.staff), record.case_created_by);
    caller.require(Action::ReadAssignments, Object::Assignment { holder, created_by })?;
    if !caller.is_limited() {
        let person = staff::get_any(&mut tx, record.staff).await?.ok_or_else(Problem::not_found)?;
        caller.require(Action::ReadAssignments, person.object())?;
    }
    Ok(versioned(record.version, Assignment::shown_to(&caller, record)))
}

/// Moves an assignment on, changes its time, or gives it to somebody else by `staff_id`.
///
/// What is left out stays. Another person begins anew, as `assigned`. States go forward only, and
/// some may be left out on the way (409 `no_way_back`); what is done or cancelled stays so (409
/// `assignment_ended`). The rest is as in assigning.
#[utoipa::path(patch, path = "/v1/assignments/{id}", operation_id = "update_assignment",
    tag = "assignments",
    responses((status = 200, description = "Changed", body = Assignment)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<AssignmentId>,
    update: Updated<AssignmentPatch>,
) -> ChangeResult {
    let allowed = caller.allow(Action::Assign, Object::Organization)?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let (form, precondition) = update.ahead()?;
    let ask = form.check(AssignmentPatch::read)?;
    let locked = Locked::of(change.tx(), &caller, id, ask.staff).await?;
    precondition.require(locked.before.version)?;
    let (after, overridden) = assign::changed(&state, &mut change, &caller, &locked, &ask).await?;
    let (after, event) = write(&mut change, &caller, &locked.before, after, &overridden).await?;
    let (version, person) = (after.version, after.staff);
    let reply = Reply::ok(&Assignment::shown_to(&caller, after))?.etag(version).about(person);
    change.commit(Outcome { event, forget: Forget::Nothing, reply }).await
}

/// Takes an assignment back: its state is `cancelled`, and the slot is free.
#[utoipa::path(delete, path = "/v1/assignments/{id}", operation_id = "cancel_assignment",
    tag = "assignments", params(CancelQuery),
    responses((status = 204, description = "Cancelled")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<AssignmentId>,
    QueryOf(query): QueryOf<CancelQuery>,
) -> ChangeResult {
    let allowed = caller.allow(Action::Assign, Object::Organization)?;
    let reason = query.reason.map(|text| {
        let refused = |error| Problem::new(Code::MalformedQuery, format!("`reason` {error}"));
        line(&text, MAX_REASON).map_err(refused)
    });
    let reason = reason.transpose()?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let Locked { before, .. } = Locked::of(change.tx(), &caller, id, None).await?;
    rules::refuse(rules::ended(&before).into_iter().collect(), By::Scheduler(&caller), None)?;
    let cancelled = AssignmentState::Cancelled;
    let after = move_to(before.clone(), cancelled, Mover::Scheduler, clock::now())?;
    let after = AssignmentRecord { cancel_reason: reason, ..after };
    let (_, event) = write(&mut change, &caller, &before, after, &[]).await?;
    let reply = Reply::no_content();
    change.commit(Outcome { event, forget: Forget::Nothing, reply }).await
}

impl AssignmentQuery {
    fn filter(self) -> ApiResult<AssignmentFilter> {
        let wrong = |detail: &str| Problem::new(Code::MalformedQuery, detail);
        let state = self.state.map(|word| {
            let detail = "`state` must be one of assigned, en_route, on_site, done, cancelled";
            AssignmentState::parse(&word).ok_or_else(|| wrong(detail))
        });
        let instant = |name: &str, text: Option<String>| -> ApiResult<Option<Timestamp>> {
            let detail = || format!("`{name}` must be an instant, such as 2026-03-01T08:00:00Z");
            let read = |text: String| parse_instant(&text).ok_or_else(|| wrong(&detail()));
            text.map(read).transpose()
        };
        let (from, to) = (instant("from", self.from)?, instant("to", self.to)?);
        if from.zip(to).is_some_and(|(from, to)| to <= from) {
            return Err(wrong("`to` must be after `from`"));
        }
        Ok(AssignmentFilter {
            case: self.case.map(CaseId),
            staff: self.staff.map(StaffId),
            state: state.transpose()?,
            open: self.open,
            from,
            to,
            own: None,
        })
    }
}
