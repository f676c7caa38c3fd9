//! Ends what is open of a case that is closed. Restoring people gives assignments back elsewhere.

use super::write::{move_to, write};
use crate::{access::caller::Caller, change::Change, http::problem::ApiResult};
use jiff::Timestamp;
use nearhand_domain::{
    CaseId,
    assignment::{AssignmentState, Mover},
    audit, clock,
};
use nearhand_storage::{
    assignments::{self, AssignmentRecord},
    audit::AuditEvent,
};
use serde_json::json;

/// Why the assignments of a cancelled case were cancelled.
const REASON: &str = "the case was cancelled";
/// Why those that had not begun when the case was done were cancelled.
const NOT_NEEDED: &str = "the case was done";

/// Cancels all open assignments of a case, which must be locked, in the transaction of its own
/// change, and tells the people who held them.
pub(crate) async fn release_case(
    change: &mut Change,
    caller: &Caller,
    case: CaseId,
) -> ApiResult<()> {
    let (organization, by, now) = (caller.organization, caller.staff, clock::now());
    let released =
        assignments::release_case(change.tx(), organization, case, by, Some(REASON), now).await?;
    for one in released {
        let details = json!({ "case_id": one.case, "staff_id": one.staff, "state": "cancelled",
            "because": REASON });
        change.record(&AuditEvent::of(audit::ASSIGNMENT_CANCEL, one.id).details(details)).await?;
    }
    Ok(())
}

/// Ends all open assignments of a case that is done and must be locked, in the transaction of its own
/// change: those that have begun are done too, the others are cancelled and their holders are told.
pub(crate) async fn finish_case(
    change: &mut Change,
    caller: &Caller,
    case: CaseId,
) -> ApiResult<()> {
    let now = clock::now();
    for before in assignments::lock_open_of_case(change.tx(), case).await? {
        let state = if has_begun(&before, now) {
            AssignmentState::Done
        } else {
            AssignmentState::Cancelled
        };
        let mut after = move_to(before.clone(), state, Mover::Scheduler, now)?;
        if state == AssignmentState::Cancelled {
            after.cancel_reason = Some(NOT_NEEDED.to_owned());
        }
        let (_, event) = write(change, caller, &before, after, &[]).await?;
        if let Some(event) = event {
            change.record(&event).await?;
        }
    }
    Ok(())
}

/// Whether the holder is under way or has been there. Not everybody reports it, so the end of the time
/// counts, too; its beginning does not, since work that is to be done soon begins when it is assigned.
fn has_begun(record: &AssignmentRecord, now: Timestamp) -> bool {
    record.progress.state != AssignmentState::Assigned
        || record.arrived_at.is_some()
        || record.held.ends_at <= now
}
