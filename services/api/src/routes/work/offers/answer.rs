//! A person answers an offer: the same in the app and by the link in a mail. An acceptance becomes
//! an assignment in the same transaction, or nothing has happened.

use crate::{
    change::Change,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
    },
    routes::work::assignments::{self as assigning, Ask, By},
    state::ApiState,
};
use jiff::Timestamp;
use nearhand_dispatch::offers::{LockedOffer, lock, save, situation};
use nearhand_domain::{
    OfferId, OrganizationId, StaffId, audit, clock,
    offer::{AskedState, Refusal, Situation},
};
use nearhand_storage::{
    Tx,
    assignments::{self, AssignedCase, AssignmentRecord},
    audit::AuditEvent,
    cases::CaseStatus,
    offers::{self, OfferRecord},
};
use serde_json::json;

/// What somebody says to an offer.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Yes.
    Accept,
    /// No, perhaps with a reason.
    Decline(Option<String>),
}

/// Who answers which offer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answering {
    pub(crate) organization: OrganizationId,
    pub(crate) staff: StaffId,
    pub(crate) offer: OfferId,
}

/// What came of it.
pub(crate) struct Answered {
    /// The offer as it is now.
    pub(crate) record: OfferRecord,
    /// What the person holds by it.
    pub(crate) assignment: Option<AssignmentRecord>,
    /// For the audit trail. Empty: a repeat, which changed nothing.
    pub(crate) events: Vec<AuditEvent>,
}

/// The case of an offer, locked, and what the offer must know of it.
pub(super) async fn lock_case(
    tx: &mut Tx,
    id: OfferId,
    now: Timestamp,
) -> ApiResult<(AssignedCase, Situation)> {
    let case = offers::case_of(tx, id).await?.ok_or_else(Problem::not_found)?;
    let case = assignments::lock_case(tx, case).await?.ok_or_else(Problem::not_found)?;
    let taken = assignments::slots_taken(tx, case.id).await?;
    let at = situation(now, case.status == CaseStatus::Open, case.slots, taken);
    Ok((case, at))
}

/// Takes an answer.
pub(crate) async fn answer(
    state: &ApiState,
    change: &mut Change,
    who: Answering,
    answer: Answer,
) -> ApiResult<Answered> {
    let now = clock::now();
    let (case, at) = lock_case(change.tx(), who.offer, now).await?;
    let locked = lock(change.tx(), who.offer, &[who.staff]).await?;
    let locked = locked.ok_or_else(Problem::not_found)?;
    let asked = locked.record.offer.find(who.staff).map(|asked| asked.state);
    if asked.is_none_or(|state| state == AskedState::Unreachable) {
        return Err(Problem::not_found());
    }
    match answer {
        Answer::Accept => accept(state, change, who, &case, at, locked).await,
        Answer::Decline(reason) => decline(change, who, at, locked, reason).await,
    }
}

async fn accept(
    state: &ApiState,
    change: &mut Change,
    who: Answering,
    case: &AssignedCase,
    at: Situation,
    locked: LockedOffer,
) -> ApiResult<Answered> {
    let before = &locked.record;
    let mut after = before.clone();
    let wins = after.offer.accept(who.staff, at).map_err(refused)?;
    let person = locked.person(who.staff).ok_or_else(Problem::not_found)?;
    let mut events = Vec::new();
    let assignment = if wins {
        let by = By::Holder {
            organization: who.organization,
            holder: who.staff,
            offered_by: before.created_by,
        };
        let ask = Ask::default();
        let (assignment, event) = assigning::assign(state, change, by, case, person, &ask).await?;
        events.push(event);
        if let Some(person) = after.person_mut(who.staff) {
            person.assignment = Some(assignment.id);
        }
        Some(assignment)
    } else {
        still_held(change.tx(), before, who.staff).await?
    };
    if *before != after {
        let state = after.offer.find(who.staff).map(|asked| asked.state.as_str());
        let details = json!({ "case_id": case.id, "staff_id": who.staff, "state": state });
        events.insert(0, AuditEvent::of(audit::OFFER_ACCEPT, who.offer).details(details));
    }
    let record = save(change.tx(), who.organization, before, after, at.now).await?;
    Ok(Answered { record, assignment, events })
}

/// What a person holds by an offer that they accepted before. It may be somebody else's by now, and
/// is not shown then.
async fn still_held(
    tx: &mut Tx,
    record: &OfferRecord,
    staff: StaffId,
) -> ApiResult<Option<AssignmentRecord>> {
    let id = record.person(staff).and_then(|person| person.assignment);
    let Some(id) = id else { return Ok(None) };
    let held = assignments::get(tx, id).await?;
    Ok(held.filter(|held| held.staff == staff && held.progress.state.takes_slot()))
}

async fn decline(
    change: &mut Change,
    who: Answering,
    at: Situation,
    locked: LockedOffer,
    reason: Option<String>,
) -> ApiResult<Answered> {
    let before = &locked.record;
    let mut after = before.clone();
    let is_new = after.offer.decline(who.staff, at).map_err(refused)?;
    let mut events = Vec::new();
    if is_new {
        let (organization, case) = (who.organization, before.case.id);
        let said = reason.as_deref();
        offers::remember_decline(change.tx(), organization, case, who.staff, said, at.now).await?;
        if let Some(person) = after.person_mut(who.staff) {
            person.decline_reason.clone_from(&reason);
        }
        let details = json!({ "case_id": case, "staff_id": who.staff });
        let event = AuditEvent::of(audit::OFFER_DECLINE, who.offer).details(details);
        events.push(event.personal(who.staff, json!({ "reason": reason })));
    }
    let record = save(change.tx(), who.organization, before, after, at.now).await?;
    if is_new {
        offers::queue_step(change.tx(), who.organization, record.case.id).await?;
    }
    Ok(Answered { record, assignment: None, events })
}

/// Why an answer, or a choice, does not count.
pub(super) fn refused(refusal: Refusal) -> Problem {
    let code = match refusal {
        Refusal::NotAsked => return Problem::not_found(),
        Refusal::NotAvailable(_) => {
            let detail = format!("{refusal}; choose among those who are `available`");
            return Problem::field("/staff_ids", "not_available", detail);
        }
        Refusal::TooMany(_) => Code::NoSlotFree,
        Refusal::TooLate => Code::OfferTooLate,
        Refusal::Declined => Code::OfferDeclined,
        Refusal::Accepted => Code::OfferAccepted,
        Refusal::Taken => Code::OfferTaken,
        Refusal::Ended => Code::OfferEnded,
    };
    Problem::new(code, refusal.to_string())
}
