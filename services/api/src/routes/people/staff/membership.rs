//! `PUT /v1/staff/{id}/tags`, `PUT /v1/staff/{id}/groups` and `POST /v1/staff/{id}/promote`: small
//! changes of a person, each of which goes through all that every change does.

use super::{
    Staff,
    change::{settle, write},
};
use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Empty, Forget, Outcome, Posted, Updated},
    http::{
        body::{Field, Form, Unknown, forms},
        codes::Code,
        problem::{ApiResult, Problem},
        query::PathId,
        reply::Reply,
    },
    routes::people::{
        reach,
        staff_form::memberships::{ReferencedMemberships, apply_ids},
    },
    state::ApiState,
};
use axum::extract::State;
use nearhand_domain::{
    StaffId,
    access::{Action, Object},
    audit,
    field::{FieldErrors, Reported},
};
use nearhand_storage::staff::{MembershipKind, StaffRecord};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A person's tags, all of them.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = StaffTagsInput, example = json!({ "tags": [] }))]
pub(crate) struct TagsForm {
    /// Tags, by id; those that are left out are taken away.
    #[serde(default)]
    #[schema(value_type = Vec<uuid::Uuid>, required, max_items = 100)]
    tags: Field<Vec<Uuid>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A person's groups, all of them.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = StaffGroupsInput, example = json!({ "groups": [] }))]
pub(crate) struct GroupsForm {
    /// Groups, by id; those that are left out are taken away.
    #[serde(default)]
    #[schema(value_type = Vec<uuid::Uuid>, required, max_items = 100)]
    groups: Field<Vec<Uuid>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(TagsForm, GroupsForm);

/// Replaces a person's tags.
#[utoipa::path(put, path = "/v1/staff/{id}/tags", operation_id = "replace_staff_tags",
    tag = "staff", responses((status = 200, description = "Replaced", body = Staff)))]
pub(crate) async fn put_tags(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    update: Updated<TagsForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditStaff, Object::staff(id))?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let (form, precondition) = update.ahead()?;
    let missing = wanted(MembershipKind::Tags, "/tags", &form.tags).hold(change.tx()).await?;
    let before = reach::lock(change.tx(), &caller, Action::EditStaff, id).await?;
    precondition.require(before.version)?;
    let mut after = before.clone();
    form.check(|form, e| replace(form.tags, "/tags", e, &mut after.tags))?;
    missing.conclude(Ok(()))?;
    store(change, &caller, audit::STAFF_TAGS, &before, after).await
}

/// Replaces a person's groups.
#[utoipa::path(put, path = "/v1/staff/{id}/groups", operation_id = "replace_staff_groups",
    tag = "staff", responses((status = 200, description = "Replaced", body = Staff)))]
pub(crate) async fn put_groups(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    update: Updated<GroupsForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditStaff, Object::staff(id))?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let (form, precondition) = update.ahead()?;
    let missing = wanted(MembershipKind::Groups, "/groups", &form.groups).hold(change.tx()).await?;
    let before = reach::lock(change.tx(), &caller, Action::EditStaff, id).await?;
    precondition.require(before.version)?;
    let mut after = before.clone();
    form.check(|form, e| replace(form.groups, "/groups", e, &mut after.groups))?;
    missing.conclude(Ok(()))?;
    store(change, &caller, audit::STAFF_GROUPS, &before, after).await
}

/// Makes an external person an employee.
#[utoipa::path(post, path = "/v1/staff/{id}/promote", operation_id = "promote_staff",
    tag = "staff", responses((status = 200, description = "Promoted", body = Staff)))]
pub(crate) async fn promote(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    posted: Posted<Empty>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageStaff, Object::staff(id))?;
    let mut change = posted.begin_empty(&state, &caller, allowed).await?;
    let before = reach::lock(change.tx(), &caller, Action::ManageStaff, id).await?;
    if before.kind != "external" {
        let detail = "they are an employee already; there is nothing to do";
        return Err(Problem::new(Code::NotExternal, detail).into());
    }
    let after = StaffRecord { kind: "employee".to_owned(), ..before.clone() };
    store(change, &caller, audit::STAFF_PROMOTE, &before, after).await
}

fn wanted(
    kind: MembershipKind,
    pointer: &'static str,
    field: &Field<Vec<Uuid>>,
) -> ReferencedMemberships {
    let mut wanted = ReferencedMemberships::default();
    if let Field::Value(ids) = field {
        wanted.add(kind, pointer, ids.clone());
    }
    wanted
}

fn replace<T: From<Uuid> + Ord>(
    field: Field<Vec<Uuid>>,
    pointer: &str,
    e: &mut FieldErrors,
    target: &mut Vec<T>,
) -> Result<(), Reported> {
    if matches!(field, Field::Absent | Field::Null) {
        let detail = "is required; an empty list takes all of them away";
        return Err(e.push(pointer, "required", detail));
    }
    apply_ids(field, pointer, e, target);
    Ok(())
}

/// Settles and writes a changed person, and ends the change.
async fn store(
    mut change: Change,
    caller: &Caller,
    action: audit::Action<StaffId>,
    before: &StaffRecord,
    after: StaffRecord,
) -> ChangeResult {
    let id = before.id;
    let after = settle(&mut change, caller, Some(before), after).await?;
    let (after, event) = write(&mut change, caller, action, before, after).await?;
    let version = after.version;
    let reply = answer(caller, after)?.etag(version);
    change.commit(Outcome { event: Some(event), forget: Forget::Person(id), reply }).await
}

fn answer(caller: &Caller, after: StaffRecord) -> ApiResult<Reply> {
    let id = after.id;
    Ok(Reply::ok(&Staff::shown_to(caller, after))?.about(id))
}
