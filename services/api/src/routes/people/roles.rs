//! `/v1/roles`: built-in and computed roles, described, and those the organisation makes for
//! itself. Nobody makes, changes or removes a role that allows more than they may do themselves.

mod answer;

use answer::Fixed;
pub(crate) use answer::{Role, levels};

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Outcomes, Posted, Updated},
    http::{
        body::{Field, Form, Patch, Unknown, forms},
        changes::changes,
        codes::Code,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
        query::PathId,
        reply::{Reply, versioned},
    },
    state::ApiState,
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use nearhand_domain::{
    RoleId, StaffId,
    access::{
        Action, AdminRole, ComputedRole, Denial, Object, Permission, PermissionSet, RoleRef,
        may_grant,
    },
    audit, clock,
    field::{FieldErrors, Reported},
    text::{Name, line},
};
use nearhand_storage::{
    Tx,
    audit::AuditEvent,
    email_changes,
    roles::{self, Headcount, RoleRecord},
    sessions,
    staff::Access,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most permissions a form may list.
const MAX_PERMISSIONS: usize = 100;
/// Most characters of a description, as the database has it.
const MAX_DESCRIPTION: usize = 500;

/// What may be said about a role. In a change, what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RoleInput, example = json!({ "name": "Auditor",
    "description": "Reads people and cases", "permissions": ["staff:view", "cases:view"] }))]
pub(crate) struct RoleForm {
    /// At most 120 characters; unique without regard to case.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 120)]
    name: Field<String>,
    /// What it is for; one line.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    description: Field<String>,
    /// What it allows, as `module:action`; none of it may be beyond the caller's own set.
    #[serde(default)]
    #[schema(value_type = Vec<String>, required, max_items = 100)]
    permissions: Field<Vec<String>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(RoleForm);

/// What the audit trail compares.
#[derive(Serialize)]
struct Audited<'a> {
    name: &'a str,
    description: &'a str,
    permissions: PermissionSet,
}

/// Lists roles: the built-in ones, the computed ones, then the organisation's own in order of
/// creation.
#[utoipa::path(get, path = "/v1/roles", operation_id = "list_roles", tag = "roles",
    responses((status = 200, description = "A page", body = Page<Role>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf,
) -> ApiResult<Json<Page<Role>>> {
    caller.require(Action::ReadSettings, Object::Organization)?;
    let (paging, _) = list.open(&state, caller.organization)?;
    let after: Option<Uuid> = paging.after();
    let mut tx = caller.read(&state).await?;
    let people = headcount(&mut tx, &caller).await?;
    let most = usize::try_from(paging.rows()).unwrap_or(usize::MAX);
    let fixed = answer::fixed().filter(|(key, _)| after.is_none_or(|after| *key > after));
    let mut rows: Vec<(Uuid, Role)> =
        fixed.take(most).map(|(key, role)| (key, Role::fixed(role, people.as_ref()))).collect();
    let left = most.saturating_sub(rows.len());
    if left > 0 {
        // The keys of the fixed ones come before every id.
        let own = roles::list(&mut tx, after, i64::try_from(left).unwrap_or(i64::MAX)).await?;
        rows.extend(own.into_iter().map(|role| (role.id.0, Role::own(role, people.as_ref()))));
    }
    Ok(paging.page(rows, |(key, _)| *key, |(_, role)| role))
}

/// One role, by its id or, where it is built in or computed, by its key.
#[utoipa::path(get, path = "/v1/roles/{id}", operation_id = "get_role", tag = "roles",
    responses((status = 200, description = "The role", body = Role)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(role): PathId<RoleRef>,
) -> ApiResult<Response> {
    caller.require(Action::ReadSettings, Object::Organization)?;
    let mut tx = caller.read(&state).await?;
    let people = headcount(&mut tx, &caller).await?;
    let id = match role {
        RoleRef::Custom(id) => id,
        RoleRef::BuiltIn(role) => return Ok(fixed(Fixed::BuiltIn(role), people.as_ref())),
        RoleRef::Computed(role) => return Ok(fixed(Fixed::Computed(role), people.as_ref())),
    };
    let record = roles::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    Ok(versioned(record.version, Role::own(record, people.as_ref())))
}

/// Creates a role.
#[utoipa::path(post, path = "/v1/roles", operation_id = "create_role", tag = "roles",
    responses((status = 201, description = "Created", body = Role)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<RoleForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageRoles, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let record = form.check(|form, e| form.apply(None, e))?;
    require_own(&caller, record.permissions)?;
    require_free_name(&record.name)?;
    roles::insert(change.tx(), caller.organization, &record).await?;
    let details = changes(None::<&Audited<'_>>, &audited(&record));
    let event = AuditEvent::of(audit::ROLE_CREATE, record.id).details(details);
    let location = format!("/v1/roles/{}", record.id);
    let reply = Reply::created(location, &Role::own(record, Some(&Headcount::default())))?.etag(1);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Changes a role.
///
/// Where its permissions change, every session of everybody who has it ends.
#[utoipa::path(patch, path = "/v1/roles/{id}", operation_id = "update_role", tag = "roles",
    responses((status = 200, description = "Changed", body = Role)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(role): PathId<RoleRef>,
    update: Updated<RoleForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageRoles, Object::Organization)?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let id = own_role(role)?;
    let before = roles::lock(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    require_own(&caller, before.permissions)?;
    let form = update.matching(before.version)?;
    let mut after = form.check(|form, e| form.apply(Some(before.clone()), e))?;
    require_own(&caller, after.permissions)?;
    require_free_name(&after.name)?;
    let holders = store(&mut change, &caller, &before, &mut after).await?;
    let details = changes(Some(&audited(&before)), &audited(&after));
    let event = AuditEvent::of(audit::ROLE_UPDATE, id).details(details);
    let people = headcount(change.tx(), &caller).await?;
    let version = after.version;
    let reply = Reply::ok(&Role::own(after, people.as_ref()))?.etag(version);
    let forget = holders.into_iter().map(Forget::Person).collect();
    change.commit(Outcomes { events: vec![event], forget, reply }).await
}

/// Removes a role.
///
/// While somebody has it: 409 `in_use`.
#[utoipa::path(delete, path = "/v1/roles/{id}", operation_id = "delete_role", tag = "roles",
    responses((status = 204, description = "Removed")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(role): PathId<RoleRef>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageRoles, Object::Organization)?;
    let id = own_role(role)?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let record = roles::lock(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    require_own(&caller, record.permissions)?;
    roles::delete(change.tx(), id).await?;
    let details = serde_json::json!({ "name": record.name });
    let event = AuditEvent::of(audit::ROLE_DELETE, id).details(details);
    let reply = Reply::no_content();
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

fn fixed(role: Fixed, people: Option<&Headcount>) -> Response {
    Json(Role::fixed(role, people)).into_response()
}

/// Writes a changed role. Returns those whose sessions have ended by it.
async fn store(
    change: &mut Change,
    caller: &Caller,
    before: &RoleRecord,
    after: &mut RoleRecord,
) -> ApiResult<Vec<StaffId>> {
    roles::lock_holders(change.tx(), after.id).await?;
    let held = roles::holders(change.tx(), after.id).await?;
    require_over(caller, &held)?;
    after.version = roles::update(change.tx(), after).await?;
    if before.permissions == after.permissions {
        return Ok(Vec::new());
    }
    let holders = roles::holders(change.tx(), after.id).await?;
    require_over(caller, &holders)?;
    let people: Vec<StaffId> = holders.iter().map(|(id, _)| *id).collect();
    sessions::end_all_of(change.tx(), caller.organization, &people).await?;
    // What was asked for and set was judged by what they might do then.
    email_changes::cancel_open_of(change.tx(), &people, clock::now()).await?;
    sessions::forget_temporary(change.tx(), &gaining(held, &holders)).await?;
    Ok(people)
}

/// Those who may do something that they could not do before.
fn gaining(before: Vec<(StaffId, Access)>, after: &[(StaffId, Access)]) -> Vec<StaffId> {
    let before: HashMap<StaffId, Access> = before.into_iter().collect();
    let gains = |id: &StaffId, access: &Access| {
        before.get(id).is_none_or(|had| !access.rights().is_subset_of(&had.rights()))
    };
    after.iter().filter(|(id, access)| gains(id, access)).map(|(id, _)| *id).collect()
}

impl RoleForm {
    /// The stored role, or a new one, with what was said of it.
    fn apply(
        self,
        stored: Option<RoleRecord>,
        e: &mut FieldErrors,
    ) -> Result<RoleRecord, Reported> {
        let was = stored.as_ref();
        let name = was.and_then(|role| Name::parse(&role.name).ok());
        let name = self.name.required_unless(name, "/name", e, |v| Name::parse(&v));
        let description =
            match self.description.patch("/description", e, |text| read_description(&text)) {
                Patch::Keep => was.map(|role| role.description.clone()).unwrap_or_default(),
                Patch::Clear => String::new(),
                Patch::Set(text) => text,
            };
        let permissions = match (&self.permissions, was) {
            (Field::Absent, Some(role)) => Ok(role.permissions),
            _ => read_permissions(self.permissions, e),
        };
        let made = |role: RoleRecord| (role.id, role.version, role.created_at);
        let (id, version, created_at) =
            stored.map_or_else(|| (RoleId::generate(), 1, clock::now()), made);
        let (name, permissions) = (name?.into(), permissions?);
        Ok(RoleRecord { id, version, name, description, permissions, created_at })
    }
}

fn read_description(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    line(text, MAX_DESCRIPTION).map_err(|error| error.to_string())
}

fn read_permissions(
    field: Field<Vec<String>>,
    e: &mut FieldErrors,
) -> Result<PermissionSet, Reported> {
    let words = field.required("/permissions", e, |words| {
        if words.len() <= MAX_PERMISSIONS {
            Ok(words)
        } else {
            Err("must hold at most 100 entries")
        }
    })?;
    let mut wrong = None;
    let mut known = Vec::with_capacity(words.len());
    for (i, word) in words.iter().enumerate() {
        match Permission::parse(word) {
            Some(permission) => known.push(permission),
            None => {
                let detail = "is no permission; those of `account_admin` at GET /v1/roles are all";
                wrong = Some(e.push(format!("/permissions/{i}"), "unknown", detail));
            }
        }
    }
    wrong.map_or_else(|| Ok(known.into_iter().collect()), Err)
}

/// The identifier of a role that can be changed.
fn own_role(role: RoleRef) -> ApiResult<RoleId> {
    match role {
        RoleRef::Custom(id) => Ok(id),
        RoleRef::BuiltIn(_) => {
            let detail = "make a role of your own at POST /v1/roles instead";
            Err(Problem::new(Code::BuiltInRole, detail))
        }
        RoleRef::Computed(_) => {
            let detail = "people have it by what they are; make a role of your own at POST /v1/roles instead";
            Err(Problem::new(Code::ComputedRole, detail))
        }
    }
}

/// Nobody touches a role that allows more than they may do themselves.
fn require_own(caller: &Caller, permissions: PermissionSet) -> ApiResult<()> {
    if may_grant(&caller.actor(), permissions) {
        Ok(())
    } else {
        Err(Denial::BeyondOwnRights.into())
    }
}

/// Whoever changes a role changes everybody who has it, and must be allowed to.
fn require_over(caller: &Caller, holders: &[(StaffId, Access)]) -> ApiResult<()> {
    for (id, access) in holders {
        let object = Object::staff_with(*id, access.rights());
        caller.require(Action::ManageStaff, object).map_err(|problem| match problem.code() {
            Code::NotFound => {
                let detail = "somebody outside your scope has this role; ask an account admin";
                Problem::new(Code::OutsideScope, detail)
            }
            _ => problem,
        })?;
    }
    Ok(())
}

/// A role must not pass for one that is built in.
fn require_free_name(name: &str) -> ApiResult<()> {
    let is = |other: &str| other.eq_ignore_ascii_case(name);
    let built_in = AdminRole::ALL.iter().any(|role| is(role.as_str()) || is(role.name()));
    if built_in || ComputedRole::ALL.iter().any(|role| is(role.as_str()) || is(role.name())) {
        let detail = "a built-in or computed role is called so; choose another";
        return Err(Problem::new(Code::NameTaken, detail));
    }
    Ok(())
}

/// How many of the people that the caller sees have which role; `None` if they see nobody.
async fn headcount(tx: &mut Tx, caller: &Caller) -> ApiResult<Option<Headcount>> {
    match caller.people_scope(Action::ListStaff) {
        Ok(scope) => Ok(Some(roles::count(tx, scope).await?)),
        Err(_) => Ok(None),
    }
}

fn audited(record: &RoleRecord) -> Audited<'_> {
    let RoleRecord { name, description, permissions, .. } = record;
    Audited { name, description, permissions: *permissions }
}
