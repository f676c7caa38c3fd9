//! Locks people for a change, after checking the caller's rights over them.

use crate::{
    access::caller::Caller,
    http::problem::{ApiResult, Problem},
};
use nearhand_domain::{
    StaffId,
    access::{Action, Object},
};
use nearhand_storage::{
    Tx,
    staff::{self, StaffRecord},
};

/// Locks a person to whom the caller wants to do something. Refuses if the person's rights exceed
/// the caller's, where the action is guarded so.
pub(crate) async fn lock(
    tx: &mut Tx,
    caller: &Caller,
    action: Action,
    id: StaffId,
) -> ApiResult<StaffRecord> {
    let person = staff::lock(tx, id).await?.ok_or_else(Problem::not_found)?;
    caller.require(action, Object::staff_with(id, person.admin_role))?;
    Ok(person)
}
