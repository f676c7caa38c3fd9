//! What may be said about an assignment. Judges each field by itself; what speaks against an
//! assignment is elsewhere.

use super::MAX_REASON;
use crate::http::body::{Field, Form, Patch, Unknown, any, forms, read_list};
use jiff::Timestamp;
use nearhand_domain::{
    StaffId,
    assignment::AssignmentState,
    clock::to_millis,
    field::{FieldErrors, Reported},
    text::line,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Longest duration: a week.
const MAX_DURATION_MIN: i32 = 10_080;
/// Starts lie between 2000-01-01 and 2200-01-01, in Unix seconds.
const STARTS: std::ops::Range<i64> = 946_684_800..7_258_118_400;

/// What speaks against an assignment and may be overridden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Overridable {
    Overlap,
    ExcludedByClient,
    NotOnRequiredPanel,
}

/// An override that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Overriding {
    pub(super) reason: String,
    pub(super) rules: Vec<Overridable>,
}

/// How somebody is to be assigned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    pub(super) starts_at: Option<Timestamp>,
    pub(super) duration_min: Option<i32>,
    pub(super) overriding: Option<Overriding>,
}

/// How an assignment is to be changed.
#[derive(Clone, Debug, Default)]
pub(super) struct PatchAsk {
    pub(super) staff: Option<StaffId>,
    pub(super) state: Option<AssignmentState>,
    pub(super) cancel_reason: Option<String>,
    pub(super) times: Ask,
}

/// An assignment to be.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AssignmentInput,
    example = json!({ "staff_id": "0192f3a1-7c5e-7d2b-8f00-3c1d5e9a4b10", "duration_min": 90 }))]
pub(crate) struct AssignmentForm {
    /// Who is assigned.
    #[serde(default)]
    #[schema(value_type = Uuid, required)]
    staff_id: Field<Uuid>,
    /// From when; the case's start unless given, and without one as soon as possible: from now on,
    /// for the estimated drive and the duration.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Field<Timestamp>,
    /// For how long; the case's duration unless given.
    #[serde(default)]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 10080)]
    duration_min: Field<i32>,
    /// Assigns although something speaks against it.
    #[serde(default, rename = "override")]
    #[schema(value_type = Option<OverrideForm>)]
    overriding: Field<OverrideForm>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A change of an assignment: what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AssignmentPatch, example = json!({ "state": "en_route" }))]
pub(crate) struct AssignmentPatch {
    /// Somebody else who is to have it.
    #[serde(default)]
    #[schema(value_type = Uuid)]
    staff_id: Field<Uuid>,
    /// `en_route`, `on_site`, `done` or `cancelled`.
    #[serde(default)]
    #[schema(value_type = String)]
    state: Field<String>,
    /// Why it is cancelled; at most 500 characters.
    #[serde(default)]
    #[schema(value_type = String, max_length = 500)]
    cancel_reason: Field<String>,
    /// From when.
    #[serde(default)]
    #[schema(value_type = String, format = DateTime)]
    starts_at: Field<Timestamp>,
    /// For how long, without the drive.
    #[serde(default)]
    #[schema(value_type = i32, minimum = 1, maximum = 10080)]
    duration_min: Field<i32>,
    /// Changes it although something speaks against it.
    #[serde(default, rename = "override")]
    #[schema(value_type = Option<OverrideForm>)]
    overriding: Field<OverrideForm>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// An override: recorded, and shown with the assignment.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AssignmentOverride)]
pub(crate) struct OverrideForm {
    /// At most 500 characters.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 500)]
    reason: Field<String>,
    /// What is overridden: any of `overlap`, `excluded_by_client`, `not_on_required_panel`; only
    /// `overlap` unless given.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    rules: Field<Vec<String>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(AssignmentForm, AssignmentPatch, OverrideForm);

impl Overridable {
    const ALL: [Self; 3] = [Self::Overlap, Self::ExcludedByClient, Self::NotOnRequiredPanel];

    /// The word on the wire; the code of the refusal.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Overlap => "overlap",
            Self::ExcludedByClient => "excluded_by_client",
            Self::NotOnRequiredPanel => "not_on_required_panel",
        }
    }
}

impl Overriding {
    /// Whether this rule is overridden.
    pub(super) fn names(&self, rule: Overridable) -> bool {
        self.rules.contains(&rule)
    }
}

impl AssignmentForm {
    pub(super) fn read(self, e: &mut FieldErrors) -> Result<(StaffId, Ask), Reported> {
        let staff = self.staff_id.required("/staff_id", e, any);
        let ask = Ask {
            starts_at: start(self.starts_at, e).set(),
            duration_min: duration(self.duration_min, e).set(),
            overriding: overriding(self.overriding, e),
        };
        Ok((StaffId(staff?), ask))
    }
}

impl AssignmentPatch {
    pub(super) fn read(self, e: &mut FieldErrors) -> Result<PatchAsk, Reported> {
        let staff = self.staff_id.replacement("/staff_id", e, any).map(StaffId);
        let state = self.state.replacement("/state", e, |word| {
            AssignmentState::parse(&word)
                .ok_or("must be one of assigned, en_route, on_site, done, cancelled")
        });
        let cancel_reason =
            self.cancel_reason.optional("/cancel_reason", e, |text| line(&text, MAX_REASON));
        if cancel_reason.is_some() && state != Some(AssignmentState::Cancelled) {
            e.push("/cancel_reason", "invalid", "goes only with the state `cancelled`");
        }
        let starts_at = start(self.starts_at, e).kept("/starts_at", e);
        let duration_min = duration(self.duration_min, e).kept("/duration_min", e);
        let overriding = overriding(self.overriding, e);
        Ok(PatchAsk {
            staff,
            state,
            cancel_reason,
            times: Ask { starts_at, duration_min, overriding },
        })
    }
}

/// A change of a value that may be left out.
pub(super) trait Given<T> {
    /// The value; null is as good as nothing.
    fn set(self) -> Option<T>;
    /// The value; null is an error.
    fn kept(self, pointer: &str, e: &mut FieldErrors) -> Option<T>;
}

impl<T> Given<T> for Patch<T> {
    fn set(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    fn kept(self, pointer: &str, e: &mut FieldErrors) -> Option<T> {
        if matches!(self, Self::Clear) {
            e.push(pointer, "required", "cannot be removed");
        }
        self.set()
    }
}

pub(super) fn start(field: Field<Timestamp>, e: &mut FieldErrors) -> Patch<Timestamp> {
    let allowed = "an instant between 2000 and 2200, such as 2026-03-01T08:00:00Z,";
    field.expecting("/starts_at", e, allowed).patch("/starts_at", e, |at| {
        let known = STARTS.contains(&at.as_second());
        if known { Ok(to_millis(at)) } else { Err("must lie between 2000 and 2200") }
    })
}

pub(super) fn duration(field: Field<i32>, e: &mut FieldErrors) -> Patch<i32> {
    let allowed = "a whole number of minutes from 1 to 10,080";
    field.expecting("/duration_min", e, allowed).patch("/duration_min", e, |minutes| {
        let fits = (1..=MAX_DURATION_MIN).contains(&minutes);
        if fits { Ok(minutes) } else { Err("must be a whole number of minutes from 1 to 10,080") }
    })
}

fn overriding(field: Field<OverrideForm>, e: &mut FieldErrors) -> Option<Overriding> {
    let form = field.optional("/override", e, any)?;
    let read = form.check_at("/override", e, |form, e| {
        let reason = form.reason.required("/override/reason", e, |text| line(&text, MAX_REASON));
        let rules = form.rules.optional("/override/rules", e, any).map(|words| {
            let read = |word: String, at: &str, e: &mut FieldErrors| {
                let known = Overridable::ALL.into_iter().find(|rule| rule.as_str() == word);
                let detail = "must be overlap, excluded_by_client or not_on_required_panel";
                e.check(at, "invalid", known.ok_or(detail))
            };
            read_list(words, "/override/rules", Overridable::ALL.len(), e, read, |rule| *rule)
        });
        let rules = rules.unwrap_or_else(|| vec![Overridable::Overlap]);
        Ok(Overriding { reason: reason?, rules })
    });
    read.ok()
}
