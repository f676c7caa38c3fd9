//! Each term of a score with the inputs of its formula. Must say nothing of whereabouts but driving
//! times.

use crate::{
    case::SkillNeed,
    judge::{
        judgement::Judgement,
        location::{DriveFrom, SlackOf, Source},
        terms::{self, or_unstated},
    },
    query::{Query, skills::RequiredSkill},
    rounding::from_milli,
    term::Term,
};
use nearhand_domain::{RegionId, ServiceId, preference::LanguageLevel};
use nearhand_index::Person;
use serde::Serialize;

/// One term of a score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TermResult {
    /// The term.
    pub term: Term,
    /// Its weight in the policy.
    pub weight: u32,
    /// The inputs of its formula.
    pub inputs: Inputs,
    /// Its value in millionths.
    pub u_millionths: u32,
    /// Its share of the score.
    pub micropoints: u64,
}

/// The inputs of a term's formula.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Inputs {
    /// Travel: the driving times blended.
    Travel {
        /// From the ping.
        ping_eta_min: Option<f64>,
        /// The kind of place that counts without the ping.
        fallback: Source,
        /// From there.
        fallback_eta_min: Option<f64>,
        /// From the booking before; then nothing else counts.
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
        /// The person's load.
        load_millionths: u32,
        /// The organisation's mean load.
        mean_load_millionths: u32,
    },
    /// Availability.
    Availability {
        /// The smallest slack; `None` when nothing limits it.
        slack_min: Option<f64>,
        /// The reason for it.
        limited_by: Option<SlackOf>,
    },
}

/// A preference as stated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stated<Id> {
    /// The service or region.
    pub id: Id,
    /// `never`, `avoid`, `unstated`, `willing` or `preferred`.
    pub preference: &'static str,
}

/// A skill: the level needed and the level there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkillLevel {
    /// Its code.
    pub skill: String,
    /// The person's level, 0 without.
    pub have: u8,
    /// The lowest level that will do.
    pub required: u8,
    /// The level of full value.
    pub preferred: u8,
}

/// A language and how well the person speaks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spoken {
    /// BCP 47 tag as the case has it.
    pub language: String,
    /// The level, if any.
    pub level: Option<LanguageLevel>,
}

/// Preferences in words, by willingness.
pub(crate) const PREFERENCE_WORDS: [&str; 5] =
    ["never", "avoid", "unstated", "willing", "preferred"];

impl Query<'_> {
    /// The inputs of a term's formula for a judged person.
    pub(crate) fn inputs(&self, term: Term, person: &Person, of: &Judgement) -> Inputs {
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
                let needs = self.case.skills.iter().zip(&self.skills.list);
                let of = |(need, skill): (&SkillNeed, &RequiredSkill)| SkillLevel {
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
    let eta = |from: Option<DriveFrom>| from.map(|from| from_milli(from.eta_milli_min));
    let booking = of.at.primary.filter(|from| from.source == Source::Booking);
    Inputs::Travel {
        ping_eta_min: eta(of.at.ping),
        fallback: of.at.fallback.map_or(Source::None, |from| from.source),
        fallback_eta_min: eta(of.at.fallback),
        booking_eta_min: eta(booking),
    }
}

fn stated<Id: Copy>(
    ids: &[Id],
    codes: &[Option<u32>],
    willingness: impl Fn(u32) -> u8,
) -> Vec<Stated<Id>> {
    let word = |code: &Option<u32>| {
        let level = or_unstated(*code, &willingness);
        PREFERENCE_WORDS[usize::from(level)]
    };
    ids.iter().zip(codes).map(|(&id, code)| Stated { id, preference: word(code) }).collect()
}
