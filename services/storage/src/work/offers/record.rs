//! An offer as stored, with its case in words and everybody who was asked.

use crate::{
    StorageError, Tx,
    convert::{self, corrupt},
};
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::{
    AssignmentId, CaseId, DepartmentId, OfferId, PolicyId, Position, StaffId,
    address::Address,
    offer::{Asked, AskedState, Offer, OfferMode, OfferState, OfferTerms, WhenUnanswered},
};
use sqlx::{FromRow, types::Json};
use std::collections::HashMap;
use uuid::Uuid;

/// An offer as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferRecord {
    /// Which.
    pub id: OfferId,
    /// Raised by every write; also the ETag.
    pub version: i64,
    /// The case; only its id is written.
    pub case: OfferedCase,
    /// How people are asked, and how far it has come.
    pub offer: Offer,
    /// What happens when it ends with free slots.
    pub when_unanswered: WhenUnanswered,
    /// What the people asked are told besides.
    pub message: String,
    /// The only people who may be asked.
    pub only: Option<Vec<StaffId>>,
    /// By which policy people are ranked; `None`: the built-in one.
    pub policy: Option<PolicyId>,
    /// Whether people are ranked by exact places.
    pub exact: bool,
    /// The only departments whose people may be asked.
    pub departments: Option<Vec<DepartmentId>>,
    /// Who made it.
    pub created_by: StaffId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it was taken back.
    pub cancel_reason: Option<String>,
    /// When the next job is due that was queued for it.
    pub step_due_at: Option<Timestamp>,
    /// Everybody in `offer.asked`, in the same order.
    pub people: Vec<OfferPerson>,
}

/// A case as those see it to whom it is offered.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferedCase {
    /// Which.
    pub id: CaseId,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Who made it.
    pub created_by: StaffId,
    /// When; `None`: as soon as possible.
    pub starts_at: Option<Timestamp>,
    /// How long it takes.
    pub duration_min: i32,
    /// Whether it is urgent.
    pub urgent: bool,
    /// Where.
    pub position: Option<Position>,
    /// Where, in words.
    pub address: Option<Address>,
}

/// What is known of a person's being asked besides its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferPerson {
    /// Who.
    pub staff: StaffId,
    /// What they are called. Read, not written.
    pub name: String,
    /// When they were asked.
    pub asked_at: Timestamp,
    /// When they answered, or were no longer asked.
    pub answered_at: Option<Timestamp>,
    /// Why they declined, if they said.
    pub decline_reason: Option<String>,
    /// Whether the app shows it to them.
    pub by_app: bool,
    /// Whether a mail was queued for them.
    pub by_mail: bool,
    /// What they hold by it.
    pub assignment: Option<AssignmentId>,
}

impl OfferRecord {
    /// What is known of a person's being asked.
    #[must_use]
    pub fn person(&self, staff: StaffId) -> Option<&OfferPerson> {
        self.people.iter().find(|person| person.staff == staff)
    }

    /// The same, to change it.
    pub fn person_mut(&mut self, staff: StaffId) -> Option<&mut OfferPerson> {
        self.people.iter_mut().find(|person| person.staff == staff)
    }

    /// Those whom the end of the offer concerns: they have not answered, or wait to be chosen.
    #[must_use]
    pub fn waiting(&self) -> Vec<StaffId> {
        let waits = |state| matches!(state, AskedState::Asked | AskedState::Available);
        let waiting = self.offer.asked.iter().filter(|asked| waits(asked.state));
        waiting.map(|asked| asked.staff).collect()
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT o.id, o.version, o.case_id, c.number, c.title, \
             c.created_by AS case_created_by, c.starts_at, c.duration_min, c.urgent, \
             ST_Y(c.position) AS lat, ST_X(c.position) AS lng, c.address, o.mode, o.state, o.most_people, o.answer_within_s, \
             o.deadline, o.when_unanswered, o.message, o.only_staff, o.policy_id, o.exact, \
             o.departments, o.created_by, o.created_at, o.ended_at, o.cancel_reason, \
             o.step_due_at FROM offers AS o JOIN cases AS c ON c.id = o.case_id ",
            $rest
        )
    };
}
pub(super) use select;

/// A row of `select!`.
#[derive(FromRow)]
pub(super) struct Row {
    id: Uuid,
    version: i64,
    case_id: Uuid,
    number: String,
    title: String,
    case_created_by: Uuid,
    starts_at: Option<jiff_sqlx::Timestamp>,
    duration_min: i32,
    urgent: bool,
    lat: Option<f64>,
    lng: Option<f64>,
    address: Option<Json<Address>>,
    mode: String,
    state: String,
    most_people: i16,
    answer_within_s: Option<i32>,
    deadline: jiff_sqlx::Timestamp,
    when_unanswered: String,
    message: String,
    only_staff: Option<Vec<Uuid>>,
    policy_id: Option<Uuid>,
    exact: bool,
    departments: Option<Vec<Uuid>>,
    created_by: Uuid,
    created_at: jiff_sqlx::Timestamp,
    ended_at: Option<jiff_sqlx::Timestamp>,
    cancel_reason: Option<String>,
    step_due_at: Option<jiff_sqlx::Timestamp>,
}

#[derive(FromRow)]
struct PersonRow {
    offer_id: Uuid,
    staff_id: Uuid,
    display_name: String,
    state: String,
    asked_at: jiff_sqlx::Timestamp,
    respond_by: jiff_sqlx::Timestamp,
    answered_at: Option<jiff_sqlx::Timestamp>,
    decline_reason: Option<String>,
    by_app: bool,
    by_mail: bool,
    assignment_id: Option<Uuid>,
}

/// Adds everybody who was asked.
pub(super) async fn complete(
    tx: &mut Tx,
    rows: Vec<Row>,
) -> Result<Vec<OfferRecord>, StorageError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let people: Vec<PersonRow> = sqlx::query_as(
        "SELECT p.offer_id, p.staff_id, s.display_name, p.state, p.asked_at, p.respond_by, \
         p.answered_at, p.decline_reason, p.by_app, p.by_mail, p.assignment_id \
         FROM offer_people AS p JOIN staff AS s ON s.id = p.staff_id \
         WHERE p.offer_id = ANY($1) ORDER BY p.offer_id, p.place",
    )
    .bind(ids)
    .fetch_all(&mut **tx)
    .await?;
    let mut of: HashMap<Uuid, Vec<PersonRow>> = HashMap::new();
    for person in people {
        of.entry(person.offer_id).or_default().push(person);
    }
    rows.into_iter()
        .map(|row| {
            let people = of.remove(&row.id).unwrap_or_default();
            row.into_record(people)
        })
        .collect()
}

fn unknown(what: &'static str) -> StorageError {
    corrupt(what, "an unknown word")
}

impl Row {
    fn into_record(self, people: Vec<PersonRow>) -> Result<OfferRecord, StorageError> {
        let terms = OfferTerms {
            mode: OfferMode::parse(&self.mode).ok_or_else(|| unknown("mode of an offer"))?,
            most_people: usize::try_from(self.most_people).unwrap_or_default(),
            answer_within: self.answer_within_s.map(|s| SignedDuration::from_secs(s.into())),
            deadline: self.deadline.to_jiff(),
        };
        let state = OfferState::parse(&self.state).ok_or_else(|| unknown("state of an offer"))?;
        let asked = people.iter().map(PersonRow::asked).collect::<Result<Vec<_>, _>>()?;
        let staff = |ids: Vec<Uuid>| ids.into_iter().map(StaffId).collect();
        Ok(OfferRecord {
            id: OfferId(self.id),
            version: self.version,
            case: OfferedCase {
                id: CaseId(self.case_id),
                number: self.number,
                title: self.title,
                created_by: StaffId(self.case_created_by),
                starts_at: convert::time(self.starts_at),
                duration_min: self.duration_min,
                urgent: self.urgent,
                position: convert::position(self.lat, self.lng)?,
                address: self.address.map(|address| address.0),
            },
            offer: Offer { terms, state, asked },
            when_unanswered: WhenUnanswered::parse(&self.when_unanswered)
                .ok_or_else(|| unknown("end of an offer"))?,
            message: self.message,
            only: self.only_staff.map(staff),
            policy: self.policy_id.map(PolicyId),
            exact: self.exact,
            departments: self.departments.map(|ids| ids.into_iter().map(DepartmentId).collect()),
            created_by: StaffId(self.created_by),
            created_at: self.created_at.to_jiff(),
            ended_at: convert::time(self.ended_at),
            cancel_reason: self.cancel_reason,
            step_due_at: convert::time(self.step_due_at),
            people: people.into_iter().map(OfferPerson::from).collect(),
        })
    }
}

impl PersonRow {
    fn asked(&self) -> Result<Asked, StorageError> {
        Ok(Asked {
            staff: StaffId(self.staff_id),
            state: AskedState::parse(&self.state).ok_or_else(|| unknown("answer to an offer"))?,
            respond_by: self.respond_by.to_jiff(),
        })
    }
}

impl From<PersonRow> for OfferPerson {
    fn from(row: PersonRow) -> Self {
        Self {
            staff: StaffId(row.staff_id),
            name: row.display_name,
            asked_at: row.asked_at.to_jiff(),
            answered_at: convert::time(row.answered_at),
            decline_reason: row.decline_reason,
            by_app: row.by_app,
            by_mail: row.by_mail,
            assignment: row.assignment_id.map(AssignmentId),
        }
    }
}
