//! What a recommendation looks like to the caller. `result` is a pure function of what it names
//! (instant, index version, policy version, case version, request, disclosure): no clock, no id
//! of the answer, no map without an order in it.

use crate::http::place::LatLng;
use jiff::Timestamp;
use nearhand_domain::{CaseId, Position, StaffId};
use nearhand_index::cells;
use nearhand_recommend::{
    Candidate, Disclosure, Inputs, Recommendation, Request, Rule, Source, Term, TermResult,
    explain::Method,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The policy everybody has until there are others.
const DEFAULT_POLICY_VERSION: i64 = 0;

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recommendation)]
pub(crate) struct Recommended {
    id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Byte-identical whenever what it names at its head, and the request, are.
    result: Answer,
}

/// The ranking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecommendationResult)]
pub(crate) struct Answer {
    /// The instant it was ranked for.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// The instant it was made. Nobody is shown where they were who may not be located now.
    #[schema(value_type = String, format = DateTime)]
    shown_at: Timestamp,
    /// Equal version, equal content of the index, on any process.
    #[schema(example = "00000000000000000000000000000000")]
    index_version: String,
    policy_version: i64,
    /// Null for a place that is no case.
    #[schema(value_type = Option<uuid::Uuid>)]
    case_id: Option<CaseId>,
    case_version: Option<i64>,
    /// `exact`, or `coarse`: computed from the centres of H3 cells of resolution 7.
    #[schema(example = "exact")]
    disclosure: &'static str,
    /// How many people there are.
    considered: usize,
    /// Best first.
    candidates: Vec<CandidateShown>,
    /// Who was left out and why; when asked for, and by itself when there are few candidates.
    funnel: Option<FunnelShown>,
}

/// Somebody who could do it, and why they stand where they do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Candidate)]
struct CandidateShown {
    /// From 1.
    rank: usize,
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    display_name: Option<String>,
    /// Points, 0 to 100.
    score: f64,
    /// The same in whole millionths: the sum of the terms'.
    score_micropoints: u64,
    /// Whether the score reaches the policy's star.
    star: bool,
    /// The place that counts.
    location: LocationShown,
    /// Great-circle distance from there.
    distance_km: Option<f64>,
    /// Driving time from there.
    eta_min: Option<f64>,
    /// How the driving time was found: `estimate`.
    #[schema(value_type = String, example = "estimate")]
    method: Method,
    /// How much the last position counts, 0 to 1.
    ping_weight: f64,
    /// How late they would be for a fixed start.
    late_by_min: f64,
    /// How late they would be for what they do next.
    late_for_next_min: f64,
    /// What the score is made of.
    terms: Vec<TermShown>,
    /// The rules judged and passed.
    #[schema(value_type = Vec<String>)]
    rules_passed: Vec<Rule>,
}

/// The place that counts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CandidateLocation)]
struct LocationShown {
    /// `ping`, `booking`, `last_job`, `home`, `base` or `none`.
    #[schema(value_type = String, example = "ping")]
    source: Source,
    /// Seconds since the last position, if it counts at all.
    age_s: Option<i64>,
    /// Its radius; null in a coarse answer.
    accuracy_m: Option<f32>,
    /// Only with `positions:read`; of a home the centre of its cell, unless with
    /// `staff.pii:read`.
    position: Option<LatLng>,
}

/// A part of the score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Term)]
struct TermShown {
    #[schema(value_type = String, example = "travel")]
    term: Term,
    /// Its weight in the policy.
    weight: u32,
    /// What it was worked out from.
    #[schema(value_type = Object)]
    inputs: Inputs,
    /// Its value in millionths, 0 to 1,000,000.
    u_millionths: u32,
    /// What it adds to the score.
    points: f64,
    /// The same in whole millionths.
    micropoints: u64,
}

/// How the people considered became few.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Funnel)]
struct FunnelShown {
    considered: usize,
    /// People whom no rule removes.
    eligible: usize,
    /// In the order of the rules; those that remove nobody are left out.
    removed: Vec<RemovedShown>,
}

/// What one rule removes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RemovedByRule)]
struct RemovedShown {
    #[schema(value_type = String, example = "outside_working_hours")]
    rule: Rule,
    /// Everybody who fails it.
    people: usize,
    /// Everybody who fails it and nothing else.
    by_this_alone: usize,
}

impl Recommended {
    pub(crate) fn new(created_at: Timestamp, result: Answer) -> Self {
        Self { id: Uuid::now_v7(), created_at, result }
    }
}

impl Answer {
    /// A ranking as it is shown, with people's names; `homes`: whether homes are shown exactly.
    pub(crate) fn new(
        found: Recommendation,
        request: Request,
        case: Option<(CaseId, i64)>,
        homes: bool,
        name: impl Fn(StaffId) -> Option<String>,
    ) -> Self {
        let shown = |candidate: Candidate| {
            let display_name = name(candidate.staff);
            CandidateShown::new(candidate, display_name, request.disclosure, homes)
        };
        Self {
            as_of: Timestamp::from_second(request.as_of).unwrap_or_default(),
            shown_at: Timestamp::from_second(request.shown_at).unwrap_or_default(),
            index_version: found.index_version,
            policy_version: DEFAULT_POLICY_VERSION,
            case_id: case.map(|(id, _)| id),
            case_version: case.map(|(_, version)| version),
            disclosure: match request.disclosure {
                Disclosure::Exact => "exact",
                Disclosure::Coarse => "coarse",
            },
            considered: found.considered,
            candidates: found.candidates.into_iter().map(shown).collect(),
            funnel: found.funnel.map(|funnel| FunnelShown {
                considered: funnel.considered,
                eligible: funnel.eligible,
                removed: funnel
                    .removed
                    .into_iter()
                    .map(|removed| RemovedShown {
                        rule: removed.rule,
                        people: removed.people,
                        by_this_alone: removed.by_this_alone,
                    })
                    .collect(),
            }),
        }
    }
}

impl CandidateShown {
    fn new(
        candidate: Candidate,
        display_name: Option<String>,
        disclosure: Disclosure,
        homes: bool,
    ) -> Self {
        let location = candidate.location;
        let place = location.position.and_then(|[lat, lng]| Position::new(lat, lng).ok());
        let blurred = location.source == Source::Home && !homes;
        let place = place.map(|place| if blurred { cells::coarse(place) } else { place });
        Self {
            rank: candidate.rank,
            staff_id: candidate.staff,
            display_name,
            score: points(candidate.score_micropoints),
            score_micropoints: candidate.score_micropoints,
            star: candidate.star,
            location: LocationShown {
                source: location.source,
                age_s: location.age_s,
                accuracy_m: location.accuracy_m.filter(|_| disclosure == Disclosure::Exact),
                position: place.map(LatLng::from),
            },
            distance_km: candidate.distance_km,
            eta_min: candidate.eta_min,
            method: candidate.method,
            ping_weight: candidate.ping_weight,
            late_by_min: candidate.late_by_min,
            late_for_next_min: candidate.late_for_next_min,
            terms: candidate.terms.into_iter().map(TermShown::from).collect(),
            rules_passed: candidate.rules_passed,
        }
    }
}

impl From<TermResult> for TermShown {
    fn from(result: TermResult) -> Self {
        Self {
            term: result.term,
            weight: result.weight,
            inputs: result.inputs,
            u_millionths: result.u_millionths,
            points: points(result.micropoints),
            micropoints: result.micropoints,
        }
    }
}

/// Micro-points as points; exact in what is printed, for they have six decimals.
#[expect(clippy::cast_precision_loss, reason = "at most a hundred million micro-points")]
fn points(micropoints: u64) -> f64 {
    micropoints as f64 / 1e6
}
