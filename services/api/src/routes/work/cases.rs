//! `/v1/cases`: work to be done at a place. A caller whose reach is limited sees only what is their
//! own or shared with a group of theirs. Must not write assignments.

mod change;
mod form;
mod list;
mod place;
mod references;
mod view;

pub(crate) use change::{__path_create, __path_patch, create, patch};
pub(crate) use list::{__path_list, list};
pub(crate) use view::{__path_get, get};

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
    },
};
use nearhand_domain::{
    access::{Action, Object, ViewScope},
    address::GeocodeStatus,
};
use nearhand_storage::{
    Tx,
    cases::{self, CaseReader, CaseRecord},
};

/// The caller as who looks at cases.
pub(crate) fn reader(caller: &Caller) -> CaseReader {
    let narrow = caller.view == ViewScope::Departments;
    CaseReader {
        staff: caller.staff,
        departments: narrow.then(|| caller.departments.clone()),
        limited: caller.is_limited(),
    }
}

/// The case, if the caller may do this to it.
pub(crate) async fn reached(
    tx: &mut Tx,
    caller: &Caller,
    action: Action,
    record: Option<CaseRecord>,
) -> ApiResult<CaseRecord> {
    let record = record.ok_or_else(Problem::not_found)?;
    let tie = cases::tie(tx, &reader(caller), record.id).await?;
    caller.require(action, Object::CaseWith(tie))?;
    Ok(record)
}

/// Why nobody can be ranked for a case without a position.
pub(crate) fn not_geocoded(status: Option<GeocodeStatus>) -> Problem {
    let detail = match status {
        Some(GeocodeStatus::Ambiguous) => {
            "its address means several places; set `position` to that of one of the `choices` of the case"
        }
        Some(GeocodeStatus::Failed) => {
            "its address was not found; mend `address`, or set `position`"
        }
        _ => "its address is still being looked for; try again in a moment, or set `position`",
    };
    Problem::new(Code::NotGeocoded, detail)
}
