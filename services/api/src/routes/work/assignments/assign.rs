//! Assigns a person, or changes how they are assigned, unless something speaks against it that is
//! not overridden. Must run under the locks of case and people.

use super::{
    by::By,
    form::{Ask, Overridable, PatchAsk},
    judge::Judge,
    locked::Locked,
    rules, write,
};
use crate::{access::caller::Caller, change::Change, http::problem::ApiResult, state::ApiState};
use nearhand_domain::{AssignmentId, assignment::Progress, audit, mails::MailKind};
use nearhand_storage::{
    assignments::{self, AssignedCase, AssignmentRecord},
    audit::AuditEvent,
    staff::StaffRecord,
};

/// The address under which a look at a person's live position is recorded.
const ROUTE: &str = "/v1/cases/{id}/assignments";

/// Assigns a person. Returns the assignment and the entry for the audit trail.
pub(crate) async fn assign(
    state: &ApiState,
    change: &mut Change,
    by: By<'_>,
    case: &AssignedCase,
    person: &StaffRecord,
    ask: &Ask,
) -> ApiResult<(AssignmentRecord, AuditEvent)> {
    let judge = Judge::new(state, by, ROUTE);
    let (judged, now) = (judge.assigned(change.tx(), case, person, ask).await?, judge.now);
    let overriding = ask.overriding.as_ref();
    let overridden = rules::refuse(judged.against, by, overriding)?;
    let reason = overriding.filter(|_| !overridden.is_empty()).map(|o| o.reason.clone());
    let record = AssignmentRecord {
        id: AssignmentId::generate(),
        version: 1,
        case: case.id,
        case_number: case.number.clone(),
        case_title: case.title.clone(),
        position: case.position,
        case_created_by: case.created_by,
        staff: person.id,
        staff_name: person.display_name.clone(),
        progress: Progress::assigned(now),
        held: judged.held,
        eta_milli_min: judged.eta_milli_min,
        assigned_by: by.author(),
        cancel_reason: None,
        arrived_at: None,
        left_at: None,
        override_reason: reason,
    };
    assignments::insert(change.tx(), by.organization(), &record).await?;
    write::tell(change, by, MailKind::Assigned, person.id, record.id, now).await?;
    let event = write::event(audit::ASSIGNMENT_CREATE, None, &record, &overridden);
    Ok((record, event))
}

/// An assignment as a change asks for it, and what was overridden for it.
pub(super) async fn changed(
    state: &ApiState,
    change: &mut Change,
    caller: &Caller,
    locked: &Locked,
    ask: &PatchAsk,
) -> ApiResult<(AssignmentRecord, Vec<Overridable>)> {
    let by = By::Scheduler(caller);
    let judge = Judge::new(state, by, ROUTE);
    let (mut after, against) = judge.changed(change.tx(), locked, ask).await?;
    let overriding = ask.times.overriding.as_ref();
    let overridden = rules::refuse(against, by, overriding)?;
    if let Some(overriding) = overriding.filter(|_| !overridden.is_empty()) {
        after.override_reason = Some(overriding.reason.clone());
    }
    Ok((after, overridden))
}
