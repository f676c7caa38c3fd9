//! Assigns a person, or changes how they are assigned, after everything has been asked that could
//! speak against it. Must run under the locks of case and people.

use super::{
    by::By,
    drive,
    form::{Ask, Overridable, PatchAsk},
    locked::Locked,
    rules, write,
};
use crate::{access::caller::Caller, change::Change, http::problem::ApiResult, state::ApiState};
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::{
    AssignmentId,
    assignment::{HeldTime, Mover, Progress},
    audit, clock,
    mails::MailKind,
};
use nearhand_storage::{
    assignments::{self, AssignedCase, AssignmentRecord},
    audit::AuditEvent,
    staff::StaffRecord,
};

/// Assigns a person. Returns the assignment and the entry for the audit trail.
pub(crate) async fn assign(
    state: &ApiState,
    change: &mut Change,
    by: By<'_>,
    case: &AssignedCase,
    person: &StaffRecord,
    ask: &Ask,
) -> ApiResult<(AssignmentRecord, AuditEvent)> {
    let now = clock::now();
    rules::require_open_case(case)?;
    rules::require_active(person)?;
    rules::require_not_held(change, case, person.id).await?;
    rules::require_slot(change, case).await?;
    let overriding = ask.overriding.as_ref();
    let client = rules::check_client(change, by, case, person.id, overriding).await?;
    let (held, eta_milli_min) = held(state, change, by, case, person, ask, now).await?;
    let overlap = rules::check_overlap(change, by, person.id, held, None, overriding, now).await?;
    let overridden: Vec<Overridable> = client.into_iter().chain(overlap).collect();
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
        held,
        eta_milli_min,
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

/// The time that is held, and the drive in it.
async fn held(
    state: &ApiState,
    change: &mut Change,
    by: By<'_>,
    case: &AssignedCase,
    person: &StaffRecord,
    ask: &Ask,
    now: Timestamp,
) -> ApiResult<(HeldTime, Option<i64>)> {
    let minutes = ask.duration_min.unwrap_or(case.duration_min);
    let duration = SignedDuration::from_mins(i64::from(minutes));
    if let Some(starts_at) = ask.starts_at.or(case.starts_at) {
        return Ok((HeldTime::at(starts_at, duration), None));
    }
    let eta = drive::estimate(state, change, by, person, case.position, now).await?;
    Ok((HeldTime::soon(now, drive::duration(eta.unwrap_or(0)), duration), eta))
}

/// An assignment as a change asks for it, and what was overridden for it.
pub(super) async fn changed(
    state: &ApiState,
    change: &mut Change,
    caller: &Caller,
    locked: &Locked,
    ask: &PatchAsk,
) -> ApiResult<(AssignmentRecord, Vec<Overridable>)> {
    let (before, now) = (&locked.before, clock::now());
    if asks_nothing_new(before, ask) {
        return Ok((before.clone(), Vec::new()));
    }
    rules::require_open(before)?;
    let mut after = before.clone();
    let (by, overriding) = (By::Scheduler(caller), ask.times.overriding.as_ref());
    let mut overridden = Vec::new();
    if let Some(person) = &locked.next {
        rules::require_open_case(&locked.case)?;
        rules::require_active(person)?;
        rules::require_not_held(change, &locked.case, person.id).await?;
        let (case, staff) = (&locked.case, person.id);
        overridden.extend(rules::check_client(change, by, case, staff, overriding).await?);
        give_to(&mut after, person, caller, now);
        if before.eta_milli_min.is_some() {
            let to = locked.case.position;
            let eta = drive::estimate(state, change, by, person, to, now).await?;
            let drive = drive::duration(eta.unwrap_or(0));
            after.held = HeldTime::soon(now, drive, work_of(before));
            after.eta_milli_min = eta;
        }
    }
    set_times(&mut after, &ask.times);
    if let Some(to) = ask.state {
        after = write::move_to(after, to, Mover::Scheduler, now)?;
        after.cancel_reason.clone_from(&ask.cancel_reason);
    }
    let moved = (after.staff, after.held) != (before.staff, before.held);
    if moved && after.progress.state.is_open() {
        let (staff, held, id) = (after.staff, after.held, Some(after.id));
        let overlap = rules::check_overlap(change, by, staff, held, id, overriding, now).await?;
        overridden.extend(overlap);
    }
    if let Some(overriding) = overriding.filter(|_| !overridden.is_empty()) {
        after.override_reason = Some(overriding.reason.clone());
    }
    Ok((after, overridden))
}

/// Whether a change says nothing but what is so already.
fn asks_nothing_new(before: &AssignmentRecord, ask: &PatchAsk) -> bool {
    let same_person = ask.staff.is_none_or(|staff| staff == before.staff);
    let same_state = ask.state.is_none_or(|state| state == before.progress.state);
    let same_times = ask.times.starts_at.is_none() && ask.times.duration_min.is_none();
    same_person && same_state && same_times && ask.cancel_reason.is_none()
}

/// Another person begins anew.
fn give_to(record: &mut AssignmentRecord, person: &StaffRecord, caller: &Caller, now: Timestamp) {
    record.staff = person.id;
    record.staff_name.clone_from(&person.display_name);
    record.progress = Progress::assigned(now);
    (record.arrived_at, record.left_at) = (None, None);
    record.assigned_by = caller.staff;
    record.override_reason = None;
}

/// The work in a held time, without the drive.
fn work_of(record: &AssignmentRecord) -> SignedDuration {
    let all = record.held.ends_at.duration_since(record.held.starts_at);
    let work = all - drive::duration(record.eta_milli_min.unwrap_or(0));
    work.max(SignedDuration::ZERO)
}

fn set_times(record: &mut AssignmentRecord, times: &Ask) {
    let minutes = times.duration_min.map(|minutes| SignedDuration::from_mins(i64::from(minutes)));
    let work = minutes.unwrap_or_else(|| work_of(record));
    if let Some(starts_at) = times.starts_at {
        record.held = HeldTime::at(starts_at, work);
        record.eta_milli_min = None;
    } else if minutes.is_some() {
        let drive = drive::duration(record.eta_milli_min.unwrap_or(0));
        record.held = HeldTime::soon(record.held.starts_at, drive, work);
    }
}
