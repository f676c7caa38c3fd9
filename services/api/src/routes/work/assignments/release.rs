//! Cancels what is left of a case that is given up. Restoring people gives assignments back
//! elsewhere.

use crate::{access::caller::Caller, change::Change, http::problem::ApiResult};
use nearhand_domain::{CaseId, audit, clock};
use nearhand_storage::{assignments, audit::AuditEvent};
use serde_json::json;

/// Why the assignments of a cancelled case were cancelled.
const REASON: &str = "the case was cancelled";

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
