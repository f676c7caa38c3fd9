//! Writes a changed assignment, tells the people whom it concerns, and makes the entry for the
//! audit trail. Must not decide whether the change is allowed.

use super::{by::By, form::Overridable, shown::Assignment};
use crate::{
    access::caller::Caller,
    change::Change,
    http::{
        changes::changes,
        codes::Code,
        problem::{ApiResult, Problem},
    },
};
use jiff::Timestamp;
use nearhand_domain::{
    AssignmentId, StaffId,
    assignment::{AssignmentState, MoveError, Mover},
    audit::{self, Action as Audited},
    clock,
    mails::MailKind,
};
use nearhand_storage::{
    assignments::{self, AssignmentRecord},
    audit::AuditEvent,
    notifications,
};
use serde_json::json;

/// Moves an assignment to a state. Done early, the rest of the time is free.
pub(crate) fn move_to(
    mut record: AssignmentRecord,
    to: AssignmentState,
    by: Mover,
    now: Timestamp,
) -> ApiResult<AssignmentRecord> {
    record.progress = record.progress.moved(to, by, now).map_err(refused)?;
    if let Some(done_at) = record.progress.done_at {
        record.held = record.held.cut(done_at);
    }
    Ok(record)
}

/// Writes a change, with its mails. Returns the assignment as it is now; no entry means that
/// nothing has changed.
pub(crate) async fn write(
    change: &mut Change,
    caller: &Caller,
    before: &AssignmentRecord,
    mut after: AssignmentRecord,
    overridden: &[Overridable],
) -> ApiResult<(AssignmentRecord, Option<AuditEvent>)> {
    if *before == after {
        return Ok((after, None));
    }
    let (now, by) = (clock::now(), By::Scheduler(caller));
    after.version = assignments::update(change.tx(), caller.organization, before, &after).await?;
    let cancelled = after.progress.state == AssignmentState::Cancelled;
    if after.staff != before.staff {
        tell(change, by, MailKind::Withdrawn, before.staff, after.id, now).await?;
        tell(change, by, MailKind::Assigned, after.staff, after.id, now).await?;
    } else if cancelled {
        tell(change, by, MailKind::Withdrawn, after.staff, after.id, now).await?;
    } else if after.held != before.held && after.progress.state.is_open() {
        tell(change, by, MailKind::AssignmentChanged, after.staff, after.id, now).await?;
    }
    let action = if cancelled { audit::ASSIGNMENT_CANCEL } else { audit::ASSIGNMENT_UPDATE };
    let event = event(action, Some(before), &after, overridden);
    Ok((after, Some(event)))
}

/// Queues a mail to a person about an assignment. Nobody is told what they did themselves.
pub(super) async fn tell(
    change: &mut Change,
    by: By<'_>,
    kind: MailKind,
    person: StaffId,
    assignment: AssignmentId,
    now: Timestamp,
) -> ApiResult<()> {
    if person != by.actor() {
        let organization = by.organization();
        notifications::tell(change.tx(), organization, kind, person, assignment.0, now).await?;
    }
    Ok(())
}

/// The entry: who, which case, which state and what was overridden in the open, the rest sealed.
pub(super) fn event(
    action: Audited<AssignmentId>,
    before: Option<&AssignmentRecord>,
    after: &AssignmentRecord,
    overridden: &[Overridable],
) -> AuditEvent {
    let mut details = json!({ "case_id": after.case, "staff_id": after.staff,
        "state": after.progress.state });
    if let Some(before) = before.filter(|before| before.staff != after.staff) {
        details["staff_id_before"] = json!(before.staff);
    }
    if !overridden.is_empty() {
        let words: Vec<&str> = overridden.iter().map(|rule| rule.as_str()).collect();
        details["overridden"] = json!(words);
    }
    let was = before.cloned().map(Assignment::in_full);
    let values = changes(was.as_ref(), &Assignment::in_full(after.clone()));
    AuditEvent::of(action, after.id).details(details).personal(after.staff, values)
}

fn refused(error: MoveError) -> Problem {
    let code = match error {
        MoveError::Ended(_) => Code::AssignmentEnded,
        MoveError::Backward { .. } => Code::NoWayBack,
        MoveError::NotYours(_) => Code::Forbidden,
    };
    Problem::new(code, error.to_string())
}
