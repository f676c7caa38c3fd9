//! `/v1/staff`: create, read and change people. What else happens to them is in files of its own.

mod access;
mod batch;
pub(crate) mod change;
mod deletion;
mod list;
mod membership;
mod show;
pub(crate) use access::{__path_access, access};
pub(crate) use batch::{__path_change_many, change_many};
pub(crate) use list::{__path_list, StaffQuery, by_email, filter, list, read_words, require_place};
pub(crate) use membership::{
    __path_promote, __path_put_groups, __path_put_tags, promote, put_groups, put_tags,
};
mod password;
pub(crate) use deletion::{__path_delete, __path_undelete, delete, undelete};
pub(crate) use password::{__path_reset_password, reset_password};
pub(crate) use show::Staff;

use crate::{
    access::caller::Caller,
    change::{ChangeResult, Forget, Outcome, Posted, Updated},
    http::{
        body::Form,
        codes::Code,
        problem::{ApiResult, Problem},
        query::{PathId, QueryOf},
        reply::{Reply, versioned},
    },
    routes::people::{
        invitations, reach,
        staff_form::{StaffForm, memberships::ReferencedMemberships},
    },
    state::ApiState,
};
use axum::{extract::State, response::Response};
use change::changed;
use jiff::{civil::Date, tz::TimeZone};
use nearhand_domain::{
    StaffId,
    access::{Action, Object},
    audit, clock,
    link::InvitationState,
    mails::MailState,
};
use nearhand_storage::{
    audit::{AuditEvent, create_person_key},
    organizations,
    staff::{self, StaffRecord},
};
use serde::Deserialize;
use utoipa::IntoParams;

/// Whether a deleted person is shown as well.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShowQuery {
    /// `with`: also if they are deleted. Needs `staff:manage`.
    deleted: Option<String>,
}

/// Creates a person, and invites them if `send_invite` is true, which an API key cannot do.
#[utoipa::path(post, path = "/v1/staff", operation_id = "create_staff", tag = "staff",
    responses((status = 201, description = "Created", body = Staff)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<StaffForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::CreateStaff, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let missing = ReferencedMemberships::of(&form).hold(change.tx()).await?;
    let mut blank = StaffRecord::blank();
    if !form.says_language() {
        blank.language = organizations::first_language(change.tx()).await?;
    }
    let (record, invite) = form.check(|form, e| form.create(blank, today(), e))?;
    missing.conclude(Ok(()))?;
    if invite {
        // An invitation makes a login: a person must answer for it.
        caller.require_person()?;
    }
    if invite && !record.active {
        return Err(invitations::not_active().into());
    }
    let mut record = change::settle(&mut change, &caller, None, record).await?;
    let id = record.id;
    caller.require(Action::CreateStaff, record.object())?;
    record.created_at = clock::now();
    staff::insert(change.tx(), caller.organization, &record).await?;
    create_person_key(change.tx(), caller.organization, id).await?;
    let event = changed(AuditEvent::of(audit::STAFF_CREATE, id), None, &record);
    if invite {
        let (_, invited) = invitations::invite(&mut change, &caller, &record).await?;
        change.record(&invited).await?;
        record.invitation = Some(InvitationState::Pending.as_str().to_owned());
        record.invitation_mail = Some(MailState::Queued.as_str().to_owned());
    }
    let shown = Staff::shown_to(&caller, record);
    let reply = Reply::created(format!("/v1/staff/{id}"), &shown)?.etag(1).about(id);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// One person.
#[utoipa::path(get, path = "/v1/staff/{id}", operation_id = "get_staff", tag = "staff",
    responses((status = 200, description = "The person", body = Staff)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    QueryOf(query): QueryOf<ShowQuery>,
) -> ApiResult<Response> {
    caller.require(Action::ReadStaff, Object::staff(id))?;
    let mut tx = caller.read(&state).await?;
    let record = match query.deleted.as_deref() {
        None => reach::read(&mut tx, &caller, Action::ReadStaff, id).await?,
        Some("with") => deletion::read_deleted(&mut tx, &caller, id).await?,
        Some(_) => return Err(Problem::new(Code::MalformedQuery, "`deleted` must be `with`")),
    };
    Ok(versioned(record.version, Staff::shown_to(&caller, record)))
}

/// Changes a person: what is left out stays, null clears.
///
/// Whoever changes what a person may do (`active`, access level, roles, modules, scopes) ends that
/// person's sessions: they log in again.
#[utoipa::path(patch, path = "/v1/staff/{id}", operation_id = "update_staff", tag = "staff",
    responses((status = 200, description = "Changed", body = Staff)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    update: Updated<StaffForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditStaff, Object::staff(id))?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    // What is named is held before the person is locked: that is the order of all locks.
    let (form, precondition) = update.ahead()?;
    let missing = ReferencedMemberships::of(&form).hold(change.tx()).await?;
    let before = reach::lock(change.tx(), &caller, Action::EditStaff, id).await?;
    precondition.require(before.version)?;
    let after = form.check(|form, e| form.apply(before.clone(), today(), e))?;
    missing.conclude(Ok(()))?;
    let after = change::settle(&mut change, &caller, Some(&before), after).await?;
    let (after, event) =
        change::write(&mut change, &caller, audit::STAFF_UPDATE, &before, after).await?;
    let version = after.version;
    let reply = Reply::ok(&Staff::shown_to(&caller, after))?.etag(version);
    change.commit(Outcome { event: Some(event), forget: Forget::Person(id), reply }).await
}

/// Today in UTC plus a day: nobody east of here is told that today is the future.
pub(crate) fn today() -> Date {
    let today = clock::now().to_zoned(TimeZone::UTC).date();
    today.tomorrow().unwrap_or(today)
}
