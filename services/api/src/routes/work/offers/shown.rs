//! Offers as they are shown: whole to schedulers, and to the people asked what concerns them.

use crate::{
    http::place::LatLng,
    live::scope::Scope,
    routes::{people::staff_form::AddressInput, work::assignments::Assignment},
};
use jiff::Timestamp;
use nearhand_domain::{
    AssignmentId, CaseId, OfferId, PolicyId, StaffId,
    offer::{Asked, AskedState},
};
use nearhand_storage::offers::{OfferPerson, OfferRecord};
use serde::Serialize;
use utoipa::ToSchema;

/// An offer of a case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Offer)]
pub(crate) struct OfferShown {
    #[schema(value_type = uuid::Uuid)]
    pub(super) id: OfferId,
    /// Raised by every change; also the ETag.
    version: i64,
    #[schema(value_type = uuid::Uuid)]
    case_id: CaseId,
    case_number: String,
    case_title: String,
    /// `sequential`, `broadcast` or `availability`.
    #[schema(example = "sequential")]
    mode: &'static str,
    /// `open`; `deciding`: answers are in, somebody is to choose; `filled`, `partly_filled`,
    /// `unanswered` or `cancelled`.
    #[schema(example = "open")]
    state: &'static str,
    max_people: usize,
    /// Null: until the deadline.
    answer_within_s: Option<i64>,
    #[schema(value_type = String, format = DateTime)]
    deadline_at: Timestamp,
    #[schema(example = "notify")]
    when_unanswered: &'static str,
    message: String,
    /// The only people who may be asked; null: the best of everybody.
    #[schema(value_type = Option<Vec<uuid::Uuid>>)]
    staff_ids: Option<Vec<StaffId>>,
    /// The policy by which people are ranked; null: the built-in one.
    #[schema(value_type = Option<uuid::Uuid>)]
    policy_id: Option<PolicyId>,
    #[schema(value_type = uuid::Uuid)]
    created_by: StaffId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// Why it was taken back.
    cancel_reason: Option<String>,
    /// Those asked, in that order. The first are asked a moment after the offer was made.
    people: Vec<AskedShown>,
    /// How many more there are whom you may not see.
    people_out_of_scope: usize,
}

/// A person who was asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AskedPerson)]
pub(crate) struct AskedShown {
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    display_name: String,
    /// `asked`; `available`: they could do it; `accepted`, `declined`, `timed_out`; `withdrawn`: it
    /// ended before they answered; `unreachable`: neither app nor mail reaches them, so they were not
    /// asked.
    #[schema(example = "asked")]
    state: &'static str,
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// Their answer must come before.
    #[schema(value_type = String, format = DateTime)]
    respond_by: Timestamp,
    /// When they answered, or were no longer asked.
    #[schema(value_type = Option<String>, format = DateTime)]
    answered_at: Option<Timestamp>,
    decline_reason: Option<String>,
    /// Whether the app shows it to them.
    by_app: bool,
    /// Whether a mail was queued for them.
    by_mail: bool,
    /// What they hold by it.
    #[schema(value_type = Option<uuid::Uuid>)]
    assignment_id: Option<AssignmentId>,
}

/// An offer as the person sees it who was asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnOffer)]
pub(crate) struct OwnOffer {
    #[schema(value_type = uuid::Uuid)]
    id: OfferId,
    #[schema(value_type = uuid::Uuid)]
    case_id: CaseId,
    case_number: String,
    case_title: String,
    position: Option<LatLng>,
    #[schema(value_type = Option<AddressInput>)]
    address: Option<nearhand_domain::address::Address>,
    /// Null: as soon as possible.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    duration_min: i32,
    urgent: bool,
    /// In an `availability` offer, accepting says that one could do it; somebody chooses then.
    #[schema(example = "sequential")]
    mode: &'static str,
    message: String,
    /// `asked`, `available`, `accepted`, `declined`, `timed_out` or `withdrawn`.
    #[schema(value_type = String, example = "asked")]
    state: AskedState,
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// The answer must come before.
    #[schema(value_type = String, format = DateTime)]
    respond_by: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    answered_at: Option<Timestamp>,
    /// What one holds by it.
    #[schema(value_type = Option<uuid::Uuid>)]
    assignment_id: Option<AssignmentId>,
}

/// What an answer came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfferAnswer)]
pub(crate) struct AnswerShown {
    pub(crate) offer: OwnOffer,
    /// What one holds now; null unless the offer gave it.
    pub(crate) assignment: Option<Assignment>,
}

/// Whom a reader sees in offers.
pub(super) enum Seen {
    /// Everybody.
    Everybody,
    /// These people.
    Scope(Scope),
    /// In cases that this person made everybody, else only themselves.
    OwnCases(StaffId),
}

impl Seen {
    fn shows(&self, case_author: StaffId, person: StaffId) -> bool {
        match self {
            Self::Everybody => true,
            Self::Scope(scope) => scope.contains(&person),
            Self::OwnCases(reader) => *reader == case_author || *reader == person,
        }
    }
}

impl OfferShown {
    /// With the people whom its reader sees.
    pub(super) fn new(record: OfferRecord, seen: &Seen) -> Self {
        let author = record.case.created_by;
        let asked = record.offer.asked.iter().zip(record.people);
        let all = asked.len();
        let shown = asked.filter(|(asked, _)| seen.shows(author, asked.staff));
        let people: Vec<AskedShown> =
            shown.map(|(asked, person)| AskedShown::new(asked, person)).collect();
        let terms = record.offer.terms;
        let only =
            record.only.map(|ids| ids.into_iter().filter(|id| seen.shows(author, *id)).collect());
        Self {
            id: record.id,
            version: record.version,
            case_id: record.case.id,
            case_number: record.case.number,
            case_title: record.case.title,
            mode: terms.mode.as_str(),
            state: record.offer.state.as_str(),
            max_people: terms.most_people,
            answer_within_s: terms.answer_within.map(|within| within.as_secs()),
            deadline_at: terms.deadline,
            when_unanswered: record.when_unanswered.as_str(),
            message: record.message,
            staff_ids: only,
            policy_id: record.policy,
            created_by: record.created_by,
            created_at: record.created_at,
            ended_at: record.ended_at,
            cancel_reason: record.cancel_reason,
            people_out_of_scope: all - people.len(),
            people,
        }
    }
}

impl AskedShown {
    fn new(asked: &Asked, person: OfferPerson) -> Self {
        Self {
            staff_id: asked.staff,
            display_name: person.name,
            state: asked.state.as_str(),
            asked_at: person.asked_at,
            respond_by: asked.respond_by,
            answered_at: person.answered_at,
            decline_reason: person.decline_reason,
            by_app: person.by_app,
            by_mail: person.by_mail,
            assignment_id: person.assignment,
        }
    }
}

impl OwnOffer {
    /// Which offer.
    pub(crate) fn id(&self) -> OfferId {
        self.id
    }

    /// Whether it waits for an answer, or for being chosen.
    pub(crate) fn waits(&self) -> bool {
        matches!(self.state, AskedState::Asked | AskedState::Available)
    }

    /// What it is to one of the people asked; `None` to everybody else.
    pub(crate) fn of(record: &OfferRecord, staff: StaffId) -> Option<Self> {
        let asked = record.offer.find(staff)?;
        let person = record.person(staff)?;
        if asked.state == AskedState::Unreachable {
            return None;
        }
        let case = &record.case;
        Some(Self {
            id: record.id,
            case_id: case.id,
            case_number: case.number.clone(),
            case_title: case.title.clone(),
            position: case.position.map(LatLng::from),
            address: case.address.clone(),
            starts_at: case.starts_at,
            duration_min: case.duration_min,
            urgent: case.urgent,
            mode: record.offer.terms.mode.as_str(),
            message: record.message.clone(),
            state: asked.state,
            asked_at: person.asked_at,
            respond_by: asked.respond_by,
            answered_at: person.answered_at,
            assignment_id: person.assignment,
        })
    }
}
