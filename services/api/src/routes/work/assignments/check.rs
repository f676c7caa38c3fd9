//! `POST /v1/assignments/check`: what speaks against an assignment, before anybody makes it. Asks
//! the same judge as assigning does, and must not change anything.

use super::{
    by::By,
    form::{Ask, Given, Overridable, PatchAsk, duration, start},
    judge::{Judge, Judged, asks_nothing_new},
    locked::{self, Locked},
    rules::{self, Against},
    shown::{drive_min, may_see_drive},
};
use crate::{
    access::caller::Caller,
    http::{
        body::{Field, Form, JsonBody, Unknown, any, forms},
        codes::Code,
        problem::{ApiResult, Problem},
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_domain::{
    AssignmentId, CaseId, StaffId,
    access::{Action, Object},
    assignment::HeldTime,
    field::{FieldErrors, Reported},
    schedule::is_within,
};
use nearhand_recommend::Rule;
use nearhand_storage::{
    Tx,
    assignments::{self, AssignmentRecord, ClientObjection, Conflicting},
    organizations,
    staff::{self, StaffRecord},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The address under which a look at a person's live position is recorded.
const ROUTE: &str = "/v1/assignments/check";

/// An assignment that somebody thinks of.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AssignmentCheckInput,
    example = json!({ "case_id": "0192f3a1-7c5e-7d2b-8f00-3c1d5e9a4b11",
        "staff_id": "0192f3a1-7c5e-7d2b-8f00-3c1d5e9a4b10", "duration_min": 90 }))]
pub(crate) struct CheckForm {
    /// The case.
    #[serde(default)]
    #[schema(value_type = Uuid, required)]
    case_id: Field<Uuid>,
    /// Who would be assigned.
    #[serde(default)]
    #[schema(value_type = Uuid, required)]
    staff_id: Field<Uuid>,
    /// From when; as in assigning unless given.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Field<Timestamp>,
    /// For how long; as in assigning unless given.
    #[serde(default)]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 10080)]
    duration_min: Field<i32>,
    /// An assignment of this case that would be changed; without it a new one is judged.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    assignment_id: Field<Uuid>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(CheckForm);

/// What the assignment would be, and what speaks against it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AssignmentCheck {
    /// From when the person would be held.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// The estimated drive in it, as of an assignment.
    eta_min: Option<f64>,
    /// All that speaks against it; empty: nothing does.
    against: Vec<AgainstAssignment>,
}

/// Something that speaks against an assignment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgainstAssignment {
    /// `excluded_by_client`, `not_on_required_panel`, `time_off`, `double_booked` or
    /// `outside_working_hours`, the rules of recommendations; or `case_closed`, `inactive`,
    /// `already_assigned`, `no_slot_free` or `assignment_ended`, with which assigning is refused.
    #[schema(example = "double_booked")]
    code: &'static str,
    /// The same in words.
    detail: String,
    /// Whether the person can be assigned all the same.
    overridable: bool,
    /// What `override.rules` must name then: `overlap`, `excluded_by_client` or
    /// `not_on_required_panel`. Null where nothing need be overridden, or nothing helps.
    override_rule: Option<&'static str>,
    /// What else the person has, with `double_booked` and `time_off`.
    meets: Option<MetByAssignment>,
}

/// What else a person has at the time of an assignment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MetByAssignment {
    /// The assignment's, or the absence's.
    id: Uuid,
    /// The case of an assignment.
    #[schema(value_type = Option<Uuid>)]
    case_id: Option<CaseId>,
    /// Its number.
    case_number: Option<String>,
    /// Its title.
    case_title: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// Until when they are busy, or away.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

/// What is asked.
struct Question {
    case: CaseId,
    staff: StaffId,
    assignment: Option<AssignmentId>,
    ask: Ask,
}

/// Says what speaks against an assignment, without making it.
///
/// Judges as assigning does, or as changing the assignment that is named does, but says everything
/// at once. Working hours are told, too, which assigning does not look at. A drive that was
/// estimated from a live position is a recorded read.
// `Idempotency-Key` is ignored: nothing is created.
#[utoipa::path(post, path = "/v1/assignments/check", operation_id = "check_assignment",
    tag = "assignments",
    responses((status = 200, description = "What speaks against it", body = AssignmentCheck)))]
pub(crate) async fn check(
    State(state): State<ApiState>,
    caller: Caller,
    JsonBody(form): JsonBody<CheckForm>,
) -> ApiResult<Json<AssignmentCheck>> {
    caller.require(Action::Assign, Object::Organization)?;
    let question = form.check(CheckForm::read)?;
    let mut tx = caller.read(&state).await?;
    let judge = Judge::new(&state, By::Scheduler(&caller), ROUTE);
    let (judged, person) = match question.assignment {
        None => judge_new(&judge, &mut tx, &caller, &question).await?,
        Some(id) => judge_change(&judge, &mut tx, &caller, id, &question).await?,
    };
    let zone = organizations::get(&mut tx, false).await?.time_zone;
    // Ends the locks, and keeps the record of the read.
    tx.commit().await?;
    let Judged { held, eta_milli_min, against } = judged;
    let against = against.into_iter().flat_map(AgainstAssignment::all);
    let against = against.chain(outside_hours(person.as_ref(), held, &zone)).collect();
    let eta_min = eta_milli_min.filter(|_| may_see_drive(&caller, question.staff)).map(drive_min);
    let HeldTime { starts_at, ends_at } = held;
    Ok(Json(AssignmentCheck { starts_at, ends_at, eta_min, against }))
}

/// Judges a new assignment.
async fn judge_new(
    judge: &Judge<'_>,
    tx: &mut Tx,
    caller: &Caller,
    question: &Question,
) -> ApiResult<(Judged, Option<StaffRecord>)> {
    let Question { case, staff, ask, .. } = question;
    let unknown = || Problem::field("/case_id", "unknown", "is no case; see GET /v1/cases");
    let case = assignments::lock_case(tx, *case).await?.ok_or_else(unknown)?;
    let object = Object::Assignment { holder: None, created_by: case.created_by };
    caller.require(Action::Assign, object).map_err(|problem| hidden(problem, unknown))?;
    let person = locked::assignable(tx, caller, *staff).await?;
    let judged = judge.assigned(tx, &case, &person, ask).await?;
    Ok((judged, Some(person)))
}

/// Judges a change of an assignment, or the assignment as it is if nothing is to change. Working hours
/// are looked at for the person who is returned: nothing is said of them once it has ended.
async fn judge_change(
    judge: &Judge<'_>,
    tx: &mut Tx,
    caller: &Caller,
    id: AssignmentId,
    question: &Question,
) -> ApiResult<(Judged, Option<StaffRecord>)> {
    let unknown = || {
        let detail = "is no assignment that you may change; see GET /v1/assignments";
        Problem::field("/assignment_id", "unknown", detail)
    };
    let locked = Locked::of(tx, caller, id, Some(question.staff)).await;
    let locked = locked.map_err(|problem| hidden(problem, unknown))?;
    if locked.case.id != question.case {
        let detail = format!("the assignment is of another case, {}", locked.case.id);
        return Err(Problem::field("/case_id", "invalid", detail));
    }
    let ask = PatchAsk {
        staff: Some(question.staff),
        times: question.ask.clone(),
        ..PatchAsk::default()
    };
    if let Some(ended) = rules::ended(&locked.before) {
        let AssignmentRecord { held, eta_milli_min, .. } = locked.before;
        return Ok((Judged { held, eta_milli_min, against: vec![ended] }, None));
    }
    let (after, against) = if asks_nothing_new(&locked.before, &ask) {
        (locked.before.clone(), judge.standing(tx, &locked).await?)
    } else {
        judge.changed(tx, &locked, &ask).await?
    };
    let person = match locked.next {
        Some(next) => Some(next),
        None => staff::get_any(tx, question.staff).await?,
    };
    Ok((Judged { held: after.held, eta_milli_min: after.eta_milli_min, against }, person))
}

/// What the form names and the caller may not know of is as good as unknown.
fn hidden(problem: Problem, unknown: impl FnOnce() -> Problem) -> Problem {
    if problem.code() == Code::NotFound { unknown() } else { problem }
}

/// Work beyond a person's hours. Nothing recorded counts as always available.
fn outside_hours(
    person: Option<&StaffRecord>,
    held: HeldTime,
    zone: &str,
) -> Option<AgainstAssignment> {
    let time = held.seconds();
    let hours = person?.hours_around(time, zone)?;
    if is_within(&hours, time) {
        return None;
    }
    Some(AgainstAssignment {
        code: Rule::OutsideWorkingHours.code(),
        detail: "it reaches beyond their working hours".to_owned(),
        overridable: true,
        override_rule: None,
        meets: None,
    })
}

impl AgainstAssignment {
    /// One entry for each thing that the person has at that time, one for anything else.
    fn all(against: Against) -> Vec<Self> {
        let rule = against.rule();
        let told = |code, detail| Self {
            code,
            detail,
            overridable: rule.is_some(),
            override_rule: rule.map(Overridable::as_str),
            meets: None,
        };
        match against {
            Against::Refusal(problem) => {
                vec![told(problem.code().as_str(), problem.detail().to_owned())]
            }
            Against::Client(objection) => {
                let code = match objection {
                    ClientObjection::Excluded => Rule::ExcludedByClient.code(),
                    ClientObjection::NotOnPanel => Rule::NotOnRequiredPanel.code(),
                };
                vec![told(code, rules::objected(objection).to_owned())]
            }
            Against::Taken(_, found) => {
                let met = |one: Conflicting| {
                    let rule = if one.case.is_some() { Rule::DoubleBooked } else { Rule::TimeOff };
                    let detail = rules::described(&one);
                    Self { meets: Some(one.into()), ..told(rule.code(), detail) }
                };
                found.into_iter().map(met).collect()
            }
        }
    }
}

impl From<Conflicting> for MetByAssignment {
    fn from(one: Conflicting) -> Self {
        let Conflicting { id, case, case_number, case_title, starts_at, ends_at } = one;
        Self { id, case_id: case, case_number, case_title, starts_at, ends_at }
    }
}

impl CheckForm {
    fn read(self, e: &mut FieldErrors) -> Result<Question, Reported> {
        let case = self.case_id.required("/case_id", e, any);
        let staff = self.staff_id.required("/staff_id", e, any);
        let assignment = self.assignment_id.optional("/assignment_id", e, any);
        let ask = Ask {
            starts_at: start(self.starts_at, e).set(),
            duration_min: duration(self.duration_min, e).set(),
            overriding: None,
        };
        Ok(Question {
            case: CaseId(case?),
            staff: StaffId(staff?),
            assignment: assignment.map(AssignmentId),
            ask,
        })
    }
}
