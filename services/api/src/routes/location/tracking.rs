//! `/v1/staff/{id}/tracking`: consent, recorded with its legal basis. Off until then.

use crate::{
    access::caller::Caller,
    http::{
        body::{Field, JsonBody, Patch, Unknown, refuse_unknown},
        codes::Code,
        problem::{ApiResult, Problem, ProblemDocument},
        query::PathId,
    },
    routes::people::staff::require_no_more,
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use nearhand_domain::{StaffId, access::Permission, clock, field::FieldErrors, text::line};
use nearhand_storage::{
    StorageError,
    audit::{self, AuditEvent},
    devices, staff,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const MAX_MARGIN_MIN: i16 = 720;

/// Consent to tracking.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct TrackingForm {
    /// Why it is lawful, in the organisation's words.
    #[serde(default)]
    #[schema(value_type = String, example = "written consent of 2026-03-01")]
    legal_basis: Field<String>,
    /// Only in working hours, widened by these minutes; null or absent: at any hour.
    #[serde(default)]
    #[schema(value_type = Option<i16>)]
    hours_margin_min: Field<i16>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// Whether tracking is permitted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tracking {
    /// Whether it is.
    permitted: bool,
    /// Only in working hours, widened by these minutes.
    hours_margin_min: Option<i16>,
}

/// Whether a person's tracking is permitted.
#[utoipa::path(get, path = "/v1/staff/{id}/tracking", tag = "tracking",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "Whether it is", body = Tracking),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ApiResult<Json<Tracking>> {
    if id != caller.staff {
        caller.require_full(Permission::StaffView)?;
    }
    let mut tx = caller.begin(&state).await?;
    let record = staff::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    let hours_margin_min = record.tracking_hours_margin_min;
    Ok(Json(Tracking { permitted: record.tracked, hours_margin_min }))
}

/// Records a person's consent; from now on their phones are heard.
#[utoipa::path(put, path = "/v1/staff/{id}/tracking", tag = "tracking", request_body = TrackingForm,
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "Permitted from now on", body = Tracking),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn permit(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    JsonBody { value: form, .. }: JsonBody<TrackingForm>,
) -> ApiResult<Json<Tracking>> {
    caller.require_full(Permission::StaffManage)?;
    let mut errors = FieldErrors::default();
    refuse_unknown(&form.unknown, "", &mut errors);
    let basis = form.legal_basis.required("/legal_basis", &mut errors, |v| line(&v, 500));
    let margin = form.hours_margin_min.patch("/hours_margin_min", &mut errors, |minutes| {
        let fits = (0..=MAX_MARGIN_MIN).contains(&minutes);
        if fits { Ok(minutes) } else { Err("must be 0 to 720") }
    });
    errors.finish()?;
    let mut tx = caller.begin(&state).await?;
    let before = staff::lock(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    require_no_more(&caller, before.admin_role)?;
    let basis = basis.unwrap_or_default();
    let recorded = devices::legal_basis(&mut tx, id).await?;
    if recorded.is_some_and(|recorded| recorded != basis) {
        let detail = "withdraw it first to record another legal basis";
        return Err(Problem::new(Code::AlreadyTracked, detail));
    }
    let mut after = before.clone();
    after.tracking_hours_margin_min = match margin {
        Patch::Set(minutes) => Some(minutes),
        Patch::Clear | Patch::Keep => None,
    };
    let moved = before.tracking_hours_margin_min != after.tracking_hours_margin_min;
    if moved {
        staff::update(&mut tx, caller.organization, &before, &after).await?;
    }
    let organization = caller.organization;
    let granted =
        devices::permit_tracking(&mut tx, organization, id, &basis, caller.staff, clock::now())
            .await?;
    if !granted && !moved {
        let detail = "on this legal basis and for these hours; there is nothing to record";
        return Err(Problem::new(Code::AlreadyTracked, detail));
    }
    let hours = [before.tracking_hours_margin_min, after.tracking_hours_margin_min];
    let personal = serde_json::json!({ "legal_basis": basis });
    let event = AuditEvent {
        details: serde_json::json!({
            "granted": granted,
            "hours_margin_min": { "before": hours[0], "after": hours[1] },
        }),
        personal: Some((id, &personal)),
        ..event(id, "tracking.permit")
    };
    audit::record(&mut tx, &caller.audit(), &event).await?;
    tx.commit().await.map_err(StorageError::from)?;
    state.credentials().forget(id.0);
    Ok(Json(Tracking { permitted: true, hours_margin_min: after.tracking_hours_margin_min }))
}

/// Withdraws a person's consent; nobody sees them any more.
#[utoipa::path(delete, path = "/v1/staff/{id}/tracking", tag = "tracking",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 204, description = "Withdrawn"),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ApiResult<StatusCode> {
    caller.require_full(Permission::StaffManage)?;
    withdraw(&state, &caller, id).await
}

/// Withdraws consent, for an admin and for the person.
pub(crate) async fn withdraw(
    state: &ApiState,
    caller: &Caller,
    id: StaffId,
) -> ApiResult<StatusCode> {
    let mut tx = caller.begin(state).await?;
    let person = staff::lock(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    if id != caller.staff {
        require_no_more(caller, person.admin_role)?;
    }
    let now = clock::now();
    if !devices::withdraw_tracking(&mut tx, caller.organization, id, caller.staff, now).await? {
        return Err(Problem::new(Code::NotTracked, "there is nothing to withdraw"));
    }
    audit::record(&mut tx, &caller.audit(), &event(id, "tracking.withdraw")).await?;
    tx.commit().await.map_err(StorageError::from)?;
    state.credentials().forget(id.0);
    Ok(StatusCode::NO_CONTENT)
}

fn event(id: StaffId, action: &'static str) -> AuditEvent<'static> {
    AuditEvent {
        action,
        subject_kind: "staff",
        subject: id.0,
        details: serde_json::json!({}),
        personal: None,
    }
}
