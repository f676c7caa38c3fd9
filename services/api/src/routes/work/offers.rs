//! `/v1/cases/{id}/offers` and `/v1/offers`: cases offered to people instead of being assigned
//! outright. The steps of an offer are background jobs; here it is made, shown, decided and taken
//! back.

mod answer;
mod form;
mod shown;

pub(crate) use answer::{Answer, Answered, Answering, answer};
pub(crate) use form::{DeclineForm, reason};
pub(crate) use shown::{AnswerShown, OwnOffer};

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Outcomes, Posted},
    http::{
        body::Form,
        codes::Code,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
        query::{PathId, QueryOf},
        reply::{Reply, versioned},
    },
    live::scope,
    routes::{
        recommendations::{archived_policy, unknown_policy},
        work::{
            assignments::{self as assigning, Ask, By},
            cases::{not_geocoded, reached, reader},
        },
    },
    state::ApiState,
};
use answer::{lock_case, refused};
use axum::{Json, extract::State, response::Response};
use form::{ChoiceForm, MAX_REASON, OfferAsk, OfferForm};
use jiff::Timestamp;
use nearhand_dispatch::offers::{LockedOffer, lock, save};
use nearhand_domain::{
    CaseId, OfferId, PolicyId, StaffId,
    access::{Action, Object, PeopleScope},
    audit, clock,
    field::FieldErrors,
    offer::{Offer, OfferTerms, Refusal},
    text::line,
};
use nearhand_storage::{
    Tx,
    audit::AuditEvent,
    cases::{self, CaseRecord, CaseStatus},
    offers::{self, OfferFilter, OfferRecord, OfferedCase},
    organizations, policies, staff,
};
use serde::Deserialize;
use serde_json::json;
use shown::{OfferShown, Seen};
use utoipa::IntoParams;
use uuid::Uuid;

/// Which offers to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfferQuery {
    /// Only of this case.
    case: Option<Uuid>,
    /// `true`: only those that have not ended; `false`: only those that have.
    open: Option<bool>,
}

/// Why an offer is taken back.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TakeBackQuery {
    /// Shown with the offer; at most 500 characters.
    reason: Option<String>,
}

/// Offers a case to people.
///
/// The case must be open, have a free slot and a position, and not be offered already. The people are
/// ranked anew before each step, so that nobody is asked whom a rule removes by then. Nobody is asked
/// twice, nor asked who declined the case in words before. The first are asked a moment later: read
/// the offer again. Offers hold nothing: somebody who accepts what overlaps by then is told so.
///
/// Once all answers to an `availability` offer are in, it is `deciding` and its author gets a mail. It
/// ends when somebody is chosen for each slot, when it is taken back, or with its case. A change of the
/// time or place of the case ends any offer of it.
///
/// Needs access level `full`, `cases:edit` and `recommendations:view`.
#[utoipa::path(post, path = "/v1/cases/{id}/offers", operation_id = "create_offer", tag = "offers",
    responses((status = 201, description = "Offered", body = OfferShown)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<CaseId>,
    posted: Posted<OfferForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::Assign, Object::Organization)?;
    caller.require(Action::Recommend, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let now = clock::now();
    let ask = form.check(|form, e| form.read(now, e))?;
    let case = cases::lock(change.tx(), id).await?;
    let case = reached(change.tx(), &caller, Action::EditCase, case).await?;
    require_offerable(&case)?;
    if let Some(people) = &ask.staff {
        require_people(change.tx(), &caller, people).await?;
    }
    let policy = policy_of(change.tx(), &caller, ask.policy).await?;
    let record = OfferRecord { policy, ..new(&caller, case, ask, now)? };
    offers::insert(change.tx(), caller.organization, &record).await?;
    let details = json!({ "case_id": id, "mode": record.offer.terms.mode });
    let event = AuditEvent::of(audit::OFFER_CREATE, record.id).details(details);
    let shown = OfferShown::new(record, &Seen::Everybody);
    let reply = Reply::created(format!("/v1/offers/{}", shown.id), &shown)?.etag(1);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Lists offers of cases that you see, in order of creation.
#[utoipa::path(get, path = "/v1/offers", operation_id = "list_offers", tag = "offers",
    responses((status = 200, description = "A page", body = Page<OfferShown>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<OfferQuery>,
) -> ApiResult<Json<Page<OfferShown>>> {
    caller.require(Action::ReadAssignments, Object::Organization)?;
    let (paging, query) = list.open(&state, caller.organization)?;
    let filter = OfferFilter {
        reader: Some(reader(&caller)),
        case: query.case.map(CaseId),
        open: query.open,
    };
    let seen = visible(&state, &caller).await?;
    let mut tx = caller.read(&state).await?;
    let records = offers::list(&mut tx, &filter, paging.after(), paging.rows()).await?;
    let show = |record| OfferShown::new(record, &seen);
    Ok(paging.page(records, |record: &OfferRecord| record.id.0, show))
}

/// One offer, with everybody who was asked.
#[utoipa::path(get, path = "/v1/offers/{id}", operation_id = "get_offer", tag = "offers",
    responses((status = 200, description = "The offer", body = OfferShown)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<OfferId>,
) -> ApiResult<Response> {
    caller.require(Action::ReadAssignments, Object::Organization)?;
    let seen = visible(&state, &caller).await?;
    let mut tx = caller.read(&state).await?;
    let record = offers::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    let case = cases::get(&mut tx, record.case.id).await?;
    reached(&mut tx, &caller, Action::ReadCases, case).await?;
    Ok(versioned(record.version, OfferShown::new(record, &seen)))
}

/// Chooses among those who said that they could do it, and assigns them.
///
/// At most as many as there are free slots (409 `no_slot_free`), and only people who are `available`.
/// What speaks against one of them, such as 409 `overlap`, is as in assigning; nobody is assigned
/// then. May be done before the deadline, too.
#[utoipa::path(post, path = "/v1/offers/{id}/choose", operation_id = "choose_offer", tag = "offers",
    responses((status = 200, description = "Assigned", body = OfferShown)))]
pub(crate) async fn choose(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<OfferId>,
    posted: Posted<ChoiceForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::Assign, Object::Organization)?;
    caller.require(Action::Recommend, Object::Organization)?;
    let seen = visible(&state, &caller).await?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let people = form.check(ChoiceForm::read)?;
    let now = clock::now();
    let (case, at) = lock_case(change.tx(), id, now).await?;
    require_reach(change.tx(), &caller, case.id).await?;
    let locked = lock_with_author(change.tx(), id, &people).await?;
    for staff in &people {
        let person = locked.person(*staff);
        if !person.is_some_and(|person| caller.may(Action::Assign, person.object())) {
            return Err(refused(Refusal::NotAvailable(*staff)).into());
        }
    }
    let mut after = locked.record.clone();
    after.offer.choose(&people, at).map_err(refused)?;
    let mut events = Vec::with_capacity(people.len() + 1);
    for staff in &people {
        let person = locked.person(*staff).ok_or_else(Problem::not_found)?;
        let (by, ask) = (By::Scheduler(&caller), Ask::default());
        let (assignment, event) =
            assigning::assign(&state, &mut change, by, &case, person, &ask).await?;
        if let Some(person) = after.person_mut(*staff) {
            person.assignment = Some(assignment.id);
        }
        events.push(event);
    }
    let details = json!({ "case_id": case.id, "staff_ids": people });
    events.push(AuditEvent::of(audit::OFFER_CHOOSE, id).details(details));
    let record = save(change.tx(), caller.organization, &locked.record, after, now).await?;
    let version = record.version;
    let reply = Reply::ok(&OfferShown::new(record, &seen))?.etag(version);
    change.commit(Outcomes { events, forget: vec![Forget::Nothing], reply }).await
}

/// Takes an offer back: nobody can accept it any more. What was accepted stays assigned.
#[utoipa::path(delete, path = "/v1/offers/{id}", operation_id = "cancel_offer", tag = "offers",
    params(TakeBackQuery), responses((status = 204, description = "Taken back")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<OfferId>,
    QueryOf(query): QueryOf<TakeBackQuery>,
) -> ChangeResult {
    let allowed = caller.allow(Action::Assign, Object::Organization)?;
    caller.require(Action::Recommend, Object::Organization)?;
    let reason = query.reason.map(|text| {
        let refused = |error| Problem::new(Code::MalformedQuery, format!("`reason` {error}"));
        line(&text, MAX_REASON).map_err(refused)
    });
    let reason = reason.transpose()?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let now = clock::now();
    let (case, _) = lock_case(change.tx(), id, now).await?;
    require_reach(change.tx(), &caller, case.id).await?;
    let locked = lock(change.tx(), id, &[]).await?.ok_or_else(Problem::not_found)?;
    let before = locked.record;
    if !before.offer.state.is_open() {
        let detail = format!("it is `{}`, and stays so", before.offer.state);
        return Err(Problem::new(Code::OfferEnded, detail).into());
    }
    let mut after = OfferRecord { cancel_reason: reason, ..before.clone() };
    after.offer.cancel();
    save(change.tx(), caller.organization, &before, after, now).await?;
    let details = json!({ "case_id": case.id });
    let event = AuditEvent::of(audit::OFFER_CANCEL, id).details(details);
    let reply = Reply::no_content();
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// The people whom the caller sees in offers.
async fn visible(state: &ApiState, caller: &Caller) -> ApiResult<Seen> {
    if caller.is_limited() {
        return Ok(Seen::OwnCases(caller.staff));
    }
    let scope = scope::of(state, caller, Action::ReadAssignments).await?;
    Ok(scope.map_or(Seen::Everybody, Seen::Scope))
}

/// Locks an offer with these people and its author, who may have to be told of its end.
async fn lock_with_author(tx: &mut Tx, id: OfferId, people: &[StaffId]) -> ApiResult<LockedOffer> {
    let seen = offers::get(tx, id).await?.ok_or_else(Problem::not_found)?;
    let mut besides = people.to_vec();
    besides.push(seen.created_by);
    lock(tx, id, &besides).await?.ok_or_else(Problem::not_found)
}

/// The policy that people are ranked by: the one that is named, else the organisation's default. At
/// each step its current version counts.
async fn policy_of(
    tx: &mut Tx,
    caller: &Caller,
    wanted: Option<PolicyId>,
) -> ApiResult<Option<PolicyId>> {
    let Some(id) = wanted else { return Ok(organizations::get(tx, false).await?.default_policy) };
    caller.require(Action::TryPolicies, Object::Organization)?;
    match policies::get(tx, id).await? {
        None => Err(unknown_policy()),
        Some(policy) if policy.archived_at.is_some() => Err(archived_policy()),
        Some(_) => Ok(Some(id)),
    }
}

/// Refuses cases that the caller may not change.
async fn require_reach(tx: &mut Tx, caller: &Caller, case: CaseId) -> ApiResult<()> {
    let record = cases::get(tx, case).await?;
    reached(tx, caller, Action::EditCase, record).await.map(drop)
}

/// Refuses cases that nobody could accept.
fn require_offerable(case: &CaseRecord) -> ApiResult<()> {
    if case.status != CaseStatus::Open {
        let status = case.status.as_str();
        let detail = format!("it is `{status}`; set its `status` to `open` first");
        return Err(Problem::new(Code::CaseClosed, detail));
    }
    if case.slots_filled >= i64::from(case.slots) {
        let detail = format!("all of its slots are taken ({}); raise `slots` first", case.slots);
        return Err(Problem::new(Code::NoSlotFree, detail));
    }
    if case.position.is_none() {
        return Err(not_geocoded(case.geocode_status));
    }
    Ok(())
}

/// Refuses people who are not there, or not for the caller to assign.
async fn require_people(tx: &mut Tx, caller: &Caller, people: &[StaffId]) -> ApiResult<()> {
    let there = staff::get_many(tx, people).await?;
    let mut errors = FieldErrors::default();
    for (at, id) in people.iter().enumerate() {
        let person = there.iter().find(|person| person.id == *id);
        if !person.is_some_and(|person| caller.may(Action::Assign, person.object())) {
            let detail = "is nobody whom you may assign; see GET /v1/staff";
            errors.push(format!("/staff_ids/{at}"), "unknown", detail);
        }
    }
    errors.conclude(Ok(())).map_err(Problem::from)
}

/// An offer of which nobody has been asked yet.
fn new(caller: &Caller, case: CaseRecord, ask: OfferAsk, now: Timestamp) -> ApiResult<OfferRecord> {
    let departments = match caller.people_scope(Action::Assign)? {
        PeopleScope::Everybody => None,
        PeopleScope::Departments { of, .. } => Some(of.to_vec()),
    };
    let terms = OfferTerms {
        mode: ask.mode,
        most_people: ask.most_people,
        answer_within: ask.answer_within,
        deadline: ask.deadline(now, case.starts_at),
    };
    Ok(OfferRecord {
        id: OfferId::generate(),
        version: 1,
        case: OfferedCase {
            id: case.id,
            number: case.number.unwrap_or_default(),
            title: case.title,
            created_by: case.created_by,
            starts_at: case.starts_at,
            duration_min: case.duration_min,
            urgent: case.urgent,
            position: case.position,
            address: case.address,
        },
        offer: Offer::new(terms),
        when_unanswered: ask.when_unanswered,
        message: ask.message,
        only: ask.staff,
        policy: None,
        exact: caller.may(Action::SeeExactPositions, Object::Organization),
        departments,
        created_by: caller.staff,
        created_at: now,
        ended_at: None,
        cancel_reason: None,
        step_due_at: Some(now),
        people: Vec::new(),
    })
}
