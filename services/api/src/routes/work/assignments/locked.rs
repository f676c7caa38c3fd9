//! An assignment that is about to change, with everything locked that the change looks at: first
//! the case, then people in the order of their ids, then the assignment.

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
    },
};
use nearhand_domain::{
    AssignmentId, StaffId,
    access::{Action, Object},
};
use nearhand_storage::{
    Tx,
    assignments::{self, AssignedCase, AssignmentRecord},
    staff::{self, StaffRecord},
};

/// A locked assignment.
pub(crate) struct Locked {
    /// Its case.
    pub(crate) case: AssignedCase,
    /// As it is.
    pub(crate) before: AssignmentRecord,
    /// Who is to hold it, if that is somebody else.
    pub(crate) next: Option<StaffRecord>,
}

impl Locked {
    /// Locks an assignment that the caller wants to change, and who is to hold it from now on.
    pub(crate) async fn of(
        tx: &mut Tx,
        caller: &Caller,
        id: AssignmentId,
        next: Option<StaffId>,
    ) -> ApiResult<Self> {
        let seen = assignments::get(tx, id).await?.ok_or_else(Problem::not_found)?;
        let object = Object::Assignment { holder: None, created_by: seen.case_created_by };
        caller.require(Action::Assign, object)?;
        let case = assignments::lock_case(tx, seen.case).await?.ok_or_else(Problem::not_found)?;
        // Under the lock of its case an assignment does not go to anybody else.
        let seen = assignments::get(tx, id).await?.ok_or_else(Problem::not_found)?;
        let next = next.filter(|next| *next != seen.staff);
        let people: Vec<StaffId> = [Some(seen.staff), next].into_iter().flatten().collect();
        let mut people = staff::lock_all(tx, &people).await?;
        let mut take = |id| {
            let at = people.iter().position(|person| person.id == id)?;
            Some(people.swap_remove(at))
        };
        let (holder, found) = (take(seen.staff), next.and_then(&mut take));
        if let Some(holder) = &holder {
            caller.require(Action::Assign, holder.object())?;
        }
        if let Some(next) = next {
            require_assignable(caller, found.as_ref(), next)?;
        }
        let before = assignments::lock(tx, id).await?.ok_or_else(Problem::not_found)?;
        Ok(Self { case, before, next: found })
    }

    /// Locks an assignment of the caller's own.
    pub(crate) async fn own(tx: &mut Tx, caller: &Caller, id: AssignmentId) -> ApiResult<Self> {
        let own = |record: Option<AssignmentRecord>| {
            record.filter(|record| record.staff == caller.staff).ok_or_else(Problem::not_found)
        };
        let seen = own(assignments::get(tx, id).await?)?;
        let case = assignments::lock_case(tx, seen.case).await?.ok_or_else(Problem::not_found)?;
        staff::lock(tx, caller.staff).await?.ok_or_else(Problem::not_found)?;
        let before = own(assignments::lock(tx, id).await?)?;
        Ok(Self { case, before, next: None })
    }
}

/// Locks a person who is to be assigned. Lock the case first.
pub(super) async fn assignable(
    tx: &mut Tx,
    caller: &Caller,
    id: StaffId,
) -> ApiResult<StaffRecord> {
    let person = staff::lock(tx, id).await?;
    require_assignable(caller, person.as_ref(), id)?;
    person.ok_or_else(Problem::internal)
}

/// Refuses people who are not there, or not for the caller.
fn require_assignable(caller: &Caller, person: Option<&StaffRecord>, id: StaffId) -> ApiResult<()> {
    let unknown = || {
        let detail = format!("{id} is nobody whom you may assign; see GET /v1/staff");
        Problem::field("/staff_id", "unknown", detail)
    };
    let person = person.ok_or_else(unknown)?;
    match caller.require(Action::Assign, person.object()) {
        Err(problem) if problem.code() == Code::NotFound => Err(unknown()),
        decided => decided,
    }
}
