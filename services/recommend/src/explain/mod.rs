//! A reply's words for one candidate: every term in words and numbers. Must say nothing of
//! whereabouts that the caller may not know.

pub mod change;
pub mod failed_rule;
pub mod funnel;
pub mod inputs;
mod other_starts;
mod relaxation;
mod rule_items;
pub mod standing;
pub mod why_not;
pub mod would_list;

use crate::{
    explain::inputs::TermResult,
    judge::{judgement::Judgement, location::Source},
    query::{Disclosure, Query},
    rounding::{from_milli, ppm},
    rule::Rule,
};
use nearhand_domain::StaffId;
use nearhand_index::Person;
use serde::Serialize;

/// One candidate of a reply.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// The place in the list, from 1.
    pub rank: usize,
    /// The person.
    pub staff: StaffId,
    /// The score: the sum of the terms' micro-points.
    pub score_micropoints: u64,
    /// Whether the score reaches the policy's star threshold.
    pub star: bool,
    /// The place that counts.
    pub location: Location,
    /// Great-circle distance from there.
    pub distance_km: Option<f64>,
    /// Driving time from there.
    pub eta_min: Option<f64>,
    /// How the driving time was computed.
    pub method: Method,
    /// The weight of the last ping against the place without it, 0 to 1.
    pub ping_weight: f64,
    /// How late they would be for a fixed start.
    pub late_by_min: f64,
    /// How late they would be for the next booking.
    pub late_for_next_min: f64,
    /// Every applicable term.
    pub terms: Vec<TermResult>,
    /// The rules judged and passed, in table order.
    pub rules_passed: Vec<Rule>,
}

/// The place that counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Location {
    /// The kind of place.
    pub source: Source,
    /// The ping's age, if it counts at all.
    pub age_s: Option<i64>,
    /// The ping's accuracy, if the ping counts at all and has one.
    pub accuracy_m: Option<f32>,
    /// Latitude and longitude in degrees; only for callers who may see positions.
    pub position: Option<[f64; 2]>,
}

/// How a driving time was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// From the great-circle distance.
    Estimate,
}

impl Query<'_> {
    /// A reply's words for a judged person at a rank (from 1).
    #[must_use]
    pub fn explain(&self, rank: usize, of: &Judgement) -> Candidate {
        let person = self.index.person(of.slot);
        let rules = self.rules_that_apply(person, of).filter(|&rule| !of.failed.contains(rule));
        Candidate {
            rank,
            staff: of.staff,
            score_micropoints: of.score,
            star: of.score >= ppm(self.policy.star_threshold),
            location: self.location(person, of),
            distance_km: of.at.primary.map(|from| from.km),
            eta_min: of.eta_milli_min().map(from_milli),
            method: Method::Estimate,
            ping_weight: of.at.ping_weight,
            late_by_min: from_milli(of.at.late_ms) / 60.0,
            late_for_next_min: from_milli(of.at.late_for_next_ms) / 60.0,
            terms: of
                .terms(self)
                .map(|(term, u_millionths, micropoints)| TermResult {
                    term,
                    weight: self.weights[term as usize].unwrap_or(0),
                    inputs: self.inputs(term, person, of),
                    u_millionths,
                    micropoints,
                })
                .collect(),
            rules_passed: rules.collect(),
        }
    }

    fn location(&self, person: &Person, of: &Judgement) -> Location {
        let ping = self.counted_ping(person).filter(|_| of.at.ping.is_some());
        let exact = self.disclosure == Disclosure::Exact;
        let position = of.at.primary.filter(|_| exact).map(|from| from.position);
        Location {
            source: of.source(),
            age_s: ping.map(|p| self.as_of.saturating_sub(p.fix_at_ms.div_euclid(1_000)).max(0)),
            accuracy_m: ping.and_then(|ping| ping.accuracy_m),
            position: position.map(|at| [at.lat(), at.lng()]),
        }
    }

    /// The rules that apply to a person under this case and policy.
    fn rules_that_apply(&self, person: &Person, of: &Judgement) -> impl Iterator<Item = Rule> {
        let (case, policy) = (self.case, self.policy);
        let filter = policy.filter_by_preferences;
        let limited = policy.max_travel_km.is_some() || person.max_travel_km().is_finite();
        let travel_judged = of.at.primary.is_some() && limited;
        let (hours, waived) = (person.hours().is_some(), self.waived);
        let judged = Rule::ALL.into_iter().filter(move |&rule| !waived.contains(rule));
        judged.filter(move |rule| match rule {
            Rule::NotOnRequiredPanel => case.panel_required,
            Rule::ServiceNever => !case.services.is_empty(),
            Rule::RegionNever => !case.regions.is_empty(),
            Rule::ServiceNotPreferred => filter && !case.services.is_empty(),
            Rule::RegionNotPreferred => filter && !case.regions.is_empty(),
            Rule::MissingSkill => !case.skills.is_empty(),
            Rule::LicenceMissing | Rule::LicenceExpired => !case.licences.is_empty(),
            Rule::LanguageMissing => case.language_required && !case.languages.is_empty(),
            Rule::OutsideWorkingHours => hours,
            Rule::TooLate => case.starts_at.is_some(),
            Rule::BeyondMaxTravel => travel_judged,
            Rule::NoLocation => policy.require_location,
            Rule::AtCapacity => policy.max_utilisation.is_some(),
            Rule::NotInGroup => case.only.is_some(),
            Rule::Inactive
            | Rule::AlreadyAssigned
            | Rule::AlreadyDeclined
            | Rule::ExcludedByClient
            | Rule::TimeOff
            | Rule::DoubleBooked => true,
        })
    }
}
