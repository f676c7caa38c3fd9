//! `GET /v1/staff/{id}/access`: why a person may do what they may, whether they can log in, and what
//! the caller may do to them. Decides nothing: it says what the deciding function says.

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
        query::{PathId, QueryOf},
    },
    routes::people::roles::levels,
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_domain::{
    DepartmentId, RoleId, StaffId,
    access::{
        AccessLevel, Action, Module, Object, Permission, ViewScope, decide, granted,
        module_permissions, role_permissions,
    },
    clock,
};
use nearhand_storage::{
    departments,
    roles::{self, RoleRecord},
    sessions::{self, Credential},
    staff::{self, StaffRecord},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// What to tell.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccessQuery {
    /// Only this action of `actions`, such as `edit_staff`.
    action: Option<String>,
}

/// Why a person may do what they may.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StaffAccess {
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    /// `disabled`, `limited` or `full`: how far the permissions reach.
    access_level: String,
    /// What they may do, and where each permission comes from.
    permissions: Vec<PermissionSource>,
    /// Each module by its name.
    modules: BTreeMap<&'static str, ModuleAccess>,
    scopes: Scopes,
    login: LoginState,
    /// What the caller may do to them.
    actions: Vec<ActionVerdict>,
}

/// A permission and where it comes from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PermissionSource {
    permission: &'static str,
    from: Vec<Source>,
}

/// Where a permission comes from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Source {
    /// `admin_role`, `role` or `module`.
    kind: &'static str,
    /// Of a role that the organisation made.
    #[schema(value_type = Option<uuid::Uuid>)]
    id: Option<RoleId>,
    /// The role's name or key, or the module's level, such as `staff: edit`.
    name: String,
}

/// Levels of a module.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModuleAccess {
    /// What all of it comes to.
    level: &'static str,
    /// What the roles grant. It changes with them.
    by_roles: &'static str,
    /// What was given besides; null if nothing was.
    given: Option<&'static str>,
}

/// Whom a person sees and whom they may change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Scopes {
    /// `all` or `departments`.
    view: &'static str,
    /// `all`, `departments` or `none`.
    edit: &'static str,
    /// Those of their departments that the caller sees.
    departments: Vec<DepartmentName>,
}

/// A department by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DepartmentName {
    #[schema(value_type = uuid::Uuid)]
    id: DepartmentId,
    name: String,
}

/// Whether a person can log in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoginState {
    possible: bool,
    /// Everything that keeps them from it.
    reasons: Vec<Reason>,
    /// They can log in only to set a password of their own.
    must_change_password: bool,
}

/// Why not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reason {
    /// `deleted`, `inactive`, `access_disabled`, `no_password` or `password_expired`.
    code: &'static str,
    /// What it means and how to mend it.
    detail: &'static str,
}

/// Whether the caller may do something to the person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionVerdict {
    /// Such as `edit_staff`.
    action: String,
    description: &'static str,
    allowed: bool,
    /// Why not: the code that trying would answer with.
    code: Option<&'static str>,
    /// Why not, and how to mend it.
    detail: Option<String>,
}

/// Why this person may do what they may, and what you may do to them.
#[utoipa::path(get, path = "/v1/staff/{id}/access", operation_id = "get_staff_access",
    tag = "staff", responses((status = 200, description = "Their access", body = StaffAccess)))]
pub(crate) async fn access(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    QueryOf(query): QueryOf<AccessQuery>,
) -> ApiResult<Json<StaffAccess>> {
    caller.require(Action::ReadStaff, Object::staff(id))?;
    let actions = asked(query.action.as_deref())?;
    let mut tx = caller.read(&state).await?;
    let person = staff::get_any(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    caller.require(Action::ReadStaff, person.object())?;
    if person.deleted_at.is_some() && !caller.may(Action::ListDeletedStaff, Object::Organization) {
        return Err(Problem::not_found());
    }
    let own_roles = roles::of_ids(&mut tx, &person.roles).await?;
    let narrow = caller.view == ViewScope::Departments && id != caller.staff;
    let mut visible = person.departments.clone();
    visible.retain(|one| !narrow || caller.departments.contains(one));
    let most = i64::try_from(visible.len()).unwrap_or(i64::MAX);
    let named = departments::list(&mut tx, Some(&visible), None, most).await?;
    let credential = sessions::credential(&mut tx, id).await?;
    let name = |one: departments::DepartmentRecord| DepartmentName { id: one.id, name: one.name };
    Ok(Json(StaffAccess {
        staff_id: id,
        access_level: person.access_level.to_string(),
        permissions: sources(&person, &own_roles),
        modules: modules(&person),
        scopes: Scopes {
            view: person.view_scope.as_str(),
            edit: person.edit_scope.as_str(),
            departments: named.into_iter().map(name).collect(),
        },
        login: login(&person, credential.as_ref(), clock::now()),
        actions: actions.into_iter().map(|action| verdict(&caller, &person, action)).collect(),
    }))
}

fn sources(person: &StaffRecord, own_roles: &[RoleRecord]) -> Vec<PermissionSource> {
    let from = |permission: Permission| {
        let mut from = Vec::new();
        if role_permissions(person.admin_role).has(permission) {
            let name = person.admin_role.to_string();
            from.push(Source { kind: "admin_role", id: None, name });
        }
        for role in own_roles.iter().filter(|role| role.permissions.has(permission)) {
            from.push(Source { kind: "role", id: Some(role.id), name: role.name.clone() });
        }
        for (module, level) in &person.modules {
            if module_permissions(*module, *level).has(permission) {
                let name = format!("{module}: {level}");
                from.push(Source { kind: "module", id: None, name });
            }
        }
        PermissionSource { permission: permission.as_str(), from }
    };
    person.rights().permissions.iter().map(from).collect()
}

fn modules(person: &StaffRecord) -> BTreeMap<&'static str, ModuleAccess> {
    let all = levels(person.rights().permissions);
    let roles = levels(granted(person.admin_role, person.role_permissions, &[]));
    let of = |module: &Module| {
        let name = module.as_str();
        let given = person.modules.iter().find(|(one, _)| one == module);
        let level =
            |levels: &BTreeMap<_, &'static str>| levels.get(name).copied().unwrap_or("none");
        let access = ModuleAccess {
            level: level(&all),
            by_roles: level(&roles),
            given: given.map(|(_, level)| level.as_str()),
        };
        (name, access)
    };
    Module::ALL.iter().map(of).collect()
}

fn login(person: &StaffRecord, credential: Option<&Credential>, now: Timestamp) -> LoginState {
    let expired =
        credential.and_then(|one| one.expires_at).is_some_and(|expires_at| expires_at <= now);
    let all = [
        (person.deleted_at.is_some(), "deleted", "they are deleted; restore them first"),
        (!person.active, "inactive", "they are inactive; set `active` to true"),
        (
            person.access_level == AccessLevel::Disabled,
            "access_disabled",
            "their access level is `disabled`; raise it to `limited` or `full`",
        ),
        (
            credential.is_none(),
            "no_password",
            "they have no password yet; invite them, or give them a temporary one",
        ),
        (expired, "password_expired", "their temporary password has died; give them another"),
    ];
    let reasons: Vec<Reason> = all
        .into_iter()
        .filter(|(holds, ..)| *holds)
        .map(|(_, code, detail)| Reason { code, detail })
        .collect();
    let must_change_password = credential.is_some_and(|one| one.temporary);
    LoginState { possible: reasons.is_empty(), reasons, must_change_password }
}

/// The actions upon people, or the one that was asked for.
fn asked(only: Option<&str>) -> ApiResult<Vec<Action>> {
    let all = Action::ALL.iter().copied().filter(|action| action.is_about_person());
    let asked: Vec<Action> =
        all.filter(|action| only.is_none_or(|only| action.word() == only)).collect();
    if asked.is_empty() {
        let detail = "`action` must be one of those that this answers with when it is left out";
        return Err(Problem::new(Code::MalformedQuery, detail));
    }
    Ok(asked)
}

/// Whether the caller may do this to the person.
fn verdict(caller: &Caller, person: &StaffRecord, action: Action) -> ActionVerdict {
    let denial = decide(&caller.actor(), action, &person.object()).err().map(Problem::from);
    ActionVerdict {
        action: action.word(),
        description: action.describe(),
        allowed: denial.is_none(),
        code: denial.as_ref().map(|problem| problem.code().as_str()),
        detail: denial.map(|problem| problem.detail().to_owned()),
    }
}
