//! What may be said about an offer. Judges each field by itself.

use crate::http::body::{Field, Unknown, any, forms, read_list};
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::{
    PolicyId, StaffId,
    field::{FieldErrors, Reported},
    offer::{OfferMode, WhenUnanswered},
    text::{line, lines},
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most people who are asked in all.
const MOST_PEOPLE: usize = 200;
/// Most people who are chosen: no case has more slots.
const MOST_CHOSEN: usize = 50;
/// How many are asked unless somebody says.
const DEFAULT_PEOPLE: usize = 20;
/// The longest that a person may take: a week.
const LONGEST_ANSWER_S: i64 = 604_800;
/// How long a person may take who is asked alone, unless somebody says.
const DEFAULT_ANSWER_S: i64 = 600;
/// How long an offer lasts at most.
const LONGEST_OFFER: SignedDuration = SignedDuration::from_hours(24 * 30);
/// How long it lasts unless somebody says.
const DEFAULT_OFFER: SignedDuration = SignedDuration::from_hours(24);
/// Longest message, in characters.
const MAX_MESSAGE: usize = 1_000;
/// Longest reason, in characters.
pub(super) const MAX_REASON: usize = 500;

/// How a case is to be offered.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OfferInput, example = json!({ "mode": "sequential", "answer_within_s": 300,
    "message": "The client waits at the gate." }))]
pub(crate) struct OfferForm {
    /// `sequential`: best first, the next after a decline or a time-out. `broadcast`: all at once, the
    /// first to accept get the slots. `availability`: all at once who could, then somebody chooses.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "sequential")]
    mode: Field<String>,
    /// The only people who may be asked, at most 200; the best of everybody unless given.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 200)]
    staff_ids: Field<Vec<Uuid>>,
    /// Most people who are asked in all, 1 to 200; 20 unless given.
    #[serde(default)]
    #[schema(value_type = Option<usize>, minimum = 1, maximum = 200)]
    max_people: Field<usize>,
    /// How long each may take, 1 to 604,800. Unless given 600 in a sequential offer, else until the
    /// deadline.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 604_800)]
    answer_within_s: Field<i64>,
    /// When the whole offer ends, at most 30 days ahead; in a day or at the start of the case, whichever
    /// is first, unless given.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    deadline_at: Field<Timestamp>,
    /// When it ends with free slots: `notify` mails its author, `mark_urgent` makes the case urgent as
    /// well, `close` does nothing.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "notify")]
    when_unanswered: Field<String>,
    /// Told to everybody who is asked; at most 1,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    message: Field<String>,
    /// The policy to rank by, which needs `recommendations:edit`; the organisation's default unless
    /// given.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    policy_id: Field<Uuid>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// Who is chosen.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChoiceInput,
    example = json!({ "staff_ids": ["0192f3a1-7c5e-7d2b-8f00-3c1d5e9a4b10"] }))]
pub(crate) struct ChoiceForm {
    /// People who could do it, at most as many as there are free slots.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, required, min_items = 1, max_items = 50)]
    staff_ids: Field<Vec<Uuid>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// Why an offer is declined.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = DeclineInput, example = json!({ "reason": "My car is in the garage." }))]
pub(crate) struct DeclineForm {
    /// Shown to schedulers; at most 500 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    reason: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(OfferForm, ChoiceForm, DeclineForm);

/// An offer to be.
pub(super) struct OfferAsk {
    pub(super) mode: OfferMode,
    pub(super) staff: Option<Vec<StaffId>>,
    pub(super) most_people: usize,
    pub(super) answer_within: Option<SignedDuration>,
    pub(super) deadline: Option<Timestamp>,
    pub(super) when_unanswered: WhenUnanswered,
    pub(super) message: String,
    pub(super) policy: Option<PolicyId>,
}

impl OfferAsk {
    /// When it ends, for a case that starts then.
    pub(super) fn deadline(&self, now: Timestamp, starts_at: Option<Timestamp>) -> Timestamp {
        let day = now.checked_add(DEFAULT_OFFER).unwrap_or(Timestamp::MAX);
        let start = starts_at.filter(|start| *start > now);
        self.deadline.unwrap_or_else(|| start.map_or(day, |start| start.min(day)))
    }
}

impl OfferForm {
    pub(super) fn read(self, now: Timestamp, e: &mut FieldErrors) -> Result<OfferAsk, Reported> {
        let mode = self.mode.optional("/mode", e, |word| {
            let detail = "must be sequential, broadcast or availability";
            OfferMode::parse(&word).ok_or(detail)
        });
        let mode = mode.unwrap_or(OfferMode::Sequential);
        let staff = self.staff_ids.optional("/staff_ids", e, any);
        let staff = staff.map(|ids| people(ids, MOST_PEOPLE, e)).transpose();
        let most_people = self.max_people.optional("/max_people", e, |count| {
            if (1..=MOST_PEOPLE).contains(&count) { Ok(count) } else { Err("must be 1 to 200") }
        });
        let within = self.answer_within_s.optional("/answer_within_s", e, |seconds| {
            let fits = (1..=LONGEST_ANSWER_S).contains(&seconds);
            if fits { Ok(seconds) } else { Err("must be 1 to 604800") }
        });
        let alone = (mode == OfferMode::Sequential).then_some(DEFAULT_ANSWER_S);
        let deadline = self.deadline_at.expecting("/deadline_at", e, "an instant ahead");
        let deadline = deadline.optional("/deadline_at", e, |at| {
            let last = now.checked_add(LONGEST_OFFER).unwrap_or(Timestamp::MAX);
            let ahead = at > now && at <= last;
            if ahead { Ok(at) } else { Err("must lie ahead, by 30 days at most") }
        });
        let when_unanswered = self.when_unanswered.optional("/when_unanswered", e, |word| {
            WhenUnanswered::parse(&word).ok_or("must be notify, mark_urgent or close")
        });
        let message = self.message.optional("/message", e, |text| lines(&text, MAX_MESSAGE));
        let policy = self.policy_id.optional("/policy_id", e, |id| any(PolicyId(id)));
        Ok(OfferAsk {
            mode,
            staff: staff?,
            most_people: most_people.unwrap_or(DEFAULT_PEOPLE),
            answer_within: within.or(alone).map(SignedDuration::from_secs),
            deadline,
            when_unanswered: when_unanswered.unwrap_or(WhenUnanswered::Notify),
            message: message.unwrap_or_default(),
            policy,
        })
    }
}

impl ChoiceForm {
    pub(super) fn read(self, e: &mut FieldErrors) -> Result<Vec<StaffId>, Reported> {
        let ids = self.staff_ids.required("/staff_ids", e, any)?;
        people(ids, MOST_CHOSEN, e)
    }
}

impl DeclineForm {
    /// A reason that says nothing is none.
    pub(crate) fn read(self, e: &mut FieldErrors) -> Result<Option<String>, Reported> {
        Ok(reason(self.reason, e))
    }
}

/// Why somebody declines.
pub(crate) fn reason(field: Field<String>, e: &mut FieldErrors) -> Option<String> {
    field.optional("/reason", e, |text| {
        if text.trim().is_empty() { Ok(None) } else { line(&text, MAX_REASON).map(Some) }
    })?
}

/// A list of people that names somebody.
fn people(ids: Vec<Uuid>, most: usize, e: &mut FieldErrors) -> Result<Vec<StaffId>, Reported> {
    if ids.is_empty() {
        return Err(e.push("/staff_ids", "required", "name at least one person"));
    }
    Ok(read_list(ids, "/staff_ids", most, e, |id, _, _| Ok(StaffId(id)), |id| *id))
}
