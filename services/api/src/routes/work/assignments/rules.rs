//! What speaks against an assignment, in words that say how to mend it. Must run under the locks of
//! case and person.

use super::{
    by::By,
    form::{Overridable, Overriding},
};
use crate::{
    change::Change,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
    },
};
use jiff::Timestamp;
use nearhand_domain::{AssignmentId, StaffId, assignment::HeldTime, field::FieldErrors};
use nearhand_storage::{
    assignments::{self, AssignedCase, AssignmentRecord, ClientObjection, Conflicting},
    cases::CaseStatus,
    staff::StaffRecord,
};

/// Refuses a change of what has ended.
pub(super) fn require_open(record: &AssignmentRecord) -> ApiResult<()> {
    let state = record.progress.state;
    if state.is_open() {
        return Ok(());
    }
    let detail = format!("it is `{state}`, and stays so; assign the case anew if need be");
    Err(Problem::new(Code::AssignmentEnded, detail))
}

/// Refuses cases that need nobody any more.
pub(super) fn require_open_case(case: &AssignedCase) -> ApiResult<()> {
    if case.status == CaseStatus::Open {
        return Ok(());
    }
    let status = case.status.as_str();
    let detail = format!("it is `{status}`; set its `status` to `open` first");
    Err(Problem::new(Code::CaseClosed, detail))
}

/// Refuses people who are not active. Nobody overrides that.
pub(super) fn require_active(person: &StaffRecord) -> ApiResult<()> {
    if person.active {
        return Ok(());
    }
    Err(Problem::new(Code::Inactive, "set their `active` to true first, or assign somebody else"))
}

/// Refuses a second assignment of the same person.
pub(super) async fn require_not_held(
    change: &mut Change,
    case: &AssignedCase,
    staff: StaffId,
) -> ApiResult<()> {
    match assignments::held_by(change.tx(), case.id, staff).await? {
        None => Ok(()),
        Some(id) => {
            let detail = format!("their assignment is {id}; change that one");
            Err(Problem::new(Code::AlreadyAssigned, detail))
        }
    }
}

/// Refuses more people than the case has slots.
pub(super) async fn require_slot(change: &mut Change, case: &AssignedCase) -> ApiResult<()> {
    let taken = assignments::slots_taken(change.tx(), case.id).await?;
    if taken < i64::from(case.slots) {
        return Ok(());
    }
    let detail = format!(
        "{taken} of {} slots are taken: raise the case's `slots`, or cancel an assignment of it \
         first, see GET /v1/assignments?case={}",
        case.slots, case.id
    );
    Err(Problem::new(Code::NoSlotFree, detail))
}

/// Refuses whom the client does not take, unless that is overridden by name. Returns what was.
pub(super) async fn check_client(
    change: &mut Change,
    by: By<'_>,
    case: &AssignedCase,
    staff: StaffId,
    overriding: Option<&Overriding>,
) -> ApiResult<Option<Overridable>> {
    let Some(client) = case.client else { return Ok(None) };
    let objection = assignments::client_objection(change.tx(), client, staff).await?;
    let (rule, code, why) = match objection {
        None => return Ok(None),
        Some(ClientObjection::Excluded) => {
            let why = "they are on the client's list of exclusions";
            (Overridable::ExcludedByClient, Code::ExcludedByClient, why)
        }
        Some(ClientObjection::NotOnPanel) => {
            let why = "they are not on the client's panel, which is required";
            (Overridable::NotOnRequiredPanel, Code::NotOnRequiredPanel, why)
        }
    };
    if overriding.is_some_and(|overriding| overriding.names(rule)) {
        return Ok(Some(rule));
    }
    let word = rule.as_str();
    let detail = match by {
        By::Scheduler(_) => format!(
            "{why}; assign somebody else, or send `override` with a reason and `{word}` in its \
             `rules`"
        ),
        By::Holder { .. } => format!("{why}; only the scheduler can assign it all the same"),
    };
    Err(Problem::new(code, detail))
}

/// Refuses a time at which the person has something else, and lists that, unless it is overridden.
/// Returns what was.
pub(super) async fn check_overlap(
    change: &mut Change,
    by: By<'_>,
    staff: StaffId,
    held: HeldTime,
    except: Option<AssignmentId>,
    overriding: Option<&Overriding>,
    now: Timestamp,
) -> ApiResult<Option<Overridable>> {
    let found = assignments::conflicting(change.tx(), staff, held, except, now).await?;
    if found.is_empty() {
        return Ok(None);
    }
    if overriding.is_some_and(|overriding| overriding.names(Overridable::Overlap)) {
        return Ok(Some(Overridable::Overlap));
    }
    let HeldTime { starts_at, ends_at } = held;
    let detail = match by {
        By::Scheduler(_) => format!(
            "they would be held from {starts_at} to {ends_at}, and have something else then, see \
             `errors`; choose another time or person, or send `override` with a reason"
        ),
        By::Holder { .. } => format!(
            "it is from {starts_at} to {ends_at}, and you have something else then, see `errors`; \
             decline it, or ask the scheduler to assign you all the same"
        ),
    };
    let mut errors = FieldErrors::default();
    for one in &found {
        errors.push("/starts_at", "overlap", described(one));
    }
    let problem = Problem::new(Code::Overlap, detail);
    Err(match errors.conclude(Ok(())) {
        Err(faults) => problem.because(faults),
        Ok(()) => problem,
    })
}

fn described(one: &Conflicting) -> String {
    let Conflicting { id, starts_at, ends_at, .. } = one;
    match (&one.case, &one.case_number) {
        (Some(case), Some(number)) => {
            format!("assignment {id} to case {number} ({case}) from {starts_at} to {ends_at}")
        }
        _ => format!("time off {id} from {starts_at} to {ends_at}"),
    }
}
