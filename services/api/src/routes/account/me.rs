//! `GET /v1/me`: oneself, and what one may do.

use crate::{
    access::caller::AnyCaller,
    http::problem::{ApiResult, Problem},
    routes::people::staff::Staff,
    state::ApiState,
};
use axum::{Json, extract::State};
use nearhand_storage::staff;
use serde::Serialize;
use utoipa::ToSchema;

/// Oneself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// As others see it, with everything.
    staff: Staff,
    /// What one may do.
    permissions: Vec<String>,
    /// Only the password may be changed.
    must_change_password: bool,
}

/// Oneself, and what one may do.
#[utoipa::path(get, path = "/v1/me", operation_id = "get_me", tag = "me",
    responses((status = 200, description = "Oneself", body = Me)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    AnyCaller(caller): AnyCaller,
) -> ApiResult<Json<Me>> {
    let mut tx = caller.read(&state).await?;
    let record = staff::get(&mut tx, caller.staff).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(Me {
        permissions: caller.permissions.iter().map(|p| p.to_string()).collect(),
        must_change_password: caller.restricted,
        staff: Staff::shown_to(&caller, record),
    }))
}
