//! What a recommendation looks like to the caller. `result` is a pure function of what it names
//! (instants, index version, policy version, case version and digest), the request, the disclosure,
//! and the people in the caller's view scope: no clock, no id of the answer, no map without an order
//! in it.

use crate::{
    http::place::LatLng,
    routes::recommendations::{create::Ranked, policy::PolicyRef},
};
use jiff::Timestamp;
use nearhand_domain::{CaseId, Position, RecommendationId, StaffId};
use nearhand_index::geometry::cells;
use nearhand_recommend::{
    BestRelaxation, Candidate, Change, Disclosure, Funnel, Inputs, Recommendation, Removed, Rule,
    Source, Term, TermResult, explain::Method,
};
use nearhand_storage::recommendations::SeenBy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an answer was ranked for and by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Basis {
    /// Unix seconds, as the next one.
    pub(super) as_of: i64,
    pub(super) shown_at: i64,
    /// Whether from exact positions.
    pub(super) exact: bool,
    pub(super) policy: PolicyRef,
    /// A stored case and its version.
    pub(super) case: Option<(CaseId, i64)>,
    pub(super) case_digest: String,
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recommendation)]
pub(crate) struct Recommended {
    /// Under which it is kept; null where it is not.
    #[schema(value_type = Option<uuid::Uuid>)]
    id: Option<RecommendationId>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Byte-identical whenever what it names at its head, and the request, are.
    result: Answer,
}

/// The ranking: byte-identical, on any process, whenever `as_of`, `shown_at`, `index_version`, `policy`,
/// `case_version`, `case_digest`, `disclosure` and the request are, for callers who see the same
/// people. Display names are part of it: each belongs to the version of the person that
/// `index_version` counts.
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
    /// By what it was ranked.
    policy: PolicyRef,
    /// Null for a place that is no case.
    #[schema(value_type = Option<uuid::Uuid>)]
    case_id: Option<CaseId>,
    case_version: Option<i64>,
    /// Equal digest, equal case: with the people of its client, those who hold or declined it, and the
    /// members of `only`, which the case's version does not count.
    #[schema(example = "00000000000000000000000000000000")]
    case_digest: String,
    /// `exact`, or `coarse`: computed from the centres of H3 cells of resolution 7.
    #[schema(example = "exact")]
    disclosure: &'static str,
    /// How many people there are, of those the caller may see; with a `bbox`, of those inside.
    considered: usize,
    /// How many there are besides, for callers whose view scope is `departments`; else null.
    out_of_scope: Option<usize>,
    /// How many people the caller may see who are not shown inside the `bbox`, among them those
    /// who are not active or have no place; null without one.
    outside_viewport: Option<usize>,
    /// Whether more people could do it than are listed.
    truncated: bool,
    /// How many active people of those considered have neither a home nor a base: only a position, a
    /// job or a booking can place them.
    no_location: usize,
    /// Whether the case has an address and no position yet. Then nobody is ranked.
    not_geocoded: bool,
    /// Best first.
    candidates: Vec<CandidateShown>,
    /// Who was left out and why; when asked for, and by itself when there are few candidates.
    funnel: Option<FunnelShown>,
}

/// Somebody who could do it, and why they stand where they do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Candidate)]
pub(super) struct CandidateShown {
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
    /// People whom the caller may not see, where their view scope is `departments`; else null.
    out_of_scope: Option<usize>,
    /// People whom no rule removes.
    eligible: usize,
    /// In the order of the rules; those that remove nobody are left out.
    removed: Vec<RemovedShown>,
    /// The single change that brings back most people, where fewer than min(limit, 5) are eligible;
    /// null where enough are, or no single change helps.
    best_relaxation: Option<BestRelaxationShown>,
}

/// A change of the case or the policy that brings people back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BestRelaxation)]
struct BestRelaxationShown {
    /// The rule that it relaxes.
    #[schema(value_type = String, example = "too_late")]
    rule: Rule,
    /// The kind of change in `change`, and its new values. A number moves just far enough to bring
    /// back what is missing to min(limit, 5) people.
    #[schema(value_type = Object, example = json!({ "change": "max_late_min", "to": 41.5 }))]
    change: Change,
    /// The same in words.
    #[schema(example = "max_late_min to 41.5")]
    detail: String,
    /// So many more people are eligible then. It was tried.
    brings_back: usize,
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
    pub(super) fn new(id: Option<RecommendationId>, created_at: Timestamp, result: Answer) -> Self {
        Self { id, created_at, result }
    }
}

impl Answer {
    /// A ranking as it is shown.
    pub(super) fn of(ranked: Ranked) -> Self {
        let Ranked { found, basis, people, .. } = ranked;
        let names = people.into_iter().map(|person| person.name);
        Self::new(found, basis, names)
    }

    /// The same of what may be shown, with the names of those listed, in their order.
    pub(super) fn new(
        found: Recommendation,
        basis: Basis,
        names: impl Iterator<Item = Option<String>>,
    ) -> Self {
        let disclosure = if basis.exact { Disclosure::Exact } else { Disclosure::Coarse };
        let listed = found.candidates.into_iter().zip(names);
        // Homes are concealed by now.
        let candidates = listed.map(|(one, name)| CandidateShown::new(one, name, disclosure, true));
        Self {
            as_of: Timestamp::from_second(basis.as_of).unwrap_or_default(),
            shown_at: Timestamp::from_second(basis.shown_at).unwrap_or_default(),
            index_version: found.index_version,
            policy: basis.policy,
            case_id: basis.case.map(|(id, _)| id),
            case_version: basis.case.map(|(_, version)| version),
            case_digest: basis.case_digest,
            disclosure: disclosure_word(disclosure),
            considered: found.considered,
            out_of_scope: found.out_of_scope,
            outside_viewport: found.outside_viewport,
            truncated: found.truncated,
            no_location: found.no_location,
            not_geocoded: false,
            candidates: candidates.collect(),
            funnel: found.funnel.map(FunnelShown::from),
        }
    }
}

/// Takes out of a ranking what may not be shown: exact homes, and how exact a coarse position is.
pub(super) fn conceal(found: &mut Recommendation, seen_by: &SeenBy) {
    for candidate in &mut found.candidates {
        let location = &mut candidate.location;
        if !seen_by.exact {
            location.accuracy_m = None;
        }
        if location.source == Source::Home && !seen_by.homes {
            location.position = location.position.and_then(coarse_point);
        }
    }
}

/// Those of whom a ranking says where they are.
pub(super) fn located(found: &Recommendation) -> Vec<StaffId> {
    let shown = found.candidates.iter().filter(|one| one.location.position.is_some());
    shown.map(|candidate| candidate.staff).collect()
}

/// The centre of a point's cell, in degrees.
fn coarse_point([lat, lng]: [f64; 2]) -> Option<[f64; 2]> {
    let centre = cells::coarse(Position::new(lat, lng).ok()?);
    Some([centre.lat(), centre.lng()])
}

impl From<Funnel> for FunnelShown {
    fn from(funnel: Funnel) -> Self {
        let removed = |removed: Removed| RemovedShown {
            rule: removed.rule,
            people: removed.people,
            by_this_alone: removed.by_this_alone,
        };
        let best = |best: BestRelaxation| BestRelaxationShown {
            rule: best.rule,
            change: best.change,
            detail: best.detail,
            brings_back: best.brings_back,
        };
        Self {
            considered: funnel.considered,
            out_of_scope: funnel.out_of_scope,
            eligible: funnel.eligible,
            removed: funnel.removed.into_iter().map(removed).collect(),
            best_relaxation: funnel.best_relaxation.map(best),
        }
    }
}

impl CandidateShown {
    /// Whether it says where the person is.
    pub(super) fn is_located(&self) -> bool {
        self.location.position.is_some()
    }

    /// A candidate with their name; `homes`: whether homes are shown exactly.
    pub(super) fn new(
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

/// The word for what the caller may learn.
pub(super) fn disclosure_word(disclosure: Disclosure) -> &'static str {
    match disclosure {
        Disclosure::Exact => "exact",
        Disclosure::Coarse => "coarse",
    }
}

/// Micro-points as points; exact in what is printed, for they have six decimals.
#[expect(clippy::cast_precision_loss, reason = "at most a hundred million micro-points")]
pub(super) fn points(micropoints: u64) -> f64 {
    micropoints as f64 / 1e6
}
