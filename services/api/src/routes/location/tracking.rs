//! `/v1/staff/{id}/tracking`: consent, recorded with its legal basis. Off until then.

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Updated},
    http::{
        body::{Field, Form, Unknown, forms},
        codes::Code,
        problem::{ApiResult, Problem},
        query::PathId,
        reply::{Reply, versioned},
    },
    routes::people::reach,
    state::ApiState,
};
use axum::{extract::State, response::Response};
use jiff::Timestamp;
use nearhand_domain::{
    StaffId,
    access::{Action, Object},
    audit, clock,
    text::line,
};
use nearhand_storage::{
    Tx,
    audit::AuditEvent,
    staff::{self, StaffRecord},
    tracking,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const MAX_MARGIN_MIN: i16 = 720;

/// Consent to tracking.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct TrackingForm {
    /// Why it is lawful, in the organisation's words.
    #[serde(default)]
    #[schema(value_type = String, example = "written consent of 2026-03-01", required, min_length = 1, max_length = 500)]
    legal_basis: Field<String>,
    /// Only in working hours, widened by these minutes; null or absent: at any hour.
    #[serde(default)]
    #[schema(value_type = Option<i16>, minimum = 0, maximum = 720)]
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
    /// Why it is lawful. Null without consent, and for callers who may not record it, as the next
    /// three.
    legal_basis: Option<String>,
    /// When it was recorded.
    #[schema(value_type = Option<String>, format = DateTime)]
    permitted_at: Option<Timestamp>,
    /// Who recorded it.
    #[schema(value_type = Option<uuid::Uuid>)]
    permitted_by: Option<StaffId>,
    /// When the person's pause ends; null without one.
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_until: Option<Timestamp>,
}

impl Tracking {
    /// With the consent that is recorded, for those who may record it.
    async fn read(tx: &mut Tx, caller: &Caller, record: &StaffRecord) -> ApiResult<Self> {
        let mut shown = Self {
            permitted: record.tracked,
            hours_margin_min: record.tracking_hours_margin_min,
            legal_basis: None,
            permitted_at: None,
            permitted_by: None,
            paused_until: None,
        };
        if caller.may(Action::PermitTracking, record.object()) {
            if let Some(consent) = tracking::consent(tx, record.id).await? {
                shown.legal_basis = Some(consent.legal_basis);
                shown.permitted_at = Some(consent.granted_at);
                shown.permitted_by = consent.granted_by;
            }
            shown.paused_until = tracking::paused_until(tx, record.id, clock::now()).await?;
        }
        Ok(shown)
    }
}

forms!(TrackingForm);

/// Whether a person's tracking is permitted. The ETag is the person's.
#[utoipa::path(get, path = "/v1/staff/{id}/tracking", operation_id = "get_tracking",
    tag = "tracking", responses((status = 200, description = "Whether it is", body = Tracking)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ApiResult<Response> {
    caller.require(Action::ReadStaff, Object::staff(id))?;
    let mut tx = caller.read(&state).await?;
    let record = reach::read(&mut tx, &caller, Action::ReadStaff, id).await?;
    Ok(versioned(record.version, Tracking::read(&mut tx, &caller, &record).await?))
}

/// Records a person's consent; from now on their phones are heard. The ETag is the person's.
#[utoipa::path(put, path = "/v1/staff/{id}/tracking", operation_id = "permit_tracking",
    tag = "tracking",
    responses((status = 200, description = "Permitted from now on", body = Tracking)))]
pub(crate) async fn permit(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    update: Updated<TrackingForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::PermitTracking, Object::staff(id))?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let before = reach::lock(change.tx(), &caller, Action::PermitTracking, id).await?;
    let form = update.matching(before.version)?;
    let (basis, margin) = form.check(|form, e| {
        let basis = form.legal_basis.required("/legal_basis", e, |v| line(&v, 500));
        let margin = form.hours_margin_min.optional("/hours_margin_min", e, |minutes| {
            let fits = (0..=MAX_MARGIN_MIN).contains(&minutes);
            if fits { Ok(minutes) } else { Err("must be 0 to 720") }
        });
        Ok((basis?, margin))
    })?;
    let recorded = tracking::consent(change.tx(), id).await?;
    if recorded.is_some_and(|recorded| recorded.legal_basis != basis) {
        let detail = "withdraw it first to record another legal basis";
        return Err(Problem::new(Code::AlreadyTracked, detail).into());
    }
    let mut after = before.clone();
    after.tracking_hours_margin_min = margin;
    let moved = before.tracking_hours_margin_min != margin;
    let (organization, by, now) = (caller.organization, caller.staff, clock::now());
    if moved {
        staff::update(change.tx(), organization, &before, &after).await?;
    }
    let granted = tracking::permit(change.tx(), organization, id, &basis, by, now).await?;
    if !granted && !moved {
        let detail = "on this legal basis and for these hours; there is nothing to record";
        return Err(Problem::new(Code::AlreadyTracked, detail).into());
    }
    let details = serde_json::json!({
        "granted": granted,
        "hours_margin_min": { "before": before.tracking_hours_margin_min, "after": margin },
    });
    let personal = serde_json::json!({ "legal_basis": basis });
    let event = AuditEvent::of(audit::TRACKING_PERMIT, id).details(details).personal(id, personal);
    let after = reach::read(change.tx(), &caller, Action::ReadStaff, id).await?;
    let shown = Tracking::read(change.tx(), &caller, &after).await?;
    let reply = Reply::ok(&shown)?.etag(after.version);
    change.commit(Outcome { event: Some(event), forget: Forget::Person(id), reply }).await
}

/// Withdraws a person's consent; nobody sees them any more.
#[utoipa::path(delete, path = "/v1/staff/{id}/tracking", operation_id = "withdraw_tracking",
    tag = "tracking", responses((status = 204, description = "Withdrawn")))]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ChangeResult {
    withdraw(&state, &caller, id).await
}

/// Withdraws consent, for an admin and for the person.
pub(super) async fn withdraw(state: &ApiState, caller: &Caller, id: StaffId) -> ChangeResult {
    let allowed = caller.allow(Action::ManageDevices, Object::staff(id))?;
    let mut change = Change::begin(state, caller, allowed).await?;
    reach::lock(change.tx(), caller, Action::ManageDevices, id).await?;
    let (organization, by, now) = (caller.organization, caller.staff, clock::now());
    if !tracking::withdraw(change.tx(), organization, id, by, now).await? {
        return Err(Problem::new(Code::NotTracked, "there is nothing to withdraw").into());
    }
    let event = AuditEvent::of(audit::TRACKING_WITHDRAW, id);
    let (forget, reply) = (Forget::Person(id), Reply::no_content());
    change.commit(Outcome { event: Some(event), forget, reply }).await
}
