//! `/v1/staff/{id}/recommended-cases` and `/v1/me/recommended-cases`: the open cases that fit one
//! person best, and why. Must show no case that the caller may not see, and no place of the person
//! that a recommendation would not show.

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        place::LatLng,
        problem::{ApiResult, Problem},
        query::{PathId, QueryOf},
    },
    live::view::{record_read, require_ready},
    routes::{
        location::positions::read_aside, people::reach, recommendations::answer::CandidateShown,
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_dispatch::{Needs, case_of};
use nearhand_domain::{
    CaseId, OrganizationId, StaffId,
    access::{Action, Object, ViewScope},
    clock,
};
use nearhand_index::{LiveIndex, OrgIndex};
use nearhand_recommend::{
    Case, DEFAULT_LIMIT, Disclosure, Policy, RecommendedCases, RemovedCases, Request, Rule,
    recommend_cases,
};
use nearhand_storage::open_cases::{self, OpenCase, OpenCasesFor};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const ROUTE: &str = "/v1/staff/{id}/recommended-cases";
/// Most cases of one answer.
const MAX_LIMIT: usize = 50;
/// Most cases that are judged.
const MAX_JUDGED: usize = 500;

/// How much to answer.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CasesQuery {
    /// Most cases.
    #[param(minimum = 1, maximum = 50, default = 20)]
    limit: Option<usize>,
}

/// The cases that fit a person best.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecommendedCases)]
pub(crate) struct RecommendedCasesShown {
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    /// The instant they were ranked for.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// Equal version, equal content of the index.
    #[schema(example = "00000000000000000000000000000000")]
    index_version: String,
    /// `exact`, or `coarse`: computed from the centres of H3 cells of resolution 7.
    #[schema(example = "exact")]
    disclosure: &'static str,
    /// How many open cases were judged: with a position and a free slot, neither held nor declined
    /// by the person.
    considered: usize,
    /// There are more open cases than were judged. First come those that could begin now, newest
    /// first, then the others by their start.
    truncated: bool,
    /// Best first.
    items: Vec<RecommendedCase>,
    /// How many of the cases each rule removes; in the order of the rules, those that remove none
    /// are left out.
    removed: Vec<RemovedCasesShown>,
}

/// A case, and how the person fits.
#[derive(Debug, Serialize, ToSchema)]
struct RecommendedCase {
    case: OpenCaseShown,
    /// The person as a candidate for the case. The rank is that among these cases.
    fit: CandidateShown,
}

/// An open case in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenCase)]
struct OpenCaseShown {
    #[schema(value_type = uuid::Uuid)]
    id: CaseId,
    #[schema(example = "1024")]
    number: String,
    title: String,
    position: LatLng,
    /// Null: as soon as possible.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    duration_min: i32,
    urgent: bool,
}

/// The cases that one rule removes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RemovedCases)]
struct RemovedCasesShown {
    #[schema(value_type = String, example = "missing_skill")]
    rule: Rule,
    cases: usize,
}

/// The open cases that fit a person best.
///
/// The person is judged for each open case the caller may see, as a recommendation for that case
/// would do. Without `positions:read` it is computed from the centres of H3 cells; with it, the
/// answer is a recorded read of where the person is. Needs access level `full`.
#[utoipa::path(get, path = "/v1/staff/{id}/recommended-cases",
    operation_id = "list_recommended_cases", tag = "recommendations",
    responses((status = 200, description = "Best first", body = RecommendedCasesShown)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    QueryOf(query): QueryOf<CasesQuery>,
) -> ApiResult<Json<RecommendedCasesShown>> {
    caller.require(Action::RecommendCases, Object::staff(id))?;
    caller.require(Action::ReadCases, Object::Organization)?;
    let limit = query.limit()?;
    let mut tx = caller.read(&state).await?;
    let person = reach::read(&mut tx, &caller, Action::RecommendCases, id).await?;
    drop(tx);
    let oneself = id == caller.staff;
    let exact = oneself || caller.may(Action::SeeExactPositions, Object::Organization);
    let homes = exact && caller.may(Action::ReadPersonalDetails, person.object());
    let answer = answer(&state, &caller, (id, limit), (exact, homes)).await?;
    let located = answer.items.iter().any(|item| item.fit.is_located());
    if located && !oneself {
        record_read(&state, &caller, ROUTE, &[id]).await?;
    }
    Ok(Json(answer))
}

/// The open cases that fit oneself best, computed from one's own exact places.
///
/// Needs access level `full`, and no permission to ask for recommendations.
#[utoipa::path(get, path = "/v1/me/recommended-cases",
    operation_id = "list_own_recommended_cases", tag = "me",
    responses((status = 200, description = "Best first", body = RecommendedCasesShown)))]
pub(crate) async fn list_own(
    State(state): State<ApiState>,
    caller: Caller,
    QueryOf(query): QueryOf<CasesQuery>,
) -> ApiResult<Json<RecommendedCasesShown>> {
    caller.require(Action::RecommendCases, Object::staff(caller.staff))?;
    caller.require(Action::ReadCases, Object::Organization)?;
    let limit = query.limit()?;
    answer(&state, &caller, (caller.staff, limit), (true, true)).await.map(Json)
}

impl CasesQuery {
    fn limit(&self) -> ApiResult<usize> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if (1..=MAX_LIMIT).contains(&limit) {
            return Ok(limit);
        }
        Err(Problem::new(Code::MalformedQuery, "`limit` must be 1 to 50"))
    }
}

/// Judges the person for the open cases, off the async threads.
async fn answer(
    state: &ApiState,
    caller: &Caller,
    (staff, limit): (StaffId, usize),
    (exact, homes): (bool, bool),
) -> ApiResult<RecommendedCasesShown> {
    require_ready(state.follower())?;
    let now = clock::now();
    let (open, truncated) = load(state, caller, staff, now).await?;
    let request = Request {
        as_of: now.as_second(),
        shown_at: now.as_second(),
        limit,
        disclosure: if exact { Disclosure::Exact } else { Disclosure::Coarse },
        funnel: false,
    };
    let (judged, organization) = (Arc::clone(&open), caller.organization);
    let read = move |index: &LiveIndex| rank(index, organization, &judged, request, staff);
    let found = read_aside(state, None, read).await?;
    let name = state.follower().display_name(staff).map(|name| name.to_string());
    let items = found.fits.into_iter().filter_map(|(number, candidate)| {
        let case = OpenCaseShown::from(open.get(number)?);
        let fit = CandidateShown::new(candidate, name.clone(), request.disclosure, homes);
        Some(RecommendedCase { case, fit })
    });
    Ok(RecommendedCasesShown {
        staff_id: staff,
        as_of: now,
        index_version: found.index_version,
        disclosure: if exact { "exact" } else { "coarse" },
        considered: open.len(),
        truncated,
        items: items.collect(),
        removed: found.removed.into_iter().map(RemovedCasesShown::from).collect(),
    })
}

/// The open cases that the caller may see, and whether there are more.
async fn load(
    state: &ApiState,
    caller: &Caller,
    person: StaffId,
    now: Timestamp,
) -> ApiResult<(Arc<[OpenCase]>, bool)> {
    let narrow = caller.view == ViewScope::Departments;
    let departments = narrow.then_some(caller.departments.as_slice());
    let of = OpenCasesFor { person, reader: caller.staff, departments };
    let rows = i64::try_from(MAX_JUDGED).unwrap_or(i64::MAX) + 1;
    let mut tx = caller.read(state).await?;
    let mut open = open_cases::open_cases(&mut tx, of, now, rows).await?;
    let truncated = open.len() > MAX_JUDGED;
    open.truncate(MAX_JUDGED);
    Ok((open.into(), truncated))
}

fn rank(
    index: &LiveIndex,
    organization: OrganizationId,
    open: &[OpenCase],
    request: Request,
    staff: StaffId,
) -> RecommendedCases {
    let rank = |org: &OrgIndex| {
        let case = |open: &OpenCase| Case {
            regions: org.regions_containing(open.position),
            ..asked(open, staff)
        };
        let cases: Vec<Case> = open.iter().map(case).collect();
        recommend_cases(org, &cases, &Policy::default(), request, staff)
    };
    let nothing = || rank(&OrgIndex::new(organization, request.as_of));
    index.with_org(organization, rank).unwrap_or_else(nothing)
}

/// What a case asks of this person. Of the panel it is enough to know whether there is one, and
/// whether they are on it.
fn asked(open: &OpenCase, staff: StaffId) -> Case {
    let needs = Needs {
        starts_at: open.starts_at,
        duration_min: open.duration_min,
        urgent: open.urgent,
        services: open.services.clone(),
        requirements: open.requirements.clone(),
    };
    Case {
        client: open.client,
        panel: open.panel_member.into_iter().collect(),
        panel_required: open.panel_required,
        client_excluded: open.excluded.then_some(staff).into_iter().collect(),
        ..case_of(open.id, open.position, needs)
    }
}

impl From<&OpenCase> for OpenCaseShown {
    fn from(open: &OpenCase) -> Self {
        Self {
            id: open.id,
            number: open.number.clone(),
            title: open.title.clone(),
            position: open.position.into(),
            starts_at: open.starts_at,
            duration_min: open.duration_min,
            urgent: open.urgent,
        }
    }
}

impl From<RemovedCases> for RemovedCasesShown {
    fn from(removed: RemovedCases) -> Self {
        Self { rule: removed.rule, cases: removed.cases }
    }
}
