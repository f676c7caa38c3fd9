//! What a reply says of each candidate: every term in words and numbers. Must say nothing of
//! whereabouts that the caller may not know.

use crate::{
    Disclosure, Judgement, Query, Rule, Source, Term,
    location::{SlackOf, Spot},
    query::from_milli,
    terms,
};
use nearhand_domain::{RegionId, ServiceId, StaffId, preference::LanguageLevel};
use nearhand_index::{Person, masks::UNSTATED};
use serde::Serialize;

/// One candidate of a reply.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// From 1.
    pub rank: usize,
    /// Who.
    pub staff: StaffId,
    /// The score: the sum of the terms' micro-points.
    pub score_micropoints: u64,
    /// Whether the score reaches the policy's star.
    pub star: bool,
    /// The place that counts.
    pub location: Location,
    /// Great-circle distance from there.
    pub distance_km: Option<f64>,
    /// Driving time from there.
    pub eta_min: Option<f64>,
    /// How the driving time was found.
    pub method: Method,
    /// The weight of the last ping against the place without it, 0 to 1.
    pub ping_weight: f64,
    /// How late they would be for a fixed start.
    pub late_by_min: f64,
    /// How late they would be for what comes next.
    pub late_for_next_min: f64,
    /// Every applicable term.
    pub terms: Vec<TermResult>,
    /// The rules judged and passed, in table order.
    pub rules_passed: Vec<Rule>,
}

/// The place that counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Location {
    /// Which it is.
    pub source: Source,
    /// The ping's age, if it counts at all.
    pub age_s: Option<i64>,
    /// The ping's accuracy, if it counts at all and says.
    pub accuracy_m: Option<f32>,
    /// Latitude and longitude in degrees; only for callers who may see positions.
    pub position: Option<[f64; 2]>,
}

/// How a driving time was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// From the great-circle distance.
    Estimate,
}

/// One term of a score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TermResult {
    /// Which.
    pub term: Term,
    /// Its weight in the policy.
    pub weight: u32,
    /// What it was worked out from.
    pub inputs: Inputs,
    /// Its value in millionths.
    pub u_millionths: u32,
    /// What it adds to the score.
    pub micropoints: u64,
}

/// What a term was worked out from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Inputs {
    /// Travel: the driving times blended.
    Travel {
        /// From the ping.
        ping_eta_min: Option<f64>,
        /// What the place without it is.
        fallback: Source,
        /// From there.
        fallback_eta_min: Option<f64>,
        /// From the booking before, which counts alone.
        booking_eta_min: Option<f64>,
    },
    /// Service: the preference for each.
    Services {
        /// In the case's order.
        services: Vec<Stated<ServiceId>>,
    },
    /// Region: the preference for each; the best counts.
    Regions {
        /// In the case's order.
        regions: Vec<Stated<RegionId>>,
    },
    /// Skill: the level in each.
    Skills {
        /// In the case's order.
        skills: Vec<SkillLevel>,
    },
    /// Language: the level in each; the best counts.
    Languages {
        /// In the case's order.
        languages: Vec<Spoken>,
    },
    /// Panel.
    Panel {
        /// Whether they are on it.
        on_panel: bool,
    },
    /// Continuity.
    Continuity {
        /// Completed visits to the client so far.
        visits: u32,
        /// Their weight, halving every 90 days.
        weighted_visits: f64,
    },
    /// Workload.
    Workload {
        /// Minutes booked in the week.
        committed_min: u32,
        /// Working minutes of the week.
        capacity_min: u32,
        /// Their load.
        load_millionths: u32,
        /// Everybody's.
        mean_load_millionths: u32,
    },
    /// Availability.
    Availability {
        /// The smallest slack; none when nothing limits it.
        slack_min: Option<f64>,
        /// What makes it the smallest.
        limited_by: Option<SlackOf>,
    },
}

/// A preference as stated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stated<Id> {
    /// For what.
    pub id: Id,
    /// `never`, `avoid`, `unstated`, `willing` or `preferred`.
    pub preference: &'static str,
}

/// A skill as needed and had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkillLevel {
    /// Its code.
    pub skill: String,
    /// The level they have, 0 without.
    pub have: u8,
    /// The least level.
    pub required: u8,
    /// The best level.
    pub preferred: u8,
}

/// A language as spoken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spoken {
    /// BCP 47 tag as the case has it.
    pub language: String,
    /// The level, if any.
    pub level: Option<LanguageLevel>,
}

const GLADNESS_WORDS: [&str; 5] = ["never", "avoid", "unstated", "willing", "preferred"];

impl Query<'_> {
    /// What a reply says of a judged person at a rank (from 1).
    #[must_use]
    pub fn explain(&self, rank: usize, of: &Judgement) -> Candidate {
        let person = self.index.person(of.slot);
        let rules = self.rules_judged(person, of).filter(|&rule| !of.failed.contains(rule));
        Candidate {
            rank,
            staff: of.staff,
            score_micropoints: of.score,
            star: of.score >= self.star_micropoints(),
            location: self.location(person, of),
            distance_km: of.at.primary.map(|spot| spot.km),
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

    fn star_micropoints(&self) -> u64 {
        crate::query::ppm(self.policy.star_threshold)
    }

    fn location(&self, person: &Person, of: &Judgement) -> Location {
        let ping = self.counted_ping(person).filter(|_| of.at.ping.is_some());
        let exact = self.disclosure == Disclosure::Exact;
        let position = of.at.primary.filter(|_| exact).map(|spot| spot.position);
        Location {
            source: of.source(),
            age_s: ping.map(|p| self.as_of.saturating_sub(p.fix_at_ms.div_euclid(1_000)).max(0)),
            accuracy_m: ping.and_then(|ping| ping.accuracy_m),
            position: position.map(|at| [at.lat(), at.lng()]),
        }
    }

    /// The rules that this case and policy make apply to a person.
    fn rules_judged(&self, person: &Person, of: &Judgement) -> impl Iterator<Item = Rule> {
        let (case, policy) = (self.case, self.policy);
        let filter = policy.filter_by_preferences;
        let limited = policy.max_travel_km.is_some() || person.max_travel_km().is_finite();
        let travel_judged = of.at.primary.is_some() && limited;
        let hours = person.hours().is_some();
        Rule::ALL.into_iter().filter(move |rule| match rule {
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
            Rule::Inactive
            | Rule::AlreadyAssigned
            | Rule::AlreadyDeclined
            | Rule::ExcludedByClient
            | Rule::TimeOff
            | Rule::DoubleBooked => true,
        })
    }

    fn inputs(&self, term: Term, person: &Person, of: &Judgement) -> Inputs {
        match term {
            Term::Travel => travel_inputs(of),
            Term::Service => Inputs::Services {
                services: stated(&self.case.services, &self.services, |code| person.service(code)),
            },
            Term::Region => Inputs::Regions {
                regions: stated(&self.case.regions, &self.regions, |code| person.region(code)),
            },
            Term::Skill => {
                let level = |code: Option<u32>| code.map_or(0, |code| person.skill(code));
                let needs = self.case.skills.iter().zip(&self.skills);
                let of = |(need, skill): (&crate::SkillNeed, &crate::query::Skill)| SkillLevel {
                    skill: need.skill.clone(),
                    have: level(skill.code),
                    required: need.required,
                    preferred: need.preferred,
                };
                Inputs::Skills { skills: needs.map(of).collect() }
            }
            Term::Language => {
                let tags = self.case.languages.iter().zip(&self.language_ranges);
                let of = |(tag, spoken): (&String, &Vec<u32>)| Spoken {
                    language: tag.clone(),
                    level: spoken.iter().filter_map(|&code| person.language_level(code)).max(),
                };
                Inputs::Languages { languages: tags.map(of).collect() }
            }
            Term::Panel => Inputs::Panel { on_panel: self.panel.binary_search(&of.slot).is_ok() },
            Term::Continuity => {
                let (weighted_visits, visits) = terms::visits(self, person);
                Inputs::Continuity { visits, weighted_visits }
            }
            Term::Workload => Inputs::Workload {
                committed_min: of.load.committed_min,
                capacity_min: of.load.capacity_min,
                load_millionths: of.load.ppm(),
                mean_load_millionths: self.mean_ppm,
            },
            Term::Availability => Inputs::Availability {
                slack_min: of.at.slack.map(|(slack, _)| from_milli(slack) / 60.0),
                limited_by: of.at.slack.map(|(_, of)| of),
            },
        }
    }
}

fn travel_inputs(of: &Judgement) -> Inputs {
    let eta = |spot: Option<Spot>| spot.map(|spot| from_milli(spot.eta_milli_min));
    let booking = of.at.primary.filter(|spot| spot.source == Source::Booking);
    Inputs::Travel {
        ping_eta_min: eta(of.at.ping),
        fallback: of.at.fallback.map_or(Source::None, |spot| spot.source),
        fallback_eta_min: eta(of.at.fallback),
        booking_eta_min: eta(booking),
    }
}

fn stated<Id: Copy>(
    ids: &[Id],
    codes: &[Option<u32>],
    gladness: impl Fn(u32) -> u8,
) -> Vec<Stated<Id>> {
    let word = |code: &Option<u32>| {
        let level = code.map_or(UNSTATED, &gladness);
        GLADNESS_WORDS[usize::from(level)]
    };
    ids.iter().zip(codes).map(|(&id, code)| Stated { id, preference: word(code) }).collect()
}
