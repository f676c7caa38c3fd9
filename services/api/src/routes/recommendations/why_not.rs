//! `/v1/recommendations/why-not`: why somebody is not among those recommended. It ranks anew, and
//! says no more than the same caller's ranking does.

use crate::{
    access::caller::Caller,
    http::{
        body::{Field, Form, JsonBody, Unknown, any},
        problem::{ApiResult, Problem},
    },
    live::view::record_read,
    routes::recommendations::{
        answer::{Basis, disclosure_word, points},
        create::{Prepared, look, prepare},
        form::{Ask, RecommendationForm},
        policy::PolicyRef,
        trial::Trial,
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_dispatch::kept::Versions;
use nearhand_domain::{
    CaseId, StaffId,
    access::{Action, Object},
    clock,
    field::{FieldErrors, Reported},
};
use nearhand_index::OrgIndex;
use nearhand_recommend::{
    Change, Disclosure, FailedRule, Item, LastListed, Query, Rule, Standing, Term, TermGap, WhyNot,
    WouldList,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The question that was asked, and about whom.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = WhyNotInput, example = json!({ "staff_id": "01920000-0000-7000-8000-000000000001",
    "place": { "position": { "lat": 38.7071, "lng": -9.1355 }, "duration_min": 90 }, "limit": 5 }))]
pub(crate) struct WhyNotForm {
    /// About whom.
    #[serde(default)]
    #[schema(value_type = uuid::Uuid, required)]
    staff_id: Field<Uuid>,
    /// As in `POST /v1/recommendations`.
    #[schema(inline)]
    #[serde(flatten)]
    question: RecommendationForm,
}

/// Why somebody is not listed, or where they stand.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhyNot)]
pub(crate) struct WhyNotShown {
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    display_name: Option<String>,
    /// The instant it was ranked for.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// The instant it was made.
    #[schema(value_type = String, format = DateTime)]
    shown_at: Timestamp,
    /// Equal version, equal content of the index, on any process.
    #[schema(example = "00000000000000000000000000000000")]
    index_version: String,
    /// The policy it was ranked by.
    policy: PolicyRef,
    /// Null for a place that is no case.
    #[schema(value_type = Option<uuid::Uuid>)]
    case_id: Option<CaseId>,
    case_version: Option<i64>,
    /// `exact`, or `coarse`: computed from the centres of H3 cells of resolution 7.
    #[schema(example = "exact")]
    disclosure: &'static str,
    /// Whether no rule removes them.
    eligible: bool,
    /// The rules that remove them, in the order of the rules.
    failed: Vec<FailedRuleShown>,
    /// Where they stand, if they are eligible; else null.
    standing: Option<StandingShown>,
}

/// A rule that removes somebody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailedRule)]
struct FailedRuleShown {
    #[schema(value_type = String, example = "missing_skill")]
    rule: Rule,
    /// What the person has and what is needed: each `{of, has, needs}`. A value is a number, a word,
    /// `{from, until}`, or null.
    #[schema(value_type = Vec<Object>, example = json!([{ "of": "camera", "has": 1, "needs": 3 }]))]
    items: Vec<Item>,
    /// The smallest change that lets this rule pass: its kind in `change`, and its values. The others
    /// may still fail.
    #[schema(value_type = Object, example = json!({ "change": "required_skills",
        "skills": [{ "skill": "camera", "to": 1 }] }))]
    change: Change,
    /// Items and change in words.
    detail: String,
}

/// Where an eligible person stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Standing)]
struct StandingShown {
    /// The place among all the eligible, from 1.
    rank: usize,
    /// Whether they are listed.
    listed: bool,
    /// Points, 0 to 100.
    score: f64,
    /// The same in whole millionths.
    score_micropoints: u64,
    /// The last one listed; null if nobody is.
    last: Option<LastShown>,
    /// The smallest single change of the person that would list them; null for those listed, and where
    /// no single change is enough.
    smallest_change: Option<WouldListShown>,
    /// The other single changes that would, the smaller ones first.
    other_changes: Vec<WouldListShown>,
}

/// The last one listed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LastListed)]
struct LastShown {
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    rank: usize,
    score_micropoints: u64,
    /// How much higher their score is; negative for somebody who stands before them.
    gap_micropoints: i64,
    /// The same for each term: these add up to the gap.
    terms: Vec<TermGapShown>,
}

/// How far the last one listed is ahead in one term.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TermGap)]
struct TermGapShown {
    #[schema(value_type = String, example = "travel")]
    term: Term,
    /// What the person earns.
    has_micropoints: u64,
    /// What the last one listed earns.
    last_micropoints: u64,
    gap_micropoints: i64,
}

/// A change that would list somebody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WouldList)]
struct WouldListShown {
    /// Its kind in `change`, and its values.
    #[schema(value_type = Object, example = json!({ "change": "eta_min", "at_most": 14.0, "has": 31.0 }))]
    change: Change,
    /// The same in words.
    #[schema(example = "ETA at most 14 min, has 31")]
    detail: String,
    /// The score then. It was ranked with the change made.
    score_micropoints: u64,
    /// The place then.
    rank: usize,
}

/// Says why somebody is not recommended.
///
/// Ranks anew for the same request as `POST /v1/recommendations`. A person whom rules remove gets
/// every failed rule with what they have, what is needed, and the smallest change that lets the rule
/// pass. Others get their rank, how far the last one listed is ahead, and the single changes that
/// would list them.
///
/// Callers without `positions:read` get numbers computed from the centres of H3 cells. People outside
/// the caller's view scope are not found. An answer with exact values is a recorded read.
// `Idempotency-Key` is ignored: nothing is created.
#[utoipa::path(post, path = "/v1/recommendations/why-not", operation_id = "ask_why_not",
    tag = "recommendations",
    responses((status = 200, description = "Rules that fail, or where they stand",
        body = WhyNotShown)))]
pub(crate) async fn ask(
    State(state): State<ApiState>,
    caller: Caller,
    JsonBody(form): JsonBody<WhyNotForm>,
) -> ApiResult<Json<WhyNotShown>> {
    caller.require(Action::Recommend, Object::Organization)?;
    let now = clock::now();
    let (ask, trial, staff) = form.check(|form, e| form.read(now, e))?;
    let prepared = prepare(&state, &caller, ask, trial, now).await?;
    let route = "/v1/recommendations/why-not";
    why_not(&state, &caller, prepared, staff, route).await.map(|(answer, _)| Json(answer))
}

/// Answers why a person is not recommended for a request, among everybody, wherever they are; and
/// whether the person is shown inside the request's viewport. The caller must be allowed to
/// [`Action::Recommend`], and to learn what the request was prepared for.
pub(super) async fn why_not(
    state: &ApiState,
    caller: &Caller,
    prepared: Prepared,
    staff: StaffId,
    route: &'static str,
) -> ApiResult<(WhyNotShown, Option<bool>)> {
    let (request, basis) = (prepared.request, prepared.basis.clone());
    let has_viewport = prepared.viewport.is_some();
    let follower = state.follower().clone();
    let explain = move |index: &OrgIndex, prepared: &Prepared| {
        let Prepared { case, policy, request, scope, viewport, .. } = prepared;
        let query = Query::new(index, case, policy, request.as_of, request.disclosure)
            .shown_at(request.shown_at)
            .within(scope.as_deref());
        let answer = query.why_not(staff, request.limit)?;
        let profile = Versions::of(staff, index).unwrap_or_default().profile;
        let name = follower.display_name_at(staff, profile).map(|name| name.to_string());
        let inside = query.inside(*viewport).shows_inside(staff);
        Some((answer, index.index_version().to_string(), name, inside))
    };
    // Counting who comes before an eligible person reads everybody.
    let found = look(state, caller.organization, true, prepared, explain).await?;
    let (answer, index_version, name, inside) = found.ok_or_else(Problem::not_found)?;
    if request.disclosure == Disclosure::Exact {
        let last = answer.standing.as_ref().and_then(|standing| standing.last.as_ref());
        let mut people: Vec<StaffId> = last.map(|last| last.staff).into_iter().collect();
        if !people.contains(&staff) {
            people.push(staff);
        }
        record_read(state, caller, route, &people).await?;
    }
    let shown = WhyNotShown::new(answer, index_version, basis, name);
    Ok((shown, inside.filter(|_| has_viewport)))
}

impl Form for WhyNotForm {
    fn unknown(&self) -> &Unknown {
        self.question.unknown()
    }
}

impl WhyNotForm {
    fn read(self, now: Timestamp, e: &mut FieldErrors) -> Result<(Ask, Trial, StaffId), Reported> {
        let staff = self.staff_id.required("/staff_id", e, any);
        let (ask, trial) = self.question.read(now, e)?;
        if ask.within.is_some() {
            let detail = "leave it out: people outside a viewport are not judged";
            return Err(e.push("/bbox", "invalid", detail));
        }
        Ok((ask, trial, StaffId(staff?)))
    }
}

impl WhyNotShown {
    fn new(
        answer: WhyNot,
        index_version: String,
        basis: Basis,
        display_name: Option<String>,
    ) -> Self {
        let disclosure = if basis.exact { Disclosure::Exact } else { Disclosure::Coarse };
        Self {
            staff_id: answer.staff,
            display_name,
            as_of: Timestamp::from_second(basis.as_of).unwrap_or_default(),
            shown_at: Timestamp::from_second(basis.shown_at).unwrap_or_default(),
            index_version,
            policy: basis.policy,
            case_id: basis.case.map(|(id, _)| id),
            case_version: basis.case.map(|(_, version)| version),
            disclosure: disclosure_word(disclosure),
            eligible: answer.eligible,
            failed: answer.failed.into_iter().map(FailedRuleShown::from).collect(),
            standing: answer.standing.map(StandingShown::from),
        }
    }
}

impl From<FailedRule> for FailedRuleShown {
    fn from(FailedRule { rule, items, change, detail }: FailedRule) -> Self {
        Self { rule, items, change, detail }
    }
}

impl From<Standing> for StandingShown {
    fn from(standing: Standing) -> Self {
        let mut changes = standing.would_list.into_iter().map(WouldListShown::from);
        Self {
            rank: standing.rank,
            listed: standing.listed,
            score: points(standing.score_micropoints),
            score_micropoints: standing.score_micropoints,
            last: standing.last.map(LastShown::from),
            smallest_change: changes.next(),
            other_changes: changes.collect(),
        }
    }
}

impl From<LastListed> for LastShown {
    fn from(last: LastListed) -> Self {
        Self {
            staff_id: last.staff,
            rank: last.rank,
            score_micropoints: last.score_micropoints,
            gap_micropoints: last.gap_micropoints,
            terms: last.gaps.into_iter().map(TermGapShown::from).collect(),
        }
    }
}

impl From<TermGap> for TermGapShown {
    fn from(gap: TermGap) -> Self {
        let TermGap { term, has_micropoints, last_micropoints, gap_micropoints } = gap;
        Self { term, has_micropoints, last_micropoints, gap_micropoints }
    }
}

impl From<WouldList> for WouldListShown {
    fn from(WouldList { change, detail, score_micropoints, rank }: WouldList) -> Self {
        Self { change, detail, score_micropoints, rank }
    }
}
