//! What speaks against an assignment, in words that say how to mend it. Must run under the locks of
//! case and person.

use super::{
    by::By,
    form::{Overridable, Overriding},
};
use crate::http::{
    codes::Code,
    problem::{ApiResult, Problem},
};
use jiff::Timestamp;
use nearhand_domain::{AssignmentId, StaffId, assignment::HeldTime, field::FieldErrors};
use nearhand_storage::{
    Tx,
    assignments::{self, AssignedCase, AssignmentRecord, ClientObjection, Conflicting},
    cases::CaseStatus,
    staff::StaffRecord,
};

/// Something that speaks against an assignment.
pub(super) enum Against {
    /// Nobody overrides it.
    Refusal(Problem),
    /// The client does not take the person.
    Client(ClientObjection),
    /// The person has something else at that time.
    Taken(HeldTime, Vec<Conflicting>),
}

/// What has ended is not changed.
pub(super) fn ended(record: &AssignmentRecord) -> Option<Against> {
    let state = record.progress.state;
    let detail = format!("it is `{state}`, and stays so; assign the case anew if need be");
    (!state.is_open()).then(|| Against::refusal(Code::AssignmentEnded, detail))
}

/// A case may need nobody any more.
pub(super) fn closed(case: &AssignedCase) -> Option<Against> {
    let status = case.status.as_str();
    let detail = format!("it is `{status}`; set its `status` to `open` first");
    (case.status != CaseStatus::Open).then(|| Against::refusal(Code::CaseClosed, detail))
}

/// A person may not be active.
pub(super) fn inactive(person: &StaffRecord) -> Option<Against> {
    let detail = "set their `active` to true first, or assign somebody else";
    (!person.active).then(|| Against::refusal(Code::Inactive, detail))
}

/// The person may hold the case already.
pub(super) async fn already_held(
    tx: &mut Tx,
    case: &AssignedCase,
    staff: StaffId,
) -> ApiResult<Option<Against>> {
    let held = assignments::held_by(tx, case.id, staff).await?;
    Ok(held.map(|id| {
        let detail = format!("their assignment is {id}; change that one");
        Against::refusal(Code::AlreadyAssigned, detail)
    }))
}

/// All slots of the case may be taken.
pub(super) async fn full(tx: &mut Tx, case: &AssignedCase) -> ApiResult<Option<Against>> {
    let taken = assignments::slots_taken(tx, case.id).await?;
    if taken < i64::from(case.slots) {
        return Ok(None);
    }
    let detail = format!(
        "{taken} of {} slots are taken: raise the case's `slots`, or cancel an assignment of it \
         first, see GET /v1/assignments?case={}",
        case.slots, case.id
    );
    Ok(Some(Against::refusal(Code::NoSlotFree, detail)))
}

/// The client may not take the person.
pub(super) async fn client(
    tx: &mut Tx,
    case: &AssignedCase,
    staff: StaffId,
) -> ApiResult<Option<Against>> {
    let Some(client) = case.client else { return Ok(None) };
    let objection = assignments::client_objection(tx, client, staff).await?;
    Ok(objection.map(Against::Client))
}

/// The person may have something else in that time.
pub(super) async fn taken(
    tx: &mut Tx,
    staff: StaffId,
    held: HeldTime,
    except: Option<AssignmentId>,
    now: Timestamp,
) -> ApiResult<Option<Against>> {
    let found = assignments::conflicting(tx, staff, held, except, now).await?;
    Ok((!found.is_empty()).then_some(Against::Taken(held, found)))
}

/// Refuses for the first that is not overridden by name. Returns what is overridden.
pub(super) fn refuse(
    against: Vec<Against>,
    by: By<'_>,
    overriding: Option<&Overriding>,
) -> ApiResult<Vec<Overridable>> {
    let mut overridden = Vec::new();
    for one in against {
        let named = |rule: &Overridable| overriding.is_some_and(|over| over.names(*rule));
        match one.rule().filter(named) {
            Some(rule) => overridden.push(rule),
            None => return Err(one.into_problem(by)),
        }
    }
    Ok(overridden)
}

impl Against {
    fn refusal(code: Code, detail: impl Into<String>) -> Self {
        Self::Refusal(Problem::new(code, detail))
    }

    /// The rule by whose name it is overridden, if it can be.
    pub(super) fn rule(&self) -> Option<Overridable> {
        match self {
            Self::Refusal(_) => None,
            Self::Client(ClientObjection::Excluded) => Some(Overridable::ExcludedByClient),
            Self::Client(ClientObjection::NotOnPanel) => Some(Overridable::NotOnRequiredPanel),
            Self::Taken(..) => Some(Overridable::Overlap),
        }
    }

    fn into_problem(self, by: By<'_>) -> Problem {
        match self {
            Self::Refusal(problem) => problem,
            Self::Client(objection) => refused_by_client(objection, by),
            Self::Taken(held, found) => refused_for_overlap(held, &found, by),
        }
    }
}

/// What a client has against somebody.
pub(super) fn objected(objection: ClientObjection) -> &'static str {
    match objection {
        ClientObjection::Excluded => "they are on the client's list of exclusions",
        ClientObjection::NotOnPanel => "they are not on the client's panel, which is required",
    }
}

fn refused_by_client(objection: ClientObjection, by: By<'_>) -> Problem {
    let (code, rule) = match objection {
        ClientObjection::Excluded => (Code::ExcludedByClient, Overridable::ExcludedByClient),
        ClientObjection::NotOnPanel => (Code::NotOnRequiredPanel, Overridable::NotOnRequiredPanel),
    };
    let (why, word) = (objected(objection), rule.as_str());
    let detail = match by {
        By::Scheduler(_) => format!(
            "{why}; assign somebody else, or send `override` with a reason and `{word}` in its \
             `rules`"
        ),
        By::Holder { .. } => format!("{why}; only the scheduler can assign it all the same"),
    };
    Problem::new(code, detail)
}

fn refused_for_overlap(held: HeldTime, found: &[Conflicting], by: By<'_>) -> Problem {
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
    for one in found {
        errors.push("/starts_at", "overlap", described(one));
    }
    let problem = Problem::new(Code::Overlap, detail);
    match errors.conclude(Ok(())) {
        Err(faults) => problem.because(faults),
        Ok(()) => problem,
    }
}

/// Something else that a person has.
pub(super) fn described(one: &Conflicting) -> String {
    let Conflicting { id, starts_at, ends_at, .. } = one;
    match (&one.case, &one.case_number) {
        (Some(case), Some(number)) => {
            format!("assignment {id} to case {number} ({case}) from {starts_at} to {ends_at}")
        }
        _ => format!("time off {id} from {starts_at} to {ends_at}"),
    }
}
