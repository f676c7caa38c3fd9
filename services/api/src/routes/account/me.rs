//! `GET /v1/me`: oneself, and what one may do.

use crate::{
    access::caller::{AnyCaller, Caller},
    http::{
        problem::{ApiResult, Problem},
        reply::versioned,
    },
    routes::people::{roles::levels, staff::Staff},
    state::ApiState,
};
use axum::{extract::State, response::Response};
use nearhand_domain::{
    DepartmentId,
    access::{Action, Object},
};
use nearhand_storage::staff;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Oneself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// As others see it, with everything.
    staff: Staff,
    /// What one may do.
    permissions: Vec<String>,
    /// The level of each module that the permissions hold in full.
    modules: BTreeMap<&'static str, &'static str>,
    scopes: OwnScopes,
    /// What one may do in the organisation, as far as that can be said without naming whom it is
    /// done to. Empty while only the password may be changed.
    actions: Vec<OwnAction>,
    /// Only the password may be changed.
    must_change_password: bool,
}

/// Whom one sees and whom one may change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnScopes {
    /// `disabled`, `limited` or `full`: how far the permissions reach.
    access_level: &'static str,
    /// `all` or `departments`.
    view: &'static str,
    /// `all`, `departments` or `none`.
    edit: &'static str,
    /// What `departments` stands for.
    #[schema(value_type = Vec<uuid::Uuid>)]
    departments: Vec<DepartmentId>,
}

/// Something one may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnAction {
    /// Such as `list_staff`.
    action: String,
    description: &'static str,
}

/// Oneself, and what one may do. The ETag is for `PATCH /v1/me`.
#[utoipa::path(get, path = "/v1/me", operation_id = "get_me", tag = "me",
    responses((status = 200, description = "Oneself", body = Me)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    AnyCaller(caller): AnyCaller,
) -> ApiResult<Response> {
    let mut tx = caller.read(&state).await?;
    let record = staff::get(&mut tx, caller.staff).await?.ok_or_else(Problem::not_found)?;
    let version = record.version;
    let me = Me {
        permissions: caller.permissions.iter().map(|p| p.to_string()).collect(),
        modules: levels(caller.permissions),
        scopes: OwnScopes {
            access_level: caller.access_level.as_str(),
            view: caller.view.as_str(),
            edit: caller.edit.as_str(),
            departments: caller.departments.clone(),
        },
        actions: actions(&caller),
        must_change_password: caller.restricted,
        staff: Staff::shown_to(&caller, record),
    };
    Ok(versioned(version, me))
}

/// What one may do to the organisation.
fn actions(caller: &Caller) -> Vec<OwnAction> {
    let may = |action: &&Action| !caller.restricted && caller.may(**action, Object::Organization);
    Action::ALL
        .iter()
        .filter(may)
        .map(|action| OwnAction { action: action.word(), description: action.describe() })
        .collect()
}
