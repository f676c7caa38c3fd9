//! `/v1/recommendations`: who is near at hand, free, and right for this case, and why.
//!
//! The ranking itself is `recommend`'s; here it is decided who may ask what, and every read of
//! exact positions is recorded before it is answered.

use crate::{
    access::caller::Caller,
    http::{
        body::{Field, Form, JsonBody, Unknown, any, forms},
        codes::Code,
        place::{LatLng, PlaceForm},
        problem::{ApiResult, Problem},
    },
    live::view::{record_read, require_ready},
    routes::{
        recommendations::answer::{Answer, Recommended},
        work::{
            cases::needs_of,
            needs_form::{Needs, NeedsForm, hold_services},
        },
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_domain::{
    CaseId, OrganizationId, Position, StaffId,
    access::{Action, Object},
    clock,
    field::{FieldErrors, Reported},
};
use nearhand_index::OrgIndex;
use nearhand_recommend::{
    Case, DEFAULT_LIMIT, Disclosure, LicenceNeed, Policy, Recommendation, Request, SkillNeed,
    recommend,
};
use nearhand_storage::cases::{self, CaseStatus};
use serde::Deserialize;
use std::time::Instant;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most candidates of one answer.
const MAX_LIMIT: usize = 200;
/// How far `as_of` may lie from the clock, in seconds.
const MAX_SKEW_S: i64 = 300;

/// For what, and how much to answer.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RecommendationInput, example = json!({ "place": {
    "position": { "lat": 38.7071, "lng": -9.1355 }, "duration_min": 90, "languages": ["pt"] },
    "limit": 5, "funnel": true }))]
pub(crate) struct RecommendationForm {
    /// An open case; this or `place`.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    case_id: Field<Uuid>,
    /// A place without a case; needs `positions:read`.
    #[serde(default)]
    #[schema(value_type = Option<AdHocInput>)]
    place: Field<AdHocForm>,
    /// Most candidates, 1 to 200; 20 unless given.
    #[serde(default)]
    #[schema(value_type = Option<usize>, minimum = 1, maximum = 200)]
    limit: Field<usize>,
    /// The instant to rank for, at most five minutes from now; now unless given.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Field<Timestamp>,
    /// Whether to count who was left out and why. It comes by itself when there are few.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    funnel: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// Work at a place that is no case.
#[derive(Debug, Deserialize)]
struct AdHocForm {
    #[serde(default)]
    position: Field<PlaceForm>,
    #[serde(flatten)]
    needs: NeedsForm,
    #[serde(flatten)]
    unknown: Unknown,
}

/// Work at a place that is no case: a position and whatever a case may ask for.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes AdHocForm, whose fields are read leniently")]
pub(crate) struct AdHocInput {
    position: LatLng,
    #[schema(inline)]
    #[serde(flatten)]
    needs: NeedsForm,
}

/// What is asked about.
enum Subject {
    Case(CaseId),
    Place(Position, Needs),
}

/// A request that has been read.
struct Ask {
    subject: Subject,
    limit: usize,
    as_of: i64,
    funnel: bool,
}

/// Ranks people for a case or a place, and says why.
///
/// Callers without `positions:read` get a ranking computed from the centres of H3 cells, and none
/// for a place that is no case. Needs access level `full`.
///
/// The exact position of a home is shown only with `staff.pii:read`, else the centre of its cell.
/// Distances and driving times follow `positions:read`: several answers together can give a home
/// away, so each answer with exact values is a recorded read of those it lists.
#[utoipa::path(post, path = "/v1/recommendations", operation_id = "recommend",
    tag = "recommendations",
    responses((status = 200, description = "Best first", body = Recommended)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    JsonBody(form): JsonBody<RecommendationForm>,
) -> ApiResult<Json<Recommended>> {
    caller.require(Action::Recommend, Object::Organization)?;
    let now = clock::now();
    let ask = form.check(|form, e| form.read(now, e))?;
    let exact = caller.may(Action::SeeExactPositions, Object::Organization);
    if !exact && matches!(ask.subject, Subject::Place(..)) {
        let detail = "a place that is no case needs `positions:read`; create a case instead";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    require_ready(state.follower())?;
    let (case, case_version) = load(&state, &caller, ask.subject).await?;
    let disclosure = if exact { Disclosure::Exact } else { Disclosure::Coarse };
    let request = Request {
        as_of: ask.as_of,
        shown_at: now.as_second(),
        limit: ask.limit,
        disclosure,
        funnel: ask.funnel,
    };
    let about = case_version.map(|version| (case.id, version));
    let found = rank(&state, caller.organization, case, request).await?;
    if exact {
        let shown = found.candidates.iter().filter(|c| c.location.position.is_some());
        let people: Vec<StaffId> = shown.map(|candidate| candidate.staff).collect();
        record_read(&state, &caller, "/v1/recommendations", &people).await?;
    }
    let name = |staff| state.follower().display_name(staff).map(|name| name.to_string());
    let homes = caller.may(Action::ReadPersonalDetails, Object::Organization);
    Ok(Json(Recommended::new(now, Answer::new(found, request, about, homes, name))))
}

forms!(RecommendationForm, AdHocForm);

impl RecommendationForm {
    fn read(self, now: Timestamp, e: &mut FieldErrors) -> Result<Ask, Reported> {
        let limit = self.limit.optional("/limit", e, |limit| {
            if (1..=MAX_LIMIT).contains(&limit) { Ok(limit) } else { Err("must be 1 to 200") }
        });
        let allowed = "an instant within five minutes of now";
        let as_of = self.as_of.expecting("/as_of", e, allowed).optional("/as_of", e, |at| {
            let skew = (at.as_second() - now.as_second()).abs();
            let near = skew <= MAX_SKEW_S;
            if near { Ok(at.as_second()) } else { Err("must be within five minutes of now") }
        });
        let funnel = self.funnel.optional("/funnel", e, any).unwrap_or(false);
        let subject = match (self.case_id.is_given(), self.place.is_given()) {
            (true, true) => Err(e.push("/place", "invalid", "give a case_id or a place, not both")),
            (false, false) => Err(e.push("/case_id", "required", "give a case_id or a place")),
            (true, false) => {
                self.case_id.required("/case_id", e, any).map(|id| Subject::Case(CaseId(id)))
            }
            (false, true) => self
                .place
                .required("/place", e, any)
                .and_then(|place| place.check_at("/place", e, AdHocForm::read)),
        };
        Ok(Ask {
            subject: subject?,
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            as_of: as_of.unwrap_or_else(|| now.as_second()),
            funnel,
        })
    }
}

impl AdHocForm {
    fn read(self, e: &mut FieldErrors) -> Result<Subject, Reported> {
        let place = self.position.required("/place/position", e, any);
        let position = place.and_then(|place| place.read("/place/position", e));
        let mut needs = Needs::default();
        self.needs.apply("/place", &mut needs, e);
        Ok(Subject::Place(position?, needs))
    }
}

/// What to rank for, with the version of a stored case. Regions are the index's to find.
async fn load(
    state: &ApiState,
    caller: &Caller,
    subject: Subject,
) -> ApiResult<(Case, Option<i64>)> {
    match subject {
        Subject::Case(id) => {
            let record = cases::look(state.app(), caller.organization, id).await?;
            let record = record.ok_or_else(Problem::not_found)?;
            if record.status == CaseStatus::Closed {
                return Err(Problem::new(
                    Code::CaseClosed,
                    "open it again before looking for people",
                ));
            }
            let case = case_of(id, record.position, needs_of(&record));
            Ok((case, Some(record.version)))
        }
        Subject::Place(position, mut needs) => {
            if !needs.services.is_empty() {
                let mut tx = caller.read(state).await?;
                hold_services(&mut tx, "/place", &mut needs).await?;
            }
            Ok((case_of(CaseId(Uuid::nil()), position, needs), None))
        }
    }
}

fn case_of(id: CaseId, position: Position, needs: Needs) -> Case {
    let wanted = needs.requirements;
    Case {
        starts_at: needs.starts_at.map(Timestamp::as_second),
        duration_min: u32::try_from(needs.duration_min).unwrap_or(0),
        urgent: needs.urgent,
        services: needs.services,
        skills: wanted
            .skills
            .into_iter()
            .map(|s| SkillNeed {
                skill: s.code.into(),
                required: s.required,
                preferred: s.preferred,
            })
            .collect(),
        licences: wanted
            .licences
            .into_iter()
            .map(|l| LicenceNeed { code: l.code.into(), jurisdiction: l.jurisdiction.into() })
            .collect(),
        languages: wanted.languages.into_iter().map(String::from).collect(),
        language_required: wanted.language_required,
        ..Case::at(id, position)
    }
}

/// Ranks off the async threads: an answer with a funnel looks at everybody.
async fn rank(
    state: &ApiState,
    organization: OrganizationId,
    mut case: Case,
    request: Request,
) -> ApiResult<Recommendation> {
    let follower = state.follower().clone();
    let turn = if request.funnel { state.full_scans().acquire_owned().await.ok() } else { None };
    let work = move || {
        let _turn = turn;
        let started = Instant::now();
        let mut rank = |index: &OrgIndex| {
            case.regions = index.regions_containing(case.position);
            recommend(index, &case, &Policy::default(), request)
        };
        let found = follower.index().with_org(organization, &mut rank);
        let found = found.unwrap_or_else(|| rank(&OrgIndex::new(organization, request.as_of)));
        let full_scan = if found.funnel.is_some() { "true" } else { "false" };
        metrics::histogram!("nearhand_recommendation_duration_seconds", "funnel" => full_scan)
            .record(started.elapsed().as_secs_f64());
        found
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(error = %error, "a ranking failed");
        Problem::internal()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body;

    fn read(text: &str) -> Result<Ask, String> {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        let form: RecommendationForm = body::parse(text.as_bytes()).unwrap();
        form.check(|form, e| form.read(now, e)).map_err(|problem| format!("{problem:?}"))
    }

    #[test]
    fn a_case_or_a_place_and_not_both() {
        let id = Uuid::now_v7();
        let ask = read(&format!(r#"{{"case_id":"{id}"}}"#)).ok().unwrap();
        assert!(matches!(ask.subject, Subject::Case(found) if found.0 == id));
        assert_eq!((ask.limit, ask.funnel), (20, false));
        let place = r#"{"position":{"lat":1,"lng":2},"urgent":true}"#;
        let ask =
            read(&format!(r#"{{"place":{place},"limit":200,"as_of":"2026-11-22T09:55:00Z"}}"#));
        assert!(matches!(ask.ok().unwrap().subject, Subject::Place(_, needs) if needs.urgent));
        assert!(read("{}").err().unwrap().contains("/case_id"));
        let both = format!(r#"{{"case_id":"{id}","place":{place}}}"#);
        assert!(read(&both).err().unwrap().contains("not both"));
    }

    #[test]
    fn every_wrong_field_is_reported() {
        let wrong = r#"{"place":{"position":{"lat":91,"lng":0},"duration_min":0,"extra":1},
            "limit":201,"as_of":"2026-11-22T10:05:01Z","funnel":1,"policy":{}}"#;
        let problem = read(wrong).err().unwrap();
        for pointer in [
            "/place/position",
            "/place/duration_min",
            "/place/extra",
            "/limit",
            "/as_of",
            "/funnel",
            "/policy",
        ] {
            assert!(problem.contains(&format!("\"{pointer}\"")), "{pointer}: {problem}");
        }
    }
}
