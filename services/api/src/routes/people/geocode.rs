//! `/v1/staff/{id}/geocode`: looks for a person's address on the map once more.

use crate::{
    access::caller::Caller,
    change::{ChangeResult, Empty, Forget, Outcome, Posted},
    http::{codes::Code, problem::Problem, query::PathId, reply::Reply},
    routes::people::{
        reach,
        staff::{Staff, change},
    },
    state::ApiState,
};
use axum::extract::State;
use nearhand_domain::{
    StaffId,
    access::{Action, Object},
    address::GeocodeStatus,
    audit,
};

/// Asks to look for a person's address again, for instance once another geocoder has been set. The
/// person's `geocode_status` says what came of it.
#[utoipa::path(post, path = "/v1/staff/{id}/geocode", operation_id = "geocode_staff",
    tag = "staff", responses((status = 202, description = "It will be looked for", body = Staff)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    posted: Posted<Empty>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditStaff, Object::staff(id))?;
    let mut change = posted.begin_empty(&state, &caller, allowed).await?;
    let before = reach::lock(change.tx(), &caller, Action::EditStaff, id).await?;
    caller.require(Action::EditPersonalDetails, before.object())?;
    if before.address.is_none() {
        let detail = "give the person an `address` first; it is then looked for by itself";
        return Err(Problem::new(Code::NoAddress, detail).into());
    }
    let mut after = before.clone();
    // An answer to an earlier question no longer counts.
    after.address_version += 1;
    after.geocode_status = Some(GeocodeStatus::Pending);
    (after.geocode_precision, after.geocode_detail) = (None, None);
    let action = audit::STAFF_GEOCODE_REQUEST;
    let (after, event) = change::write(&mut change, &caller, action, &before, after).await?;
    let version = after.version;
    let reply = Reply::accepted(&Staff::shown_to(&caller, after))?.etag(version).about(id);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}
