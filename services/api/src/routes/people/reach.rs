//! Reads people, and locks them for a change, after checking the caller's rights over them.

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

/// Reads a person whom the caller wants to see.
pub(crate) async fn read(
    tx: &mut Tx,
    caller: &Caller,
    action: Action,
    id: StaffId,
) -> ApiResult<StaffRecord> {
    caller.require(action, Object::staff(id))?;
    let person = staff::get(tx, id).await?.ok_or_else(Problem::not_found)?;
    caller.require(action, person.object())?;
    Ok(person)
}

/// Locks a person to whom the caller wants to do something. Refuses if the person's rights exceed
/// the caller's, where the action is guarded so.
pub(crate) async fn lock(
    tx: &mut Tx,
    caller: &Caller,
    action: Action,
    id: StaffId,
) -> ApiResult<StaffRecord> {
    let person = staff::lock(tx, id).await?.ok_or_else(Problem::not_found)?;
    caller.require(action, person.object())?;
    Ok(person)
}
